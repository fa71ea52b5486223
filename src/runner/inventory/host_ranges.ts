/**
 * The hosts that one inventory name stands for: `lab[01:16]`, `lab[a:f]`, `rack[1:2]-[01:16:2]`.
 * Both ends are included, zero padding is kept (ansible/ansible, lib/ansible/plugins/inventory/__init__.py,
 * expand_hostname_range).
 */
export function expandHostRange(name: string): HostNames {
  const [range] = name.match(/\[[^\]]*\]/) ?? []
  if (range === undefined)
    return /[[\]]/.test(name) ? wrong(`"${name}" has a bracket without its pair`) : { hosts: [name] }
  const members = membersOf(range)
  if (members.why !== undefined) return members
  const hosts: string[] = []
  for (const member of members.hosts) {
    const rest = expandHostRange(name.replace(range, () => member))
    if (rest.why !== undefined) return rest
    hosts.push(...rest.hosts)
    if (hosts.length > MAX_HOSTS) return wrong(`"${name}" stands for more than ${MAX_HOSTS} hosts`)
  }
  return { hosts }
}

export type HostNames =
  | { readonly hosts: readonly string[]; readonly why?: undefined }
  | { readonly why: string }

const MAX_HOSTS = 10_000

const wrong = (why: string): HostNames => ({ why })

function membersOf(range: string): HostNames {
  const [, begin, end, stepText] = range.match(/^\[(\w*):(\w+)(?::(\d+))?\]$/) ?? []
  const step = Number(stepText ?? 1)
  if (begin === undefined || end === undefined || step === 0)
    return wrong(`"${range}" is no range: write [01:16], [a:f] or [1:9:2]`)
  if (/^[A-Za-z]$/.test(begin) && /^[A-Za-z]$/.test(end)) return letters(range, begin, end, step)
  if (/^\d*$/.test(begin) && /^\d+$/.test(end)) return numbers(range, begin || '0', end, step)
  return wrong(`"${range}" is no range: both ends must be numbers, or single letters`)
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

function letters(range: string, begin: string, end: string, step: number): HostNames {
  const [from, to] = [LETTERS.indexOf(begin), LETTERS.indexOf(end)]
  if (from > to) return wrong(`"${range}" ends before it begins`)
  return { hosts: steps(from, to, step).map(index => LETTERS.charAt(index)) }
}

function numbers(range: string, begin: string, end: string, step: number): HostNames {
  const isPadded = begin.length > 1 && begin.startsWith('0')
  if (isPadded && begin.length !== end.length) return wrong(`"${range}" has ends of different length`)
  const [from, to] = [Number(begin), Number(end)]
  if (from > to) return wrong(`"${range}" ends before it begins`)
  if ((to - from) / step >= MAX_HOSTS) return wrong(`"${range}" stands for more than ${MAX_HOSTS} hosts`)
  return {
    hosts: steps(from, to, step).map(number => String(number).padStart(isPadded ? begin.length : 0, '0')),
  }
}

const steps = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step)
