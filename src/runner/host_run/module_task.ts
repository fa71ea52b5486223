import type { Host } from '../../host/host.ts'
import type { Module } from '../../modules/define.ts'
import { UnknownYet } from '../live_variables.ts'
import type { PlannedCall } from '../plan.ts'
import type { Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import type { Identity } from '../transport/transport.ts'
import { waitUntil } from './action_run.ts'
import { blankEntry, hasFailed, inDoubt, type Keywords } from './entries.ts'
import { isFailure } from './interrupted.ts'
import { requestOf } from './requests.ts'
import {
  failedResult,
  loopResult,
  moduleResult,
  type Result,
  registered,
  roundResult,
  withFields,
} from './results.ts'
import type { Entry, Round } from './segment.ts'
import type { TaskTools } from './task_run.ts'
import { type Ready, readyOf, type Settled, settledBy, type Turn, turnsOf } from './turns.ts'
import { answerOf, verdictOf } from './verdicts.ts'

/** A state module's task: planned with its segment, or alone where its result is to be read. */
export class ModuleTask {
  readonly #tools: TaskTools
  readonly #task: Task
  readonly #keywords: Keywords

  constructor(tools: TaskTools, task: Task, keywords: Keywords) {
    this.#tools = tools
    this.#task = task
    this.#keywords = keywords
  }

  async run(module: Module): Promise<void> {
    const { stage } = this.#tools
    const prepared = await this.#prepare(module)
    const call = onlyCall(prepared.entry)
    if (module.name === 'reboot' && call !== undefined) return await this.#reboot(prepared.entry, call)
    if (!prepared.entry.rounds.some(isCall)) return await this.#add(this.#judge(prepared, undefined))
    const identity = this.#tools.scopes.identity(this.#task)
    const first = this.#judge(prepared, await stage.hostFor(identity))
    if (!this.#isAlone(first.entry)) return await this.#add(first)
    await stage.endSegment()
    await this.#alone(await this.#tried(prepared, identity))
  }

  async #reboot(entry: Entry, call: PlannedCall): Promise<void> {
    const { stage, reboots, memory, scopes } = this.#tools
    await stage.hostFor(scopes.identity(this.#task))
    // What is before it may fail for itself.
    if (this.#keywords.isIgnored) await stage.endSegment()
    await this.#forgiving(entry, async () => {
      const changed = await reboots.run(entry, call)
      const fields = { changed, failed: false, rebooted: changed }
      memory.register(this.#task, { fields, isWhole: true }, this.#keywords.title)
    })
  }

  /** Its rounds with their arguments, and what they are about. */
  async #prepare(module: Module): Promise<Prepared> {
    const { scopes, stage } = this.#tools
    const task = this.#task
    const asked = await turnsOf(task, scopes)
    const turns = asked.kind === 'turns' ? asked.turns : []
    const readies: Ready[] = []
    for (const turn of turns) readies.push(await readyOf(task, turn, scopes))
    const calls = readies.flatMap(ready => (ready.kind === 'ready' ? [ready.args] : []))
    for (const args of calls)
      for (const request of requestOf(task, args)) await stage.want(request, scopes.identity(task))
    const rounds = turns.map((turn, n): Round => {
      const ready = readies[n]
      if (ready?.kind === 'ready')
        return {
          label: turn.label,
          work: { kind: 'call', call: { module, args: ready.args, environment: ready.environment } },
        }
      return { label: turn.label, work: inDoubt(doneOf(ready), this.#tools) }
    })
    const blank = blankEntry(task, this.#keywords, this.#tools)
    const entry: Entry = {
      ...blank,
      isLoop: blank.isLoop && asked.kind === 'turns',
      rounds:
        asked.kind === 'turns' ? rounds : [{ label: undefined, work: inDoubt(asked.work, this.#tools) }],
      notify: readies.flatMap(ready => (ready.kind === 'ready' ? ready.notify : [])),
    }
    const known = asked.kind === 'turns' ? readies.map(resultOf) : [asked.result]
    return { entry, turns, known }
  }

  /** With what changed_when and failed_when make of it, and what is registered. */
  #judge({ entry, turns, known }: Prepared, host: Host | undefined): Judged {
    const { scene, memory } = this.#tools
    const { title } = this.#keywords
    const outcomes = this.#isRead && host !== undefined ? [...scene.segment.planWith(host, entry)] : []
    const results: Result[] = []
    const rounds = entry.rounds.map((round, n): Round => {
      const turn = turns[n]
      const outcome = round.work.kind === 'call' ? outcomes.shift() : undefined
      const result = outcome === undefined ? known[n] : moduleResult(outcome, memory.behind === undefined)
      const judged =
        round.work.kind === 'call' && turn ? this.#judgeRound(round, turn, result) : { round, result }
      if (judged.result !== undefined)
        results.push(entry.isLoop && turn ? roundResult(judged.result, turn.locals) : judged.result)
      return judged.round
    })
    const result = entry.isLoop ? loopResult(results, title) : results[0]
    return { entry: { ...entry, rounds, result }, turns, result }
  }

  #judgeRound(
    round: Round,
    { locals }: Turn,
    result: Result | undefined,
  ): { round: Round; result: Result | undefined } {
    const task = this.#task
    const scope = this.#scopeWith(locals, result)
    try {
      const changed = answerOf(() => task.changedWhen(scope))?.run
      const failed = verdictOf(() => task.failedWhen(scope))
      const judged =
        result &&
        withFields(result, {
          ...(changed !== undefined && { changed }),
          ...(failed !== undefined && { failed: failed.holds, failed_when_result: failed.holds }),
        })
      return { round: { ...round, changed, failed }, result: judged }
    } catch (error) {
      const { work, result: failure } = settledBy(error, this.#tools.scopes)
      return { round: { ...round, work }, result: failure }
    }
  }

  /** Until what is planned for it is as it is waited for: each try takes a look of its own. */
  async #tried(prepared: Prepared, identity: Identity): Promise<Judged> {
    const { scene, stage, scopes } = this.#tools
    const { options, state, tell } = scene
    const { until } = this.#task
    for (let n = 1; ; n++) {
      const judged = this.#judge(prepared, await stage.hostFor(identity))
      if (until === undefined) return judged
      const scope = this.#scopeWith(prepared.turns[0]?.locals ?? {}, judged.result)
      const tries = until.retries(scope)
      try {
        const answer = until.holds(scope)
        if (answer.run) return judged
        if (options.check) return asUnknown(judged, `until is tried in the real run: ${answer.why}`)
        if (n >= tries) return asFailed(judged, `after ${n} tries until does not hold: ${answer.why}`)
      } catch (error) {
        if (error instanceof UnknownYet) return asUnknown(judged, error.why)
        throw error
      }
      tell.phase('wait', `${this.#keywords.title}: try ${n + 1} of ${tries}`)
      await options.company.waiting(() => waitUntil(until.delay(scope), options.stop))
      options.abandon.throwIfAborted()
      state.host = undefined
      scopes.forget()
      await stage.hostFor(scopes.identity(this.#task))
    }
  }

  async #alone(judged: Judged): Promise<void> {
    await this.#forgiving(judged.entry, async () => {
      await this.#add(judged)
      await this.#tools.stage.endSegment()
    })
  }

  /** What is ignored ends where it stands, and the host goes on. */
  async #forgiving(entry: Entry, work: () => Promise<void>): Promise<void> {
    const { scene, stage, memory } = this.#tools
    try {
      await work()
    } catch (error) {
      if (!this.#keywords.isIgnored || !isFailure(error) || scene.state.link.isAbandoned) throw error
      await stage.abandon()
      memory.register(this.#task, failedResult(error.why), this.#keywords.title)
      scene.tell.status(entry, 'failed', error.why)
    }
  }

  async #add({ entry, result }: Judged): Promise<void> {
    const { scene, stage, memory } = this.#tools
    if (result !== undefined) memory.register(this.#task, result, this.#keywords.title)
    const { segment } = scene
    segment.add(entry)
    memory.noteUnknown(entry)
    // Where nothing is planned it need not wait to be told.
    if (segment.calls.length === 0 || hasFailed(entry)) await stage.endSegment()
  }

  /** Something reads its result: it is planned for that. */
  get #isRead(): boolean {
    return this.#task.register !== undefined || this.#task.until !== undefined
  }

  #isAlone({ rounds }: Entry): boolean {
    const { until, throttle, runOnce } = this.#task
    const { isIgnored, check } = this.#keywords
    const isJudged = rounds.some(({ failed }) => failed !== undefined)
    return until !== undefined || throttle !== undefined || runOnce || isIgnored || check === true || isJudged
  }

  #scopeWith(locals: Scope, result: Result | undefined): Scope {
    const { register } = this.#task
    const { title } = this.#keywords
    const own =
      register === undefined || result === undefined ? {} : { [register]: registered(result, title) }
    return this.#tools.scopes.of(this.#task, { ...locals, ...own })
  }
}

interface Prepared {
  readonly entry: Entry
  readonly turns: readonly Turn[]
  /** What is known without a plan, by round. */
  readonly known: readonly (Result | undefined)[]
}

interface Judged {
  readonly entry: Entry
  readonly turns: readonly Turn[]
  readonly result: Result | undefined
}

const isCall = ({ work }: Round): boolean => work.kind === 'call'

function onlyCall({ rounds, isLoop }: Entry): PlannedCall | undefined {
  const [round] = rounds
  return !isLoop && round?.work.kind === 'call' ? round.work.call : undefined
}

function doneOf(ready: { kind: 'ready' } | Settled | undefined): Settled['work'] {
  if (ready?.kind === 'settled') return ready.work
  throw new Error('a round that was not asked for')
}

const resultOf = (ready: { kind: 'ready' } | Settled): Result | undefined =>
  ready.kind === 'settled' ? ready.result : undefined

const asUnknown = ({ entry, ...rest }: Judged, why: string): Judged => ({
  ...rest,
  entry: {
    ...entry,
    rounds: entry.rounds.map(({ label }) => ({ label, work: { kind: 'done', status: 'unknown', why } })),
  },
})

const asFailed = ({ entry, result, ...rest }: Judged, why: string): Judged => ({
  ...rest,
  result: result && withFields(result, { failed: true }),
  entry: { ...entry, rounds: entry.rounds.map(round => ({ ...round, failed: { holds: true, why } })) },
})
