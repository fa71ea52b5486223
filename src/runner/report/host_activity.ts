import type { Phase, RunEvent, TaskStatus } from '../events.ts'
import { counted, duration } from './text.ts'

export type HostState = 'waiting' | 'at work' | 'done' | 'failed'

/** What one host is doing now, or how it ended. */
export class HostActivity {
  readonly #now: () => number
  readonly #end = Promise.withResolvers<void>()
  readonly #counts = new Map<TaskStatus, number>()
  #activity = 'waiting'
  #step = ''
  #since: number | undefined
  #lastOutput = ''
  #failure: string | undefined
  #stopped: string | undefined
  #isOver = false

  constructor(now: () => number) {
    this.#now = now
  }

  /** Resolves when the host takes no further part. */
  get ended(): Promise<void> {
    return this.#end.promise
  }

  onEvent(event: RunEvent): void {
    if (event.event === 'phase') this.#enter(ACTIVITY[event.phase], event.detail ?? '')
    if (event.event === 'output') this.#hear(event.step, event.line)
    if (event.event === 'task' && event.item === undefined) this.#count(event)
    // What the playbook catches is no failure of the host.
    if (event.event === 'rescue') this.#failure = undefined
    if (event.event === 'host_failed') this.#failure ??= `${event.status}: ${event.why}`
    if (event.event === 'host_stopped') this.#stopped = `stopped: ${event.why}`
    if (event.event === 'host_failed' || event.event === 'host_stopped') this.end()
    if (event.event === 'phase' && event.phase === 'done') this.end()
  }

  end(unfinished?: string): void {
    if (!this.#isOver) this.#failure ??= unfinished
    this.#isOver = true
    this.#end.resolve()
  }

  get state(): HostState {
    if (this.#isOver) return this.#failure === undefined ? 'done' : 'failed'
    return this.#since === undefined ? 'waiting' : 'at work'
  }

  get activity(): string {
    return this.#activity
  }

  get step(): string {
    return this.#step
  }

  get failure(): string | undefined {
    return this.#failure
  }

  /** Milliseconds. */
  get elapsed(): number {
    return this.#since === undefined ? 0 : this.#now() - this.#since
  }

  /** In one line: what it is doing and for how long, or how it ended. */
  get text(): string {
    if (this.#isOver) return this.#failure ?? this.#stopped ?? this.#result
    return words(this.#activity, longTime(this.elapsed), this.#step, this.#lastOutput)
  }

  get #result(): string {
    const counts = STATUS_ORDER.flatMap(status => {
      const count = this.#counts.get(status)
      return count === undefined ? [] : [`${status}=${count}`]
    })
    return counts.length === 0 ? 'nothing to do' : counts.join(' ')
  }

  #count({ status, why, ignored }: Extract<RunEvent, { event: 'task' }>): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1)
    if ((status === 'blocked' || status === 'failed') && !ignored) this.#failure ??= `${status}: ${why}`
  }

  /** A phase that only says something new about itself goes on counting its time. */
  #enter(activity: string, detail: string): void {
    if (activity !== this.#activity || this.#since === undefined) this.#since = this.#now()
    this.#activity = activity
    this.#step = detail
    this.#lastOutput = ''
  }

  #hear(step: string, line: string): void {
    if (step !== this.#step) this.#since = this.#now()
    this.#step = step
    // A progress bar writes over itself: the last of it counts.
    this.#lastOutput = line.trim().split('\r').at(-1) ?? ''
  }
}

/** By inventory name, in the play's order. */
export type Activities = ReadonlyMap<string, HostActivity>

export const activitiesOf = (hosts: readonly string[], now: () => number): Activities =>
  new Map(hosts.map(host => [host, new HostActivity(now)]))

/** `200 hosts: 120 done, 3 failed, 57 at work, 20 waiting`. */
export function countsLine(activities: Activities): string {
  const byState = Map.groupBy(activities.values(), ({ state }) => state)
  const counts = STATES.flatMap(state => {
    const count = byState.get(state)?.length ?? 0
    return count === 0 ? [] : [`${count} ${state}`]
  })
  return `${counted(activities.size, 'host')}: ${counts.join(', ')}`
}

const STATES: readonly HostState[] = ['done', 'failed', 'at work', 'waiting']

/** A step that takes longer than this says how long it has been at it. */
const LONG_STEP_MS = 2000

/** `1 min 3 s`; '' where it is not worth a word. */
export const longTime = (elapsed: number): string => (elapsed < LONG_STEP_MS ? '' : duration(elapsed))

/** Joined, without those that are empty. */
export const words = (...parts: readonly string[]): string => parts.filter(part => part !== '').join('  ')

const ACTIVITY: Record<Phase, string> = {
  connect: 'connecting',
  look: 'gathering',
  plan: 'planning',
  apply: 'applying',
  run: 'running',
  wait: 'waiting',
  reboot: 'rebooting',
  prove: 'proving',
  done: 'done',
}

const STATUS_ORDER: readonly TaskStatus[] = [
  'changed',
  'ok',
  'pending',
  'unknown',
  'skipped',
  'blocked',
  'failed',
]
