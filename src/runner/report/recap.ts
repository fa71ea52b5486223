import type { HostCounts } from '../events.ts'
import { type Colour, counted, hang, type Paint, visible } from './text.ts'

/** The end of a run: a line per host, which Ansible's users and their scripts know how to read. */
export function formatRecap(
  hosts: Readonly<Record<string, HostCounts>>,
  options: { paint: Paint; verbose: number; columns: number },
): string {
  const blocks = Object.entries(hosts).map(
    ([host, counts]) =>
      `${options.paint(colourOf(counts), recapLine(visible(host), counts))}\n` +
      notes(counts, options.verbose)
        .map(([head, text]) => hang(`    ${head}: `, text, options.columns))
        .join(''),
  )
  return `${options.paint('bold', 'PLAY RECAP')}\n${blocks.join('')}`
}

/** ansible/plugins/callback/default.py, v2_playbook_on_stats: '%-26s : ok=%-4s changed=%-4s …'. */
const COLUMNS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const

const recapLine = (host: string, counts: HostCounts): string =>
  `${host.padEnd(26)} : ${COLUMNS.map(name => `${name}=${String(counts[name]).padEnd(4)}`).join(' ')}`

function colourOf(counts: HostCounts): Colour {
  if (counts.failed + counts.unreachable > 0) return 'red'
  return counts.changed + counts.pending > 0 ? 'yellow' : 'green'
}

/** What the line has no column for. */
function notes(counts: HostCounts, verbose: number): [head: string, text: string][] {
  const found: [string, string][] = []
  if (counts.rebootPending !== '') found.push(['reboot pending', counts.rebootPending])
  else if (counts.pending > 0) found.push(['pending', `${counted(counts.pending, 'task')} not in effect yet`])
  if (verbose > 0)
    found.push([
      'cost',
      `${counted(counts.connections, 'connection')}, ${counted(counts.execs, 'script')} run`,
    ])
  return found
}
