import type { RunEvent } from '../events.ts'
import { shortHostSet } from './host_set.ts'
import { clockTime, counted, hang, type Paint, visible } from './text.ts'

/** What is not about a host: where the run, a play, or a batch begins, and warnings of the run. '' for other events. */
export function heading(event: RunEvent, { paint, columns }: { paint: Paint; columns: number }): string {
  switch (event.event) {
    case 'run':
      return runHeading(event)
    case 'play':
      return `\n${hang(`${paint('bold', `PLAY [${visible(event.play)}]`)} `, hostList(event.hosts), columns)}`
    case 'batch':
      return `\n${hang(`${paint('bold', `BATCH ${event.number} of ${event.of}`)} `, hostList(event.hosts), columns)}`
    case 'warning':
      return event.host === undefined ? hang(`${paint('magenta', 'warning')}: `, event.why, columns) : ''
    default:
      return ''
  }
}

const runHeading = ({ playbook, hosts, check, snapshots }: Extract<RunEvent, { event: 'run' }>): string =>
  `${visible(playbook)} on ${counted(hosts.length, 'host')}${check ? ', dry run: nothing is changed' : ''}\n` +
  (snapshots === undefined
    ? ''
    : `from snapshots in ${visible(snapshots.folder)}, taken ${span(snapshots)}; no host is reached\n`)

const span = ({ from, to }: { readonly from: string; readonly to: string }): string => {
  const [first, last] = [clockTime(new Date(from)), clockTime(new Date(to))]
  return first === last ? first : `${first} to ${last}`
}

/** More names than this are a wall, not a list. */
const MOST_HOSTS_NAMED = 8
const LONGEST_SET = 60

const hostList = (hosts: readonly string[]): string =>
  hosts.length > MOST_HOSTS_NAMED
    ? `${counted(hosts.length, 'host')}: ${shortHostSet(hosts, LONGEST_SET)}`
    : hosts.join(', ')
