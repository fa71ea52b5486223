import { UserError } from '../../errors.ts'
import { UnknownYet } from '../live_variables.ts'
import type { Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import { failedResult, NO_ITEMS, type Result, SKIPPED, UNKNOWN } from './results.ts'
import type { Work } from './segment.ts'
import { NONE, type TaskScope } from './task_scope.ts'

/** One round of a task: the loop's variables, and what tells it from the others. */
export interface Turn {
  readonly locals: Scope
  readonly label: string | undefined
}

/** What is known of a task, or of one of its rounds, without doing it. */
export interface Settled {
  readonly kind: 'settled'
  readonly work: Extract<Work, { kind: 'done' }>
  readonly result: Result
}

export type Turns = { readonly kind: 'turns'; readonly turns: readonly Turn[] } | Settled
export type Ready =
  | {
      readonly kind: 'ready'
      readonly args: Record<string, unknown>
      readonly environment: Readonly<Record<string, string>>
      readonly notify: readonly string[]
    }
  | Settled

/** The rounds that a task has on a host: one, or as many as its loop has items. */
export async function turnsOf(task: Task, scopes: TaskScope): Promise<Turns> {
  const { loop } = task
  if (loop === undefined) return { kind: 'turns', turns: [{ locals: NONE, label: undefined }] }
  try {
    const items = await scopes.ask(task, NONE, scope => loop.items(scope))
    if (items.length === 0) return settled('skipped', 'no items in the list', NO_ITEMS)
    const turns: Turn[] = []
    for (let n = 0; n < items.length; n++) {
      const locals = loop.round(items, n)
      turns.push({ locals, label: await scopes.ask(task, locals, scope => loop.label(scope)) })
    }
    return { kind: 'turns', turns }
  } catch (error) {
    if (error instanceof UserError && error.kind !== 'usage') throw error
    // A list that is not there is nothing to a task that is left out (executor/task_executor.py).
    const condition = await readyOf(task, { locals: NONE, label: undefined }, scopes)
    if (condition.kind === 'settled' && condition.work.status === 'skipped') return condition
    return settledBy(error, scopes)
  }
}

/** Whether a round is to be done, and with what. */
export async function readyOf(task: Task, { locals }: Turn, scopes: TaskScope): Promise<Ready> {
  try {
    const condition = await scopes.ask(task, locals, scope => task.when(scope))
    if (!condition.run) return settled('skipped', condition.why, SKIPPED)
    const args = await scopes.ask(task, locals, scope => task.args(scope))
    const environment = await scopes.ask(task, locals, scope => task.environment(scope))
    const notify = await scopes.ask(task, locals, scope => task.notify(scope))
    scopes.identity(task, locals)
    // Whether it may change anything is one answer for all rounds: without it none is done.
    await scopes.ask(task, NONE, scope => task.checkMode(scope))
    return { kind: 'ready', args, environment, notify }
  } catch (error) {
    return settledBy(error, scopes)
  }
}

/** Rethrows what is no mistake in an expression, and no unknown. */
export function settledBy(error: unknown, { isDry }: Pick<TaskScope, 'isDry'>): Settled {
  if (error instanceof UnknownYet && isDry) return settled('unknown', error.why, UNKNOWN)
  if (error instanceof UnknownYet) {
    const why = `${error.why}, and its check_mode keeps it from running`
    return settled('failed', why, failedResult(why))
  }
  if (!(error instanceof UserError) || error.kind !== 'usage') throw error
  const why = `${error.where}: ${error.why}`
  return settled('failed', why, failedResult(why), error.hint)
}

const settled = (
  status: 'skipped' | 'unknown' | 'failed',
  why: string,
  result: Result,
  hint?: string,
): Settled => ({ kind: 'settled', work: { kind: 'done', status, why, hint }, result })
