import { homedir, userInfo } from 'node:os'
import { formatPosition, type Position, UserError } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import type { Templated } from '../playbook/templated.ts'
import type { Scope, Value } from '../template/template.ts'
import type { SshConfig } from '../transport/ssh_config/ssh_config.ts'
import type { Target } from '../transport/transport.ts'
import { type Said, SSH_ARGUMENTS, sshTarget } from './ssh_target.ts'

export interface ConnectionDefaults {
  /** From -c; undefined: ssh. */
  readonly connection?: string | undefined
  /** From -u; undefined: what ssh_config says, or the name of the local user, as ssh has it. */
  readonly user: string | undefined
  readonly privateKey: string | undefined
  /** From -k. */
  readonly password?: string | undefined
  /** Seconds. */
  readonly connectTimeout: number
  /** Nobody asked for connectTimeout: ssh_config may have another. */
  readonly connectTimeoutIsDefault?: boolean | undefined
  /** Of ansible.cfg, by the variable that stands over it. */
  readonly sshArguments?:
    | Readonly<Record<string, { readonly value: string; readonly at: Position }>>
    | undefined
  /** --accept-new-host-keys: so that ssh_config's StrictHostKeyChecking no need not be refused. */
  readonly acceptNewHostKeys?: boolean | undefined
  /** undefined: none is read. */
  readonly sshConfig?: SshConfig | undefined
}

/**
 * How to reach a host, out of its ansible_… variables, the command line and ssh_config, in this order; `origin` tells
 * where a variable is set. Throws UserError there, or at the line of ssh_config.
 */
export function targetOf(name: string, scope: Scope, origin: Origin, defaults: ConnectionDefaults): Target {
  const read = readerOf(scope, origin)
  const connection = connectionOf(
    read(['ansible_connection'], word)?.value ?? defaults.connection ?? 'ssh',
    origin,
  )
  const connectTimeout = read(TIMEOUT, seconds)?.value
  const key = read(PRIVATE_KEY, word)?.value ?? defaults.privateKey
  const alias = read(HOST, word)?.value ?? name
  const privateKeyFile = expandHome(key)
  if (connection === 'local')
    return {
      ...{ name, connection, host: alias, port: 22, user: userInfo().username, privateKeyFile },
      connectTimeout: connectTimeout ?? defaults.connectTimeout,
    }
  refuseUncheckedHostKeys(name, read)
  const said: Said = {
    ...{ alias, privateKeyFile },
    port: read(PORT, portNumber),
    user:
      read(USER, word) ?? (defaults.user === undefined ? undefined : { value: defaults.user, at: FROM_U }),
    arguments: SSH_ARGUMENTS.map(variable => read([variable], text) ?? defaults.sshArguments?.[variable]),
    password:
      read(PASSWORD, word) ?? (defaults.password === undefined ? undefined : { value: defaults.password }),
    connectTimeout:
      connectTimeout ?? (defaults.connectTimeoutIsDefault ? undefined : defaults.connectTimeout),
  }
  return sshTarget(name, connection, said, defaults)
}

/** The user whose shell a script gets without become. */
export function loginUser(target: Target): string {
  if (target.connection !== 'local') return target.user
  return process.getuid?.() === 0 ? 'root' : userInfo().username
}

type Origin = (variable: string) => Templated | undefined

interface Kind<T> {
  readonly expected: string
  parse(value: Value): T | undefined
}

/** Of several names of one thing the first that is set holds. */
function readerOf(scope: Scope, origin: Origin) {
  return <T>(variables: readonly string[], kind: Kind<T>): Found<T> | undefined => {
    const variable = variables.find(each => origin(each) !== undefined)
    const set = variable === undefined ? undefined : origin(variable)
    if (variable === undefined || set === undefined) return undefined
    const value = scope[variable]
    const parsed = value === undefined ? undefined : kind.parse(value)
    if (parsed !== undefined) return { value: parsed, at: set.at }
    throw new UserError({ where: formatPosition(set.at), why: `${variable} must be ${kind.expected}` })
  }
}

interface Found<T> {
  readonly value: T
  readonly at: Position
}

// Where both are set the older name holds: the ssh plugin takes the last of its list (config/manager.py).
const HOST = ['ansible_ssh_host', 'ansible_host']
const PORT = ['ansible_ssh_port', 'ansible_port']
const USER = ['ansible_ssh_user', 'ansible_user']
const PRIVATE_KEY = ['ansible_ssh_private_key_file', 'ansible_private_key_file']
const PASSWORD = ['ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password']
const TIMEOUT = ['ansible_ssh_timeout', 'ansible_timeout']
const HOST_KEY_CHECKING = ['ansible_ssh_host_key_checking', 'ansible_host_key_checking']

const FROM_U: Position = { file: '-u', line: 1, column: 1 }

function refuseUncheckedHostKeys(name: string, read: ReturnType<typeof readerOf>): void {
  const checking = read(HOST_KEY_CHECKING, truth)
  if (checking?.value !== false) return
  throw new UserError({
    where: formatPosition(checking.at),
    why: `${name}: host keys are always checked; without that anybody could answer for the machine`,
    hint: 'take the variable away; --accept-new-host-keys takes new keys, and refuses changed ones',
  })
}

const word: Kind<string> = {
  expected: 'a string',
  parse: value => (typeof value === 'string' && value !== '' ? value : undefined),
}

/** May be empty. */
const text: Kind<string> = {
  expected: 'a string',
  parse: value => (typeof value === 'string' ? value : undefined),
}

const truth: Kind<boolean> = {
  expected: 'true or false',
  parse: value =>
    typeof value === 'boolean'
      ? value
      : { true: true, yes: true, false: false, no: false }[String(value).toLowerCase()],
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
  openssh: 'openssh',
  local: 'local',
}
/** Plugins of Ansible's. */
const OTHER_CONNECTIONS = [
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
  const why = OTHER_CONNECTIONS.includes(short)
    ? `the connection ${short} is not supported`
    : `there is no connection "${short}"`
  const hint = didYouMean(short, Object.keys(CONNECTIONS)) ?? 'use ssh, openssh or local'
  throw new UserError({ where: at ? formatPosition(at) : 'ansible_connection', why, hint })
}

const expandHome = (path: string | undefined): string | undefined => path?.replace(/^~(?=\/|$)/, homedir())
