import { figures } from 'listr2'
import {
  type Activities,
  countsLine,
  type HostActivity,
  type HostState,
  longTime,
  words,
} from './host_activity.ts'
import { shortHostSet } from './host_set.ts'
import { cut, type Paint, visible, widthOf } from './text.ts'
import { unnamed } from './unnamed.ts'

export interface FrameSize {
  readonly rows: number
  readonly columns: number
  readonly paint: Paint
}

/**
 * What the hosts of a play are doing, in at most `rows` lines: one each, or where they are more, counts, groups of
 * hosts that do the same, and those that failed.
 */
export function liveFrame(activities: Activities, size: FrameSize): string[] {
  const lines = activities.size <= size.rows ? oneEach(activities) : inGroups(activities, size)
  return lines.slice(0, size.rows).map(line => drawn(line, size))
}

interface Line {
  readonly state: HostState | undefined
  /** Stands in a column of its own. */
  readonly name: string
  readonly nameWidth: number
  readonly text: string
}

/** The icon, the space after it, and the last column, where some terminals would already wrap. */
const ICON_COLUMNS = 3
const LONGEST_NAME = 20

function drawn({ state, name, nameWidth, text }: Line, { columns, paint }: FrameSize): string {
  const padding = ' '.repeat(Math.max(0, nameWidth - widthOf(visible(name))))
  const whole = words(`${visible(name)}${padding}`, visible(text)).replaceAll('\t', ' ')
  return state === undefined
    ? cut(whole, columns - 1)
    : `${ICONS[state](paint)} ${cut(whole, columns - ICON_COLUMNS)}`
}

/** None of them moves: over a slow line an animation is all that would be seen. */
const ICONS: Record<HostState, (paint: Paint) => string> = {
  done: paint => paint('green', figures.tick),
  failed: paint => paint('red', figures.cross),
  'at work': paint => paint('yellow', figures.pointerSmall),
  waiting: paint => paint('dim', '·'),
}

function oneEach(activities: Activities): readonly Line[] {
  const nameWidth = Math.min(
    LONGEST_NAME,
    Math.max(...[...activities.keys()].map(host => widthOf(visible(host)))),
  )
  return [...activities].map(([host, { state, text }]) => ({ state, name: host, nameWidth, text }))
}

function inGroups(activities: Activities, { rows, columns }: FrameSize): readonly Line[] {
  const room = rows - 1
  const failed = groups(activities, 'failed', sameFailure)
  const byStep = groups(activities, 'at work', ({ activity, step }) => JSON.stringify([activity, step]))
  const byActivity = groups(activities, 'at work', ({ activity }) => activity)
  const isRoomy = byStep.length + failed.length <= room
  const atWork = (isRoomy ? byStep : byActivity).map(group => workLine(group, isRoomy, columns))
  const failures = failed.map(failureLine)
  return [
    { state: undefined, name: '', nameWidth: 0, text: countsLine(activities) },
    ...withinRoom(atWork, Math.max(room - failures.length, Math.ceil(room / 2)), 'more at work'),
    ...withinRoom(failures, Math.max(room - atWork.length, Math.floor(room / 2)), 'more failed'),
  ]
}

interface Group {
  readonly hosts: readonly string[]
  readonly activities: readonly HostActivity[]
}

/** The largest first; they keep their places while they stay as large. */
function groups(
  activities: Activities,
  state: HostState,
  same: (activity: HostActivity, host: string) => string,
): readonly Group[] {
  const members = [...activities].filter(([, activity]) => activity.state === state)
  return [...Map.groupBy(members, ([host, activity]) => same(activity, host)).values()]
    .map(each => ({ hosts: each.map(([host]) => host), activities: each.map(([, activity]) => activity) }))
    .toSorted((a, b) => b.hosts.length - a.hosts.length)
}

/** The hosts have the room that the rest of the line leaves. */
function workLine({ hosts, activities }: Group, withStep: boolean, columns: number): Line {
  const [first] = activities
  const head = `${first?.activity ?? ''} ${hosts.length}: `
  const elapsed = longTime(Math.max(...activities.map(each => each.elapsed)))
  const rest = words(elapsed, withStep ? (first?.step ?? '') : '')
  const room = columns - ICON_COLUMNS - widthOf(head) - widthOf(visible(rest)) - 2
  const set = shortHostSet(hosts, Math.max(SHORTEST_SET, room))
  return { state: 'at work', name: '', nameWidth: 0, text: words(`${head}${set}`, rest) }
}

function failureLine({ hosts, activities }: Group): Line {
  const [host = ''] = hosts
  const failure = activities[0]?.failure ?? ''
  return {
    state: 'failed',
    name: shortHostSet(hosts, LONGEST_SET),
    nameWidth: 0,
    text: activities.every(each => each.failure === failure) ? failure : withoutName(failure, host),
  }
}

const sameFailure = ({ failure = '' }: HostActivity, host: string): string => withoutName(failure, host)

const withoutName = (failure: string, host: string): string =>
  unnamed(failure, host, failure.startsWith('unreachable: '))

const LONGEST_SET = 36
const SHORTEST_SET = 16

function withinRoom(lines: readonly Line[], room: number, more: string): readonly Line[] {
  if (lines.length <= room) return lines
  const text = `… ${lines.length - room + 1} ${more}`
  return [...lines.slice(0, room - 1), { state: undefined, name: '', nameWidth: 0, text }]
}
