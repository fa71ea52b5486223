import { UserError } from '../../errors.ts'
import { Places } from '../places.ts'
import type { Play, Task } from '../run_types.ts'
import type { Company, Gifts, Halt } from './company.ts'
import { Stopped } from './interrupted.ts'

export interface BatchOptions {
  /** Where hosts give their place back while they wait for each other. */
  readonly forks: Places
  /** Of the play: those that have not failed. */
  readonly playHosts: () => readonly string[]
  readonly step?: ((task: string) => Promise<'yes' | 'no' | 'continue'>) | undefined
  readonly ask?:
    | ((prompt: string, options: { readonly echo: boolean }) => Promise<string | undefined>)
    | undefined
}

interface Stop {
  readonly at: number
  readonly why: string
}

/** The hosts that go through a play together: they stop for each other's failures, and wait for what one does for all. */
export class Batch implements Company {
  readonly #all: readonly string[]
  readonly #play: Play
  readonly #options: BatchOptions
  readonly #waitsForAll: boolean
  /** Where each host is that is still on its way. */
  readonly #positions: Map<string, number>
  readonly #failed = new Set<string>()
  readonly #departed = new Set<string>()
  readonly #done = new Map<number, Done>()
  readonly #throttles = new Map<number, Places>()
  readonly #answers = new Map<string, Promise<string | undefined>>()
  readonly #confirmed = new Map<number, Promise<boolean>>()
  #asksNoMore = false
  #lastQuestion: Promise<unknown> = Promise.resolve()
  #stop: Stop | undefined
  #endsPlay = false
  #changed = Promise.withResolvers<void>()

  /** `all`: as `serial` divides them; `taking`: those that have not failed in an earlier play. */
  constructor(all: readonly string[], taking: readonly string[], play: Play, options: BatchOptions) {
    this.#all = all
    this.#play = play
    this.#options = options
    this.#waitsForAll =
      play.anyErrorsFatal ||
      play.maxFailPercentage !== undefined ||
      tasksIn(play).some(task => task.anyErrorsFatal)
    this.#positions = new Map(taking.map(host => [host, -1]))
  }

  get playHosts(): readonly string[] {
    return this.#options.playHosts().filter(host => !this.#departed.has(host))
  }

  get hosts(): readonly string[] {
    const playing = new Set(this.playHosts)
    return this.#all.filter(host => !this.#failed.has(host) && playing.has(host))
  }

  /** The plays end with it: all of it has failed, or what has is fatal (executor/playbook_executor.py, run()). */
  get endsRun(): boolean {
    return this.#failed.size > 0 && (this.#failed.size === this.#all.length || this.#isFatal)
  }

  get endsPlay(): boolean {
    return this.#endsPlay
  }

