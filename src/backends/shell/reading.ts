import type { Bytes } from '../../host/bytes.ts'

/** Left to the shell: guessing where it ends could hide an assignment, or show one that is none. */
export class Unreadable extends Error {
  readonly at: number
  constructor(at: number, why: string) {
    super(why)
    this.at = at
  }
}

export const unterminated = (at: number, what: string) => new Unreadable(at, `has an unterminated ${what}`)

/** Where a sticky pattern matches, if it does. */
export function matchAt(pattern: RegExp, bytes: Bytes, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(bytes)
}

/** Not within a word, where # is a character like others (2.3). */
export const isComment = (bytes: Bytes, at: number): boolean =>
  bytes[at] === '#' && /[ \t\n;&|()]/.test(bytes.charAt(at - 1))

export const endOfLine = (bytes: Bytes, at: number): number => {
  const end = bytes.indexOf('\n', at)
  return end < 0 ? bytes.length : end
}

/** Counted from 1. */
export const lineOf = (bytes: Bytes, at: number): number => {
  let line = 1
  for (let i = bytes.indexOf('\n'); i >= 0 && i < at; i = bytes.indexOf('\n', i + 1)) line++
  return line
}

/** The same for offsets that never go back: what was counted is not counted again. */
export function linesUpTo(bytes: Bytes): (at: number) => number {
  let line = 1
  let next = bytes.indexOf('\n')
  return at => {
    for (; next >= 0 && next < at; next = bytes.indexOf('\n', next + 1)) line++
    return line
  }
}

/** Where the first quote stands that most likely nobody closed: it has no end, or ends where a later line's value begins. */
export function openQuote(bytes: Bytes): { at: number; what: string } | undefined {
  let at = 0
  while (at < bytes.length) {
    const char = bytes.charAt(at)
    if (char === '#' && (at === 0 || isComment(bytes, at))) at = endOfLine(bytes, at)
    else if (char === '\\') at += 2
    else if (char === '"' || char === "'") {
      const end = closingQuote(bytes, at)
      const what = char === '"' ? 'double quote' : 'single quote'
      if (end === undefined || /\n[ \t#]*(export[ \t]+)?[A-Za-z_]\w*\+?=$/.test(bytes.slice(at, end)))
        return { at, what }
      at = end + 1
    } else at++
  }
  return undefined
}

function closingQuote(bytes: Bytes, start: number): number | undefined {
  const quote = bytes.charAt(start)
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === quote) return at
    if (quote === '"' && bytes[at] === '\\') at++
  }
  return undefined
}
