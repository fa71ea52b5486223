import { figures, Listr, type ListrTaskObject, Spinner } from 'listr2'
import type { Phase, RunEvent, TaskStatus } from '../events.ts'
import type { InteractiveReport } from './index.ts'
import { LiveRegion } from './live_region.ts'
import { isFailure, type PlainOptions, plainFormatter } from './plain.ts'
import { counted, cut, duration, type Paint, painter, visible, widthOf } from './text.ts'

/**
 * One line per host that says what the host is doing, on a terminal. The lines plain output would have printed
 * meanwhile follow once the play is over, host by host: nothing scrolls through the live lines, nothing is lost.
 */
export function createTreeReport(options: PlainOptions): InteractiveReport {
  const format = plainFormatter(options)
  const region = new LiveRegion(options.stdout)
  let play: LivePlay | undefined
  let shown = Promise.resolve()

  const print = (text: string): void => {
    shown = shown.then(() => {
      if (text !== '') options.stdout.write(text)
    })
  }

  function closePlay(unfinished?: string): void {
    if (play === undefined) return
    play.end(unfinished)
    print(play.log())
    play = undefined
  }

  return {
    onEvent(event) {
      if (event.event === 'play') closePlay()
      if (event.event === 'recap') closePlay(event.exitCode === INTERRUPTED ? 'interrupted' : undefined)
      const text = format(event)
      if (play !== undefined) return play.onEvent(event, text)
      print(text)
      if (event.event !== 'play' || event.hosts.length === 0) return
      const opened = new LivePlay(event.hosts, options, region)
      play = opened
      shown = shown.then(() => opened.show())
    },
    async close() {
      closePlay('not finished')
      await shown
    },
    whileAsking: question => region.hold(question),
  }
}

/** Exit code of a run that was ended by Ctrl-C. */
const INTERRUPTED = 130

/** In the log, in place of a host's name: what is not about a host of the play. */
const GENERAL = ''

/** The hosts of one play while it runs, and what there will be to read afterwards. */
class LivePlay {
  readonly #lines: ReadonlyMap<string, HostLine>
  readonly #log = new Map<string, string>()
  readonly #listr: Listr<unknown, typeof HostLinesRenderer>

