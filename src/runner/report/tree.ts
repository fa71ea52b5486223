import { Listr, type ListrTaskObject } from 'listr2'
import type { RunEvent } from '../events.ts'
import { heading } from './headings.ts'
import { type Activities, activitiesOf } from './host_activity.ts'
import type { InteractiveReport } from './index.ts'
import { liveFrame } from './live_frame.ts'
import { LiveRegion } from './live_region.ts'
import { Log, type LogOptions } from './log.ts'
import { painter } from './text.ts'

/**
 * What the hosts are doing, on a terminal. The lines that plain output would have printed meanwhile follow once the
 * play is over: nothing scrolls through the live lines, nothing is lost. What is about the run itself, such as what
 * Ctrl-C has done, does not wait.
 */
export function createTreeReport(options: LogOptions): InteractiveReport {
  const region = new LiveRegion(options.stdout)
  let play: LivePlay | undefined
  let heldBack = ''
  let shown = Promise.resolve()
  const log = new Log(options, 'afterwards', text => {
    if (play === undefined) print(text)
    else heldBack += text
  })

  function print(text: string): void {
    shown = shown.then(() => void options.stdout.write(text))
  }

  function closePlay(unfinished?: string): void {
    if (play === undefined) return
    log.flush()
    play.end(unfinished)
    play = undefined
    if (heldBack !== '') print(`\n${heldBack}`)
    heldBack = ''
  }

  function openPlay(hosts: readonly string[]): void {
    if (hosts.length === 0) return
    const opened = new LivePlay(hosts, options, region)
    play = opened
    shown = shown.then(() => opened.show())
  }

  return {
    onEvent(event) {
      if (event.event === 'warning' && event.host === undefined && play?.isShown)
        return region.print(heading(event, { paint: painter(options.color), columns: region.columns }))
      if (event.event === 'play') closePlay()
      if (event.event === 'recap') closePlay(event.exitCode === INTERRUPTED ? 'interrupted' : undefined)
      play?.onEvent(event)
      log.onEvent(event)
      if (event.event === 'play') openPlay(event.hosts)
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

/** The hosts of one play while it runs. */
class LivePlay {
  readonly #activities: Activities
  readonly #listr: Listr<unknown, typeof LiveRenderer>
  isShown = false

  constructor(hosts: readonly string[], { now, color }: LogOptions, region: LiveRegion) {
    this.#activities = activitiesOf(hosts, now)
    this.#listr = new Listr<unknown, typeof LiveRenderer>(
      [...this.#activities].map(([title, activity]) => ({ title, task: () => activity.ended })),
      {
        concurrent: true,
        // Ctrl-C is the run's to answer: hosts finish the step they are in.
        registerSignalListeners: false,
        renderer: LiveRenderer,
        rendererOptions: { region, activities: this.#activities, color },
      },
    )
  }

  onEvent(event: RunEvent): void {
    if ('host' in event && event.host !== undefined) this.#activities.get(event.host)?.onEvent(event)
  }

  async show(): Promise<void> {
    this.isShown = true
    await this.#listr.run()
  }

  /** `unfinished`: what to say of hosts that are still at work. */
  end(unfinished: string | undefined): void {
    for (const activity of this.#activities.values()) activity.end(unfinished)
  }
}

interface LiveOptions {
  readonly region: LiveRegion
  readonly activities: Activities
  readonly color: boolean
}

/** Often enough to follow, seldom enough for a slow line. */
const FRAME_INTERVAL_MS = 250

/**
 * listr2's own renderer breaks long lines into several and shows the last screenful of a long list. Ours keeps to the
 * rows there are.
 */
class LiveRenderer {
  declare static readonly rendererOptions: LiveOptions
  declare static readonly rendererTaskOptions: Record<PropertyKey, never>
  /** Whether stdout is a terminal was decided before. */
  static readonly nonTTY = true

  readonly #options: LiveOptions
  #timer: NodeJS.Timeout | undefined

  constructor(_tasks: ListrTaskObject<unknown>[], options: LiveOptions) {
    this.#options = options
  }

  render(): void {
    const { region, activities } = this.#options
    const draw = () => region.draw(liveFrame(activities, this.#size))
    this.#timer = setInterval(draw, FRAME_INTERVAL_MS).unref()
    draw()
  }

  end(): void {
    clearInterval(this.#timer)
    const { region, activities } = this.#options
    region.leave(liveFrame(activities, this.#size))
  }

  get #size() {
    const { rows, columns } = this.#options.region
    return { rows, columns, paint: painter(this.#options.color) }
  }
}
