import type { Bytes } from '../../host/bytes.ts'
import { isUtf16 } from '../plain_text.ts'
import { commandAt, nest } from './command.ts'
import { endOfLine, lineOf, linesUpTo, matchAt, openQuote, Unreadable, unterminated } from './reading.ts'
import { type ArrayWord, arrayAt, type Word, wordAt } from './word.ts'

/**
 * Files that a shell sources and that mostly assign variables: /etc/default/grub and its drop-ins, dracut.conf,
 * mkinitcpio.conf. We read assignments and leave every byte else alone; what only a shell could work out is kept as
 * *opaque* and refused by the callers where it touches their variables. Grammar: POSIX.1-2017, Shell Command Language
 * 2.2 and 2.10; of bash also `NAME+=` and arrays (Bash Reference Manual 3.4 and 6.7).
 */
export interface ShellConfig {
  readonly statements: readonly Statement[]
}

export type Statement =
  | {
      readonly kind: 'assign'
      readonly name: string
      readonly line: number
      /** `NAME+=`, in bash only. */
      readonly appends: boolean
      /** With elements where it is an array, in bash only. */
      readonly word: Word | ArrayWord
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

/** Where and why a file cannot be read at all. Lines count from 1. */
export interface ShellProblem {
  readonly line: number
  readonly text: string
  readonly why: string
}

export type Dialect = 'sh' | 'bash'

export function parseShellConfig(bytes: Bytes, dialect: Dialect = 'sh'): ShellConfig | ShellProblem {
  if (bytes.startsWith('\xef\xbb\xbf'))
    return problemAt(bytes, 0, 'starts with a byte order mark, which a shell takes for a command')
  if (isUtf16(bytes)) return problemAt(bytes, 0, 'is UTF-16, which no shell reads')
  const crlf = bytes.indexOf('\r\n')
  if (crlf >= 0)
    return problemAt(bytes, crlf, 'has Windows line ends (CRLF), which become part of the values')
  const nul = bytes.indexOf('\0')
  if (nul >= 0) return problemAt(bytes, nul, 'has a NUL byte, which shells drop or stop at')
  if (bytes.endsWith('\\'))
    return problemAt(bytes, bytes.length - 1, 'ends in a backslash, which joins what is added to it')
  try {
    return { statements: [...statements(bytes, dialect)] }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    // The quote that opens a later value closes one that was left open, and from there on everything is read inside out.
    const open = openQuote(bytes)
    return open === undefined || open.at >= error.at
      ? problemAt(bytes, error.at, error.message)
      : problemAt(bytes, open.at, unterminated(open.at, open.what).message)
  }
}

export const isShellProblem = (parsed: ShellConfig | ShellProblem): parsed is ShellProblem => 'why' in parsed

function* statements(bytes: Bytes, dialect: Dialect): Generator<Statement> {
  const open: string[] = []
  const lineAt = linesUpTo(bytes)
  let at = 0
  while (at < bytes.length) {
    // Only these separate words in every locale: \r, \v and bytes above 7f are part of them (2.3).
    if (/[ \t\n;]/.test(bytes.charAt(at))) at++
    else if (bytes[at] === '#') at = endOfLine(bytes, at)
    else if (bytes.startsWith('\\\n', at)) at += 2
    else {
      const found = assignmentsAt(bytes, at, dialect)
      if (found !== undefined) {
        for (const { at: from, ...assignment } of found.assignments)
          yield { ...assignment, line: lineAt(from), conditional: open.length > 0 }
        at = found.end
        continue
      }
      const { end, words } = commandAt(bytes, at)
      nest(open, words, at)
      yield {
        kind: 'opaque',
        line: lineAt(at),
        text: bytes.slice(at, end).trimEnd(),
        words: words.map(({ text }) => text.replaceAll(/["'\\]/g, '')),
      }
      at = Math.max(end, at + 1)
    }
  }
}

type Assignment = Extract<Statement, { kind: 'assign' }>

const EXPORT = /export[ \t]+/y
const ASSIGNMENT = {
  sh: /([A-Za-z_][A-Za-z0-9_]*)()=/y,
  bash: /([A-Za-z_][A-Za-z0-9_]*)(\+?)=/y,
} satisfies Record<Dialect, RegExp>

/**
 * Assignments side by side, and nothing else before the line or the list ends: `X=1 command` sets X for that command
 * only, `X=1 && …` and `X=1 | …` set it under a condition or in a process of its own (2.9.1).
 */
function assignmentsAt(bytes: Bytes, start: number, dialect: Dialect) {
  const assignments: (Omit<Assignment, 'line' | 'conditional'> & { readonly at: number })[] = []
  let at = start + (matchAt(EXPORT, bytes, start)?.[0].length ?? 0)
  for (;;) {
    const [text, name, plus] = matchAt(ASSIGNMENT[dialect], bytes, at) ?? []
    if (text === undefined || name === undefined) return undefined
    const value = at + text.length
    const word = dialect === 'bash' && bytes[value] === '(' ? arrayAt(bytes, value) : wordAt(bytes, value)
    assignments.push({ kind: 'assign', name, at, appends: plus === '+', word })
    at = afterBlanks(bytes, word.end)
    const next = bytes.charAt(at)
    if (next === '' || next === '\n' || next === ';' || (next === '#' && at > word.end))
      return { assignments, end: at }
    if (at === word.end) return undefined
  }
}

function afterBlanks(bytes: Bytes, from: number): number {
  let at = from
  while (bytes[at] === ' ' || bytes[at] === '\t') at++
  return at
}

function problemAt(bytes: Bytes, at: number, why: string): ShellProblem {
  const start = bytes.lastIndexOf('\n', at - 1) + 1
  const text = bytes.slice(start, endOfLine(bytes, at)).replaceAll('\0', '')
  return { line: lineOf(bytes, at), text, why }
}
