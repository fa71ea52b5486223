import type { Bytes } from '../../host/bytes.ts'
import { endOfLine, isComment, matchAt, Unreadable, unterminated } from './reading.ts'

/** A shell word: where it stands in the file and what it means, character by character. */
export interface Word {
  readonly start: number
  readonly end: number
  readonly parts: readonly Part[]
}

/** `( … )`, over as many lines as it takes; its parts are those of its elements. */
export interface ArrayWord extends Word {
  readonly elements: readonly Word[]
}

/** One character of the meaning, or one expansion, with the bytes it was written as. */
export interface Part {
  readonly kind: 'char' | 'variable' | 'command'
  /** The character; for an expansion its source text (`$X`, `${X:-y}`, `$(…)`). */
  readonly text: string
  readonly start: number
  readonly end: number
  readonly quote: '' | "'" | '"'
}

/** The word that starts at `start`, up to an unquoted blank or operator (2.2, 2.6). */
export function wordAt(bytes: Bytes, start: number): Word {
  const parts: Part[] = []
  let at = start
  let quote: Part['quote'] = ''
  let opened = start
  while (at < bytes.length) {
    const char = bytes.charAt(at)
    if (quote === '' && /[ \t\n;&|()<>]/.test(char)) break
    if (quote === "'") {
      if (char === "'") quote = ''
      else parts.push({ kind: 'char', text: char, start: at, end: at + 1, quote })
      at++
      continue
    }
    if (char === '"') {
      quote = quote === '"' ? '' : '"'
      opened = at++
      continue
    }
    if (char === "'" && quote === '') {
      quote = "'"
      opened = at++
      continue
    }
    const expansion = (quote === '' ? tildeAt(bytes, start, at) : undefined) ?? expansionAt(bytes, at, quote)
    if (expansion !== undefined) {
      parts.push({
        kind: expansion.kind,
        text: bytes.slice(at, expansion.end),
        start: at,
        end: expansion.end,
        quote,
      })
      at = expansion.end
      continue
    }
    if (char === '\\' && at + 1 < bytes.length) {
      const next = bytes.charAt(at + 1)
      if (next !== '\n') {
        // Within double quotes a backslash only quotes these (2.2.3); before others it stays itself.
        const quotes = quote === '' || '$`"\\'.includes(next)
        if (!quotes) parts.push({ kind: 'char', text: '\\', start: at, end: at + 1, quote })
        parts.push({ kind: 'char', text: next, start: quotes ? at : at + 1, end: at + 2, quote })
      }
      at += 2
      continue
    }
    parts.push({ kind: 'char', text: char, start: at, end: at + 1, quote })
    at++
  }
  if (quote !== '') throw unterminated(opened, quote === '"' ? 'double quote' : 'single quote')
  return { start, end: at, parts }
}

