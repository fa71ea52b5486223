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
