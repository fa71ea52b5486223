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

/** A text with `{{ }}`, `{% %}` and `{# #}` in it. */
export function lexTemplate(source: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = []
  let from: Resume = { offset: 0, trim: 'nothing' }
  for (;;) {
    const opening = match(/\{[{%#][-+]?/g, source, from.offset)
    const text = source.slice(from.offset, opening?.index ?? source.length)
    lexemes.push(...textLexeme(text, from, opening?.[0].endsWith('-') ?? false))
    if (!opening) return lexemes
    from = readTag(source, opening.index, opening[0], lexemes)
  }
}

/** A bare expression, as `when:` has it. */
export function lexExpression(source: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = [{ kind: 'open', text: '{{', offset: 0, depth: 0 }]
  readCode(source, 0, CONDITION, lexemes)
  return [...lexemes, { kind: 'close', text: '}}', offset: source.length, depth: 0 }]
}

/** Where the text goes on after a tag, and what of it the tag swallows. */
interface Resume {
  readonly offset: number
  readonly trim: 'nothing' | 'newline' | 'whitespace'
}

function textLexeme(source: string, from: Resume, trimEnd: boolean): readonly Lexeme[] {
  const swallowed = { nothing: /^/, newline: /^\r?\n/, whitespace: /^\s+/ }[from.trim]
  const start = source.replace(swallowed, '')
  const text = trimEnd ? start.trimEnd() : start
  return text === '' ? [] : [{ kind: 'text', text, offset: from.offset, depth: 0 }]
}

function readTag(source: string, offset: number, opening: string, lexemes: Lexeme[]): Resume {
  if (opening.startsWith('{#')) return readComment(source, offset)
  const raw = match(/\{%[-+]?\s*raw\s*[-+]?%\}/y, source, offset)
  if (raw) return readRaw(source, offset, offset + raw[0].length, lexemes)

  const open = opening.slice(0, 2)
  lexemes.push({ kind: 'open', text: open, offset, depth: 0 })
  const close = readCode(source, offset + opening.length, open === '{{' ? EXPRESSION : STATEMENT, lexemes)
  if (!close) throw new Problem(`"${open}" is never closed`, undefined, offset)
  lexemes.push({ kind: 'close', text: close[0].slice(-2), offset: close.index, depth: 0 })
  return after(close)
}

interface Tag {
  /** Undefined: the end of the source. */
  readonly end: RegExp | undefined
  unescape(body: string): string
}

/**
 * Between `{{ }}` Ansible doubles the backslashes of a playbook's strings before Jinja2 sees them
 * (ansible/template, _escape_backslashes): they mean themselves. In `{% %}` and conditions Python's rules hold.
 */
const EXPRESSION: Tag = { end: /-?\}\}/y, unescape: body => body.replace(/\\(['"])/g, '$1') }
const STATEMENT: Tag = { end: /[-+]?%\}/y, unescape: unescapePython }
const CONDITION: Tag = { end: undefined, unescape: unescapePython }

function readComment(source: string, offset: number): Resume {
  const close = match(/[-+]?#\}/g, source, offset + 2)
  if (!close) throw new Problem('"{#" is never closed', undefined, offset)
  return after(close)
}

function readRaw(source: string, offset: number, start: number, lexemes: Lexeme[]): Resume {
  const close = match(/\{%[-+]?\s*endraw\s*[-+]?%\}/g, source, start)
  if (!close) throw new Problem('"{% raw %}" has no "{% endraw %}"', undefined, offset)
  lexemes.push({ kind: 'text', text: source.slice(start, close.index), offset: start, depth: 0 })
  return after(close)
}

/** Ansible sets Jinja2's trim_blocks: the newline after `%}` and `#}` is not part of the text. */
function after(close: RegExpExecArray): Resume {
  const offset = close.index + close[0].length
  if (close[0].startsWith('-')) return { offset, trim: 'whitespace' }
  return { offset, trim: close[0].endsWith('}}') ? 'nothing' : 'newline' }
}

const MAX_DEPTH = 64
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }
const PATTERNS = {
  string: /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy,
  number: /\d+(?:\.\d+)?/y,
  word: /[A-Za-z_]\w*/y,
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

/** Python's rules: what is no escape keeps its backslash, so that `'\d+'` is a regular expression. */
function unescapePython(body: string): string {
  return body.replace(/\\(?:x[\da-f]{2}|u[\da-f]{4}|[0-7]{1,3}|.)/gis, sequence => {
    const code = /^\\[xu](?<hex>[\da-f]{2,4})$/i.exec(sequence)?.groups?.hex
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
    if (/^\\[0-7]/.test(sequence)) return String.fromCharCode(Number.parseInt(sequence.slice(1), 8))
    return ESCAPES.get(sequence.slice(1)) ?? sequence
  })
}

function match(pattern: RegExp, source: string, offset: number): RegExpExecArray | undefined {
  pattern.lastIndex = offset
  return pattern.exec(source) ?? undefined
}
