import { randomBytes } from 'node:crypto'
import { homedir, hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import password from '@inquirer/password'
import { UserError } from '../errors.ts'
import { connect } from '../runner/transport/connect.ts'
import type { Target, Transport } from '../runner/transport/transport.ts'
import type { HostFlags } from './options.ts'

/** Nothing is drawn until the question is answered. */
export interface Asking {
  whileAsking<Answer>(question: () => Promise<Answer>): Promise<Answer>
}

/** Connects as the flags say; each encrypted key's passphrase is asked for once. */
export function connector(
  flags: HostFlags,
  asking: Asking,
  signal: AbortSignal,
): (target: Target) => Promise<Transport> {
  const passphrases = new Map<string, Promise<string | undefined>>()
  const passphrase = (file: string): Promise<string | undefined> => {
    const asked = passphrases.get(file) ?? ask(asking, `passphrase of ${file}`)
    passphrases.set(file, asked)
    return asked
  }
  return target =>
    connect(target, {
      knownHostsFiles: [flags.knownHosts ?? join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'],
      acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
      passphrase,
      signal,
    })
}

/** What -b, -K, -u, --private-key and -T say. Asks for the sudo password where -K wants that. */
export async function loginOptions(flags: HostFlags, asking: Asking) {
  return {
    become: flags.become ?? false,
    becomePassword: flags.askBecomePass ? await askBecomePassword(asking) : undefined,
    user: flags.user,
    privateKey: flags.privateKey,
    connectTimeout: flags.timeout,
  }
}

/** Sorts by time, and is one word of letters, digits and dashes: it names folders on the hosts. */
export const newRunId = (): string =>
  `${new Date().toISOString().replaceAll(/[-:]|\..*$/g, '')}-${randomBytes(3).toString('hex')}`

export const whoAmI = (): string => `${userInfo().username}@${hostname()}`

async function askBecomePassword(asking: Asking): Promise<string> {
  const answer = await ask(asking, 'sudo password')
  if (answer !== undefined) return answer
  throw new UserError({
    where: '-K',
    why: 'there is no terminal to ask for the sudo password',
    hint: 'set ansible_become_password, or let sudo need none',
  })
}

async function ask(asking: Asking, what: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined
  return await asking.whileAsking(() => password({ message: `${what}:` }, { output: process.stderr }))
}
