import { InvalidArgumentError, Option } from 'commander'

/** The options that more than one command has; each takes those that it lists, in its own order. */
export const SHARED = {
  inventory: () =>
    new Option('-i, --inventory <file>', 'YAML file with the hosts (repeatable)').argParser(repeat),
  limit: () => new Option('-l, --limit <pattern>', 'only these hosts: names, groups, globs'),
  forks: () => new Option('-f, --forks <n>', 'hosts at a time').argParser(count).default(20),
  become: () => new Option('-b, --become', 'run as root by way of sudo'),
  askBecomePass: () => new Option('-K, --ask-become-pass', 'ask for the sudo password'),
  user: () => new Option('-u, --user <name>', 'log in as'),
  privateKey: () => new Option('--private-key <file>', 'log in with this key'),
  timeout: () => new Option('-T, --timeout <seconds>', 'for connecting').argParser(count).default(30),
  acceptNewHostKeys: () => new Option('--accept-new-host-keys', 'add unknown host keys to known_hosts'),
  knownHosts: () => new Option('--known-hosts <file>', 'instead of ~/.ssh/known_hosts'),
  verbose: () =>
    new Option('-v, --verbose', 'say more (repeatable)')
      .argParser((_, before: number) => before + 1)
      .default(0),
} satisfies Record<string, () => Option>

/** How hosts are chosen and reached. */
export interface HostFlags {
  readonly inventory?: string[]
  readonly limit?: string
  readonly from?: string
  readonly forks: number
  readonly become?: boolean
  readonly askBecomePass?: boolean
  readonly user?: string
  readonly privateKey?: string
  readonly timeout: number
  readonly acceptNewHostKeys?: boolean
  readonly knownHosts?: string
  readonly verbose: number
}

export const repeat = (value: string, before: string[] = []): string[] => [...before, value]

function count(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1 is needed.')
  return number
}
