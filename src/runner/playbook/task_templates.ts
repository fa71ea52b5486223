import type { Template } from '../template/template.ts'
import { notificationsOf, valuesOf } from './keywords.ts'
import type { TaskSource } from './task_source.ts'

/** All templates of a task, but for those of its variables. */
export function templatesOfTask(task: TaskSource): readonly Template[] {
  const { loop, until, changedWhen = [], failedWhen = [] } = task
  const words = [
    task.name,
    ...[loop?.over, loop?.label, loop?.pause, until?.retries, until?.delay],
    ...task.keywords.flatMap(keywords => [...Object.values(keywords.become), ...valuesOf(keywords)]),
    ...notificationsOf(task.keywords).map(({ name }) => name),
  ]
  const conditions = [...task.conditions, ...changedWhen, ...failedWhen, ...(until?.conditions ?? [])]
  return [
    ...words.flatMap(word => word?.templates ?? []),
    ...task.arguments.templates,
    ...conditions.flatMap(condition => condition.template ?? []),
  ]
}