  reach(host: string, position: number): Halt | undefined {
    this.#positions.set(host, position)
    this.#tell()
    if (this.#stop === undefined || position < this.#stop.at) return undefined
    return { why: this.#stop.why, finishes: !this.#isFatal }
  }

  async gate(host: string, position: number): Promise<void> {
    if (this.#waitsForAll) await this.meet(host, position)
  }

  async meet(host: string, position: number): Promise<void> {
    this.#positions.set(host, position)
    this.#tell()
    await this.#until(() => this.#isFatal || [...this.#positions.values()].every(other => other >= position))
  }

  async once(host: string, position: number, work: () => Promise<Gifts>): Promise<Gifts | undefined> {
    await this.#until(() => this.#done.has(position) || this.#firstAt(position) === host)
    const done = this.#done.get(position)
    if (done === undefined) return await this.#do(host, position, work)
    if (done.kind === 'done') return done.gifts
    throw new UserError({
      kind: 'failed',
      where: host,
      why: `it runs once for all hosts, and failed on ${done.host}: ${done.why}`,
    })
  }

  async throttled(position: number, limit: number, work: () => Promise<void>): Promise<void> {
    const throttle = this.#throttles.get(position) ?? new Places(limit)
    this.#throttles.set(position, throttle)
    await this.waiting(() => throttle.take())
    try {
      await work()
    } finally {
      throttle.give()
    }
  }

  waiting<T>(work: () => Promise<T>): Promise<T> {
    return this.#options.forks.lend(work)
  }

  end(scope: 'batch' | 'play', position: number, why: string): void {
    this.#endsPlay ||= scope === 'play'
    this.#stop ??= { at: position, why }
    this.#tell()
  }

  async confirms({ name }: Task, position: number): Promise<boolean> {
    const { step } = this.#options
    if (step === undefined || this.#asksNoMore) return true
    const asked =
      this.#confirmed.get(position) ??
      this.#inTurn(async () => {
        if (this.#asksNoMore) return true
        const answer = await step(name)
        this.#asksNoMore ||= answer === 'continue'
        return answer !== 'no'
      })
    this.#confirmed.set(position, asked)
    return await this.waiting(() => asked)
  }

  async ask(
    position: number,
    prompt: string,
    options: { readonly echo: boolean },
  ): Promise<string | undefined> {
    const { ask } = this.#options
    if (ask === undefined) return undefined
    const key = `${position} ${prompt}`
    const asked = this.#answers.get(key) ?? this.#inTurn(() => ask(prompt, options))
    this.#answers.set(key, asked)
    return await this.waiting(() => asked)
  }

  fail(host: string, isFatal: boolean): void {
    this.#failed.add(host)
    const { maxFailPercentage } = this.#play
    const share = (100 * this.#failed.size) / this.#all.length
    if (isFatal || this.#play.anyErrorsFatal)
      this.#stop = { at: Number.NEGATIVE_INFINITY, why: `${host} has failed, and any_errors_fatal is set` }
    else if (maxFailPercentage !== undefined && share > maxFailPercentage)
      this.#stop = {
        at: Number.NEGATIVE_INFINITY,
        why: `${this.#failed.size} of ${this.#all.length} hosts have failed: more than max_fail_percentage, ${maxFailPercentage}`,
      }
    this.leave(host)
  }

  depart(host: string): void {
    this.#departed.add(host)
  }

  /** It has come to its end, one way or another. */
  leave(host: string): void {
    this.#positions.delete(host)
    this.#tell()
  }

  get #isFatal(): boolean {
    return this.#stop?.at === Number.NEGATIVE_INFINITY
  }

  /** In the order of the batch, of those that have not passed. */
  #firstAt(position: number): string | undefined {
    return this.#all.find(host => (this.#positions.get(host) ?? Number.POSITIVE_INFINITY) <= position)
  }

  async #do(host: string, position: number, work: () => Promise<Gifts>): Promise<undefined> {
    try {
      this.#done.set(position, { kind: 'done', gifts: await work() })
    } catch (error) {
      if (error instanceof Stopped) {
        this.#done.set(position, { kind: 'done', gifts: [] })
        throw error
      }
      const why = error instanceof Error && 'why' in error ? String(error.why) : 'it was stopped'
      this.#done.set(position, { kind: 'failed', host, why })
      throw error
    } finally {
      this.#tell()
    }
  }

  /** What holds once holds from then on. */
  async #until(holds: () => boolean): Promise<void> {
    if (holds()) return
    await this.waiting(async () => {
      while (!holds()) await this.#changed.promise
    })
  }

  #tell(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers()
    resolve()
  }

  /** One question at a time. */
  #inTurn<T>(question: () => Promise<T>): Promise<T> {
    const asked = this.#lastQuestion.then(question)
    this.#lastQuestion = asked.catch(() => undefined)
    return asked
  }
}

type Done =
  | { readonly kind: 'done'; readonly gifts: Gifts }
  | { readonly kind: 'failed'; readonly host: string; readonly why: string }

/** All tasks of a play, handlers too, in the order they are written. */
export const tasksIn = (play: Play): readonly Task[] => [...tasksOf(play.steps), ...play.handlers]

const tasksOf = (steps: Play['steps']): readonly Task[] =>
  steps.flatMap(step => {
    if (step.kind === 'task') return [step.task]
    if (step.kind === 'flush_handlers') return []
    return tasksOf([...step.block.steps, ...step.block.rescue, ...step.block.always])
  })
