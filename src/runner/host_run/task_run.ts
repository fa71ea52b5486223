import { UserError } from '../../errors.ts'
import type { Task } from '../run_types.ts'
import { ActionTask } from './action_task.ts'
import { blankEntry, keywordsOf } from './entries.ts'
import { Stopped } from './interrupted.ts'
import { ModuleTask } from './module_task.ts'
import type { RebootTask } from './reboot_task.ts'
import { failedResult } from './results.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { TaskMemory } from './task_memory.ts'
import { orElse, type TaskScope } from './task_scope.ts'

/** What the runs of tasks on one host have in common. */
export interface TaskTools {
  readonly scene: Scene
  readonly stage: Stage
  readonly scopes: TaskScope
  readonly reboots: RebootTask
  readonly memory: TaskMemory
}

/** Tasks on one host, one after the other: into the segment, or done at once where they are barriers. */
export class TaskRun {
  readonly #tools: TaskTools

  constructor(tools: Omit<TaskTools, 'memory'>) {
    this.#tools = { ...tools, memory: new TaskMemory(tools.scene.state) }
  }

  /** Throws UserError where the host has failed; Stopped where the play ends for it. */
  async take(task: Task, position: number): Promise<void> {
    const { scene, stage, memory } = this.#tools
    const { company, check, rehearsal } = scene.options
    await company.gate(scene.state.name, position)
    if (task.readsOthers) await company.meet(scene.state.name, position)
    const halt = company.reach(scene.state.name, position)
    if (halt?.finishes) await stage.endSegment()
    if (halt !== undefined) throw new Stopped(halt.why)
    Object.assign(stage, { position, task })
    if (task.readsOthers && rehearsal && company.hosts.length > 1) return memory.leaveUnknown(task)
    this.#tools.scopes.forget()
    if (!(await company.confirms(task, position))) return
    if (task.runOnce || this.#isForAll(task)) return await this.#once(task, position)
    if (!task.throttle || check) return await this.#now(task)
    await stage.endSegment()
    await company.throttled(position, task.throttle, () => this.#now(task))
  }

  #isForAll(task: Task): boolean {
    const { word } = task
    if (word.kind !== 'action' || word.action.isForAll === undefined) return false
    const { action } = word
    return orElse(false, () => action.isForAll?.(task.args(this.#tools.scopes.of(task))) ?? false)
  }

  /** The first host that comes to it does it, and gives the others what it has learnt. */
  async #once(task: Task, position: number): Promise<void> {
    const { scene, stage, memory } = this.#tools
    const { company, rehearsal } = scene.options
    const { name } = scene.state
    if (rehearsal && company.hosts[0] !== name) {
      // A rehearsal is a host's own: what the other one learns is not known, nor what it sets.
      return memory.leaveUnknown(task)
    }
    await stage.endSegment()
    const gifts = await company.once(name, position, () =>
      memory.recorded(async () => {
        await this.#now(task)
        await stage.endSegment()
      }),
    )
    if (gifts !== undefined) memory.take(gifts)
  }

  async #now(task: Task): Promise<void> {
    const { scene, scopes, stage, memory } = this.#tools
    const keywords = await keywordsOf(task, scopes)
    const { word } = task
    try {
      if (word.kind === 'module') await new ModuleTask(this.#tools, task, keywords).run(word.module)
      else await new ActionTask(this.#tools, task, keywords).run(word.action)
    } catch (error) {
      const { link } = scene.state
      if (!isGone(error) || !keywords.ignoresUnreachable || link.isAbandoned) throw error
      await link.drop()
      await stage.abandon()
      const entry = blankEntry(task, { ...keywords, isIgnored: true }, this.#tools)
      memory.register(task, failedResult(error.why), keywords.title)
      scene.tell.status(entry, 'failed', error.why)
    }
  }
}

const isGone = (error: unknown): error is UserError =>
  error instanceof UserError && error.kind === 'unreachable'
