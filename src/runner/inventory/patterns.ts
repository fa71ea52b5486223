import { didYouMean } from '../../nearest.ts'

export interface Fleet {
  /** In inventory order. */
  readonly hosts: readonly string[]
  readonly groups: ReadonlyMap<string, readonly string[]>
}

export interface Selection {
  /** In inventory order. */
  readonly hosts: readonly string[]
  readonly mistakes: readonly { readonly why: string; readonly hint?: string }[]
}

/** Names that mean the machine the run is on, unless the inventory has them. */
const LOCALHOST = ['localhost', '127.0.0.1', '::1']

/**
 * The hosts a pattern names: `a,b` `a:b` `:&c` `:!d`, globs, `~regex`, `group[0:2]`. First what is named is united,
 * then cut with each `&`, then each `!` is taken away (https://docs.ansible.com, "Patterns: targeting hosts and groups").
 * A part that nothing answers to is a mistake.
 */
export function selectHosts(pattern: string, fleet: Fleet): Selection {
  const parts = splitPattern(pattern, fleet).map(text => readPart(text, fleet))
  const of = (sign: Part['sign']) => parts.filter(part => part.sign === sign)
  const named = of('+').length > 0 ? union(of('+')) : new Set(fleet.hosts)
  const cut = of('&').reduce((hosts, part) => hosts.intersection(part.hosts), named)
  const left = of('!').reduce((hosts, part) => hosts.difference(part.hosts), cut)
  const mistakes = parts.flatMap(part => (part.mistake ? [part.mistake] : []))
  if (parts.length === 0) mistakes.push({ why: 'the pattern is empty' })
  return {
    hosts: [...fleet.hosts, ...LOCALHOST.filter(name => !fleet.hosts.includes(name))].filter(host =>
      left.has(host),
    ),
    mistakes,
  }
}

interface Part {
  readonly sign: '+' | '&' | '!'
  readonly hosts: ReadonlySet<string>
  readonly mistake?: { readonly why: string; readonly hint?: string }
}

const union = (parts: readonly Part[]): ReadonlySet<string> => new Set(parts.flatMap(part => [...part.hosts]))

/** Colons inside brackets belong to a slice; in an address or a regular expression they are no separators either. */
function splitPattern(pattern: string, fleet: Fleet): readonly string[] {
  return pattern.split(',').flatMap(piece => {
    const text = piece.trim()
    const name = text.replace(/^[!&]/, '')
    if (name.startsWith('~') || LOCALHOST.includes(name) || isKnown(name, fleet)) return [text]
    return text.match(/(?:[^\s:[\]]|\[[^\]]*\]?|\])+/g) ?? []
  })
}

const isKnown = (name: string, fleet: Fleet): boolean => fleet.groups.has(name) || fleet.hosts.includes(name)

function readPart(text: string, fleet: Fleet): Part {
  const sign = text.startsWith('&') ? '&' : text.startsWith('!') ? '!' : '+'
  const name = sign === '+' ? text : text.slice(1)
  const match = hostsNamed(name, fleet)
  return typeof match === 'string'
    ? { sign, hosts: new Set(), mistake: mistakeOf(name, match, fleet) }
    : { sign, hosts: new Set(match) }
}

function mistakeOf(name: string, why: string, fleet: Fleet): { why: string; hint?: string } {
  const hint = didYouMean(name, [...fleet.groups.keys(), ...fleet.hosts])
  return hint === undefined ? { why } : { why, hint }
}

/** The hosts, or why there are none. */
function hostsNamed(name: string, fleet: Fleet): readonly string[] | string {
  if (name.startsWith('~')) return matching(regexOf(name.slice(1)), name, fleet)
  if (isKnown(name, fleet)) return hostsOf(name, fleet)
  const [, base, first, last] = name.match(/^(.+)\[(?!\])(-?\d+)?(?:[:-](\d*))?\]$/) ?? []
  if (base !== undefined && isKnown(base, fleet)) return slice(name, hostsOf(base, fleet), first, last)
  if (/[*?[]/.test(name)) return matching(globOf(name), name, fleet)
  if (LOCALHOST.includes(name)) return [name]
  return `there is no host or group "${name}"`
}

const hostsOf = (name: string, fleet: Fleet): readonly string[] =>
  fleet.groups.get(name) ?? fleet.hosts.filter(host => host === name)

function matching(pattern: RegExp | string, text: string, fleet: Fleet): readonly string[] | string {
  if (typeof pattern === 'string') return pattern
  const groups = [...fleet.groups].filter(([name]) => pattern.test(name))
  const hosts = fleet.hosts.filter(host => pattern.test(host))
  return groups.length + hosts.length > 0
    ? [...groups.flatMap(([, members]) => members), ...hosts]
    : `no host or group matches "${text}"`
}

function regexOf(source: string): RegExp | string {
  try {
    // Python's re.match, which Ansible uses, is bound to the beginning only.
    return new RegExp(`^(?:${source})`)
  } catch {
    return `"~${source}" is no regular expression`
  }
}

/** fnmatch(3) as Python has it: * ? [abc] [!abc]. */
function globOf(glob: string): RegExp | string {
  const source = glob.replace(/\[[^\]]+\]|[^A-Za-z0-9_]/g, piece => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    if (piece.length === 1) return `\\${piece}`
    return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
  })
  try {
    return new RegExp(`^${source}$`)
  } catch {
    return `"${glob}" is no pattern`
  }
}

/** `[2]` one host, `[-1]` the last, `[0:2]` three, both ends included, `[1:]` all but the first. */
function slice(
  name: string,
  hosts: readonly string[],
  first: string | undefined,
  last: string | undefined,
): readonly string[] | string {
  const begin = Number(first ?? 0)
  const chosen =
    last === undefined
      ? hosts.slice(begin, begin === -1 ? undefined : begin + 1)
      : hosts.slice(begin, last === '' ? undefined : Number(last) + 1)
  return chosen.length > 0 ? chosen : `"${name}" is out of range: the group has ${hosts.length} hosts`
}
