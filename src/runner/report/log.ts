import type { RunEvent } from '../events.ts'
import { Failures } from './failures.ts'
import { alone, Fold, type Said, sameness } from './fold.ts'
import { heading } from './headings.ts'
import { Layout } from './layout.ts'
import { formatRecap } from './recap.ts'
import type { Remark } from './remark.ts'
import { Remarks } from './remarks.ts'
import { columnsOf, painter, type Screen } from './text.ts'

export interface LogOptions {
  readonly stdout: Screen
  readonly color: boolean
  /** From 1 on: what was run, what it printed, and what the run cost; from 2 on: every phase. */
  readonly verbose: number
  /** Milliseconds, from any start. */
  readonly now: () => number
}

/** Whether somebody reads along, who should hear of failures when they happen, or it is read in the end. */
export type Pace = 'live' | 'afterwards'

/**
 * A run as lines that stay readable: each names its host, and what is true of many hosts is said once, as soon as all
 * of them have come past it. A single host has nobody to wait for.
 */
export class Log {
  readonly #options: LogOptions
  readonly #pace: Pace
  readonly #write: (text: string) => void
  readonly #remarks: Remarks
  readonly #failures = new Failures()
  readonly #layout: Layout
  #hosts: ReadonlySet<string> = new Set()
  #check = false
  readonly #fold = new Fold()
  /** Failures that have been told of one host; others that fail in the same way are told together. */
  readonly #toldFailures = new Set<string>()

  constructor(options: LogOptions, pace: Pace, write: (text: string) => void) {
    this.#options = options
    this.#pace = pace
    this.#write = write
    this.#remarks = new Remarks(options)
    this.#layout = this.#newLayout(options.verbose > 0)
  }

  onEvent(event: RunEvent): void {
    if (event.event === 'play' || event.event === 'batch') this.#begin(event.hosts)
    if (event.event === 'run') this.#check = event.check
    if (event.event === 'recap') this.#end(event)
    const text = heading(event, { paint: this.#paint, columns: this.#columns() })
    if (text !== '') this.#write(text)
    const remarks = this.#remarks.of(event)
    this.#failures.onEvent(event, remarks)
    this.#say(remarks)
    if (isLast(event)) this.#fold.leave(event.host)
    this.#print(this.#fold.takePassed())
  }

  /** Everything that has been held back: the play is over, or broken off. */
  flush(): void {
    this.#say(this.#remarks.unfinished(this.#hosts))
    this.#print(this.#fold.takeAll())
  }

  get isHolding(): boolean {
    return this.#fold.isHolding
  }

  #begin(hosts: readonly string[]): void {
    this.flush()
    this.#hosts = new Set(hosts)
    this.#layout.begin(hosts)
    this.#fold.begin(hosts)
    this.#toldFailures.clear()
  }

  #say(remarks: readonly Remark[]): void {
    const failed = remarks.filter(({ isFailure }) => isFailure)
    const isNews = this.#pace === 'live' && failed.map(remark => this.#isNews(remark)).includes(true)
    for (const remark of remarks) {
      const isAlone = this.#hosts.size < 2 || !this.#hosts.has(remark.host)
      const isTold = isAlone || (isNews && remark.isFailure)
      if (isTold) this.#print([alone(remark)])
      if (!isAlone) this.#fold.add(remark, isTold)
    }
  }

  #isNews(remark: Remark): boolean {
    const { size } = this.#toldFailures
    return this.#toldFailures.add(sameness(remark)).size > size
  }

  #print(said: readonly Said[]): void {
    const text = said.map(each => this.#layout.text(each)).join('')
    if (text !== '') this.#write(text)
  }

  #end({ hosts }: Extract<RunEvent, { event: 'recap' }>): void {
    this.flush()
    const { verbose } = this.#options
    const recap = formatRecap(hosts, {
      paint: this.#paint,
      verbose,
      columns: this.#columns(),
      check: this.#check,
    })
    this.#write(`${this.#failureSummary()}\n${recap}`)
  }

  #failureSummary(): string {
    const layout = this.#newLayout(true)
    layout.begin(this.#failures.hosts)
    const text = this.#failures.folded().map(each => layout.text(each))
    return text.length === 0 ? '' : `\n${this.#paint('bold', 'FAILURES')}\n${text.join('')}`
  }

  #newLayout(inFull: boolean): Layout {
    return new Layout({ paint: this.#paint, columns: () => this.#columns(), inFull })
  }

  get #paint() {
    return painter(this.#options.color)
  }

  #columns(): number {
    return columnsOf(this.#options.stdout)
  }
}

const isLast = (
  event: RunEvent,
): event is Extract<RunEvent, { event: 'phase' | 'host_failed' | 'host_stopped' }> =>
  event.event === 'host_failed' ||
  event.event === 'host_stopped' ||
  (event.event === 'phase' && event.phase === 'done')
