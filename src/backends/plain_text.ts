import type { Bytes } from '../host/bytes.ts'
import type { Host } from '../host/host.ts'
import { type Refusal, refuse } from '../refusal.ts'

/**
 * Why a configuration file cannot be edited line by line: what it holds would be read otherwise than it looks. Of a
 * file that is only read, `part` says what of it matters.
 */
export function refuseText(host: Host, path: string, part?: Part): Refusal | undefined {
  const bytes = host.files[path]?.bytes ?? ''
  for (const { pattern, why, hint } of PROBLEMS) {
    const at = firstWithin(bytes, pattern, part ?? { start: 0, end: bytes.length })
    if (at === undefined) continue
    const line = lineOf(bytes, at)
    return refuse(`${path}:${line.number} ${why}: ${line.text}`, hint)
  }
  return undefined
}

/** Offsets in a file: of its first byte, and of the one behind it. */
interface Part {
  readonly start: number
  readonly end: number
}

/** Placeholders of Jinja, ERB, autoconf (@NAME@) and of the %NAME% kind; @ and @home are usual subvolumes of btrfs. */
export const TEMPLATE = /\{\{|<%[^\n]*%>|%[A-Z_]{2,}%|@[A-Z_]{3,}@/

/** By its byte order mark; without one it has NUL bytes. */
export const isUtf16 = (bytes: Bytes): boolean => /^(?:\xff\xfe|\xfe\xff)/.test(bytes)

const PROBLEMS: readonly { readonly pattern: RegExp; readonly why: string; readonly hint: string }[] = [
  {
    pattern: /^(?:\xff\xfe|\xfe\xff)[\s\S]*/,
    why: 'is UTF-16',
    hint: 'save it as plain UTF-8, then run again',
  },
  {
    pattern: /^\xef\xbb\xbf/,
    why: 'starts with a byte order mark (BOM)',
    hint: 'save it as plain UTF-8, then run again',
  },
  {
    pattern: /\r\n|\r$/,
    why: 'has Windows line ends (CRLF)',
    hint: 'convert it (sed -i "s/\\r$//" FILE), then run again',
  },
  { pattern: /\0/, why: 'has a NUL byte', hint: 'mend it, then run again' },
  {
    pattern: TEMPLATE,
    why: 'is a template that was never filled in',
    hint: 'fill the template in first',
  },
]

/** Where the first match lies that has a byte in the part: there, or where the part begins. */
function firstWithin(bytes: Bytes, pattern: RegExp, { start, end }: Part): number | undefined {
  for (const { index, 0: text } of bytes.matchAll(new RegExp(pattern, 'g')))
    if (index < end && index + text.length > start) return Math.max(index, start)
  return undefined
}

function lineOf(bytes: Bytes, at: number): { number: number; text: string } {
  const start = bytes.lastIndexOf('\n', at - 1) + 1
  const end = bytes.indexOf('\n', at)
  return {
    number: bytes.slice(0, start).split('\n').length,
    text: bytes.slice(start, end < 0 ? bytes.length : end).replaceAll(/[\r\0]/g, ''),
  }
}
