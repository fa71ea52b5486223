import type { Requests } from '../../host/gather.ts'
import type { Play, Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import { tasksIn } from './batch.ts'
import { orElse } from './task_scope.ts'

/**
 * What the tasks of a play want to be looked at, as far as their arguments are known before the first look: so that
 * one look is enough. `scopeOf`: a task's variables without facts.
 */
export const requestsOf = (play: Play, scopeOf: (task: Task, locals: Scope) => Scope): readonly Requests[] =>
  tasksIn(play).flatMap(task => {
    if (task.word.kind !== 'module' || task.word.module.looksAt === undefined) return []
    return roundsOf(task, scopeOf).flatMap(locals =>
      orElse([], () => requestOf(task, task.args(scopeOf(task, locals)))),
    )
  })

/** What one call of a module wants to be looked at. */
export function requestOf({ word }: Task, args: Record<string, unknown>): Requests[] {
  const request = word.kind === 'module' ? word.module.looksAt?.(args) : undefined
  return request === undefined ? [] : [request]
}

function roundsOf(task: Task, scopeOf: (task: Task, locals: Scope) => Scope): readonly Scope[] {
  const { loop } = task
  if (loop === undefined) return [{}]
  return orElse([], () => {
    const items = loop.items(scopeOf(task, {}))
    return items.map((_, n) => loop.round(items, n))
  })
}
