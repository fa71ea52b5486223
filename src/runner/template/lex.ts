import { Problem } from './problem.ts'

/** A piece of a template and where it stands in the text. */
export interface Lexeme {
  readonly kind: 'text' | 'open' | 'close' | 'number' | 'string' | 'word' | 'operator'
  /** A string's is without quotes and escapes. */
  readonly text: string
  readonly offset: number
  /** How many brackets are open around it. */
  readonly depth: number
}

export interface Layout {
  /** The newline after `%}` and `#}` is not part of the text. */
  readonly trimBlocks: boolean
  /** Nor are the blanks before `{%` and `{#` that start a line. */
  readonly lstripBlocks: boolean
  /**
   * Between `{{ }}` Ansible doubles the backslashes of a playbook's strings before Jinja2 sees them
   * (ansible/template, _escape_backslashes): they mean themselves. In `{% %}`, in conditions and in
   * template files Python's rules hold.
   */
  readonly plainBackslashes: boolean
}

/** A text with `{{ }}`, `{% %}` and `{# #}` in it. */
export function lexTemplate(source: string, layout: Layout): readonly Lexeme[] {
  const reader: Reader = { source, layout, lexemes: [] }
  let from: Resume = { offset: 0, trim: 'nothing' }
  for (;;) {
    const opening = match(/\{[{%#][-+]?/g, source, from.offset)
    addText(reader, from, opening)
    if (!opening) return reader.lexemes
    from = readTag(reader, opening.index, opening[0])
  }
}

/** A bare expression, as `when:` has it. */
export function lexExpression(source: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = [{ kind: 'open', text: '{{', offset: 0, depth: 0 }]
  readCode(source, 0, { end: undefined, unescape: unescapePython }, lexemes)
  return [...lexemes, { kind: 'close', text: '}}', offset: source.length, depth: 0 }]
}

interface Reader {
  readonly source: string
  readonly layout: Layout
  readonly lexemes: Lexeme[]
}

/** Where the text goes on after a tag, and what of it the tag swallows. */
interface Resume {
  readonly offset: number
  readonly trim: 'nothing' | 'newline' | 'whitespace'
}

const SWALLOWED = { nothing: /^/, newline: /^\r?\n/, whitespace: /^\s+/ }

function addText({ source, layout, lexemes }: Reader, from: Resume, opening: RegExpExecArray | undefined) {
  const whole = source.slice(from.offset, opening?.index ?? source.length)
  const start = whole.replace(SWALLOWED[from.trim], '')
  const text = trimEnd(start, opening?.[0], layout, from.offset === 0 || start.length < whole.length)
  if (text !== '') lexemes.push({ kind: 'text', text, offset: from.offset, depth: 0 })
}

function trimEnd(text: string, opening: string | undefined, layout: Layout, startsLine: boolean): string {
  if (opening?.endsWith('-')) return text.trimEnd()
  if (!layout.lstripBlocks || (opening !== '{%' && opening !== '{#')) return text
  const line = text.lastIndexOf('\n') + 1
  return (line > 0 || startsLine) && text.slice(line).trim() === '' ? text.slice(0, line) : text
}

function readTag(reader: Reader, offset: number, opening: string): Resume {
  const { source, layout, lexemes } = reader
  if (opening.startsWith('{#')) return readComment(reader, offset)
  const raw = match(/\{%[-+]?\s*raw\s*[-+]?%\}/y, source, offset)
  if (raw) return readRaw(reader, offset, raw[0])

  const open = opening.slice(0, 2)
  lexemes.push({ kind: 'open', text: open, offset, depth: 0 })
  const tag: Tag =
    open === '{{'
      ? { end: /[-+]?\}\}/y, unescape: layout.plainBackslashes ? unescapeQuotes : unescapePython }
      : { end: /[-+]?%\}/y, unescape: unescapePython }
  const close = readCode(source, offset + opening.length, tag, lexemes)
  if (!close) throw new Problem(`"${open}" is never closed`, undefined, offset)
  lexemes.push({ kind: 'close', text: close[0].slice(-2), offset: close.index, depth: 0 })
  return after(close, layout)
}

interface Tag {
  /** Undefined: the end of the source. */
  readonly end: RegExp | undefined
  unescape(body: string): string
}

function readComment({ source, layout }: Reader, offset: number): Resume {
  const close = match(/[-+]?#\}/g, source, offset + 2)
  if (!close) throw new Problem('"{#" is never closed', undefined, offset)
  return after(close, layout)
}

function readRaw({ source, layout, lexemes }: Reader, offset: number, opening: string): Resume {
  const start = offset + opening.length
  const close = match(/\{%[-+]?\s*endraw\s*[-+]?%\}/g, source, start)
  if (!close) throw new Problem('"{% raw %}" has no "{% endraw %}"', undefined, offset)
  const body = source.slice(start, close.index).replace(opening.endsWith('-%}') ? /^\s+/ : /^/, '')
  const text = close[0].startsWith('{%-') ? body.trimEnd() : body
  if (text !== '') lexemes.push({ kind: 'text', text, offset: start, depth: 0 })
  return after(close, layout)
}

function after(close: RegExpExecArray, { trimBlocks }: Layout): Resume {
  const tag = /[-+]?..$/.exec(close[0])?.[0] ?? ''
  const offset = close.index + close[0].length
  if (tag.startsWith('-')) return { offset, trim: 'whitespace' }
  const keeps = tag.startsWith('+') || tag.endsWith('}}') || !trimBlocks
  return { offset, trim: keeps ? 'nothing' : 'newline' }
}

const MAX_DEPTH = 64
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }
const PATTERNS = {
  string: /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy,
  number:
    /0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|\d(?:_?\d)*(?:(?:\.\d(?:_?\d)*)?[eE][-+]?\d+|\.\d(?:_?\d)*)?/y,
  word: /[\p{L}_][\p{L}\p{N}_]*/uy,
  operator: /\*\*|\/\/|[=!<>]=|[-+*/%~<>=|.,:()[\]{}]/y,
} as const
const CODE_KINDS = ['string', 'number', 'word', 'operator'] as const

/** Reads up to the tag's end, which it returns, or the end of the source. */
function readCode(
  source: string,
  start: number,
  { end, unescape: unescapeString }: Tag,
  lexemes: Lexeme[],
): RegExpExecArray | undefined {
  const closers: { readonly text: string; readonly offset: number }[] = []
  for (let offset = start; ; ) {
    offset += match(/\s*/y, source, offset)?.[0].length ?? 0
    if (offset >= source.length) break
    const close = end && closers.length === 0 ? match(end, source, offset) : undefined
    if (close) return close

    const { kind, text, length } = readLexeme(source, offset, lexemes.at(-1))
    const isString = kind === 'string'
    lexemes.push({
      kind,
      text: isString ? unescapeString(text.slice(1, -1)) : text,
      offset,
      depth: closers.length,
    })
    if (kind === 'operator') balance(closers, text, offset)
    offset += length
  }
  const open = closers.at(-1)
  if (open)
    throw new Problem(`a "${open.text}" is missing: this bracket is never closed`, undefined, open.offset)
  return undefined
}

function readLexeme(source: string, offset: number, previous: Lexeme | undefined) {
  const afterDot = previous?.kind === 'operator' && previous.text === '.'
  for (const kind of CODE_KINDS) {
    // `a.0.1` is two items, not the number 0.1
    const found = match(kind === 'number' && afterDot ? /\d+/y : PATTERNS[kind], source, offset)
    if (found) return { kind, text: found[0], length: found[0].length }
  }
  const character = String.fromCodePoint(source.codePointAt(offset) ?? 0)
  const isQuote = character === '"' || character === "'"
  throw new Problem(isQuote ? 'this quote is never closed' : `unexpected "${character}"`, undefined, offset)
}

function balance(closers: { text: string; offset: number }[], bracket: string, offset: number): void {
  const closing = CLOSING[bracket]
  if (closing !== undefined) closers.push({ text: closing, offset })
  if (closers.length > MAX_DEPTH)
    throw new Problem(`more than ${MAX_DEPTH} brackets within each other`, undefined, offset)
  if (!')]}'.includes(bracket)) return
  if (closers.pop()?.text !== bracket) throw new Problem(`unexpected "${bracket}"`, undefined, offset)
}

const ESCAPES = new Map([
  ...['\\', "'", '"'].map(character => [character, character] as const),
  ...Object.entries({ '\n': '', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }),
])

const unescapeQuotes = (body: string): string => body.replace(/\\(['"])/g, '$1')

/** Python's rules: what is no escape keeps its backslash, so that `'\d+'` is a regular expression. */
function unescapePython(body: string): string {
  return body.replace(/\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|.)/gs, sequence => {
    const code = /^\\[xuU](?<hex>[\da-fA-F]{2,8})$/.exec(sequence)?.groups?.hex
    if (code !== undefined && Number.parseInt(code, 16) <= 0x10ffff)
      return String.fromCodePoint(Number.parseInt(code, 16))
    if (/^\\[0-7]/.test(sequence)) return String.fromCharCode(Number.parseInt(sequence.slice(1), 8))
    return ESCAPES.get(sequence.slice(1)) ?? sequence
  })
}

function match(pattern: RegExp, source: string, offset: number): RegExpExecArray | undefined {
  pattern.lastIndex = offset
  return pattern.exec(source) ?? undefined
}
