import { asInteger, asString, checkedCharacters } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Args } from '../signature.ts'
import { isTruthy } from '../values.ts'
import { splitLines } from './text.ts'

/** As Python's textwrap.wrap, line by line, with what jinja2/filters.py (do_wordwrap) gives it. */
export function wordWrap(
  value: string,
  { width = 79, break_long_words = true, wrapstring, break_on_hyphens = true }: Args,
): string {
  const limit = checkedCharacters(asInteger(width))
  if (limit <= 0) throw new Problem('the width must be 1 or more')
  const newline = wrapstring === undefined || wrapstring === null ? '\n' : asString(wrapstring)
  const hyphens = isTruthy(break_on_hyphens)
  return splitLines(value)
    .map(line => wrapLine(pieces(line, hyphens), limit, isTruthy(break_long_words)).join(newline))
    .join(newline)
}

/** A part that ends in a hyphen with letters on both sides (Lib/textwrap.py, wordsep_re). */
const HYPHENATED = /.+?(?<=[^\d\W]{2}-|[^\d\W]-[^\d\W]-)(?=[^\d\W]-?[^\d\W])|.+/gs

/** Words, blanks, and parts of words after a hyphen. */
function pieces(line: string, breaksOnHyphens: boolean): string[] {
  const words = line.match(/\s+|\S+/g) ?? []
  if (!breaksOnHyphens) return words
  return words.flatMap(word => word.match(HYPHENATED) ?? [word])
}

function wrapLine(words: string[], limit: number, breaks: boolean): readonly string[] {
  const queue = words.toReversed()
  const lines: string[] = []
  while (queue.length > 0) {
    const line: string[] = []
    let length = 0
    if (lines.length > 0 && queue.at(-1)?.trim() === '') queue.pop()
    for (let next = queue.at(-1); next !== undefined && length + next.length <= limit; next = queue.at(-1)) {
      line.push(next)
      length += next.length
      queue.pop()
    }
    const next = queue.at(-1)
    if (next !== undefined && next.length > limit) {
      const room = Math.max(1, limit - length)
      if (breaks) {
        line.push(next.slice(0, room))
        queue.splice(-1, 1, next.slice(room))
      } else if (line.length === 0) {
        line.push(next)
        queue.pop()
      }
    }
    if (line.at(-1)?.trim() === '') line.pop()
    if (line.length > 0) lines.push(line.join(''))
  }
  return lines
}
