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
  | {
      readonly kind: 'opaque'
      readonly line: number
      readonly text: string
      /** Its words, quotes taken off and expansions as they are written. */
      readonly words: readonly string[]
    }

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
  const nul = bytes.indexOf('\0')
  if (nul >= 0) return problemAt(bytes, nul, 'has a NUL byte, which shells drop or stop at')
  if (bytes.endsWith('\\'))
    return problemAt(bytes, bytes.length - 1, 'ends in a backslash, which joins what is added to it')
  try {
    return { statements: [...statements(bytes)] }
  } catch (error) {
    if (error instanceof Unreadable) return problemAt(bytes, error.at, error.message)
    throw error
  }
}

export const isShellProblem = (parsed: ShellConfig | ShellProblem): parsed is ShellProblem => 'why' in parsed

/** Left to the shell: guessing where it ends could hide an assignment, or show one that is none. */
class Unreadable extends Error {
  readonly at: number
  constructor(at: number, why: string) {
    super(why)
    this.at = at
  }
}

const unterminated = (at: number, what: string) => new Unreadable(at, `has an unterminated ${what}`)

function* statements(bytes: Bytes): Generator<Statement> {
  const open: string[] = []
  let at = 0
  while (at < bytes.length) {
    // Only these separate words in every locale: \r, \v and bytes above 7f are part of them (2.3).
    if (/[ \t\n;]/.test(bytes.charAt(at))) at++
    else if (bytes[at] === '#') at = endOfLine(bytes, at)
    else if (bytes.startsWith('\\\n', at)) at += 2
    else {
      const found = assignmentsAt(bytes, at)
      if (found !== undefined) {
        for (const assignment of found.assignments) yield { ...assignment, conditional: open.length > 0 }
        at = found.end
        continue
      }
      const { end, words } = commandAt(bytes, at)
      nest(open, words, at)
      yield {
        kind: 'opaque',
        line: lineOf(bytes, at),
        text: bytes.slice(at, end).trimEnd(),
        words: words.map(({ text }) => text.replaceAll(/["'\\]/g, '')),
      }
      at = Math.max(end, at + 1)
    }
  }
}

const EXPORT = /export[ \t]+/y
const ASSIGNMENT = /([A-Za-z_][A-Za-z0-9_]*)=/y

/**
 * Assignments side by side, and nothing else before the line or the list ends: `X=1 command` sets X for that command
 * only, `X=1 && …` and `X=1 | …` set it under a condition or in a process of its own (2.9.1).
 */
function assignmentsAt(bytes: Bytes, start: number) {
  const assignments: { kind: 'assign'; name: string; line: number; word: Word }[] = []
  let at = start + (matchAt(EXPORT, bytes, start)?.[0].length ?? 0)
  for (;;) {
    const name = matchAt(ASSIGNMENT, bytes, at)?.[1]
    if (name === undefined) return undefined
    const word = wordAt(bytes, at + name.length + 1)
    assignments.push({ kind: 'assign', name, line: lineOf(bytes, at), word })
    at = afterBlanks(bytes, word.end)
    const next = bytes.charAt(at)
    if (next === '' || next === '\n' || next === ';' || (next === '#' && at > word.end))
      return { assignments, end: at }
    if (at === word.end) return undefined
  }
}

function matchAt(pattern: RegExp, bytes: Bytes, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(bytes)
}

function afterBlanks(bytes: Bytes, from: number): number {
  let at = from
  while (bytes[at] === ' ' || bytes[at] === '\t') at++
  return at
}

function wordAt(bytes: Bytes, start: number): Word {
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

/** An unquoted ~ at the start of a value or behind a colon is somebody's home folder (2.6.1). */
const tildeAt = (bytes: Bytes, start: number, at: number) =>
  bytes[at] === '~' && (at === start || ':='.includes(bytes.charAt(at - 1)))
    ? ({ kind: 'variable', end: at + 1 } as const)
    : undefined

const NAMED = /\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/y
const BRACED = /\$\{(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])[^{}"'`\\$\n]*\}/y

function expansionAt(
  bytes: Bytes,
  at: number,
  quote: Part['quote'],
): { kind: 'variable' | 'command'; end: number } | undefined {
  if (bytes[at] === '`') return { kind: 'command', end: afterBackticks(bytes, at) }
  if (bytes[at] !== '$') return undefined
  const next = bytes.charAt(at + 1)
  if (next === '(') return { kind: 'command', end: afterParenthesis(bytes, at + 1) }
  if (next === '{') {
    const braced = matchAt(BRACED, bytes, at)
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

/** Past the parenthesis that closes the one at `at`. */
function afterParenthesis(bytes: Bytes, at: number): number {
  let depth = 0
  for (let i = at; i < bytes.length; ) {
    const char = bytes.charAt(i)
    if (char === '(') depth++
    if (char === ')' && --depth === 0) return i + 1
    if (isComment(bytes, i) || matchAt(/case[ \t\n]/y, bytes, i) !== null)
      throw new Unreadable(i, 'has a command substitution that is too much to read')
    i = afterPiece(bytes, i)
  }
  throw unterminated(at, 'command substitution')
}

const isComment = (bytes: Bytes, at: number): boolean =>
  bytes[at] === '#' && /[ \t\n;&|()]/.test(bytes.charAt(at - 1))

/** Past whatever stands at `at` outside of quotes: something quoted, an expansion, or one character. */
function afterPiece(bytes: Bytes, at: number): number {
  const char = bytes.charAt(at)
  if (char === '\\') return at + 2
  if (char === "'") return afterSingleQuote(bytes, at)
  if (char === '"') return afterDoubleQuote(bytes, at)
  if (bytes.startsWith('<<', at))
    throw new Unreadable(at, 'has a here-document within something else, which is not read')
  return expansionAt(bytes, at, '')?.end ?? at + 1
}

function afterSingleQuote(bytes: Bytes, at: number): number {
  const end = bytes.indexOf("'", at + 1)
  if (end < 0) throw unterminated(at, 'single quote')
  return end + 1
}

function afterDoubleQuote(bytes: Bytes, at: number): number {
  for (let i = at + 1; i < bytes.length; ) {
    if (bytes[i] === '"') return i + 1
    if (bytes[i] === '\\') i += 2
    else i = expansionAt(bytes, i, '"')?.end ?? i + 1
  }
  throw unterminated(at, 'double quote')
}

interface CommandWord {
  readonly text: string
  /** It stands where the name of a command does, and so does a reserved word. */
  readonly first: boolean
}

/** A command that we do not read: its words, up to the end of the line, or of the list that goes on past it. */
function commandAt(bytes: Bytes, start: number): { end: number; words: CommandWord[] } {
  const words: CommandWord[] = []
  let at = start
  let first = true
  let goesOn = false
  let hereDocument: HereDocument | undefined
  while (at < bytes.length) {
    const char = bytes.charAt(at)
    if (char === '\n' && hereDocument !== undefined) {
      at = afterHereDocument(bytes, at + 1, hereDocument)
      hereDocument = undefined
      if (!goesOn) break
    } else if (char === '\n' && !goesOn) break
    else if (isComment(bytes, at)) at = endOfLine(bytes, at)
    else if (bytes.startsWith('\\\n', at)) at += 2
    else if (/[ \t\n]/.test(char)) at++
    else if (/[;&|()<>]/.test(char)) {
      if (bytes.startsWith('<<', at)) {
        if (hereDocument !== undefined) throw new Unreadable(at, 'has two here-documents for one command')
        hereDocument = hereDocumentAt(bytes, at)
        at = hereDocument.end
        continue
      }
      if (char === '(' || char === ')') words.push({ text: char, first })
      first = true
      goesOn = char === '|' || (char === '&' && /[&|]/.test(bytes.charAt(at - 1)))
      at++
    } else {
      const from = at
      while (at < bytes.length && !/[ \t\n;&|()<>]/.test(bytes.charAt(at))) at = afterPiece(bytes, at)
      const text = bytes.slice(from, at)
      if (hereDocument !== undefined && text.includes('\n'))
        throw new Unreadable(from, 'goes on over the beginning of a here-document')
      words.push({ text, first })
      first = LEADS_A_COMMAND.has(text)
      goesOn = false
    }
  }
  return { end: Math.min(at, bytes.length), words }
}

/** `<<END` and `<<-END`: what follows the line, up to a line of that word, is input (2.7.4). */
interface HereDocument {
  readonly delimiter: string
  /** Tabs before a line do not count. */
  readonly indented: boolean
  /** Nothing in it is expanded. */
  readonly literal: boolean
  /** Past the delimiter's word. */
  readonly end: number
}

const HERE_DOCUMENT = /<<(-?)[ \t]*(['"]?)(\w+)\2(?=[ \t\n;&|<>)])/y

function hereDocumentAt(bytes: Bytes, at: number): HereDocument {
  const [text, dash, quote, delimiter] = matchAt(HERE_DOCUMENT, bytes, at) ?? []
  if (text === undefined || delimiter === undefined)
    throw new Unreadable(at, 'has a here-document whose end cannot be told')
  return { delimiter, indented: dash === '-', literal: quote !== '', end: at + text.length }
}

function afterHereDocument(
  bytes: Bytes,
  start: number,
  { delimiter, indented, literal }: HereDocument,
): number {
  let at = start
  while (at < bytes.length) {
    const end = endOfLine(bytes, at)
    const line = bytes.slice(at, end)
    if ((indented ? line.replace(/^\t+/, '') : line) === delimiter) return end
    if (!literal && /[`\\]|\$[^A-Za-z_]/.test(line))
      throw new Unreadable(at, 'has a here-document with expansions')
    at = end + 1
  }
  throw unterminated(start, 'here-document')
}

const LEADS_A_COMMAND = new Set(['if', 'then', 'elif', 'else', 'while', 'until', 'do', '{', '!'])

/** Reserved words that open something, and what closes it (2.4, 2.9.4). */
const CLOSED_BY: ReadonlyMap<string, string> = new Map([
  ['if', 'fi'],
  ['for', 'done'],
  ['while', 'done'],
  ['until', 'done'],
  ['select', 'done'],
  ['case', 'esac'],
  ['{', '}'],
  ['(', ')'],
])

/** When in doubt something stays open: then what follows counts as conditional, which is the safe mistake. */
function nest(open: string[], words: readonly CommandWord[], at: number): void {
  for (const { text, first } of words) {
    const closer = CLOSED_BY.get(text)
    if (closer !== undefined) open.push(closer)
    else if (CLOSERS.has(text) && (first || text === ')')) {
      if (text === open.at(-1)) open.pop()
      // A pattern of a case ends in a parenthesis that nothing opened.
      else if (text !== ')' || open.at(-1) !== 'esac')
        throw new Unreadable(at, `has a ${text} that closes nothing`)
    }
  }
}

const CLOSERS = new Set(CLOSED_BY.values())

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
