import { type Command, InvalidArgumentError, Option } from 'commander'
import { BECOME_METHODS, type BecomeMethod } from '../runner/transport/transport.ts'
import { repeat } from './repeat.ts'
import { VAULT_OPTIONS, type VaultFlags } from './vault_options.ts'

/** The options that more than one command has; each takes those that it lists, in its own order. */
export const SHARED = {
  inventory: () =>
    new Option('-i, --inventory <path>', 'file, folder, program or list of hosts (repeatable)').argParser(
      repeat,
    ),
  limit: () => new Option('-l, --limit <pattern>', 'only these hosts: names, groups, globs'),
  forks: () => new Option('-f, --forks <n>', `hosts at a time (default: ${FORKS})`).argParser(count),
  become: () => new Option('-b, --become', 'run as another user'),
  becomeUser: () => new Option('--become-user <name>', 'who to become (default: root)'),
  becomeMethod: () =>
    new Option('--become-method <program>', 'by which program (default: sudo)').choices(BECOME_METHODS),
  askBecomePass: () => new Option('-K, --ask-become-pass', 'ask for its password'),
  becomePasswordFile: () => new Option('--become-password-file <file>', 'read it from here'),
  connection: () =>
    new Option('-c, --connection <kind>', 'how to reach hosts that do not say (default: ssh)').choices([
      'ssh',
      'openssh',
      'local',
    ]),
  sshCommonArgs: () => new Option('--ssh-common-args <args>', 'options of ssh, for hosts that have none'),
  user: () => new Option('-u, --user <name>', 'log in as'),
  askPass: () => new Option('-k, --ask-pass', 'ask for the password of the login'),
  privateKey: () => new Option('--private-key <file>', 'log in with this key'),
  timeout: () =>
    new Option('-T, --timeout <seconds>', 'for connecting (default: what ssh_config says, or 30)').argParser(
      count,
    ),
  acceptNewHostKeys: () => new Option('--accept-new-host-keys', 'add unknown host keys to known_hosts'),
  knownHosts: () => new Option('--known-hosts <file>', 'instead of ~/.ssh/known_hosts'),
  verbose: () =>
    new Option('-v, --verbose', 'say more (repeatable)')
      .argParser((_, before: number) => before + 1)
      .default(0),
} satisfies Record<string, () => Option>

/** How many hosts are worked at at a time where nobody says. */
export const FORKS = 20

/** What every command takes that reaches hosts. */
export function addReachOptions(command: Command): Command {
  for (const name of REACH) command.addOption(SHARED[name]())
  for (const option of VAULT_OPTIONS) command.addOption(option())
  return command
}

const REACH = [
  ...(['forks', 'become', 'becomeUser', 'becomeMethod', 'askBecomePass', 'becomePasswordFile'] as const),
  ...([
    'connection',
    'sshCommonArgs',
    'user',
    'privateKey',
    'askPass',
    'timeout',
    'acceptNewHostKeys',
    'knownHosts',
  ] as const),
]

/** How hosts are chosen and reached. */
export interface HostFlags extends VaultFlags {
  readonly inventory?: string[] | undefined
  readonly limit?: string
  readonly from?: string
  readonly forks?: number
  readonly become?: boolean
  readonly askBecomePass?: boolean
  readonly becomeUser?: string
  readonly becomeMethod?: BecomeMethod
  readonly becomePasswordFile?: string
  readonly askPass?: boolean
  readonly connection?: string
  readonly sshCommonArgs?: string
  readonly user?: string
  readonly privateKey?: string
  readonly timeout?: number
  readonly acceptNewHostKeys?: boolean
  readonly knownHosts?: string
}

function count(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1 is needed.')
  return number
}
