import type { Bytes } from '../../host/bytes.ts'

/**
 * Files that a shell sources and that mostly assign variables: /etc/default/grub and its drop-ins. We read
 * assignments and leave every byte else alone; what only a shell could work out is kept as *opaque* and refused by
 * the callers where it touches their variables. Grammar: POSIX.1-2017, Shell Command Language 2.2 and 2.10.
 */
export interface ShellConfig {
  readonly statements: readonly Statement[]
}

export type Statement =
  | {
      readonly kind: 'assign'
      readonly name: string
      readonly line: number
      readonly word: Word
      /** Inside if/for/case/function: whether it happens is not ours to know. */
      readonly conditional: boolean
    }
  | { readonly kind: 'opaque'; readonly line: number; readonly text: string }

/** A shell word: where it stands in the file and what it means, character by character. */
export interface Word {
  readonly start: number
  readonly end: number
  readonly parts: readonly Part[]
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

/** Where and why a file cannot be read at all. Lines count from 1. */
export interface ShellProblem {
  readonly line: number
  readonly text: string
  readonly why: string
}

export function parseShellConfig(bytes: Bytes): ShellConfig | ShellProblem {
  if (bytes.startsWith('\xef\xbb\xbf'))
    return problemAt(bytes, 0, 'starts with a byte order mark, which a shell takes for a command')
  const crlf = bytes.indexOf('\r\n')
  if (crlf >= 0)
    return problemAt(bytes, crlf, 'has Windows line ends (CRLF), which become part of the values')
  try {
    return { statements: [...statements(bytes)] }
  } catch (error) {
    if (error instanceof Unterminated) return problemAt(bytes, error.at, `has an unterminated ${error.what}`)
    throw error
  }
}

export const isShellProblem = (parsed: ShellConfig | ShellProblem): parsed is ShellProblem => 'why' in parsed

class Unterminated extends Error {
  readonly at: number
  readonly what: string
  constructor(at: number, what: string) {
    super(what)
    this.at = at
    this.what = what
  }
}

const OPENING = new Set(['if', 'for', 'while', 'until', 'case', 'select', '{', '('])
const CLOSING = new Set(['fi', 'done', 'esac', '}', ')'])
const SEPARATOR = /[\s;]/
const ASSIGNMENT = /([A-Za-z_][A-Za-z0-9_]*)=/y

function* statements(bytes: Bytes): Generator<Statement> {
  let at = 0
  let depth = 0
  while (at < bytes.length) {
    const char = bytes.charAt(at)
    if (SEPARATOR.test(char)) {
      at++
      continue
    }
    if (char === '#') {
      at = endOfLine(bytes, at)
      continue
    }
    if (bytes.startsWith('\\\n', at)) {
      at += 2
      continue
    }
    const keyword = /^[^\s;#]+/.exec(bytes.slice(at, at + 16))?.[0] ?? ''
    if (keyword === 'export' && /[ \t]/.test(bytes.charAt(at + 6))) {
      at += 7
      continue
    }
    if (OPENING.has(keyword)) depth++
    if (CLOSING.has(keyword)) depth = Math.max(0, depth - 1)
    const assignment = assignmentAt(bytes, at)
    if (assignment !== undefined) {
      yield { ...assignment, conditional: depth > 0 }
      at = assignment.word.end
      continue
    }
    const end = endOfCommand(bytes, at)
    yield { kind: 'opaque', line: lineOf(bytes, at), text: bytes.slice(at, end).trimEnd() }
    at = Math.max(end, at + 1)
  }
}

function assignmentAt(bytes: Bytes, at: number) {
  ASSIGNMENT.lastIndex = at
  const name = ASSIGNMENT.exec(bytes)?.[1]
  if (name === undefined) return undefined
  const word = wordAt(bytes, at + name.length + 1)
  // `X=1 command` sets X for that command only, and `X=1 && …` is a list: not plain assignments.
  const rest = /^[ \t]*/.exec(bytes.slice(word.end, word.end + 4096))?.[0].length ?? 0
  const next = bytes.charAt(word.end + rest)
  const separate =
    rest > 0 && (next === '#' || ASSIGNMENT_FOLLOWS.test(bytes.slice(word.end + rest, word.end + rest + 256)))
  if (next !== '' && next !== '\n' && next !== ';' && !separate) return undefined
  return { kind: 'assign', name, line: lineOf(bytes, at), word } as const
}

const ASSIGNMENT_FOLLOWS = /^[A-Za-z_][A-Za-z0-9_]*=/

function wordAt(bytes: Bytes, start: number): Word {
  const parts: Part[] = []
  let at = start
  let quote: Part['quote'] = ''
  let opened = start
  while (at < bytes.length) {
    const char = bytes.charAt(at)
    if (quote === '' && /[\s;&|()<>]/.test(char)) break
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
    const expansion = expansionAt(bytes, at)
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
  if (quote !== '') throw new Unterminated(opened, quote === '"' ? 'double quote' : 'single quote')
  return { start, end: at, parts }
}

function expansionAt(bytes: Bytes, at: number): { kind: 'variable' | 'command'; end: number } | undefined {
  if (bytes[at] === '`') return { kind: 'command', end: afterBackticks(bytes, at) }
  if (bytes[at] !== '$') return undefined
  if (bytes[at + 1] === '(') return { kind: 'command', end: afterNesting(bytes, at + 1, '(', ')') }
  if (bytes[at + 1] === '{') {
    const end = afterNesting(bytes, at + 1, '{', '}')
    return { kind: /[`]|\$\(/.test(bytes.slice(at, end)) ? 'command' : 'variable', end }
  }
  const name = /^\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(bytes.slice(at, at + 256))?.[0]
  return name === undefined ? undefined : { kind: 'variable', end: at + name.length }
}

function afterBackticks(bytes: Bytes, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === '\\') i++
    else if (bytes[i] === '`') return i + 1
  }
  throw new Unterminated(at, 'command substitution')
}

/** Past the bracket that closes the one at `at`; quotes and escapes inside do not count. */
function afterNesting(bytes: Bytes, at: number, open: string, close: string): number {
  let depth = 0
  let quote = ''
  for (let i = at; i < bytes.length; i++) {
    const char = bytes.charAt(i)
    if (char === '\\' && quote !== "'") i++
    else if (quote !== '') quote = char === quote ? '' : quote
    else if (char === "'" || char === '"') quote = char
    else if (char === open) depth++
    else if (char === close && --depth === 0) return i + 1
  }
  throw new Unterminated(at, open === '(' ? 'command substitution' : 'expansion')
}

/** The end of a command that we do not read: its line, quotes respected. */
function endOfCommand(bytes: Bytes, at: number): number {
  let i = at
  while (i < bytes.length) {
    const char = bytes.charAt(i)
    if (char === '\n') return i
    if (char === '#' && /\s/.test(bytes.charAt(i - 1))) return endOfLine(bytes, i)
    if (char === '\\') i += 2
    else if (char === "'" || char === '"') i = afterQuote(bytes, i)
    else if (char === '`') i = afterBackticks(bytes, i)
    else i++
  }
  return bytes.length
}

function afterQuote(bytes: Bytes, at: number): number {
  const quote = bytes.charAt(at)
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === '\\' && quote === '"') i++
    else if (bytes[i] === quote) return i + 1
  }
  throw new Unterminated(at, quote === '"' ? 'double quote' : 'single quote')
}

const endOfLine = (bytes: Bytes, at: number): number => {
  const end = bytes.indexOf('\n', at)
  return end < 0 ? bytes.length : end
}

const lineOf = (bytes: Bytes, at: number): number => {
  let line = 1
  for (let i = bytes.indexOf('\n'); i >= 0 && i < at; i = bytes.indexOf('\n', i + 1)) line++
  return line
}

function problemAt(bytes: Bytes, at: number, why: string): ShellProblem {
  const start = bytes.lastIndexOf('\n', at - 1) + 1
  return { line: lineOf(bytes, at), text: bytes.slice(start, endOfLine(bytes, at)), why }
}
