import { asInteger, asString } from '../coerce.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import { toRegExp, withinTime } from '../regex.ts'
import type { Args, Filter } from '../signature.ts'
import { type Item, itemsOf, type List, tuple } from '../values.ts'

export const REGEX_FILTERS: Readonly<Record<string, Filter>> = {
  regex_replace: {
    takes: 'pattern? replacement? ignorecase? multiline? count?',
    apply: (operand, args) => regexReplace(toText(operand), args),
  },
  regex_search: {
    takes: 'pattern * ignorecase= multiline=',
    apply: (operand, args) => regexSearch(toText(operand), args),
  },
  regex_findall: {
    takes: 'pattern multiline? ignorecase?',
    apply: (operand, args) => regexFindall(toText(operand), args),
  },
  regex_escape: { takes: 're_type?', apply: (operand, args) => regexEscape(toText(operand), args) },
}

/** Python escapes ASCII's special characters and blanks (Lib/re, _special_chars_map). */
function regexEscape(text: string, { re_type = 'python' }: Args): string {
  if (re_type === 'python') return text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&')
  if (re_type === 'posix_basic') return text.replace(/[\].[^$*\\]/g, '\\$&')
  throw new Problem(`there is no re_type "${toText(re_type)}"`, 'use python or posix_basic')
}

function regexReplace(value: string, args: Args): string {
  const replacement = toText(args.replacement ?? '')
  const count = asInteger(args.count ?? 0)
  const pattern = toRegExp(args.pattern ?? '', 'g', args)
  let done = 0
  return withinTime(pattern, value, () =>
    value.replace(pattern, (...found: unknown[]) => {
      done += 1
      return count > 0 && done > count ? String(found[0]) : expandGroups(replacement, found)
    }),
  )
}

/** `\1` and `\g<name>` in a replacement, as Python's re.sub has them; `$` means nothing there. */
function expandGroups(replacement: string, found: readonly unknown[]): string {
  const last = found.at(-1)
  const groups = new Map(typeof last === 'object' && last !== null ? Object.entries(last) : [])
  const numbered = found.slice(
    0,
    found.findIndex(each => typeof each === 'number'),
  )
  return replacement.replace(
    /\\(?:g<(\w+)>|(\d{1,2})|(.))/gs,
    (whole: string, name?: string, digit?: string, special?: string) => {
      if (special !== undefined) return ESCAPES[special] ?? refuseEscape(whole)
      const key = name ?? digit ?? ''
      if (key === '0' && name === undefined) return '\0'
      const isKnown = /^\d+$/.test(key) ? Number(key) < numbered.length : groups.has(key)
      if (!isKnown) throw new Problem(`the pattern has no group "${key}"`)
      return String((/^\d+$/.test(key) ? numbered[Number(key)] : groups.get(key)) ?? '')
    },
  )
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
}

/** Python refuses letters only. */
function refuseEscape(sequence: string): string {
  if (/[A-Za-z]/.test(sequence)) throw new Problem(`"${sequence}" means nothing in a replacement`)
  return sequence
}

/** The text found, or with `'\\1'`, `'\\g<name>'` the list of those groups; none where nothing is found. */
function regexSearch(value: string, args: Args): Item {
  const pattern = toRegExp(args.pattern, '', args)
  const wanted = itemsOf(args['*']).map(group => groupName(asString(group)))
  const found = withinTime(pattern, value, () => pattern.exec(value))
  if (!found) return null
  return wanted.length === 0 ? found[0] : wanted.map(name => groupOf(found, name))
}

function groupName(group: string): string {
  const key = /^\\(?:g<(?<name>\w+)>|(?<digits>\d+))$/.exec(group)?.groups
  if (!key) throw new Problem(`"${group}" names no group`, 'write \\\\1 or \\\\g<name>')
  return key.name ?? key.digits ?? ''
}

function groupOf(found: RegExpExecArray, name: string): Item {
  if (/^\d+$/.test(name) && Number(name) < found.length) return found[Number(name)] ?? null
  const named = new Map(Object.entries(found.groups ?? {}))
  if (named.has(name)) return named.get(name) ?? null
  throw new Problem(`the pattern has no group "${name}"`)
}

/** As Python's re.findall: the matches, or their group, or tuples of their groups. */
function regexFindall(value: string, args: Args): List {
  const pattern = toRegExp(args.pattern, 'g', args)
  const found = withinTime(pattern, value, () => [...value.matchAll(pattern)])
  return found.map(([whole, ...groups]) => {
    const texts = groups.map(group => group ?? '')
    return texts.length > 1 ? tuple(...texts) : (texts[0] ?? whole)
  })
}
