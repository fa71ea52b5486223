import type { Template } from '../template/template.ts'
import type { PlaySight, Scopes } from './scopes.ts'
import type { TaskSource } from './task_source.ts'
import { templatesOfTask } from './task_templates.ts'
import { lookUp, type Variable } from './variables.ts'

/** What these say changes while the other hosts go through the play. */
const OF_OTHERS: readonly string[] = ['hostvars', 'ansible_play_hosts', 'ansible_play_batch', 'play_hosts']

/** Whether a task reads what other hosts have come to, itself or by a variable: hosts go at their own pace. */
export function readsOthers(task: TaskSource, sight: PlaySight, scopes: Scopes): boolean {
  const seen = new Set<Variable>()
  const reads = (templates: readonly Template[]): boolean =>
    templates.some(({ names }) => names.some(({ name }) => OF_OTHERS.includes(name) || isBehind(name)))
  const isBehind = (name: string): boolean =>
    sight.hosts.some(host => {
      const variable = lookUp(scopes.layers(host, sight), name)
      if (variable === undefined || seen.has(variable)) return false
      seen.add(variable)
      return reads(variable.templates)
    })
  return reads(templatesOfTask(task))
}