  constructor(hosts: readonly string[], options: PlainOptions, region: LiveRegion) {
    this.#lines = new Map(hosts.map(host => [host, new HostLine(options.now)]))
    this.#listr = new Listr<unknown, typeof HostLinesRenderer>(
      [...this.#lines].map(([host, line]) => ({
        title: host,
        async task() {
          const failure = await line.ended
          if (failure !== undefined) throw new Error(failure)
        },
      })),
      {
        concurrent: true,
        exitOnError: false,
        // Ctrl-C is the run's to answer: hosts finish the step they are in.
        registerSignalListeners: false,
        renderer: HostLinesRenderer,
        rendererOptions: { region, lines: this.#lines, paint: painter(options.color) },
      },
    )
  }

  onEvent(event: RunEvent, text: string): void {
    const host = 'host' in event && event.host !== undefined ? event.host : GENERAL
    this.#lines.get(host)?.onEvent(event)
    const about = this.#lines.has(host) ? host : GENERAL
    if (text !== '') this.#log.set(about, (this.#log.get(about) ?? '') + text)
  }

  async show(): Promise<void> {
    await this.#listr.run()
  }

  /** `unfinished`: what to say of hosts that are still at work. */
  end(unfinished: string | undefined): void {
    for (const line of this.#lines.values()) line.end(unfinished)
  }

  /** What is not about one host first, then the hosts in the play's order. */
  log(): string {
    return [GENERAL, ...this.#lines.keys()]
      .map(host => this.#log.get(host) ?? '')
      .filter(text => text !== '')
      .map(text => `\n${text}`)
      .join('')
  }
}

const ACTIVITY: Record<Phase, string> = {
  connect: 'connecting',
  look: 'gathering',
  plan: 'planning',
  apply: 'applying',
  reboot: 'rebooting',
  prove: 'proving',
  done: 'done',
}

/** A step that takes longer than this says how long it has been at it. */
const LONG_STEP_MS = 2000

/** What one host is doing now, or how it ended. */
class HostLine {
  readonly #now: () => number
  readonly #end = Promise.withResolvers<string | undefined>()
  readonly #counts = new Map<TaskStatus, number>()
  #activity = 'waiting'
  #step = ''
  #since: number | undefined
  #lastOutput = ''
  #failure: string | undefined
  #isOver = false

  constructor(now: () => number) {
    this.#now = now
  }

  /** Resolves when the host takes no further part, with why it failed where it did. */
  get ended(): Promise<string | undefined> {
    return this.#end.promise
  }

  onEvent(event: RunEvent): void {
    if (event.event === 'phase') this.#enter(ACTIVITY[event.phase], event.detail ?? '')
    if (event.event === 'output') this.#hear(event.step, event.line)
    if (event.event === 'task') {
      this.#counts.set(event.status, (this.#counts.get(event.status) ?? 0) + 1)
      if (isFailure(event.status)) this.#failure ??= `${event.status}: ${event.why}`
    }
    if (event.event === 'host_failed') this.#failure ??= `${event.status}: ${event.why}`
    if (event.event === 'host_failed' || (event.event === 'phase' && event.phase === 'done')) this.end()
  }

  end(unfinished?: string): void {
    if (!this.#isOver) this.#failure ??= unfinished
    this.#isOver = true
    this.#end.resolve(this.#failure)
  }

  get isWaiting(): boolean {
    return this.#since === undefined
  }

  /** What it is doing and since when. */
  get progress(): string {
    const elapsed = this.#now() - (this.#since ?? this.#now())
    const shown = elapsed < LONG_STEP_MS ? '' : duration(elapsed)
    return [this.#activity, shown, this.#step, this.#lastOutput].filter(part => part !== '').join('  ')
  }

  /** How it ended. */
  get result(): string {
    if (this.#failure !== undefined) return this.#failure
    const counts = STATUS_ORDER.flatMap(status => {
      const count = this.#counts.get(status)
      return count === undefined ? [] : [`${status}=${count}`]
    })
    return counts.length === 0 ? 'nothing to do' : counts.join(' ')
  }

  /** A phase that only says something new about itself goes on counting its time. */
  #enter(activity: string, detail: string): void {
    if (activity !== this.#activity) this.#since = this.#now()
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

const STATUS_ORDER: readonly TaskStatus[] = [
  'changed',
  'ok',
  'pending',
  'unknown',
  'skipped',
  'blocked',
  'failed',
]

interface HostLinesOptions {
  readonly region: LiveRegion
  readonly lines: ReadonlyMap<string, HostLine>
  readonly paint: Paint
}

const SPINNER_INTERVAL_MS = 100

/**
 * listr2's own renderer breaks long lines into several and shows the last screenful of a long list. Ours keeps
 * to one row per host and, where there are more hosts than rows, to the hosts that are at work.
 */
class HostLinesRenderer {
  declare static readonly rendererOptions: HostLinesOptions
  declare static readonly rendererTaskOptions: Record<PropertyKey, never>
  /** Whether stdout is a terminal was decided before. */
  static readonly nonTTY = true

  readonly #tasks: readonly ListrTaskObject<unknown>[]
  readonly #options: HostLinesOptions
  readonly #spinner = new Spinner()
  #timer: NodeJS.Timeout | undefined

  constructor(tasks: ListrTaskObject<unknown>[], options: HostLinesOptions) {
    this.#tasks = tasks
    this.#options = options
  }

  render(): void {
    this.#timer = setInterval(() => {
      this.#spinner.spin()
      this.#options.region.draw(this.#frame())
    }, SPINNER_INTERVAL_MS).unref()
    this.#options.region.draw(this.#frame())
  }

  end(): void {
    clearInterval(this.#timer)
    const all = this.#tasks.length <= this.#options.region.rows
    this.#options.region.leave(all ? this.#tasks.map(task => this.#row(task)) : [this.#summary()])
  }

  #frame(): string[] {
    const { rows } = this.#options.region
    if (this.#tasks.length <= rows) return this.#tasks.map(task => this.#row(task))
    const atWork = this.#tasks.filter(task => this.#state(task) === 'at work').slice(0, rows - 1)
    return [this.#summary(), ...atWork.map(task => this.#row(task))]
  }

  #row(task: ListrTaskObject<unknown>): string {
    const { region, lines } = this.#options
    const line = lines.get(nameOf(task))
    const text = (isOver(task) ? line?.result : line?.progress) ?? ''
    const name = visible(nameOf(task))
    const padding = ' '.repeat(Math.max(0, this.#nameWidth() - widthOf(name)))
    const oneRow = cut(
      `${name}${padding}  ${visible(text)}`.replaceAll('\t', ' '),
      region.columns - ICON_COLUMNS,
    )
    return `${this.#icon(task)} ${oneRow}`
  }

  #icon(task: ListrTaskObject<unknown>): string {
    const { paint } = this.#options
    const icons = {
      done: () => paint('green', figures.tick),
      failed: () => paint('red', figures.cross),
      'at work': () => paint('yellow', this.#spinner.fetch()),
      waiting: () => paint('dim', '·'),
    } satisfies Record<HostState, () => string>
    return icons[this.#state(task)]()
  }

  /** For more hosts than the terminal has rows. */
  #summary(): string {
    const states = this.#tasks.map(task => this.#state(task))
    const counts = HOST_STATES.map(state => ({ state, count: states.filter(each => each === state).length }))
    const text = counts.filter(({ count }) => count > 0).map(({ state, count }) => `${count} ${state}`)
    return cut(`${counted(states.length, 'host')}: ${text.join(', ')}`, this.#options.region.columns - 1)
  }

  #state(task: ListrTaskObject<unknown>): HostState {
    if (task.hasFailed()) return 'failed'
    if (task.isCompleted()) return 'done'
    return this.#options.lines.get(nameOf(task))?.isWaiting ? 'waiting' : 'at work'
  }

  #nameWidth(): number {
    return Math.min(LONGEST_NAME, Math.max(...this.#tasks.map(task => widthOf(visible(nameOf(task))))))
  }
}

const HOST_STATES = ['done', 'failed', 'at work', 'waiting'] as const
type HostState = (typeof HOST_STATES)[number]

/** The icon, the space after it, and the last column, where some terminals would already wrap. */
const ICON_COLUMNS = 3
const LONGEST_NAME = 20

const isOver = (task: ListrTaskObject<unknown>): boolean => task.isCompleted() || task.hasFailed()

const nameOf = (task: ListrTaskObject<unknown>): string => task.title ?? ''
