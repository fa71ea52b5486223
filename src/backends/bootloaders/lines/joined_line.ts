import type { Bytes } from '../../../host/bytes.ts'
import { type Change, write } from '../../../host/change.ts'
import { editCommandLine } from '../../../host/command_line.ts'
import type { Host } from '../../../host/host.ts'
import { type ArgEdit, isSatisfied, keyOf, normaliseKey, splitArgs } from '../../../host/kernel_args.ts'
import { type Refusal, refuse } from '../../../refusal.ts'
import { bytesOf, holds, tokensOf, type WrittenLine } from './written_line.ts'

/** The tokens of a command line that its reader puts together from several places, in this order. */
export const joinedTokens = (host: Host, places: readonly WrittenLine[]): string[] =>
  places.flatMap(place => tokensOf(host, place))

/**
 * Every edit holds for the whole afterwards, wherever its parts stand: lines between comments, drop-ins. What has to be
 * added goes where its key is, else behind the last argument.
 */
export function editJoinedLine(
  host: Host,
  places: readonly WrittenLine[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const parts = places.map(place => ({
    ...place,
    text: bytesOf(host, place.path).slice(place.start, place.end),
  }))
  const unclosed = parts.find(({ text }) => (text.match(/"/g) ?? []).length % 2 !== 0)
  if (unclosed !== undefined) return unterminated(unclosed)
  const before = parts.map(({ text }) => text)
  const after = edits.reduce(applyEdit, before)
  if (!holds(tokensIn(before), tokensIn(after), edits)) return unsafe(places)
  const edited = parts.map((part, i) => ({ ...part, text: after[i] ?? '' }))
  return [...Map.groupBy(edited, ({ path }) => path)].flatMap(([path, own]) =>
    write(host, path, own.toSorted((a, b) => b.start - a.start).reduce(put, bytesOf(host, path))),
  )
}

const put = (bytes: Bytes, { start, end, text }: WrittenLine & { readonly text: Bytes }): Bytes =>
  bytes.slice(0, start) + text + bytes.slice(end)

function applyEdit(texts: readonly string[], edit: ArgEdit): string[] {
  if (isSatisfied(tokensIn(texts), edit)) return [...texts]
  const target = targetOf(texts, edit)
  return texts.map((text, i) => editCommandLine(text, i === target ? [edit] : editElsewhere(edit)))
}

/** The last place that has the key, else the last one that has any argument, else the last. */
function targetOf(texts: readonly string[], edit: ArgEdit): number {
  const key = keyOfEdit(edit)
  const withKey = texts.findLastIndex(text => splitArgs(text).some(token => keyOf(token) === key))
  const withAny = texts.findLastIndex(text => splitArgs(text).length > 0)
  return [withKey, withAny, texts.length - 1].find(at => at >= 0) ?? -1
}

/** What an edit means for the places that nothing is added to. */
function editElsewhere(edit: ArgEdit): readonly ArgEdit[] {
  switch (edit.op) {
    case 'add':
    case 'add_token':
      return []
    case 'set':
      return [{ ...edit, values: [] }]
    case 'remove':
    case 'remove_token':
      return [edit]
  }
}

const tokensIn = (texts: readonly string[]): string[] => texts.flatMap(splitArgs)

const keyOfEdit = (edit: ArgEdit): string => ('token' in edit ? keyOf(edit.token) : normaliseKey(edit.key))

const unterminated = ({ path, text }: { readonly path: string; readonly text: string }): Refusal =>
  refuse(`${path} has an unterminated quote in its command line: ${text.trim()}`, 'mend it, then run again')

const unsafe = (places: readonly WrittenLine[]): Refusal =>
  refuse(
    `the command line in ${[...new Set(places.map(({ path }) => path))].join(', ') || 'no file'} cannot be edited safely`,
    'set the arguments by hand there, then run again',
  )
