import type { HostCounts } from '../events.ts'
import { hostSet } from './host_set.ts'
import { type Colour, counted, hang, type Paint, visible } from './text.ts'

/**
 * The end of a run: a line per host, which Ansible's users and their scripts know how to read. Of many hosts those that
 * came out the same share one, and those that failed stand last, where the screen ends.
 */
export function formatRecap(
  hosts: Readonly<Record<string, HostCounts>>,
  options: { paint: Paint; verbose: number; columns: number; check: boolean },
): string {
  const blocks = rowsOf(hosts, options).map(({ names, counts, notes }) => {
    const lines = nameLines(names.map(visible))
    lines.push(recapLine(lines.pop() ?? '', counts))
    return (
      lines.map(line => `${options.paint(colourOf(counts), line)}\n`).join('') +
      notes.map(([head, text]) => hang(`    ${head}: `, text, options.columns)).join('')
    )
  })
  return `${options.paint('bold', 'PLAY RECAP')}\n${blocks.join('')}`
}

/** More lines than this are not compared any more. */
const MOST_LINES = 8

interface Row {
  readonly names: readonly string[]
  readonly counts: HostCounts
  readonly notes: readonly Note[]
}

function rowsOf(hosts: Readonly<Record<string, HostCounts>>, options: NoteOptions): readonly Row[] {
  const rows = Object.entries(hosts).map(([host, counts]) => ({
    names: [host],
    counts,
    notes: notesOn(counts, options),
  }))
  if (rows.length <= MOST_LINES) return rows
  const folded = [...Map.groupBy(rows, sameness).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, names: [first, ...others].flatMap(({ names }) => names) }],
  )
  return folded.toSorted((a, b) => Number(hasFailed(a.counts)) - Number(hasFailed(b.counts)))
}

const sameness = ({ counts, notes }: Row): string =>
  JSON.stringify([COLUMNS.map(name => counts[name]), notes])

/** ansible/plugins/callback/default.py, v2_playbook_on_stats: '%-26s : ok=%-4s changed=%-4s …'. */
const COLUMNS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const

const recapLine = (host: string, counts: HostCounts): string =>
  `${host.padEnd(26)} : ${COLUMNS.map(name => `${name}=${String(counts[name]).padEnd(4)}`).join(' ')}`

const LONGEST_NAMES = 60

/** A long set of hosts takes lines above the one with the counts. */
function nameLines(names: readonly string[]): string[] {
  if (names.length === 1) return [...names]
  const lines: string[] = []
  for (const piece of hostSet(names).split(',')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + piece.length < LONGEST_NAMES)
      lines.splice(-1, 1, `${line},${piece}`)
    else lines.push(piece)
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line},` : line))
}

const hasFailed = (counts: HostCounts): boolean => counts.failed + counts.unreachable > 0

function colourOf(counts: HostCounts): Colour {
  if (hasFailed(counts)) return 'red'
  return counts.changed + counts.pending > 0 ? 'yellow' : 'green'
}

type Note = readonly [head: string, text: string]

interface NoteOptions {
  readonly verbose: number
  /** In a dry run what pends without a reboot is unknown. */
  readonly check: boolean
}

/** What the line has no column for. */
function notesOn(counts: HostCounts, { verbose, check }: NoteOptions): readonly Note[] {
  const found: Note[] = []
  if (counts.rebootPending !== '') found.push(['reboot pending', counts.rebootPending])
  else if (counts.pending > 0) {
    const tasks = counted(counts.pending, 'task')
    found.push(
      check ? ['unknown', `${tasks}: only the real run can tell`] : ['pending', `${tasks} not in effect yet`],
    )
  }
  if (verbose > 0)
    found.push([
      'cost',
      `${counted(counts.connections, 'connection')}, ${counted(counts.execs, 'script')} run`,
    ])
  return found
}
