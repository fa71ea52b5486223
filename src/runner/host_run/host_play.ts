import { UserError } from '../../errors.ts'
import type { RunEvent } from '../events.ts'
import { type Block, type Play, type Step, wordName } from '../run_types.ts'
import { tasksIn } from './batch.ts'
import { isFailure, Stopped } from './interrupted.ts'
import { Narrator } from './narrator.ts'
import { RebootTask } from './reboot_task.ts'
import { type Rehearsed, rehearsalOf } from './rehearsal.ts'
import { requestsOf } from './requests.ts'
import { registered } from './results.ts'
import type { Scene } from './scene.ts'
import { Segment } from './segment.ts'
import { Stage, TaskFailed } from './stage.ts'
import type { HostPlayOptions, HostState } from './state.ts'
import { TaskRun } from './task_run.ts'
import { TaskScope } from './task_scope.ts'

/** One play on one host: its steps in order, blocks with what follows on their failure, handlers, and its end. */
export class HostPlay {
  readonly #scene: Scene
  readonly #stage: Stage
  readonly #scopes: TaskScope
  readonly #tasks: TaskRun
  readonly #reboots: RebootTask
  readonly #positions: ReadonlyMap<readonly Step[], readonly number[]>

  constructor(state: HostState, play: Play, options: HostPlayOptions) {
    const tell = new Narrator(state, play, options)
    const scene: Scene = { state, play, options, tell, segment: new Segment(play.handlers) }
    this.#scene = scene
    this.#positions = positionsIn(play)
    this.#stage = new Stage(scene, () => requestsOf(play, (task, locals) => this.#scopes.of(task, locals)))
    this.#scopes = new TaskScope(state, options, async (wanted, identity) => {
      await this.#stage.want(wanted, identity)
      await this.#stage.hostFor(identity)
    })
    this.#reboots = new RebootTask(scene, this.#stage)
    this.#tasks = new TaskRun({ scene, stage: this.#stage, scopes: this.#scopes, reboots: this.#reboots })
  }

  async run(): Promise<void> {
    const { tell } = this.#scene
    try {
      await this.#gatherFacts()
      if (await this.#refusedInRehearsal()) return
      await this.#steps(this.#scene.play.steps)
      await this.#stage.endSegment()
      this.#noteWhatIsDue()
      tell.phase('done')
    } catch (error) {
      if (error instanceof Stopped) {
        this.#noteWhatIsDue()
        await this.#stage.abandon()
        return tell.stopped(error.why)
      }
      if (error instanceof UserError) return await this.#fail(error)
      await this.#stage.abandon()
      if (!this.#scene.state.link.isAbandoned) throw error
      tell.stopped('interrupted: its connection was given up')
    }
  }

  /** gather_facts: each host is looked at, also where no task asks for it. */
  async #gatherFacts(): Promise<void> {
    const { play, state } = this.#scene
    const identity = play.looksFirst?.(state.name, { facts: undefined, live: state.live })
    if (identity !== undefined) await this.#stage.hostFor(identity)
  }

  /**
   * The dry run comes first in a real run too, over what was seen once: what a later task will refuse, after the
   * reboot even, is refused before anything is written. True: it was refused, and has been told.
   */
  async #refusedInRehearsal(): Promise<boolean> {
    const { state, play, options } = this.#scene
    if (options.check || options.stepwise) return false
    if (!tasksIn(play).some(({ word }) => word.kind === 'module')) return false
    const rehearsal = rehearsalOf(state, options)
    const rehearsed = new HostPlay(rehearsal.state, play, rehearsal.options)
    await rehearsed.run()
    if (rehearsal.state.failed) {
      this.#takeRefusal({ ...rehearsal, isFatal: rehearsed.#isFatal })
      return true
    }
    const { seen, identity } = rehearsal.state
    if (seen !== state.seen) Object.assign(state, { host: seen, seen, identity })
    await options.company.gate(state.name, 0)
    return false
  }

  #takeRefusal({ state: { tally, locked }, events, isFatal }: Rehearsed & { isFatal: boolean }): void {
    const { state, options, play } = this.#scene
    Object.assign(state, { failed: true, takesPart: false, locked, host: undefined })
    // What it would have changed, it has not.
    const told = stillSo(events, play)
    for (const event of told) options.emit(event)
    const { skipped, failed, unreachable, rescued, ignored } = tally
    const ok = state.tally.ok + told.filter(isCountedOk).length
    Object.assign(state.tally, { ok, skipped, failed, unreachable, rescued, ignored })
    options.company.fail(state.name, isFatal)
  }

  async #steps(steps: readonly Step[]): Promise<void> {
    const positions = this.#positions.get(steps) ?? []
    for (const [n, step] of steps.entries()) {
      const position = positions[n] ?? 0
      if (step.kind === 'task') await this.#tasks.take(step.task, position)
      else if (step.kind === 'block') await this.#block(step.block)
      else await this.#flush(position)
    }
  }

  /** Its edges are barriers: what was applied before it is not what its rescue is about. */
  async #block(block: Block): Promise<void> {
    const { tally } = this.#scene.state
    await this.#stage.endSegment()
    const failedBefore = tally.failed
    let failure = await this.#attempt(block.steps)
    if (failure !== undefined && block.rescue.length > 0) {
      tally.failed = failedBefore
      this.#rescue(block, failure)
      failure = await this.#attempt(block.rescue)
    }
    const last = await this.#attempt(block.always)
    if (last !== undefined || failure !== undefined) throw last ?? failure
  }

  /** @returns why it has failed; throws what cannot be rescued. */
  async #attempt(steps: readonly Step[]): Promise<UserError | undefined> {
    try {
      await this.#steps(steps)
      await this.#stage.endSegment()
      return undefined
    } catch (error) {
      if (!isFailure(error) || this.#scene.state.link.isAbandoned) throw error
      await this.#stage.abandon()
      return error
    }
  }

  #rescue(block: Block, { why }: UserError): void {
    const { failed } = this.#stage
    this.#scene.tell.rescue(block.name, why)
    if (failed === undefined) return
    // It is mended: what fails later fails for itself.
    this.#stage.failed = undefined
    const { entry, result } = failed
    this.#scopes.told = {
      ansible_failed_task: { name: entry.title, action: wordName(entry.task.word) },
      ansible_failed_result: registered(result, entry.title),
    }
  }

  /** Handlers in the order of their definition, each once; a handler may notify a later one. */
  async #flush(position: number): Promise<void> {
    const { segment, play } = this.#scene
    const plan = this.#planned()
    // What follows a flush counts on what came before it: no point in looking for the consequences.
    if (plan?.outcomes.some(({ kind }) => kind === 'blocked')) await this.#stage.endSegment()
    segment.notify(plan)
    for (const [n, handler] of play.handlers.entries()) {
      if (!segment.takeNotified(handler)) continue
      await this.#tasks.take(handler, position + (n + 1) / (play.handlers.length + 1))
      segment.notify(this.#planned())
      // Itself it notifies in vain (plugins/strategy/__init__.py): it was still notified when its result came in.
      segment.takeNotified(handler)
    }
  }

  #planned() {
    const { segment, state } = this.#scene
    return segment.calls.length === 0 || state.host === undefined ? undefined : segment.plan(state.host)
  }

  #noteWhatIsDue(): void {
    const { state } = this.#scene
    if (state.host !== undefined) state.tally.rebootPending = this.#reboots.dueReasons(state.host).join('; ')
  }

  get #isFatal(): boolean {
    const { failed, task } = this.#stage
    return (failed?.entry.task ?? task)?.anyErrorsFatal ?? false
  }

  async #fail(error: UserError): Promise<void> {
    const { state, tell, options } = this.#scene
    await this.#stage.abandon()
    await this.#forcedHandlers(error)
    Object.assign(state, { failed: true, takesPart: false, locked: error.kind === 'locked', host: undefined })
    tell.hostFailed(error, error instanceof TaskFailed ? error.ran : state.session.failedStep)
    options.company.fail(state.name, this.#isFatal)
  }

  /** force_handlers: what was notified by what did go well. */
  async #forcedHandlers(error: UserError): Promise<void> {
    const { play, segment, state, options } = this.#scene
    if (!play.forceHandlers || !segment.hasNotified || !isFailure(error) || state.link.isAbandoned) return
    if (options.rehearsal) return
    try {
      await this.#flush(this.#stage.position)
      await this.#stage.endSegment()
    } catch (second) {
      if (!(second instanceof UserError) && !(second instanceof Stopped)) throw second
      await this.#stage.abandon()
    }
  }
}

