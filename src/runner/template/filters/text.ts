import { asInteger, asString, checkedCharacters } from '../coerce.ts'
import { formatArguments } from '../format.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import { type Item, isDict, isTruthy, itemsOf, present } from '../values.ts'
import { wordWrap } from './word_wrap.ts'

export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  string: text(value => value),
  lower: text(value => value.toLowerCase()),
  upper: text(value => value.toUpperCase()),
  capitalize: text(capitalize),
  title: text(value => value.replace(/[^-\s([{<]+/g, capitalize)),
  trim: text((value, { chars }) => stripEnds(value, chars), 'chars?'),
  replace: text((value, args) => replaceText(value, args), 'old new count?'),
  split: {
    takes: 'sep? maxsplit?',
    apply: (operand, args) => splitText(asString(operand), args),
  },
  indent: text(indent, 'width? first? blank?'),
  center: text((value, { width = 80 }) => center(value, asInteger(width)), 'width?'),
  truncate: text(truncate, 'length? killwords? end? leeway?'),
  wordwrap: text(wordWrap, 'width? break_long_words? wrapstring? break_on_hyphens?'),
  wordcount: {
    takes: '',
    apply: operand => toText(operand).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  },
  format: {
    takes: '* **',
    apply: (operand, args) =>
      formatArguments(toText(operand), itemsOf(args['*']), isDict(args['**']) ? args['**'] : {}),
  },
  quote: { takes: '', apply: operand => quote(present(operand) === null ? '' : toText(operand)) },
  comment: text(
    comment,
    'style? newline= beginning= prefix= prefix_count= decoration= postfix= postfix_count= end=',
  ),
  escape: text(escapeHtml),
  e: text(escapeHtml),
  forceescape: text(escapeHtml),
  safe: text(value => value),
  striptags: text(value =>
    unescapeHtml(value.replace(/<!--.*?-->|<[^>]*>/gs, ''))
      .trim()
      .split(/\s+/)
      .join(' '),
  ),
  xmlattr: { takes: 'autospace?', apply: (operand, args) => xmlAttributes(operand, args) },
}

function text(apply: (value: string, args: Args) => string, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(toText(operand), args) }
}

export function capitalize(word: string): string {
  const [first = ''] = word
  return first.toUpperCase() + word.slice(first.length).toLowerCase()
}

/** Python's str.strip(), lstrip() and rstrip(): whitespace, or any of the characters given. */
export function stripEnds(
  value: string,
  chars: Item | undefined,
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

export function replaceText(value: string, { old = '', new: replacement = '', count }: Args): string {
  const [from, to] = [toText(old), toText(replacement)]
  const pieces = value.split(from === '' ? /(?:)/u : from)
  const found = from === '' && value !== '' ? ['', ...pieces, ''] : from === '' ? ['', ''] : pieces
  const limit =
    count === undefined || count === null || asInteger(count) < 0 ? found.length : asInteger(count)
  checkedCharacters(value.length + Math.min(found.length, limit) * to.length)
  return found.reduce((done, piece, i) => (i === 0 ? piece : done + (i <= limit ? to : from) + piece), '')
}

/** Python's str.split(): without a separator, runs of whitespace, and no empty pieces. */
export function splitText(value: string, { sep, maxsplit = -1 }: Args): readonly string[] {
  const limit = asInteger(maxsplit)
  const onSpace = sep === undefined || sep === null
  if (!onSpace && sep === '') throw new Problem('the separator is empty')
  const subject = onSpace ? value.trimStart() : value
  if (onSpace && subject === '') return []
  const pattern = onSpace ? /\s+/g : new RegExp(literal(asString(sep)), 'g')
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

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

export function splitLines(value: string, keepEnds = false): readonly string[] {
  const lines =
    value.match(/[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g) ?? []
  const all = lines.filter((line, i) => line !== '' || i < lines.length - 1)
  return keepEnds ? all : all.map(line => line.replace(/(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/, ''))
}

function indent(value: string, { width = 4, first = false, blank = false }: Args): string {
  const margin =
    typeof width === 'string' ? width : ' '.repeat(checkedCharacters(Math.max(0, asInteger(width))))
  // Jinja2 adds a newline and takes it off again: an empty last line stays (jinja2/filters.py, do_indent).
  const lines = splitLines(`${value}\n`)
  checkedCharacters(value.length + lines.length * margin.length)
  return lines
    .map((line, i) => ((i === 0 ? isTruthy(first) : isTruthy(blank) || line !== '') ? margin + line : line))
    .join('\n')
}

function center(value: string, width: number): string {
  const missing = Math.max(0, checkedCharacters(width) - [...value].length)
  const left = Math.floor(missing / 2) + (missing & width & 1)
  return ' '.repeat(left) + value + ' '.repeat(missing - left)
}

function truncate(value: string, { length = 255, killwords = false, end = '...', leeway }: Args): string {
  const [limit, tail, slack] = [asInteger(length), asString(end), asInteger(leeway ?? 5)]
  const characters = [...value]
  if (limit < tail.length) throw new Problem(`a length of at least ${tail.length} is needed`)
  if (characters.length <= limit + slack) return value
  const head = characters.slice(0, limit - tail.length).join('')
  const word = head.lastIndexOf(' ')
  return (isTruthy(killwords) || word < 0 ? head : head.slice(0, word)) + tail
}

/** As Python's shlex.quote, which Ansible's filter calls. */
function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`
}

const COMMENT_STYLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: { decoration: '# ' },
  erlang: { decoration: '% ' },
  c: { decoration: '// ' },
  cblock: { beginning: '/*', decoration: ' * ', end: ' */' },
  xml: { beginning: '<!--', decoration: ' - ', end: '-->' },
}

/** ansible/plugins/filter/core.py, comment. */
function comment(value: string, { style = 'plain', ...given }: Args): string {
  const known = Object.hasOwn(COMMENT_STYLES, toText(style)) ? COMMENT_STYLES[toText(style)] : undefined
  if (!known)
    throw new Problem(
      `there is no comment style "${toText(style)}"`,
      `use one of ${Object.keys(COMMENT_STYLES).join(', ')}`,
    )
  const field = (name: string, otherwise: string): string => toText(given[name] ?? known[name] ?? otherwise)
  const decoration = field('decoration', '')
  const [margin, newline] = [decoration.trimEnd(), field('newline', '\n')]
  const times = (name: string): number => checkedCharacters(Math.max(0, asInteger(given[name] ?? 1)))
  const [beginning, prefix, end] = [field('beginning', ''), field('prefix', margin), field('end', '')]
  const head = prefix === '' ? '' : prefix === newline ? newline : prefix + newline
  const body = (decoration + value.split(newline).join(newline + decoration))
    .split(decoration + newline)
    .join(decoration.trimEnd() + newline)
  return [
    beginning === '' ? '' : beginning + newline,
    head.repeat(times('prefix_count')),
    body,
    (newline + field('postfix', margin)).repeat(times('postfix_count')),
    end === '' ? '' : newline + end,
  ].join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
}
function escapeHtml(value: string): string {
  return value.replace(/[&<>'"]/g, character => ENTITIES[character] ?? character)
}

const NAMED_ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
}
function unescapeHtml(value: string): string {
  return value.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return NAMED_ENTITIES[name] ?? whole
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

function xmlAttributes(operand: Item, { autospace = true }: Args): string {
  const value = present(operand)
  if (!isDict(value)) throw new Problem('xmlattr needs a dictionary')
  const attributes = Object.entries(value)
    .filter(([, each]) => each !== null)
    .map(([key, each]) => `${escapeHtml(key)}="${escapeHtml(toText(each))}"`)
  return attributes.length > 0 && isTruthy(autospace) ? ` ${attributes.join(' ')}` : attributes.join(' ')
}
