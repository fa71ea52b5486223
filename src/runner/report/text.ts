import { stripVTControlCharacters, styleText } from 'node:util'
import type { Bytes } from '../../host/bytes.ts'

/** Where a report writes: a terminal, a file, a pipe. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** What a log viewer and a terminal of unknown size can be trusted to show. */
const DEFAULT_COLUMNS = 80

export const columnsOf = (screen: Screen): number => screen.columns || DEFAULT_COLUMNS

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'magenta' | 'dim' | 'bold'
export type Paint = (colour: Colour, text: string) => string

/** Whether to colour is decided once, at the edge; styleText's own look at the stream would decide again. */
export const painter = (color: boolean): Paint =>
  color ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_colour, text) => text

/**
 * Control, bidirectional and zero-width characters. They come from hosts and could move the cursor, recolour
 * or reorder what a terminal shows (CVE-2021-42574), so they are written out.
 */
const INVISIBLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** One line of text with every invisible character written out: `^[` for escape, `\u{202e}` for an override. */
export const visible = (line: string): string => line.replace(INVISIBLE, writtenOut)

function writtenOut(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`
  return code === 0x7f ? '^?' : `\\u{${code.toString(16)}}`
}

/** Well-formed UTF-8 sequences of more than one byte: The Unicode Standard, table 3-7. */
const MULTIBYTE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g

/** One line of a file: UTF-8 where it is, `\xff` for a byte that is not. */
export const visibleBytes = (line: Bytes): string =>
  visible(
    line.replace(MULTIBYTE, bytes =>
      bytes.length === 1
        ? `\\x${bytes.charCodeAt(0).toString(16)}`
        : Buffer.from(bytes, 'latin1').toString('utf8'),
    ),
  )

/** A continuation never starts further right than this, or than half the line, however long the name before it. */
const DEEPEST_INDENT = 40
const SHALLOW_INDENT = 6

/** Where the later lines of a text start whose head is this wide. */
export const hangingIndent = (headWidth: number, columns: number): number =>
  headWidth > Math.min(DEEPEST_INDENT, columns / 2) ? SHALLOW_INDENT : headWidth

/**
 * `head` followed by `text`, wrapped between words at `columns`; later lines start under the text.
 * Words are never broken: a path or an id stays copyable.
 */
export function hang(head: string, text: string, columns: number): string {
  const headWidth = widthOf(stripVTControlCharacters(head))
  const indent = hangingIndent(headWidth, columns)
  const lines: string[] = []
  for (const paragraph of text.trimEnd().split('\n')) {
    for (const line of wrapWords(
      visible(paragraph),
      columns,
      lines.length === 0 ? headWidth : indent,
      indent,
    )) {
      lines.push(lines.length === 0 ? `${head}${line}` : `${' '.repeat(indent)}${line}`)
    }
  }
  return `${lines.map(line => line.trimEnd()).join('\n')}\n`
}

function wrapWords(text: string, columns: number, firstIndent: number, indent: number): string[] {
  const [first = '', ...rest] = text.split(' ')
  const lines: string[] = []
  let line = first
  let room = columns - firstIndent
  for (const word of rest) {
    if (widthOf(line) + 1 + widthOf(word) <= room) {
      line += ` ${word}`
    } else {
      lines.push(line)
      line = word
      room = columns - indent
    }
  }
  return [...lines, line]
}

/** East Asian wide and fullwidth characters (UAX #11) and emoji; a combining mark is counted as if it stood alone. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u

const charWidth = (character: string): number => (WIDE.test(character) ? 2 : 1)

/** Terminal columns a text takes at most. */
export const widthOf = (text: string): number =>
  [...text].reduce((total, character) => total + charWidth(character), 0)

/** The text in at most `columns`, its end marked where something was cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let used = 1
  for (const character of text) {
    used += charWidth(character)
    if (used > columns) break
    kept += character
  }
  return columns > 0 ? `${kept}…` : ''
}

/** Words as a shell would take them, for people to read and copy. */
export const commandLine = (argv: readonly string[]): string => argv.map(quoted).join(' ')

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** `23 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `2026-11-22 19:40`, by the reader's own clock. */
export function clockTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
