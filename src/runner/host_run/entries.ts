import type { Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import type { Scene } from './scene.ts'
import type { Entry, Work } from './segment.ts'
import type { TaskMemory } from './task_memory.ts'
import { NONE, orElse, orElseButFacts, type TaskScope } from './task_scope.ts'
import { isFailed, mayChange } from './told.ts'

/** What the keywords of a task say on this host, before it is known what it does. */
export interface Keywords {
  readonly title: string
  readonly isIgnored: boolean
  readonly ignoresUnreachable: boolean
  /** check_mode; undefined: as the run is. */
  readonly check: boolean | undefined
}

export async function keywordsOf(task: Task, scopes: TaskScope): Promise<Keywords> {
  const tolerant = <T>(otherwise: T, question: (scope: Scope) => T): Promise<T> =>
    scopes.ask(task, NONE, scope => orElseButFacts(otherwise, () => question(scope)))
  return {
    title: orElse(task.name, () => task.title(scopes.of(task))),
    isIgnored: await tolerant(false, scope => task.ignoreErrors(scope)),
    ignoresUnreachable: await tolerant(false, scope => task.ignoreUnreachable(scope)),
    // Where it cannot be told nothing is done: see readyOf().
    check: await tolerant(undefined, scope => task.checkMode(scope)),
  }
}

/** An entry without rounds yet. */
export function blankEntry(
  task: Task,
  { title, isIgnored, check }: Keywords,
  { scopes, scene, memory }: { scopes: TaskScope; scene: Scene; memory: TaskMemory },
): Entry {
  const diff = orElse(undefined, () => task.diff(scopes.of(task))) ?? scene.options.diff
  return {
    task,
    title,
    rounds: [],
    isLoop: task.loop !== undefined,
    notify: [],
    isIgnored,
    behind: memory.behind,
    showsDiff: diff && !task.noLog,
    isOnlyPlanned: check === true,
  }
}

/** It has failed before anything was planned for it, and that counts. */
export const hasFailed = ({ rounds, isIgnored }: Entry): boolean =>
  !isIgnored && rounds.some(({ work }) => work.kind === 'done' && isFailed(work.status))

/** A failure that a dry run foresees behind what it has not run, or has not booted, may not come. */
export function inDoubt(work: Done, { scene, memory }: { scene: Scene; memory: TaskMemory }): Done {
  const { state, options } = scene
  if (!options.check || !isFailed(work.status)) return work
  const isForeseen = state.host?.bootId.is === 'unknown'
  if (memory.behind === undefined && !isForeseen) return work
  const doubt =
    memory.behind === undefined ? 'a reboot comes before it and may change that' : mayChange(memory.behind)
  return { kind: 'done', status: 'unknown', why: `as seen now: ${work.why}; ${doubt}` }
}

type Done = Extract<Work, { kind: 'done' }>
