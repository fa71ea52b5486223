import { existsSync, readFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { execaSync } from 'execa'
import { UserError } from '../../errors.ts'
import { Secrets } from '../secrets.ts'
import { isDirectory, isExecutable } from './files.ts'
import { isVaulted, openVault, type VaultSecrets } from './vault.ts'

export interface VaultOptions {
  /** `ID@FILE`, `ID@prompt`, `FILE` or `prompt`. */
  readonly vaultIds?: readonly string[] | undefined
  readonly vaultPasswordFiles?: readonly string[] | undefined
  readonly askVaultPassword?: boolean | undefined
}

/**
 * The passwords that the options name, read, asked for, or printed by a program, in Ansible's order: ids, files, question
 * (ansible/ansible, lib/ansible/cli/__init__.py, setup_vault_secrets). `ask`: undefined where there is nobody to answer.
 */
export async function readVaultSecrets(
  options: VaultOptions,
  ask: (what: string) => Promise<string | undefined>,
): Promise<VaultSecrets> {
  const sources = [
    ...(options.vaultIds ?? []).map(sourceOf),
    ...(options.vaultPasswordFiles ?? []).map(file => ({ id: '', from: file, option: OPTIONS.file })),
    ...(options.askVaultPassword ? [{ id: '', from: PROMPT, option: OPTIONS.ask }] : []),
  ]
  const passwords: { id: string; password: string }[] = []
  for (const source of sources) {
    const isPrompt = source.from === PROMPT || source.from === 'prompt_ask_vault_pass'
    const password = isPrompt ? await asked(source, ask) : passwordIn(source, { passwords })
    if (password === '')
      throw new UserError({
        where: isPrompt ? source.option : source.from,
        why: 'the vault password is empty',
      })
    passwords.push({ id: source.id, password })
  }
  return { passwords, opened: new Secrets() }
}

const PROMPT = 'prompt'
const OPTIONS = { id: '--vault-id', file: '--vault-password-file', ask: '--ask-vault-pass' }

interface Source {
  readonly id: string
  readonly from: string
  readonly option: string
}

/** Up to the first `@` stands the id. */
function sourceOf(text: string): Source {
  const sign = text.indexOf('@')
  const id = sign === -1 ? '' : text.slice(0, sign)
  return { id: id === 'default' ? '' : id, from: text.slice(sign + 1), option: OPTIONS.id }
}

async function asked(
  { id, option }: Source,
  ask: (what: string) => Promise<string | undefined>,
): Promise<string> {
  const answer = await ask(id === '' ? 'vault password' : `vault password (${id})`)
  if (answer !== undefined) return answer.trim()
  throw new UserError({
    where: option,
    why: 'there is no terminal to ask for the vault password',
    hint: 'name a file with --vault-password-file',
  })
}

function passwordIn(source: Source, before: VaultSecrets): string {
  const { from, option } = source
  if (!existsSync(from)) throw new UserError({ where: option, why: `${from}: no such file` })
  if (isDirectory(from)) throw new UserError({ where: option, why: `${from}: is a directory` })
  const text = isExecutable(from) ? printed(source) : contentOf(source)
  if (!isVaulted(text)) return text
  // A password file may itself be closed with a password that was given before it.
  const opened = openVault(text, before)
  if (opened.why !== undefined) throw new UserError({ where: from, why: opened.why, hint: opened.hint })
  return opened.text.trim()
}

function contentOf({ from, option }: Source): string {
  try {
    return readFileSync(from, 'utf8').trim()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UserError({ where: option, why: `${from}: ${why}` })
  }
}

/** A program that hangs must not hang the run; it may ask on the terminal itself. */
const LIMIT_IN_SECONDS = 120

/** A program whose name ends in -client is told the id (docs.ansible.com, "Managing vault passwords"). */
function printed({ from, id }: Source): string {
  const isClient = basename(from, extname(from)).endsWith('-client')
  const done = execaSync(
    from.includes('/') ? from : `./${from}`,
    isClient ? ['--vault-id', id || 'default'] : [],
    {
      reject: false,
      timeout: LIMIT_IN_SECONDS * 1000,
      // One that does not heed SIGTERM would be waited for all the same.
      killSignal: 'SIGKILL',
      stdin: 'inherit',
    },
  )
  if (!done.failed) return done.stdout.replace(/^[\r\n]+|[\r\n]+$/g, '')
  const said = lastWords(done.stderr)
  throw new UserError({
    where: from,
    why: `prints no vault password${done.timedOut ? ` within ${LIMIT_IN_SECONDS} seconds` : ''}${said === '' ? '' : `: ${said}`}`,
    hint: 'a file of the password itself must not be executable',
  })
}

/** Undefined where the program could not be started. */
const lastWords = (stderr: string | undefined): string =>
  (stderr ?? '').trim().split('\n').slice(-3).join(' ')
