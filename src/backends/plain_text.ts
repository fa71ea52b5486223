import type { Bytes } from '../host/bytes.ts'
import type { Host } from '../host/host.ts'
import { type Refusal, refuse } from '../refusal.ts'

/** Why a configuration file cannot be edited line by line: what it holds would be read otherwise than it looks. */
export function refuseText(host: Host, path: string): Refusal | undefined {
  const bytes = host.files[path]?.bytes ?? ''
  const problem = PROBLEMS.find(({ pattern }) => pattern.test(bytes))
  if (problem === undefined) return undefined
  const at = lineOf(bytes, bytes.search(problem.pattern))
  return refuse(`${path}:${at.number} ${problem.why}: ${at.text}`, problem.hint)
}

const PROBLEMS: readonly { readonly pattern: RegExp; readonly why: string; readonly hint: string }[] = [
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
    pattern: /\{\{|%[A-Z_]{2,}%/,
    why: 'is a template that was never filled in',
    hint: 'fill the template in first',
  },
]

function lineOf(bytes: Bytes, at: number): { number: number; text: string } {
  const start = bytes.lastIndexOf('\n', at - 1) + 1
  const end = bytes.indexOf('\n', at)
  return {
    number: bytes.slice(0, start).split('\n').length,
    text: bytes.slice(start, end < 0 ? bytes.length : end).replaceAll(/[\r\0]/g, ''),
  }
}