/** The array that starts at `start` with its parenthesis: words with blanks, newlines and comments between (bash, 6.7). */
export function arrayAt(bytes: Bytes, start: number): ArrayWord {
  const elements: Word[] = []
  let at = start + 1
  while (at < bytes.length) {
    const char = bytes.charAt(at)
    if (char === ')') return { start, end: at + 1, parts: elements.flatMap(({ parts }) => parts), elements }
    if (isComment(bytes, at)) at = endOfLine(bytes, at)
    else if (/[ \t\n]/.test(char)) at++
    else if (bytes.startsWith('\\\n', at)) at += 2
    else if (/[;&|(<>]/.test(char)) throw new Unreadable(at, `has ${char} within an array`)
    else if (char === '[') throw new Unreadable(at, 'has an array with subscripts')
    else {
      const word = wordAt(bytes, at)
      elements.push(word)
      at = word.end
    }
  }
  throw unterminated(start, 'array')
}

/** An unquoted ~ at the start of a value or behind a colon is somebody's home folder (2.6.1). */
const tildeAt = (bytes: Bytes, start: number, at: number) =>
  bytes[at] === '~' && (at === start || ':='.includes(bytes.charAt(at - 1)))
    ? ({ kind: 'variable', end: at + 1 } as const)
    : undefined

const NAMED = /\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/y
const BRACED = /\$\{(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])[^{}"'`\\$\n]*\}/y
/** `${X:+$X }`: what X has, and a blank; tuned writes it to /etc/default/grub (plugin_bootloader.py). */
const APPENDING = /\$\{([A-Za-z_][A-Za-z0-9_]*):\+\$\1 \}/y

function expansionAt(
  bytes: Bytes,
  at: number,
  quote: Part['quote'],
  depth = 0,
): { kind: 'variable' | 'command'; end: number } | undefined {
  if (bytes[at] === '`') return { kind: 'command', end: afterBackticks(bytes, at) }
  if (bytes[at] !== '$') return undefined
  const next = bytes.charAt(at + 1)
  if (next === '(') return { kind: 'command', end: afterParenthesis(bytes, at + 1, depth + 1) }
  if (next === '{') {
    const braced = matchAt(BRACED, bytes, at) ?? (quote === '"' ? matchAt(APPENDING, bytes, at) : null)
    if (braced === null)
      throw new Unreadable(at, 'has an expansion with quotes or expansions of its own, or without an end')
    return { kind: 'variable', end: at + braced[0].length }
  }
  // dash and bash differ here ($'…', $"…", $[…]), or read on past a line that is continued.
  if (next === '[' || (quote === '' && /['"]/.test(next)) || bytes.startsWith('\\\n', at + 1))
    throw new Unreadable(at, `has $${next}, which shells read differently`)
  const name = matchAt(NAMED, bytes, at)?.[0]
  if (name === undefined) return undefined
  const end = at + name.length
  if (bytes.startsWith('\\\n', end))
    throw new Unreadable(at, 'has a variable whose name goes on in the next line')
  return { kind: 'variable', end }
}

function afterBackticks(bytes: Bytes, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === '\\') i++
    else if (bytes[i] === '`') return i + 1
  }
  throw unterminated(at, 'command substitution')
}

/** Substitutions in one another; nobody writes as many, and each one takes of our stack. */
const DEEPEST = 100

/** Past the parenthesis that closes the one at `at`. */
function afterParenthesis(bytes: Bytes, at: number, depth: number): number {
  if (depth > DEEPEST) throw new Unreadable(at, 'has a command substitution that is too much to read')
  let open = 0
  for (let i = at; i < bytes.length; ) {
    const char = bytes.charAt(i)
    if (char === '(') open++
    if (char === ')' && --open === 0) return i + 1
    if (isComment(bytes, i) || matchAt(/case[ \t\n]/y, bytes, i) !== null)
      throw new Unreadable(i, 'has a command substitution that is too much to read')
    i = afterPiece(bytes, i, depth)
  }
  throw unterminated(at, 'command substitution')
}

/** Past whatever stands at `at` outside of quotes: something quoted, an expansion, or one character. */
export function afterPiece(bytes: Bytes, at: number, depth = 0): number {
  const char = bytes.charAt(at)
  if (char === '\\') return at + 2
  if (char === "'") return afterSingleQuote(bytes, at)
  if (char === '"') return afterDoubleQuote(bytes, at, depth)
  if (bytes.startsWith('<<', at))
    throw new Unreadable(at, 'has a here-document within something else, which is not read')
  return expansionAt(bytes, at, '', depth)?.end ?? at + 1
}

function afterSingleQuote(bytes: Bytes, at: number): number {
  const end = bytes.indexOf("'", at + 1)
  if (end < 0) throw unterminated(at, 'single quote')
  return end + 1
}

function afterDoubleQuote(bytes: Bytes, at: number, depth: number): number {
  for (let i = at + 1; i < bytes.length; ) {
    if (bytes[i] === '"') return i + 1
    if (bytes[i] === '\\') i += 2
    else i = expansionAt(bytes, i, '"', depth)?.end ?? i + 1
  }
  throw unterminated(at, 'double quote')
}
