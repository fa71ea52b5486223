import { userInfo } from 'node:os'
import { formatPosition, type Position, UserError } from '../../errors.ts'
import { readArguments } from '../transport/ssh_config/arguments.ts'
import { type Directive, splitWords } from '../transport/ssh_config/directives.ts'
import type { Jump } from '../transport/ssh_config/jumps.ts'
import type { Question, SshSettings } from '../transport/ssh_config/settings.ts'
import { SshConfig } from '../transport/ssh_config/ssh_config.ts'
import type { OpensshCall, Target } from '../transport/transport.ts'
import type { ConnectionDefaults } from './target.ts'

/** The variables that have arguments of ssh(1), in the order in which Ansible passes them. */
export const SSH_ARGUMENTS = [
  'ansible_ssh_args',
  'ansible_ssh_common_args',
  'ansible_ssh_extra_args',
] as const

/** How to reach a machine over SSH, out of what was said of it and ssh_config. Throws UserError. */
export function sshTarget(
  name: string,
  connection: 'ssh' | 'openssh',
  said: Said,
  defaults: ConnectionDefaults,
): Target {
  const forOpenssh = connection === 'openssh'
  const { alias, privateKeyFile, password } = said
  if (forOpenssh && password !== undefined) throw passwordForOpenssh(name, password)
  const [before, ...after] = said.arguments.map(one => argumentsOf(one, name, forOpenssh))
  const variables = [...setting('port', said.port), ...setting('user', said.user)]
  // As Ansible builds the command line: ssh takes the first value of each option (plugins/connection/ssh.py).
  const commandLine = [...(before?.directives ?? []), ...variables, ...after.flatMap(one => one.directives)]
  const configFile = [before, ...after].map(one => one?.configFile).find(file => file !== undefined)
  const config =
    configFile === undefined ? (defaults.sshConfig ?? new SshConfig([])) : SshConfig.only(configFile)
  const question: Question = {
    commandLine,
    localUser: userInfo().username,
    acceptNewHostKeys: defaults.acceptNewHostKeys ?? false,
    forOpenssh,
  }
  const ssh = config.resolve(alias, question)
  const connectTimeout = said.connectTimeout ?? ssh.connectTimeout ?? defaults.connectTimeout
  return {
    ...{
      name,
      connection,
      host: ssh.hostName,
      port: ssh.port,
      user: ssh.user,
      privateKeyFile,
      connectTimeout,
    },
    ssh,
    ...(password === undefined ? {} : { password: password.value }),
    ...(ssh.jumps.length === 0 ? {} : { jumps: hopsOf(ssh, config, { question, connectTimeout, depth: 0 }) }),
    ...(forOpenssh ? { openssh: callOf(said) } : {}),
  }
}

/** What the inventory and the command line say. */
export interface Said {
  /** The name that ssh is told, and ssh_config knows. */
  readonly alias: string
  readonly port: Found<number> | undefined
  readonly user: Found<string> | undefined
  readonly privateKeyFile: string | undefined
  /** Of SSH_ARGUMENTS. */
  readonly arguments: readonly (Found<string> | undefined)[]
  readonly password: { readonly value: string; readonly at?: Position } | undefined
  readonly connectTimeout: number | undefined
}

interface Found<T> {
  readonly value: T
  readonly at: Position
}

const setting = (keyword: string, found: Found<string | number> | undefined): readonly Directive[] =>
  found === undefined
    ? []
    : [{ keyword, words: [String(found.value)], rest: String(found.value), at: found.at }]

function argumentsOf(found: Found<string> | undefined, host: string, forOpenssh: boolean) {
  if (found === undefined) return { directives: [], configFile: undefined }
  const read = readArguments(wordsOf(found), { at: found.at, host, forOpenssh })
  const [operand] = forOpenssh ? [] : read.operands
  if (operand === undefined) return read
  throw new UserError({
    where: formatPosition(found.at),
    why: `"${operand}" is no option of ssh`,
    hint: 'write it behind its option: -o Name=value',
  })
}

function wordsOf({ value, at }: Found<string>): readonly string[] {
  const words = splitWords(value)
  if (words !== undefined) return words
  throw new UserError({ where: formatPosition(at), why: 'a quote is not closed' })
}

const passwordForOpenssh = (name: string, { at }: NonNullable<Said['password']>): UserError =>
  new UserError({
    where: at ? formatPosition(at) : '-k',
    why: `${name}: the connection openssh takes no password: ssh reads it from a terminal only`,
    hint: 'use ansible_connection: ssh for it, or a key',
  })

interface WayAhead {
  readonly question: Question
  readonly connectTimeout: number
  readonly depth: number
}

/** As `ssh -J` calls itself for each: what is said of the target is not said of them; ssh_config is asked anew. */
function hopsOf({ jumps }: SshSettings, config: SshConfig, ahead: WayAhead): readonly Target[] {
  return jumps.flatMap((jump, index) => {
    const question = { ...ahead.question, commandLine: jump.commandLine }
    const ssh = config.resolve(jump.host, question)
    // Only the first may itself be behind others: the list says how the rest are reached.
    const before =
      index > 0 || ssh.jumps.length === 0
        ? []
        : hopsOf(ssh, config, { ...ahead, depth: deeper(jump, ahead.depth) })
    const { hostName: host, port, user, connectTimeout = ahead.connectTimeout } = ssh
    return [
      ...before,
      {
        name: jump.host,
        connection: 'ssh' as const,
        host,
        port,
        user,
        privateKeyFile: undefined,
        connectTimeout,
        ssh,
      },
    ]
  })
}

/** More is a circle. */
const MOST_HOPS = 8

function deeper({ host, directive }: Jump, depth: number): number {
  if (depth < MOST_HOPS) return depth + 1
  throw new UserError({
    where: formatPosition(directive.at),
    why: `the way to ${host} leads through ${host} itself`,
    hint: `write ProxyJump none for it, or except it: Host * !${host}`,
  })
}

const callOf = ({ alias, port, user, privateKeyFile, arguments: [first, ...rest] }: Said): OpensshCall => ({
  destination: alias,
  options: [
    ...(first ? wordsOf(first) : []),
    ...(port ? ['-o', `Port=${port.value}`] : []),
    ...(user ? ['-o', `User="${user.value}"`] : []),
    ...(privateKeyFile === undefined ? [] : ['-o', `IdentityFile="${privateKeyFile}"`]),
    ...rest.flatMap(found => (found ? wordsOf(found) : [])),
  ],
})
