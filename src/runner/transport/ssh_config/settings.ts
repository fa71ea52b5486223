import { formatPosition, UserError } from '../../../errors.ts'
import type { Chosen } from './chosen.ts'
import type { Directive } from './directives.ts'
import { type Jump, jumpsOf } from './jumps.ts'
import { refuseWhatMatters } from './keywords.ts'
import { expand, expandTokens, type Tokens, tokensOf } from './tokens.ts'

/** What holds for one host, typed. Throws UserError for what is no value of its keyword, or cannot be done by ssh2. */
export function readSettings(chosen: Chosen, question: Question & { readonly alias: string }): SshSettings {
  const { alias, localUser, acceptNewHostKeys, forOpenssh } = question
  if (!forOpenssh) refuseWhatMatters(chosen, alias)
  const tokens = tokensOf({ alias, localUser, said: keyword => chosen.said(keyword) })
  const read = <T>(keyword: string, parse: (value: string) => T | undefined): T | undefined => {
    const directive = chosen.get(keyword)
    const value = directive?.words?.[0]
    if (directive === undefined || value === undefined) return undefined
    const parsed = parse(value)
    if (parsed === undefined) throw unknownValue(directive, value)
    return parsed
  }
  const path = (keyword: string): string | undefined =>
    read(keyword, value => expand(value, chosen.get(keyword) ?? NOWHERE, tokens))
  const paths = (keyword: string): readonly string[] | undefined => {
    const directive = chosen.get(keyword)
    return directive?.words?.filter(word => word !== 'none').map(word => expand(word, directive, tokens))
  }
  const interval = read('serveraliveinterval', seconds)
  const count = read('serveralivecountmax', wholeNumber)
  return {
    hostName: hostNameOf(chosen.get('hostname'), alias),
    port: read('port', port) ?? 22,
    user: read('user', value => value) ?? localUser,
    identityFiles: identityFilesOf(chosen, tokens),
    identitiesOnly: read('identitiesonly', yesOrNo) ?? false,
    identityAgent: path('identityagent'),
    jumps: forOpenssh ? [] : jumpsOf(chosen.get('proxyjump'), alias, tokens),
    hostKeyAlias: read('hostkeyalias', value => value),
    userKnownHostsFiles: paths('userknownhostsfile'),
    globalKnownHostsFiles: paths('globalknownhostsfile'),
    hashKnownHosts: read('hashknownhosts', yesOrNo) ?? false,
    acceptNewHostKeys: acceptsNew(chosen.get('stricthostkeychecking'), alias, acceptNewHostKeys),
    connectTimeout: read('connecttimeout', value => (value === 'none' ? 0 : seconds(value))) || undefined,
    keepAlive:
      interval === undefined && count === undefined ? undefined : { seconds: interval, count: count ?? 3 },
    family: read('addressfamily', value => FAMILIES[value]),
    bindAddress: read('bindaddress', value => value),
  }
}

export interface Question {
  /** What stands before all files: -o and its like, and Ansible's variables. */
  readonly commandLine: readonly Directive[]
  readonly localUser: string
  /** StrictHostKeyChecking no means accept-new: the flag says so. */
  readonly acceptNewHostKeys: boolean
  /** The system's ssh will read it, and can do what ssh2 cannot. */
  readonly forOpenssh: boolean
}

export interface SshSettings {
  readonly hostName: string
  readonly port: number
  readonly user: string
  /** undefined: the usual ones. */
  readonly identityFiles: readonly string[] | undefined
  readonly identitiesOnly: boolean
  /** A socket, `none`, `SSH_AUTH_SOCK` or the name of a variable behind `$`; undefined: SSH_AUTH_SOCK. */
  readonly identityAgent: string | undefined
  /** Whom the connection goes through, the first one first. */
  readonly jumps: readonly Jump[]
  readonly hostKeyAlias: string | undefined
  /** undefined: the usual ones. */
  readonly userKnownHostsFiles: readonly string[] | undefined
  readonly globalKnownHostsFiles: readonly string[] | undefined
  readonly hashKnownHosts: boolean
  readonly acceptNewHostKeys: boolean
  /** Seconds. */
  readonly connectTimeout: number | undefined
  /** How often a silent machine is asked whether it is there, 0 seconds: never; and how often in vain. */
  readonly keepAlive: { readonly seconds: number | undefined; readonly count: number } | undefined
  readonly family: 0 | 4 | 6 | undefined
  readonly bindAddress: string | undefined
}

const NOWHERE: Directive = { keyword: '', words: [], rest: '', at: { file: '', line: 1, column: 1 } }

// Only these two tokens: ssh_config(5), TOKENS. Folded to lower case as ssh does before it connects.
const hostNameOf = (directive: Directive | undefined, alias: string): string =>
  (directive?.words?.[0] === undefined
    ? alias
    : expandTokens(directive.words[0], directive, { h: alias })
  ).toLowerCase()

function identityFilesOf({ identityFiles }: Chosen, tokens: Tokens): readonly string[] | undefined {
  if (identityFiles.length === 0) return undefined
  return identityFiles
    .map(directive => expand(directive.words?.[0] ?? '', directive, tokens))
    .filter(path => path !== 'none')
}

function acceptsNew(directive: Directive | undefined, host: string, isFlagSet: boolean): boolean {
  const value = directive?.words?.[0]?.toLowerCase()
  if (directive === undefined || value === undefined) return isFlagSet
  if (value === 'accept-new') return true
  if (['yes', 'true', 'ask'].includes(value)) return isFlagSet
  if (!['no', 'off', 'false'].includes(value)) throw unknownValue(directive, value)
  if (isFlagSet) return true
  throw new UserError({
    where: formatPosition(directive.at),
    why: `${host}: StrictHostKeyChecking ${value} would take any host key, changed ones too`,
    hint: 'write accept-new, or pass --accept-new-host-keys: both take new keys only',
  })
}

const unknownValue = ({ keyword, at }: Directive, value: string): UserError =>
  new UserError({ where: formatPosition(at), why: `"${value}" is no value of ${keyword}` })

const FAMILIES: Readonly<Record<string, 0 | 4 | 6>> = { any: 0, inet: 4, inet6: 6 }

const yesOrNo = (value: string): boolean | undefined =>
  ({ yes: true, true: true, no: false, false: false })[value.toLowerCase()]

const wholeNumber = (value: string): number | undefined =>
  /^\d{1,9}$/.test(value) ? Number(value) : undefined

const port = (value: string): number | undefined => {
  const number = wholeNumber(value)
  return number !== undefined && number >= 1 && number <= 65535 ? number : undefined
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Also `1m30s`: sshd_config(5), TIME FORMATS. */
function seconds(value: string): number | undefined {
  if (!/^(\d{1,9}[smhdw]?)+$/i.test(value)) return undefined
  return [...value.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit.toLowerCase()] ?? 1),
    0,
  )
}
