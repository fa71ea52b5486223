import { asInteger, asString, checkedCharacters, toRegExp } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Filter } from '../signature.ts'
import type { Value } from '../template.ts'
import { type Dict, isTruthy, present, toText } from '../values.ts'
import { parseJson, toJson } from './json.ts'

export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  string: text(value => value),
  lower: text(value => value.toLowerCase()),
  upper: text(value => value.toUpperCase()),
  capitalize: text(capitalize),
  title: text(value => value.replace(/[^-\s([{<]+/g, capitalize)),
  trim: text((value, { chars }) => stripEnds(value, chars), 'chars?'),
  replace: text((value, args) => replaceText(value, args), 'old new count?'),
  split: {
    takes: 'separator? maxsplit?',
    apply: (operand, args) => splitText(asString(present(operand)), args),
  },
  indent: text(indent, 'width? first? blank?'),
  quote: text(quote),
  basename: text(path => path.slice(path.lastIndexOf('/') + 1)),
  dirname: text(dirname),
  regex_replace: text(regexReplace, 'pattern replacement? ignorecase? multiline? count?'),
  regex_search: {
    takes: 'pattern * ignorecase= multiline=',
    apply: (operand, args) => regexSearch(toText(present(operand)), args),
  },
  regex_findall: {
    takes: 'pattern multiline? ignorecase?',
    apply: (operand, args) => regexFindall(toText(present(operand)), args),
  },
  regex_escape: text(escapeRegExp),
  to_json: { takes: '', apply: operand => toJson(present(operand)) },
  from_json: { takes: '', apply: operand => parseJson(asString(present(operand))) },
}

function text(apply: (value: string, args: Dict) => string, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(toText(present(operand)), args) }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&')
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
}

/** Python's str.strip(), lstrip() and rstrip(): whitespace, or any of the characters given. */
export function stripEnds(
  value: string,
  chars: Value | undefined,
  ends: 'both' | 'start' | 'end' = 'both',
): string {
  const characters = [...value]
  const set = chars === undefined || chars === null ? undefined : new Set(asString(chars))
  const stays = (character: string): boolean => (set ? !set.has(character) : character.trim() !== '')
  const first = characters.findIndex(stays)
  if (first < 0) return ''
  const start = ends === 'end' ? 0 : first
  const end = ends === 'start' ? characters.length : characters.findLastIndex(stays) + 1
  return characters.slice(start, end).join('')
}

export function replaceText(value: string, { old = '', new: replacement = '', count }: Dict): string {
  const [from, to] = [toText(old), toText(replacement)]
  const pieces = value.split(from === '' ? /(?:)/u : from)
  const found = from === '' ? ['', ...pieces, ''] : pieces
  const limit =
    count === undefined || count === null || asInteger(count) < 0 ? found.length : asInteger(count)
  checkedCharacters(value.length + Math.min(found.length, limit) * to.length)
  return found.reduce((done, piece, i) => (i === 0 ? piece : done + (i <= limit ? to : from) + piece), '')
}

/** Python's str.split(): without a separator, runs of whitespace, and no empty pieces. */
export function splitText(value: string, { separator, maxsplit = -1 }: Dict): readonly string[] {
  const limit = asInteger(maxsplit)
  const onSpace = separator === undefined || separator === null
  if (!onSpace && separator === '') throw new Problem('the separator is empty')
  const subject = onSpace ? value.trimStart() : value
  if (onSpace && subject === '') return []
  const pattern = onSpace ? /\s+/g : new RegExp(escapeRegExp(asString(separator)), 'g')
  const pieces: string[] = []
  let from = 0
  for (const found of subject.matchAll(pattern)) {
    if (limit >= 0 && pieces.length >= limit) break
    pieces.push(subject.slice(from, found.index))
    from = found.index + found[0].length
  }
  const last = subject.slice(from)
  return onSpace && last === '' ? pieces : [...pieces, last]
}

function indent(value: string, { width = 4, first = false, blank = false }: Dict): string {
  const margin =
    typeof width === 'string' ? width : ' '.repeat(checkedCharacters(Math.max(0, asInteger(width))))
  const lines = value.split('\n')
  checkedCharacters(value.length + lines.length * margin.length)
  return lines
    .map((line, i) => ((i === 0 ? isTruthy(first) : isTruthy(blank) || line !== '') ? margin + line : line))
    .join('\n')
}

/** As Python's shlex.quote, which Ansible's filter calls. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`
}

/** As Python's posixpath.dirname. */
function dirname(path: string): string {
  const head = path.slice(0, path.lastIndexOf('/') + 1)
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '')
}

function regexReplace(value: string, args: Dict): string {
  const replacement = toText(args.replacement ?? '')
  const count = asInteger(args.count ?? 0)
  let done = 0
  return value.replace(toRegExp(args.pattern, 'g', args), (...found: unknown[]) => {
    done += 1
    return count > 0 && done > count ? String(found[0]) : expandGroups(replacement, found)
  })
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
    /\\(?:g<(\w+)>|(\d)|([nt\\]))/g,
    (_, name?: string, digit?: string, special?: string) => {
      if (special !== undefined) return { n: '\n', t: '\t' }[special] ?? special
      const key = name ?? digit ?? ''
      return String((/^\d+$/.test(key) ? numbered[Number(key)] : groups.get(key)) ?? '')
    },
  )
}

/** The text found, or with `'\\1'`, `'\\g<name>'` the list of those groups; none where nothing is found. */
function regexSearch(value: string, args: Dict): Value {
  const found = toRegExp(args.pattern, '', args).exec(value)
  if (!found) return null
  const wanted = args['*']
  if (!Array.isArray(wanted) || wanted.length === 0) return found[0]
  return wanted.map(group => groupOf(found, asString(group)))
}

function groupOf(found: RegExpExecArray, group: string): Value {
  const key = /^\\(?:g<(?<name>\w+)>|(?<digit>\d+))$/.exec(group)?.groups
  if (!key) throw new Problem(`"${group}" names no group`, 'write \\\\1 or \\\\g<name>')
  const name = key.name ?? key.digit ?? ''
  return (
    (/^\d+$/.test(name) ? found[Number(name)] : new Map(Object.entries(found.groups ?? {})).get(name)) ?? null
  )
}

/** As Python's re.findall: the matches, or their group, or lists of their groups. */
function regexFindall(value: string, args: Dict): Value {
  const found = [...value.matchAll(toRegExp(args.pattern, 'g', args))]
  return found.map(([whole, ...groups]) => {
    const texts = groups.map(group => group ?? '')
    return texts.length > 1 ? texts : (texts[0] ?? whole)
  })
}
