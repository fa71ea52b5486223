import type { Host } from '../../host/host.ts'
import type { Outcome } from '../../modules/define.ts'
import { type Plan, type PlannedCall, planTasks } from '../plan.ts'
import type { Task } from '../run_types.ts'

/** A task of the segment at hand; `call` undefined where its condition did not hold. */
export interface Entry {
  readonly task: Task
  readonly call: PlannedCall | undefined
  readonly skipped: string
}

/** The tasks between two barriers, in order, and whom they notify. Plans as often as it is asked: planning is pure. */
export class Segment {
  readonly #handlers: readonly Task[]
  readonly #notified = new Set<Task>()
  /** An entry notifies once, however often it is planned. */
  readonly #spent = new Set<Entry>()
  #entries: Entry[] = []

  constructor(handlers: readonly Task[]) {
    this.#handlers = handlers
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get calls(): PlannedCall[] {
    return this.#entries.flatMap(({ call }) => (call === undefined ? [] : [call]))
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  clear(): void {
    this.#entries = []
  }

  plan(host: Host): Plan {
    return planTasks(host, this.calls)
  }

  /** Each entry with what was planned for it; undefined for a skipped one. */
  outcomes(plan: Plan): [Entry, Outcome | undefined][] {
    let n = 0
    return this.#entries.map(entry => [entry, entry.call === undefined ? undefined : plan.outcomes[n++]])
  }

  /** A pending task notifies as a changed one does: what is due follows from state, not from memory. */
  notify(plan: Plan): void {
    for (const [entry, outcome] of this.outcomes(plan)) {
      if (this.#spent.has(entry) || (outcome?.kind !== 'change' && outcome?.kind !== 'pending')) continue
      this.#spent.add(entry)
      for (const handler of this.#handlers) {
        if (entry.task.notify.some(name => handler.name === name || handler.listen.includes(name)))
          this.#notified.add(handler)
      }
    }
  }

  /** Whether the handler was notified; then it is no longer. */
  takeNotified(handler: Task): boolean {
    return this.#notified.delete(handler)
  }
}
