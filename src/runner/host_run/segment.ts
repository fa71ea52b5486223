import { type Change, editsOf, pathsOf } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { type Outcome, rebuildsOf } from '../../modules/define.ts'
import type { Ran } from '../actions/action.ts'
import type { TaskStatus } from '../events.ts'
import { type Plan, type PlannedCall, planTasks } from '../plan.ts'
import type { Task } from '../run_types.ts'
import type { Result } from './results.ts'
import { type Told, tellRound } from './told.ts'

/** A task of the segment at hand: one round, or as many as its loop has. */
export interface Entry {
  readonly task: Task
  /** Its name on this host. */
  readonly title: string
  readonly rounds: readonly Round[]
  readonly isLoop: boolean
  /** Handlers' names or topics. */
  readonly notify: readonly string[]
  /** ignore_errors */
  readonly isIgnored: boolean
  /** What runs before it that a dry run has not run, by its title: what is planned behind it may come otherwise. */
  readonly behind: string | undefined
  /** Its changes are shown in the diff. */
  readonly showsDiff: boolean
  /** Planned only, and never applied: check_mode. */
  readonly isOnlyPlanned: boolean
  /** What `register` keeps of it, where that is known by now. */
  readonly result?: Result | undefined
}

export interface Round {
  /** What tells it from the others, in a loop. */
  readonly label: string | undefined
  readonly work: Work
  /** What changed_when and failed_when have decided; undefined: as the module says. */
  readonly changed?: boolean | undefined
  readonly failed?: Verdict | undefined
}

export interface Verdict {
  readonly holds: boolean
  readonly why: string
}

export type Work =
  | { readonly kind: 'call'; readonly call: PlannedCall }
  /** An action that has run, a condition that did not hold, or what went wrong before anything could be done. */
  | {
      readonly kind: 'done'
      readonly status: TaskStatus
      readonly why: string
      readonly hint?: string | undefined
      readonly ran?: Ran | undefined
    }

/** What was asked for and applied, as reboots must bring it into effect. */
export interface Done {
  readonly entry: Entry
  readonly call: PlannedCall
}

/** The tasks between two barriers, in order, and whom they notify. */
export class Segment {
  readonly #handlers: readonly Task[]
  #notified = new Set<Task>()
  /** Those whom earlier segments have notified. */
  #settled = new Set<Task>()
  /** An entry notifies once, however often it is planned. */
  #spent = new Set<Entry>()
  #entries: Entry[] = []
  #last: { readonly host: Host; readonly length: number; readonly plan: Plan } | undefined