/** Where each step stands in the play's order: from 1, in depth. */
function positionsIn(play: Play): ReadonlyMap<readonly Step[], readonly number[]> {
  const positions = new Map<readonly Step[], readonly number[]>()
  let last = 0
  const number = (steps: readonly Step[]): void => {
    positions.set(
      steps,
      steps.map(step => {
        last++
        const own = last
        if (step.kind === 'block')
          for (const part of [step.block.steps, step.block.rescue, step.block.always]) number(part)
        return own
      }),
    )
  }
  number(play.steps)
  return positions
}

const isCountedOk = (event: RunEvent): boolean =>
  event.event === 'task' && event.item === undefined && (event.status === 'ok' || event.ignored === true)

/** What a rehearsal has told that stands: an action that runs something has not run. */
function stillSo(events: readonly RunEvent[], play: Play): RunEvent[] {
  const barriers = new Set(
    tasksIn(play).flatMap(({ word }) =>
      word.kind === 'action' && word.action.isBarrier ? [word.action.name] : [],
    ),
  )
  const stands = ({ status, module }: Extract<RunEvent, { event: 'task' }>): boolean =>
    ['skipped', 'blocked', 'failed'].includes(status) || (status === 'ok' && !barriers.has(module))
  let isTold = false
  return events.filter(event => {
    if (event.event === 'task') isTold = stands(event)
    if (event.event === 'task' || event.event === 'finding') return isTold
    return event.event === 'host_failed' || event.event === 'rescue'
  })
}
