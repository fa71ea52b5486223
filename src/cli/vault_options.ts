import { Option } from 'commander'
import type { VaultSecrets } from '../runner/yaml/vault.ts'
import { readVaultSecrets } from '../runner/yaml/vault_secrets.ts'
import { type Asking, askAtTerminal } from './questions.ts'
import { repeat } from './repeat.ts'

/** The options that open what ansible-vault has closed, named as Ansible names them. */
export const VAULT_OPTIONS: readonly (() => Option)[] = [
  () =>
    new Option('--vault-password-file <file>', "ansible-vault's password, or prints it").argParser(repeat),
  () => new Option('--vault-id <id@file>', 'the same for one vault id; id@prompt').argParser(repeat),
  () => new Option('--ask-vault-pass', 'ask for it'),
]

export interface VaultFlags {
  readonly vaultPasswordFile?: string[]
  readonly vaultId?: string[]
  readonly askVaultPass?: boolean
}

/** Reads and asks for what the options name; throws UserError where a password cannot be had. */
export const vaultSecrets = (flags: VaultFlags, asking: Asking): Promise<VaultSecrets> =>
  readVaultSecrets(
    {
      vaultIds: flags.vaultId,
      vaultPasswordFiles: flags.vaultPasswordFile,
      askVaultPassword: flags.askVaultPass,
    },
    what => askAtTerminal(asking, `${what}:`, { echo: false }),
  )
