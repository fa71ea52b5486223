import { homedir, userInfo } from 'node:os'
import { formatPosition, UserError } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import type { Templated } from '../playbook/templated.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Target } from '../transport/transport.ts'

export interface ConnectionDefaults {
  /** From -u; undefined: the name of the local user, as ssh has it. */
  readonly user: string | undefined
  readonly privateKey: string | undefined
  /** Seconds. */
  readonly connectTimeout: number
}

/** How to reach a host, out of its ansible_… variables; `origin` tells where one is set. Throws UserError there. */
export function targetOf(name: string, scope: Scope, origin: Origin, defaults: ConnectionDefaults): Target {
  const read = readerOf(scope, origin)
  return {
    name,
    connection: connectionOf(read('ansible_connection', word) ?? 'ssh', origin),
    host: read('ansible_host', word) ?? name,
    port: read('ansible_port', portNumber) ?? 22,
    user: read('ansible_user', word) ?? defaults.user ?? userInfo().username,
    privateKeyFile: expandHome(
      read('ansible_ssh_private_key_file', word) ??
        read('ansible_private_key_file', word) ??
        defaults.privateKey,
    ),
    connectTimeout: read('ansible_timeout', seconds) ?? defaults.connectTimeout,
  }
}

/** The user whose shell a script gets without become. */
export function loginUser(target: Target): string {
  if (target.connection === 'ssh') return target.user
  return process.getuid?.() === 0 ? 'root' : userInfo().username
}

type Origin = (variable: string) => Templated | undefined

interface Kind<T> {
  readonly expected: string
  parse(value: Value): T | undefined
}

function readerOf(scope: Scope, origin: Origin) {
  return <T>(variable: string, kind: Kind<T>): T | undefined => {
    const set = origin(variable)
    if (set === undefined) return undefined
    const value = scope[variable]
    const parsed = value === undefined ? undefined : kind.parse(value)
    if (parsed !== undefined) return parsed
    throw new UserError({ where: formatPosition(set.at), why: `${variable} must be ${kind.expected}` })
  }
}

const word: Kind<string> = {
  expected: 'a string',
  parse: value => (typeof value === 'string' && value !== '' ? value : undefined),
}

const portNumber: Kind<number> = {
  expected: 'a port number (1 to 65535)',
  parse: value => numberBetween(value, 1, 65535, Number.isInteger),
}

const seconds: Kind<number> = {
  expected: 'a number of seconds',
  parse: value => numberBetween(value, Number.MIN_VALUE, 86_400, Number.isFinite),
}

/** Values of `-e name=value` are strings, also where they look like numbers. */
function numberBetween(
  value: Value,
  low: number,
  high: number,
  isFine: (number: number) => boolean,
): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && isFine(number) && number >= low && number <= high ? number : undefined
}

const CONNECTIONS: Readonly<Record<string, Target['connection']>> = {
  ssh: 'ssh',
  smart: 'ssh',
  local: 'local',
}
const LATER_CONNECTIONS = [
  'openssh',
  'paramiko',
  'paramiko_ssh',
  'docker',
  'podman',
  'winrm',
  'psrp',
  'network_cli',
  'chroot',
]

function connectionOf(name: string, origin: Origin): Target['connection'] {
  const short = name.replace(/^ansible\.builtin\./, '')
  const connection = Object.hasOwn(CONNECTIONS, short) ? CONNECTIONS[short] : undefined
  if (connection) return connection
  const at = origin('ansible_connection')?.at
  const why = LATER_CONNECTIONS.includes(short)
    ? `the connection ${short} is not supported yet`
    : `there is no connection "${short}"`
  const hint = didYouMean(short, Object.keys(CONNECTIONS)) ?? 'use ssh or local'
  throw new UserError({ where: at ? formatPosition(at) : 'ansible_connection', why, hint })
}

const expandHome = (path: string | undefined): string | undefined => path?.replace(/^~(?=\/|$)/, homedir())
