import { didYouMean } from '../../nearest.ts'
import { isAddress } from './host_names.ts'

export interface Fleet {
  /** In the order of their first appearance. */
  readonly hosts: readonly string[]
  /** In the order of their first appearance; `all` has every host in inventory order. */
  readonly groups: ReadonlyMap<string, readonly string[]>
}

export interface Selection {
  /** In the order of the pattern; those of a group in the group's. */
  readonly hosts: readonly string[]
  readonly mistakes: readonly Mistake[]
}

interface Mistake {
  readonly why: string
  readonly hint?: string
}

/** Names that mean the machine the run is on, unless the inventory has them. */
const LOCALHOST = ['localhost', '127.0.0.1', '::1']

/**
 * The hosts a pattern names: `a,b` `a:b` `:&c` `:!d`, globs, `~regex`, `group[0:2]`. First what is named is united,
 * then cut with each `&`, then each `!` is taken away (ansible/ansible, lib/ansible/inventory/manager.py,
 * order_patterns). A part that nothing answers to is a mistake. A list is of patterns.
 */
export function selectHosts(pattern: string | readonly string[], fleet: Fleet): Selection {
  const patterns = typeof pattern === 'string' ? [pattern] : pattern
  const parts = patterns.flatMap(each => splitPattern(each, fleet)).map(text => readPart(text, fleet))
  const of = (sign: Part['sign']) => parts.filter(part => part.sign === sign).map(part => new Set(part.hosts))
  const named = parts.some(({ sign }) => sign === '+') ? of('+') : [new Set(everyHost(fleet))]
  const united = named.reduce((all, hosts) => all.union(hosts), new Set())
  const left = [...united].filter(
    host => of('&').every(hosts => hosts.has(host)) && !of('!').some(hosts => hosts.has(host)),
  )
  const mistakes = parts.flatMap(part => (part.mistake ? [part.mistake] : []))
  return { hosts: left, mistakes: parts.length === 0 ? [{ why: 'the pattern is empty' }] : mistakes }
}

const everyHost = (fleet: Fleet): readonly string[] => fleet.groups.get('all') ?? fleet.hosts

interface Part {
  readonly sign: '+' | '&' | '!'
  readonly hosts: readonly string[]
  readonly mistake?: Mistake
}

/**
 * At commas; what has none, at colons, unless it is one address. Colons inside brackets belong to a slice. Where there
 * are commas a regular expression keeps its colons.
 */
function splitPattern(pattern: string, fleet: Fleet): readonly string[] {
  const hasComma = pattern.includes(',')
  return pattern.split(',').flatMap(piece => {
    const text = piece.trim()
    const name = text.replace(/^[!&]/, '')
    const isOne = LOCALHOST.includes(name) || isKnown(name, fleet) || isAddress(name)
    if (text === '') return []
    if (isOne || (hasComma && name.startsWith('~'))) return [text]
    return text.match(/(?:[^\s:[\]]|\[[^\]]*\]?|\])+/g) ?? []
  })
}

const isKnown = (name: string, fleet: Fleet): boolean => fleet.groups.has(name) || fleet.hosts.includes(name)

function readPart(text: string, fleet: Fleet): Part {
  const sign = text.startsWith('&') ? '&' : text.startsWith('!') ? '!' : '+'
  const name = sign === '+' ? text : text.slice(1)
  const found = hostsNamed(name, fleet)
  return found.why === undefined
    ? { sign, hosts: found.hosts }
    : { sign, hosts: [], mistake: mistakeOf(name, found, fleet) }
}

function mistakeOf(name: string, { why, hint }: Refusal, fleet: Fleet): Mistake {
  const near = hint ?? didYouMean(name, [...fleet.groups.keys(), ...fleet.hosts])
  return near === undefined ? { why } : { why, hint: near }
}

type Refusal = { readonly why: string; readonly hint?: string }
type Found = { readonly hosts: readonly string[]; readonly why?: undefined } | Refusal

