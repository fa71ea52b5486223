import type { Bytes } from '../../../host/bytes.ts'
import { type Change, write } from '../../../host/change.ts'
import { editCommandLine } from '../../../host/command_line.ts'
import type { Host } from '../../../host/host.ts'
import { type ArgEdit, isSatisfied, kernelArgs, keyOf, splitArgs } from '../../../host/kernel_args.ts'
import { type Refusal, refuse } from '../../../refusal.ts'

/** Where a whole kernel command line stands in a configuration file. */
export interface WrittenLine {
  readonly path: string
  /** Offsets of its first byte and of the one behind its last. */
  readonly start: number
  readonly end: number
}

export const bytesOf = (host: Host, path: string): Bytes => host.files[path]?.bytes ?? ''

export const tokensOf = (host: Host, { path, start, end }: WrittenLine): string[] =>
  splitArgs(bytesOf(host, path).slice(start, end))

/** Every edit holds on each of the lines afterwards, and nothing else in the files differs. */
export function editWrittenLines(
  host: Host,
  lines: readonly WrittenLine[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const texts = new Map<string, Bytes>()
  for (const line of lines.toSorted((a, b) => b.start - a.start)) {
    const text = texts.get(line.path) ?? bytesOf(host, line.path)
    const before = text.slice(line.start, line.end)
    const after = editCommandLine(before, edits)
    const refusal = refuseLine(line, before, after, edits)
    if (refusal !== undefined) return refusal
    texts.set(line.path, text.slice(0, line.start) + after + text.slice(line.end))
  }
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([path, after]) => write(host, path, after))
}

/** The last line of defence: the edits hold, and all other arguments, init's too, are as they were, and in order. */
export function holds(
  before: readonly string[],
  after: readonly string[],
  edits: readonly ArgEdit[],
): boolean {
  const keys = new Set(edits.map(edit => keyOf('token' in edit ? edit.token : edit.key)))
  const others = (tokens: readonly string[]) => tokens.filter(token => !keys.has(keyOf(token)))
  const inits = (tokens: readonly string[]) => tokens.slice(kernelArgs(tokens).length)
  const same = (read: (tokens: readonly string[]) => readonly string[]) =>
    read(before).join('\n') === read(after).join('\n')
  return edits.every(edit => isSatisfied(after, edit)) && same(others) && same(inits)
}

function refuseLine(
  { path }: WrittenLine,
  before: string,
  after: string,
  edits: readonly ArgEdit[],
): Refusal | undefined {
  if ((before.match(/"/g) ?? []).length % 2 !== 0)
    return refuse(
      `${path} has an unterminated quote in its command line: ${before.trim()}`,
      'mend it, then run again',
    )
  if (holds(splitArgs(before), splitArgs(after), edits)) return undefined
  return refuse(
    `the command line in ${path} cannot be edited safely: ${before.trim()}`,
    'set the arguments by hand there, then run again',
  )
}
