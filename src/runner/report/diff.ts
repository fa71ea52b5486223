import { structuredPatch } from 'diff'
import type { Bytes } from '../../host/bytes.ts'
import { type Colour, type Paint, painter, visible, visibleBytes } from './text.ts'

/**
 * What happens to one file, as a unified diff. Lines are compared as bytes and only then made readable, so
 * that two lines which look alike but are not the same are still shown as different.
 * `undefined` is a file that does not exist; '' where nothing changes.
 */
export function formatDiff(
  path: string,
  before: Bytes | undefined,
  after: Bytes | undefined,
  options: { color: boolean },
): string {
  if (before === after) return ''
  const paint = painter(options.color)
  const { hunks } = structuredPatch('', '', before ?? '', after ?? '', '', '', { context: 3 })
  const lines = [
    paint('bold', `--- ${label(path, before)}`),
    paint('bold', `+++ ${label(path, after)}`),
    ...hunks.flatMap(hunk => [
      paint('cyan', hunkHeader(hunk)),
      ...hunk.lines.map(line => formatLine(line, paint)),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

const label = (path: string, bytes: Bytes | undefined): string =>
  bytes === undefined ? '(absent)' : visible(path)

type Hunk = { oldStart: number; oldLines: number; newStart: number; newLines: number; lines: string[] }

const hunkHeader = (hunk: Hunk): string =>
  `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`

/** An empty range names the line before it (diff(1), "Detailed Description of Unified Format"). */
const range = (start: number, lines: number): string => `${lines === 0 ? start - 1 : start},${lines}`

const LINE_COLOURS: Partial<Record<string, Colour>> = { '+': 'green', '-': 'red', '\\': 'dim' }

function formatLine(line: Bytes, paint: Paint): string {
  const text = visibleBytes(line)
  const colour = LINE_COLOURS[line.charAt(0)]
  return colour === undefined ? text : paint(colour, text)
}