function hostsNamed(name: string, fleet: Fleet): Found {
  if (name === '') return { why: 'a part of the pattern is empty' }
  if (name.startsWith('~')) return matching(regexOf(name.slice(1)), name, fleet)
  if (isKnown(name, fleet)) return hostsOf(name, fleet)
  const [, base, index, first, last] = name.match(SUBSCRIPT) ?? []
  if (base === undefined) return hostsMatching(name, fleet)
  const whole = isKnown(base, fleet) ? hostsOf(base, fleet) : hostsMatching(base, fleet)
  return whole.why === undefined ? chosen(name, whole.hosts, { index, first, last }) : whole
}

/** It stands behind names and globs alike, so that `web[12]` is the thirteenth of web, and `?[12]*` a glob. */
const SUBSCRIPT = /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/

function hostsMatching(name: string, fleet: Fleet): Found {
  if (/[*?[]/.test(name)) return matching(globOf(name), name, fleet)
  if (!LOCALHOST.includes(name)) return { why: `there is no host or group "${name}"` }
  // Another of its names may be the inventory's.
  return { hosts: [LOCALHOST.find(other => fleet.hosts.includes(other)) ?? name] }
}

function hostsOf(name: string, fleet: Fleet): Found {
  const group = fleet.groups.get(name)
  if (group === undefined) return { hosts: [name] }
  const isTwin = fleet.hosts.includes(name) && group.join() !== name
  // Ansible warns of it when it reads the inventory, and takes the host here and the group behind & and !.
  return isTwin ? { why: `"${name}" is a host and a group`, hint: 'rename one of them' } : { hosts: group }
}

function matching(pattern: RegExp | Refusal, text: string, fleet: Fleet): Found {
  if (!(pattern instanceof RegExp)) return pattern
  const groups = [...fleet.groups].filter(([name]) => pattern.test(name))
  const hosts = fleet.hosts.filter(host => pattern.test(host))
  return groups.length + hosts.length > 0
    ? { hosts: [...new Set([...groups.flatMap(([, members]) => members), ...hosts])] }
    : { why: `no host or group matches "${text}"` }
}

/** Python's re.match, which Ansible uses, is bound to the beginning only; `(?P<name>…)` and `(?i)` are Python's own. */
function regexOf(source: string): RegExp | Refusal {
  const [, flags = '', body = ''] = source.match(/^(?:\(\?([ims]+)\))?([\s\S]*)$/) ?? []
  try {
    return new RegExp(`^(?:${body.replaceAll('(?P<', '(?<')})`, flags)
  } catch {
    return { why: `"~${source}" is no regular expression` }
  }
}

/** fnmatch(3) as Python has it: * ? [abc] [!abc]. */
function globOf(glob: string): RegExp | Refusal {
  const source = glob.replace(/\[[^\]]+\]|[^A-Za-z0-9_]/g, piece => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    if (piece.length === 1) return `\\${piece}`
    return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
  })
  try {
    return new RegExp(`^${source}$`)
  } catch {
    return { why: `"${glob}" is no pattern` }
  }
}

interface Subscript {
  readonly index: string | undefined
  readonly first: string | undefined
  readonly last: string | undefined
}

/** `[2]` one host, `[-1]` the last, `[0:2]` three, both ends included, `[1:]` all but the first. */
function chosen(name: string, hosts: readonly string[], { index, first, last }: Subscript): Found {
  if (hosts.length === 0) return { hosts }
  const begin = Number(index ?? first)
  const end = index === undefined ? (last ? Number(last) : hosts.length - 1) : begin
  const left = index === undefined ? hosts.slice(begin, end + 1) : hosts.slice(begin).slice(0, 1)
  const isThere = left.length > 0 && begin >= -hosts.length
  const many = `${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}`
  return isThere ? { hosts: left } : { why: `"${name}" is out of range, of ${many}` }
}
