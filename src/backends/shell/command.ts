import type { Bytes } from '../../host/bytes.ts'
import { endOfLine, isComment, matchAt, Unreadable, unterminated } from './reading.ts'
import { afterPiece } from './word.ts'

/** A word of a command that we do not read. */
export interface CommandWord {
  readonly text: string
  /** It stands where the name of a command does, and so does a reserved word. */
  readonly first: boolean
}

/** A command that we do not read: its words, up to the end of the line, or of the list that goes on past it. */
export function commandAt(bytes: Bytes, start: number): { end: number; words: CommandWord[] } {
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
export function nest(open: string[], words: readonly CommandWord[], at: number): void {
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
