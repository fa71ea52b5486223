import { UserError } from '../../errors.ts'
import { shellQuote } from '../host_scripts/quote.ts'
import { HostKeyRefusal } from './host_key.ts'
import type { Target } from './transport.ts'

/** What the system's ssh said before the machine took commands, with what to do next. */
export function explainOpenssh(
  target: Target,
  destination: string,
  stderr: string,
  isTimedOut: boolean,
): UserError {
  const lines = stderr.split(/\r?\n/).filter(line => line.trim() !== '')
  const typed = asTyped(destination)
  const row = KNOWN.find(({ says }) => says.test(stderr))
  const problem = {
    kind: 'unreachable' as const,
    where: target.name,
    why:
      row?.why?.(stderr) ??
      `ssh: ${lines.at(-1)?.replace(/^ssh: /, '') ?? (isTimedOut ? 'no answer' : 'it ended without a word')}`,
    hint: row?.hint(typed) ?? `look with: ssh -v ${typed}`,
  }
  return row?.isHostKey ? new HostKeyRefusal(problem) : new UserError(problem)
}

/** A hint is copied into a shell: there a name of an inventory must be no more than a name. */
const asTyped = (destination: string): string =>
  /^[\w.@:[\]][\w.@:[\]-]*$/.test(destination) ? destination : `-- ${shellQuote(destination)}`

/** Somebody at the terminal may know a passphrase, a PIN or a password. */
export const isDenied = (stderr: string): boolean => /Permission denied/.test(stderr)

export const noSsh = ({ name }: Target, cause: unknown): UserError =>
  new UserError({
    kind: 'unreachable',
    where: name,
    why: 'ssh: command not found',
    hint: 'ansible_connection: openssh runs it: install the OpenSSH client on this machine',
    cause,
  })

interface Row {
  readonly says: RegExp
  readonly why?: (stderr: string) => string
  readonly isHostKey?: boolean
  hint(destination: string): string
}

const KNOWN: readonly Row[] = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    why: stderr => {
      const [, place] = /Offending .*key in (\S+)/.exec(stderr) ?? []
      const [, shown] = /(SHA256:\S+?)\.?\s/.exec(stderr) ?? []
      return `its host key has changed${place ? `: ${place} holds another` : ''}${shown ? `, the machine shows ${shown}` : ''}`
    },
    isHostKey: true,
    hint: () =>
      'somebody may be in between; if the machine was set up anew, remove the line with ssh-keygen -R',
  },
  {
    says: /revoked/i,
    why: () => 'its host key is revoked',
    isHostKey: true,
    hint: () => 'give the machine a new host key',
  },
  {
    says: /host key is known for|Host key verification failed/,
    why: () => 'its host key is not known',
    isHostKey: true,
    hint: destination => `--accept-new-host-keys, or connect once with ssh ${destination}`,
  },
  {
    says: /Permission denied|Too many authentication failures/,
    hint: destination =>
      `log in once with ssh ${destination}; what asks for a word needs an agent or a terminal`,
  },
  {
    says: /Could not resolve hostname/,
    hint: () => 'mend ansible_host, HostName in ssh_config, or the resolver of this machine',
  },
  {
    says: /Bad configuration option|terminating, \d+ bad configuration/,
    hint: () => 'mend ~/.ssh/config, or the ssh arguments in the inventory',
  },
]