  constructor(handlers: readonly Task[]) {
    this.#handlers = handlers
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get calls(): PlannedCall[] {
    return callsOf(this.#entries)
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  /** It has been applied, or nothing was to be. */
  clear(): void {
    this.#entries = []
    this.#last = undefined
    this.#spent = new Set()
    this.#settled = new Set(this.#notified)
  }

  /** It will not be applied: whom it has notified was not. */
  abandon(): void {
    this.#notified = new Set(this.#settled)
    this.clear()
  }

  plan(host: Host): Plan {
    const { length } = this.#entries
    if (this.#last?.host !== host || this.#last.length !== length)
      this.#last = { host, length, plan: planTasks(host, this.calls) }
    return this.#last.plan
  }

  /** What would be planned for one entry more. */
  planWith(host: Host, entry: Entry): readonly Outcome[] {
    const { calls } = this
    return planTasks(host, [...calls, ...callsOf([entry])]).outcomes.slice(calls.length)
  }

  /** Each entry with what is to be said of its rounds; without a plan where no round needs one. */
  told(plan: Plan | undefined): [Entry, readonly Told[]][] {
    return this.#planned(plan).map(([entry, outcomes]) => [
      entry,
      entry.rounds.map((round, n) => tellRound(entry, round, outcomes[n])),
    ])
  }

  /** Each call with what was planned for it. */
  planned(plan: Plan): (Done & { outcome: Outcome | undefined })[] {
    return this.#planned(plan).flatMap(([entry, outcomes]) =>
      entry.rounds.flatMap(({ work }, n) =>
        work.kind === 'call' ? [{ entry, call: work.call, outcome: outcomes[n] }] : [],
      ),
    )
  }

  /** A pending task notifies as a changed one does: what is due follows from state, not from memory. */
  notify(plan: Plan | undefined, heard = this.told(plan)): void {
    for (const [entry, told] of heard) {
      if (this.#spent.has(entry) || !told.some(({ notifies }) => notifies)) continue
      this.#spent.add(entry)
      for (const handler of this.#handlers) {
        if (entry.notify.some(name => handler.name === name || handler.listen.includes(name)))
          this.#notified.add(handler)
      }
    }
  }

  /** Whether the handler was notified; then it is no longer. */
  takeNotified(handler: Task): boolean {
    // What runs at once has run, whatever becomes of the segment.
    if (handler.word.kind === 'action') this.#settled.delete(handler)
    return this.#notified.delete(handler)
  }

  get hasNotified(): boolean {
    return this.#notified.size > 0
  }

  /** What nobody is to see of a plan: paths and commands of tasks with no_log or diff: false only. */
  hidden(plan: Plan): { readonly paths: ReadonlySet<string>; readonly changes: ReadonlySet<Change> } {
    const changes = this.planned(plan).flatMap(({ entry, outcome }) =>
      outcome?.kind === 'change' ? outcome.changes.map(change => ({ entry, change })) : [],
    )
    const own = (is: (entry: Entry) => boolean): Change[] =>
      changes.filter(({ entry }) => is(entry)).map(({ change }) => change)
    const shown = new Set(pathsOf(own(entry => entry.showsDiff)))
    return {
      paths: new Set(pathsOf(own(entry => !entry.showsDiff)).filter(path => !shown.has(path))),
      changes: new Set(own(({ task }) => task.noLog)),
    }
  }

  /** Whether files are edited that may be of the boot. What has a file as its source writes it wherever it is told to. */
  mayEditBoot(plan: Plan): boolean {
    const { calls } = this
    return plan.outcomes.some(
      (outcome, n) =>
        outcome.kind === 'change' &&
        calls[n]?.module.source === undefined &&
        outcome.changes.some(change => editsOf(change).length > 0),
    )
  }

  /** Commands of tasks with no_log, and those that take them back, as a host names them while they run. */
  hiddenCommands(plan: Plan): ReadonlySet<string> {
    return new Set(
      [...this.hidden(plan).changes].flatMap(change =>
        change.kind === 'run'
          ? [change.argv, ...(change.undo ? [change.undo] : [])].map(argv => argv.join(' '))
          : [],
      ),
    )
  }

  #planned(plan: Plan | undefined): [Entry, readonly (Outcome | undefined)[]][] {
    let n = 0
    return this.#entries.map(entry => [
      entry,
      entry.rounds.map(({ work }) => (work.kind === 'call' ? plan?.outcomes[n++] : undefined)),
    ])
  }
}

const callsOf = (entries: readonly Entry[]): PlannedCall[] =>
  entries.flatMap(({ rounds }) => rounds.flatMap(({ work }) => (work.kind === 'call' ? [work.call] : [])))

/** Read back after an apply, it is not as it was asked for: an outcome of a plan on what was read. */
export function isLeft(outcome: Outcome, readBack: Plan): boolean {
  if (outcome.kind === 'change') return !isGoneOver(outcome, readBack)
  return outcome.kind === 'blocked' || rebuildsOf(outcome).length > 0
}

/** A later task of the plan undoes it, so that nothing of both is left to be done: the host is as the later one wants. */
function isGoneOver(outcome: Extract<Outcome, { kind: 'change' }>, { changes, rebuilds }: Plan): boolean {
  const open = pathsOf(changes)
  const isMade = rebuilds.every(({ kind }) => !rebuildsOf(outcome).includes(kind))
  const { changes: own } = outcome
  return (
    isMade &&
    own.length > 0 &&
    own.every(({ kind }) => EDITS.has(kind)) &&
    !pathsOf(own).some(path => open.includes(path))
  )
}

const EDITS: ReadonlySet<Change['kind']> = new Set(['write', 'remove'])
