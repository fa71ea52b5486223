import type { Bytes } from '../../host/bytes.ts'
import { applyChanges, type Change, write } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { isArray, type Setting } from './sourced.ts'
import type { Part } from './word.ts'

/** A name of a list as it stands in the file. */
export interface ListToken {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** The names that a setting itself holds; undefined where quotes open or close among them, which no edit survives. */
export function listTokens({ word }: Setting): readonly ListToken[] | undefined {
  if (isArray(word))
    return word.elements.map(({ parts, start, end }) => ({ name: textOf(parts), start, end }))
  if (!isOnePiece(word.parts)) return undefined
  const tokens: Part[][] = []
  let open = false
  for (const part of word.parts) {
    const blank = part.kind === 'char' && /[ \t\n]/.test(part.text)
    if (blank) open = false
    else if (open) tokens.at(-1)?.push(part)
    else {
      tokens.push([part])
      open = true
    }
  }
  return tokens.map(parts => ({
    name: textOf(parts),
    start: parts[0]?.start ?? word.start,
    end: parts.at(-1)?.end ?? word.end,
  }))
}

const textOf = (parts: readonly Part[]): string => parts.map(part => part.text).join('')

/** Within one pair of quotes, or a word without any. */
const isOnePiece = (parts: readonly Part[]): boolean =>
  parts.every((part, i) => part.quote === parts[0]?.quote && part.start === (parts[i - 1]?.end ?? part.start))

/** Puts names before the first that `first` holds for, else behind the last; undefined where that cannot be done. */
export function withNames(
  bytes: Bytes,
  setting: Setting,
  names: readonly string[],
  first: (name: string) => boolean = () => false,
): Bytes | undefined {
  const tokens = listTokens(setting)
  if (tokens === undefined) return undefined
  if (names.length === 0) return bytes
  const put = (at: number, text: string) => bytes.slice(0, at) + text + bytes.slice(at)
  const next = tokens.find(({ name }) => first(name))
  const last = tokens.at(-1)
  if (last === undefined) return putIntoEmpty(bytes, setting, names.join(' '))
  if (takesBlanks(setting))
    return next === undefined ? put(last.end, ` ${names.join(' ')}`) : put(next.start, `${names.join(' ')} `)
  const { start, end } = setting.word
  const plain = bytes.slice(start, end)
  if (next !== undefined || !/^[\w=.,/:@%+-]+$/.test(plain)) return undefined
  return `${bytes.slice(0, start)}"${plain} ${names.join(' ')}"${bytes.slice(end)}`
}

const takesBlanks = ({ word }: Setting): boolean => isArray(word) || (word.parts[0]?.quote ?? '') !== ''

/** Before what closes it, so that a comment within an array stays one. */
function putIntoEmpty(bytes: Bytes, { word }: Setting, text: string): Bytes {
  const inner = word.end - word.start < 2 ? `"${text}"` : text
  const at = word.end - word.start < 2 ? word.end : word.end - 1
  return bytes.slice(0, at) + inner + bytes.slice(at)
}

/** Takes names away with the blanks before them; the first that is left takes those after it along instead. */
export function withoutNames(
  bytes: Bytes,
  setting: Setting,
  isGone: (name: string) => boolean,
): Bytes | undefined {
  const tokens = listTokens(setting)
  if (tokens === undefined) return undefined
  let after = bytes
  for (const [i, { name, start, end }] of [...tokens.entries()].reverse()) {
    if (!isGone(name)) continue
    const line = aloneOnLine(after, start, end)
    if (line !== undefined) {
      after = after.slice(0, line.start) + after.slice(line.end)
      continue
    }
    const isFirst =
      tokens.slice(0, i).every(token => isGone(token.name)) || /(^|\n)[ \t]*$/.test(after.slice(0, start))
    const blanksBefore = /[ \t]*$/.exec(after.slice(setting.word.start, start))?.[0].length ?? 0
    const blanksAfter = /^[ \t]*/.exec(after.slice(end))?.[0].length ?? 0
    after = isFirst
      ? after.slice(0, start) + after.slice(end + blanksAfter)
      : after.slice(0, start - blanksBefore) + after.slice(end)
  }
  return after
}

/** Names off all settings that make up a list; the one that cannot be edited, where there is such. */
export function withoutNamesOfAll(
  host: Host,
  chain: readonly Setting[],
  isGone: (name: string) => boolean,
): { readonly changes: readonly Change[] } | { readonly unsafe: Setting } {
  const changes: Change[] = []
  // Last setting of a file first, so that the offsets of the others stay true.
  for (const setting of chain.toReversed()) {
    const now = applyChanges(host, changes)
    const after = withoutNames(now.files[setting.path]?.bytes ?? '', setting, isGone)
    if (after === undefined) return { unsafe: setting }
    changes.push(...write(now, setting.path, after))
  }
  return { changes }
}

/** Its line with the newline, where a list has a name a line. */
function aloneOnLine(bytes: Bytes, start: number, end: number): { start: number; end: number } | undefined {
  const from = bytes.lastIndexOf('\n', start - 1) + 1
  const to = bytes.indexOf('\n', end)
  const isAlone = to >= 0 && /^[ \t]*$/.test(bytes.slice(from, start) + bytes.slice(end, to))
  return isAlone ? { start: from, end: to + 1 } : undefined
}
