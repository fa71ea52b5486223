import type { HostVariables } from '../live_variables.ts'
import type { Task } from '../run_types.ts'
import type { Gifts } from './company.ts'
import { type Result, registered, UNKNOWN } from './results.ts'
import type { Entry } from './segment.ts'
import type { HostState } from './state.ts'

/** What tasks leave behind for later ones on a host: variables, and in a dry run that they have not run. */
export class TaskMemory {
  /** The first task that a dry run has not run, by its title: what follows may come otherwise. */
  behind: string | undefined
  readonly #state: HostState
  #gifts: Partial<HostVariables>[] = []

  constructor(state: HostState) {
    this.#state = state
  }

  /** What a dry run has not run: not what would never run, as its check_mode says. */
  noteUnknown({ rounds, title, isOnlyPlanned }: Entry): void {
    if (isOnlyPlanned || !rounds.some(({ work }) => work.kind === 'done' && work.status === 'unknown')) return
    this.behind ??= title
  }

  register({ register }: Task, result: Result, title: string): void {
    if (register !== undefined) this.give({ set: { [register]: registered(result, title) } })
  }

  /** What a rehearsal, which is a host's own, cannot know. */
  leaveUnknown(task: Task): void {
    if (task.word.kind === 'action' && !task.word.action.isBarrier) this.behind ??= task.name
    this.register(task, UNKNOWN, task.name)
  }

  /** Variables that are set, files of variables that are read. */
  give(gift: Partial<HostVariables>): void {
    this.#gifts.push(gift)
    this.take([gift])
  }

  take(gifts: Gifts): void {
    const { live, name } = this.#state
    for (const { set, included = [] } of gifts) {
      if (set !== undefined) live.set(name, set)
      for (const layer of included) live.include(name, layer)
    }
  }

  /** What the work gives, for others too. */
  async recorded(work: () => Promise<void>): Promise<Gifts> {
    this.#gifts = []
    await work()
    return this.#gifts
  }
}
