import { randomBytes } from 'node:crypto'
import { homedir, hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import type { AnsibleConfiguration } from '../runner/ansible_cfg.ts'
import { Connector } from '../runner/transport/connect.ts'
import { SshConfig } from '../runner/transport/ssh_config/ssh_config.ts'
import { readBecomePassword } from './become_password.ts'
import { configuredSshArguments } from './configuration.ts'
import type { HostFlags } from './options.ts'
import { type Asking, askAtTerminal } from './questions.ts'

/** Connects as the flags say; each encrypted key's passphrase is asked for once. To be disposed of with the run. */
export function connector(flags: HostFlags, asking: Asking, signal: AbortSignal): Connector {
  const passphrases = new Map<string, Promise<string | undefined>>()
  const passphrase = (file: string): Promise<string | undefined> => {
    const asked = passphrases.get(file) ?? askAtTerminal(asking, `passphrase of ${file}:`, { echo: false })
    passphrases.set(file, asked)
    return asked
  }
  return new Connector({
    knownHostsFiles: [flags.knownHosts ?? join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'],
    knownHostsByDefault: flags.knownHosts === undefined,
    acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
    passphrase,
    whileAsking: process.stdin.isTTY ? question => asking.whileAsking(question) : undefined,
    signal,
  })
}

/** What the flags say of logging in and becoming somebody else; `-k` and `-K` ask. */
export async function loginOptions(flags: HostFlags, configuration: AnsibleConfiguration, asking: Asking) {
  return {
    become: flags.become ?? false,
    becomeUser: flags.becomeUser,
    becomeMethod: flags.becomeMethod,
    becomePassword: await readBecomePassword({
      ask: flags.askBecomePass ? () => askSecret(asking, BECOME_PASSWORD) : undefined,
      file: becomePasswordFile(flags, configuration),
      env: process.env,
    }),
    password: flags.askPass ? await askSecret(asking, LOGIN_PASSWORD) : undefined,
    sshArguments: configuredSshArguments(flags, configuration),
    connection: flags.connection,
    user: flags.user,
    privateKey: flags.privateKey,
    connectTimeout: flags.timeout ?? 30,
    connectTimeoutIsDefault: flags.timeout === undefined,
    acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
    sshConfig: new SshConfig(),
  }
}

function becomePasswordFile(
  { becomePasswordFile: path }: HostFlags,
  { becomePasswordFile: set }: AnsibleConfiguration,
): { readonly path: string; readonly from: string } | undefined {
  if (path !== undefined) return { path, from: '--become-password-file' }
  return set && { path: set.value, from: set.from }
}

const LOGIN_PASSWORD = {
  option: '-k',
  what: 'login password',
  hint: 'set ansible_password, or log in with a key',
}

const BECOME_PASSWORD = {
  option: '-K',
  what: 'become password',
  hint: 'set ansible_become_password or VFIO_RUN_BECOME_PASSWORD, or name a file with --become-password-file',
}

/** Sorts by time, and is one word of letters, digits and dashes: it names folders on the hosts. */
export const newRunId = (): string =>
  `${new Date().toISOString().replaceAll(/[-:]|\..*$/g, '')}-${randomBytes(3).toString('hex')}`

export const whoAmI = (): string => `${userInfo().username}@${hostname()}`

/** Throws UserError where there is no terminal. */
async function askSecret(
  asking: Asking,
  { option, what, hint }: { option: string; what: string; hint: string },
): Promise<string> {
  const answer = await askAtTerminal(asking, `${what}:`, { echo: false })
  if (answer !== undefined) return answer
  throw new UserError({ where: option, why: `there is no terminal to ask for the ${what}`, hint })
}
