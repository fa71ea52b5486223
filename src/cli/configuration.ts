import { homedir } from 'node:os'
import type { Position } from '../errors.ts'
import {
  type AnsibleConfiguration,
  ignoredLine,
  readAnsibleConfiguration,
  refuseUncheckedHostKeys,
} from '../runner/ansible_cfg.ts'
import type { ConnectionDefaults } from '../runner/inventory/target.ts'
import type { HostFlags } from './options.ts'

/** What ansible.cfg and the environment say; on stderr, once, what of it has no effect. Throws UserError. */
export function readConfiguration({ acceptNewHostKeys = false }: HostFlags): AnsibleConfiguration {
  const configuration = readAnsibleConfiguration(process.env, process.cwd(), homedir())
  refuseUncheckedHostKeys(configuration, acceptNewHostKeys)
  const ignored = ignoredLine(configuration)
  for (const warning of [...configuration.warnings, ...(ignored === undefined ? [] : [ignored])])
    process.stderr.write(`warning: ${warning}\n`)
  return configuration
}

/** The flags, and what is configured where they say nothing. */
export function configuredFlags<Flags extends HostFlags>(flags: Flags, set: AnsibleConfiguration): Flags {
  return {
    ...flags,
    inventory: flags.inventory ?? set.inventory?.value,
    user: flags.user ?? set.remoteUser?.value,
    privateKey: flags.privateKey ?? set.privateKeyFile?.value,
    forks: flags.forks ?? set.forks?.value,
    timeout: flags.timeout ?? set.timeout?.value,
    become: flags.become ?? set.become?.value,
    becomeUser: flags.becomeUser ?? set.becomeUser?.value,
    becomeMethod: flags.becomeMethod ?? set.becomeMethod?.value,
    askBecomePass: flags.askBecomePass ?? set.becomeAskPass?.value,
    askVaultPass: flags.askVaultPass ?? set.askVaultPass?.value,
    vaultId: flags.vaultId ?? set.vaultIdentities?.value,
    vaultPasswordFile: flags.vaultPasswordFile ?? (set.vaultPasswordFile && [set.vaultPasswordFile.value]),
  }
}

/** The arguments of ssh for all hosts that have none of their own. */
export function configuredSshArguments(
  { sshCommonArgs }: HostFlags,
  set: AnsibleConfiguration,
): ConnectionDefaults['sshArguments'] {
  const settings = {
    ansible_ssh_args: set.sshArgs,
    ansible_ssh_common_args:
      sshCommonArgs === undefined ? set.sshCommonArgs : { value: sshCommonArgs, from: '--ssh-common-args' },
    ansible_ssh_extra_args: set.sshExtraArgs,
  }
  return Object.fromEntries(
    Object.entries(settings).flatMap(([variable, setting]) =>
      setting === undefined ? [] : [[variable, { value: setting.value, at: positionOf(setting.from) }]],
    ),
  )
}

/** `file:line:column`, or a variable of the environment. */
function positionOf(from: string): Position {
  const [, file = from, line = '1', column = '1'] = /^(.*?):(\d+)(?::(\d+))?$/s.exec(from) ?? []
  return { file, line: Number(line), column: Number(column) }
}
