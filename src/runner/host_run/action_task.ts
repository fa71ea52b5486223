import type { Action, ActionResult } from '../actions/action.ts'
import { FactsNeeded } from '../facts_on_demand.ts'
import type { Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import { type Acted, runAction, waitUntil } from './action_run.ts'
import { blankEntry, hasFailed, inDoubt, type Keywords } from './entries.ts'
import { Stopped } from './interrupted.ts'
import {
  actionResult,
  loopResult,
  type Result,
  registered,
  roundResult,
  UNKNOWN,
  withFields,
} from './results.ts'
import type { Entry, Round, Work } from './segment.ts'
import type { TaskTools } from './task_run.ts'
import { orElse } from './task_scope.ts'
import { readyOf, settledBy, type Turn, turnsOf } from './turns.ts'
import { answerOf, verdictOf } from './verdicts.ts'

/** An action's task: run in its place, round by round; a barrier where it does more than look at variables. */
export class ActionTask {
  readonly #tools: TaskTools
  readonly #task: Task
  readonly #keywords: Keywords

  constructor(tools: TaskTools, task: Task, keywords: Keywords) {
    this.#tools = tools
    this.#task = task
    this.#keywords = keywords
  }

  async run(action: Action): Promise<void> {
    const { stage, scopes, scene, memory } = this.#tools
    if (action.isBarrier) await stage.endSegment()
    const asked = await turnsOf(this.#task, scopes)
    const ended =
      asked.kind === 'turns'
        ? await this.#turns(action, asked.turns)
        : { rounds: [{ work: asked.work, result: asked.result }], isLoop: false }
    const { isLoop } = ended
    const entry: Entry = {
      ...blankEntry(this.#task, this.#keywords, this.#tools),
      isLoop,
      rounds: ended.rounds.map(({ work, label }): Round => ({ label, work: inDoubt(work, this.#tools) })),
      notify: [...new Set(ended.rounds.flatMap(({ notify = [] }) => notify))],
    }
    const results = ended.rounds.map(({ result, locals }) =>
      isLoop && locals ? roundResult(result, locals) : result,
    )
    const isDoubted = entry.rounds.some(({ work }, n) => work !== ended.rounds[n]?.work)
    const result = isDoubted ? UNKNOWN : isLoop ? loopResult(results, entry.title) : (results[0] ?? UNKNOWN)
    memory.register(this.#task, result, entry.title)
    scene.segment.add({ ...entry, result })
    memory.noteUnknown(entry)
    if (action.isBarrier || scene.segment.calls.length === 0 || hasFailed(entry)) await stage.endSegment()
    for (const { ends, why } of ended.rounds.flatMap(({ acted }) => acted ?? []))
      if (ends) await this.#end(ends, why)
  }

  async #turns(action: Action, turns: readonly Turn[]): Promise<{ rounds: RoundRun[]; isLoop: boolean }> {
    const { scopes, scene, memory } = this.#tools
    const { loop } = this.#task
    const rounds: RoundRun[] = []
    for (const turn of turns) {
      if (loop !== undefined && rounds.length > 0 && !scene.options.check)
        await this.#wait(orElse(0, () => loop.pause(scopes.of(this.#task, turn.locals))))
      const round = await this.#turn(action, turn)
      // The next round sees it (executor/task_executor.py, _execute).
      if (loop !== undefined) memory.register(this.#task, round.result, this.#keywords.title)
      rounds.push(round)
    }
    return { rounds, isLoop: loop !== undefined }
  }

  async #turn(action: Action, turn: Turn): Promise<RoundRun> {
    const { scopes, scene } = this.#tools
    const ready = await readyOf(this.#task, turn, scopes)
    const about = { label: turn.label, locals: turn.locals }
    if (ready.kind === 'settled') return { ...about, work: ready.work, result: ready.result }
    if (action.isBarrier) scene.tell.phase('run', this.#keywords.title)
    try {
      const judged = await this.#tried(action, turn, ready.args)
      await this.#takeIn(judged.acted)
      return { ...about, ...judged, notify: ready.notify }
    } catch (error) {
      const { work, result } = settledBy(error, scopes)
      return { ...about, work, result }
    }
  }

  /** As often as `until` asks for. */
  async #tried(action: Action, { locals }: Turn, args: Record<string, unknown>): Promise<JudgedRun> {
    const { scene } = this.#tools
    const { until } = this.#task
    for (let n = 1; ; n++) {
      const { result: acted, touched } = await this.#act(action, locals, args)
      if (touched && acted.status !== 'skipped' && !this.#isCheck) scene.state.host = undefined
      const judged = await this.#judge(acted, locals, until === undefined ? {} : { attempts: n })
      if (until === undefined || acted.status === 'unknown') return judged
      const answer = await this.#ask(locals, judged.result, scope => until.holds(scope))
      if (answer.run) return judged
      const tries = await this.#ask(locals, judged.result, scope => until.retries(scope))
      if (n >= tries || this.#isCheck)
        return asOutOfTries(judged, `after ${n} tries until does not hold: ${answer.why}`)
      scene.tell.phase('wait', `${this.#keywords.title}: try ${n + 1} of ${tries}`)
      await this.#wait(await this.#ask(locals, judged.result, scope => until.delay(scope)))
      scene.tell.phase('run', this.#keywords.title)
      this.#tools.scopes.forget()
    }
  }

  /** An expression within may be the first to read a fact: then it is run again, having done nothing yet. */
  async #act(action: Action, locals: Scope, args: Record<string, unknown>): Promise<Acted> {
    const { scopes, scene, stage } = this.#tools
    const task = this.#task
    const run = (identity = scopes.identity(task, locals)) =>
      runAction(scene, {
        task,
        action,
        args,
        scope: scopes.of(task, locals),
        identity,
        check: this.#isCheck,
        position: stage.position,
      })
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof FactsNeeded)) throw error
      await stage.hostFor(scopes.identity(task, locals))
      return await run()
    }
  }

  /** changed_when and failed_when have the last word. */
  async #judge(acted: ActionResult, locals: Scope, more: Result['fields']): Promise<JudgedRun> {
    const task = this.#task
    const plain = withFields(actionResult(acted), more)
    const asDone = (status: ActionResult['status'], why = acted.why): DoneWork => ({
      kind: 'done',
      status,
      why,
      ...(acted.hint !== undefined && { hint: acted.hint }),
      ...(acted.ran && { ran: acted.ran }),
    })
    if (acted.status === 'skipped') return { acted, work: asDone('skipped'), result: plain }
    const changed = (await this.#ask(locals, plain, scope => answerOf(() => task.changedWhen(scope))))?.run
    const result = changed === undefined ? plain : withFields(plain, { changed })
    const failed = await this.#ask(locals, result, scope => verdictOf(() => task.failedWhen(scope)))
    if (acted.status === 'unknown') return { acted, work: asDone('unknown'), result }
    const hasFailed = failed?.holds ?? acted.status === 'failed'
    const judged = failed ? withFields(result, { failed: hasFailed, failed_when_result: hasFailed }) : result
    if (hasFailed) {
      const why = failed === undefined ? acted.why : `${failed.why}: ${acted.why}`
      return { acted, work: asDone('failed', why), result: judged }
    }
    return { acted, work: asDone((changed ?? acted.status === 'changed') ? 'changed' : 'ok'), result: judged }
  }

  /** What it gives to later tasks, and asks of the runner. */
  async #takeIn({ facts, include, runner, status }: ActionResult): Promise<void> {
    const { memory, scene } = this.#tools
    if (status === 'failed') return
    if (facts !== undefined) memory.give({ set: facts })
    if (include !== undefined) memory.give({ included: [include] })
    if (runner === 'clear_host_errors') scene.options.forgive()
    if (runner === 'clear_facts') Object.assign(scene.state, { host: undefined, seen: undefined })
    if (runner === 'reset_connection') await scene.state.link.drop()
  }

  async #end(scope: 'host' | 'batch' | 'play', why: string): Promise<never> {
    const { scene, stage } = this.#tools
    const { company } = scene.options
    if (scope === 'host') company.depart(scene.state.name)
    else company.end(scope, stage.position, why)
    throw new Stopped(why)
  }

  async #wait(seconds: number): Promise<void> {
    if (seconds <= 0) return
    const { options } = this.#tools.scene
    await options.company.waiting(() => waitUntil(seconds, options.stop))
    options.abandon.throwIfAborted()
  }

  get #isCheck(): boolean {
    const { rehearsal, check } = this.#tools.scene.options
    return rehearsal || (this.#keywords.check ?? check)
  }

  /** Of its result. */
  async #ask<T>(locals: Scope, result: Result, question: (scope: Scope) => T): Promise<T> {
    const { register } = this.#task
    const all =
      register === undefined ? locals : { ...locals, [register]: registered(result, this.#keywords.title) }
    return await this.#tools.scopes.ask(this.#task, all, question)
  }
}

type DoneWork = Extract<Work, { kind: 'done' }>

interface JudgedRun {
  readonly acted: ActionResult
  readonly work: DoneWork
  readonly result: Result
}

interface RoundRun {
  readonly work: DoneWork
  readonly result: Result
  readonly label?: string | undefined
  readonly locals?: Scope
  readonly acted?: ActionResult
  readonly notify?: readonly string[]
}

/** failed_when has the last word here, too (executor/task_result.py, is_failed). */
const asOutOfTries = (judged: JudgedRun, why: string): JudgedRun =>
  judged.result.fields.failed_when_result === false
    ? { ...judged, result: withFields(judged.result, { failed: true }) }
    : asFailed(judged, why)

const asFailed = (judged: JudgedRun, why: string): JudgedRun => ({
  ...judged,
  work: {
    ...judged.work,
    status: 'failed',
    why: judged.work.status === 'failed' ? `${judged.work.why}; ${why}` : why,
  },
  result: withFields(judged.result, { failed: true }),
})
