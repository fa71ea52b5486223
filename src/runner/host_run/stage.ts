import { UserError } from '../../errors.ts'
import { boot } from '../../host/boot.ts'
import type { Requests } from '../../host/gather.ts'
import type { Host } from '../../host/host.ts'
import type { Ran } from '../actions/action.ts'
import { type Plan, type PlannedCall, planTasks, withChosenLoader } from '../plan.ts'
import type { Task } from '../run_types.ts'
import type { Identity } from '../transport/transport.ts'
import { undoPlan } from '../undo.ts'
import { Stopped } from './interrupted.ts'
import { failedResult, type Result } from './results.ts'
import type { Scene } from './scene.ts'
import { type Entry, isLeft } from './segment.ts'
import { isFailed, type Told } from './told.ts'

/** The host as a play sees it and changes it: looks, and segments that are planned and applied. */
export class Stage {
  /** Where the play is, and the task that stands there. */
  position = 0
  task: Task | undefined
  /** The task that failed last, and what a rescue is told of it. */
  failed: { readonly entry: Entry; readonly result: Result } | undefined
  readonly #scene: Scene
  readonly #ahead: () => readonly Requests[]

  /** `ahead`: what tasks of the play want to be looked at, as far as it is known before the first look. */
  constructor(scene: Scene, ahead: () => readonly Requests[]) {
    this.#scene = scene
    this.#ahead = ahead
  }

  get calls(): PlannedCall[] {
    return this.#scene.state.done.map(({ call }) => call)
  }

  /** The host as this user sees it: another user sees other things, and is a barrier. */
  async hostFor(identity: Identity): Promise<Host> {
    const { state } = this.#scene
    if (state.host !== undefined && state.identity && !isSameIdentity(state.identity, identity)) {
      await this.endSegment()
      state.host = undefined
    }
    return state.host ?? (await this.#look(identity))
  }

  /** What a task wants to be looked at; where that was not, it is now. */
  async want(requests: Requests, identity: Identity): Promise<void> {
    const { state, options } = this.#scene
    if (!state.session.request(requests) || state.host === undefined) return
    const isOther = state.identity !== undefined && !isSameIdentity(state.identity, identity)
    if (!options.check || isOther) await this.endSegment()
    await this.#look(identity)
  }

  /** Plans what has gathered, shows it, and unless this is a dry run applies it. `reboots`: one of ours follows. */
  async endSegment({ reboots = false } = {}): Promise<void> {
    const { segment, state, tell, options } = this.#scene
    if (segment.isEmpty) return
    const plan = this.#plan()
    const told = segment
      .told(plan)
      .map(([entry, rounds]): [Entry, readonly Told[]] => [entry, asIgnored(entry, rounds)])
    this.#refuseIfFailed(told)
    const isApplied = segment.entries.every(
      entry => !entry.isOnlyPlanned && !isRefusedAndIgnored(entry, told),
    )
    const acts = plan !== undefined && (plan.changes.length > 0 || plan.rebuilds.length > 0)
    if (acts && (plan.rebuilds.length > 0 || segment.mayEditBoot(plan))) tell.boots(plan.predicted)
    if (acts) tell.preview(plan, segment.hidden(plan), isApplied && !options.check)
    if (acts && isApplied && options.check) state.host = plan.predicted
    const seen = acts && isApplied && !options.check ? await this.#apply(plan, reboots) : []
    segment.notify(plan, told)
    told.forEach(([entry, rounds], n) => {
      tell.result(
        entry,
        rounds.map((round, i) => asSeen(round, seen[n]?.[1][i])),
      )
    })
    if (plan !== undefined && isApplied) state.done.push(...segment.planned(plan))
    if (isApplied && options.check) state.foreseen.push(...segment.calls)
    segment.clear()
  }

  /** After a failure: what was to be done is not, and what is there has to be looked at. */
  async abandon(): Promise<void> {
    const { segment, state, options } = this.#scene
    segment.abandon()
    if (!options.check) state.host = undefined
    if (state.identity !== undefined) await state.session.giveLockBack(state.identity)
  }

  /** Throws Stopped where the others have brought the play to an end. */
  heed(): void {
    const { options, state } = this.#scene
    const halt = options.company.reach(state.name, this.position)
    if (halt !== undefined && !halt.finishes) throw new Stopped(halt.why)
  }

  get identity(): Identity {
    const { identity } = this.#scene.state
    if (identity === undefined) throw new Error('a segment without a task')
    return identity
  }

  async #look(identity: Identity): Promise<Host> {
    const { state, tell, options } = this.#scene
    if (state.seen === undefined) for (const requests of this.#ahead()) state.session.request(requests)
    tell.phase('look')
    state.seen = await state.session.look(identity)
    state.identity = identity
    state.host = options.check ? this.#foreseenAgain(state.seen) : state.seen
    return state.host
  }

  /** A dry run that has to look again: what it has foreseen is foreseen anew. */
  #foreseenAgain(seen: Host): Host {
    const { foreseen, foreseesBoot } = this.#scene.state
    const { predicted } = foreseen.length === 0 ? { predicted: seen } : planTasks(seen, foreseen)
    return foreseesBoot ? boot(withChosenLoader(predicted, this.calls)) : predicted
  }

  #plan(): Plan | undefined {
    const { segment, state, tell } = this.#scene
    if (segment.calls.length === 0) return undefined
    if (state.host === undefined) throw new Error('a segment without a look')
    tell.phase('plan')
    return segment.plan(state.host)
  }

  /** One failed task, and nothing of the segment is applied. */
  #refuseIfFailed(told: readonly [Entry, readonly Told[]][]): void {
    const first = told.findIndex(([entry, rounds]) => !entry.isIgnored && rounds.some(isFailedRound))
    const failing = told[first]
    const worst = failing?.[1].find(isFailedRound)
    if (failing === undefined || worst === undefined) return
    const { tell, state } = this.#scene
    for (const [n, [entry, rounds]] of told.entries()) {
      // What only looks at variables comes after it, and so does not come.
      if (n > first && !entry.rounds.some(({ work }) => work.kind === 'call')) continue
      const stands = rounds.filter((round, i) => isStill(round, entry, i))
      if (stands.length === rounds.length || rounds.some(isFailedRound)) tell.result(entry, stands)
    }
    this.failed = { entry: failing[0], result: failing[0].result ?? failedResult(worst.why) }
    throw new TaskFailed(state.name, worst)
  }

  /** @returns what the tasks of the segment answer on what was read back. */
  async #apply(plan: Plan, reboots: boolean): Promise<[Entry, readonly Told[]][]> {
    const { state, options, tell, segment } = this.#scene
    await options.company.gate(state.name, this.position)
    this.heed()
    tell.phase('apply')
    try {
      const { session } = state
      const after = await session.apply(plan, this.identity, {
        release: !reboots,
        lockFor: APPLY_LOCK,
        hidden: segment.hiddenCommands(plan),
      })
      state.host = after
      state.seen = after
      tell.compare('apply', plan.predicted, after)
      // Read back: the same modules on the new look say whether files, menu and images are now what was asked for.
      const readBack = segment.plan(after)
      const left = readBack.outcomes.find(outcome => isLeft(outcome, readBack))
      if (left !== undefined) await this.#takeBack(plan, after, left.why)
      return segment.told(readBack)
    } catch (error) {
      if (error instanceof UserError) this.#noteFailure(error, plan)
      throw error
    }
  }

  #noteFailure({ why }: UserError, plan: Plan): void {
    const { segment } = this.#scene
    const entry =
      segment.planned(plan).findLast(({ outcome }) => outcome?.kind === 'change')?.entry ?? segment.entries[0]
    if (entry !== undefined) this.failed = { entry, result: failedResult(why) }
  }

  /** What did not bring what it was for must not decide the next boot. */
  async #takeBack(plan: Plan, seen: Host, why: string): Promise<never> {
    const { state, tell, segment } = this.#scene
    tell.phase('apply', 'taking it back')
    const undone = await state.session
      .apply(undoPlan(plan, seen), this.identity, {
        release: true,
        lockFor: APPLY_LOCK,
        hidden: segment.hiddenCommands(plan),
      })
      .then(() => true)
      .catch(error => {
        if (!(error instanceof UserError)) throw error
        return false
      })
    throw tell.failure(
      `it was applied, and reading it back shows that it is not so: ${why}`,
      undone
        ? 'not rebooted; the files were put back as they were'
        : 'not rebooted; NOT everything could be put back: the originals are in /var/lib/vfio-run/runs on the host',
    )
  }
}

/** A task's own failure, with what was run for it. */
export class TaskFailed extends UserError {
  readonly ran: Ran | undefined

  constructor(host: string, { why, hint, ran }: Pick<Told, 'why' | 'hint' | 'ran'>) {
    super({ kind: 'failed', where: host, why, hint })
    this.ran = ran
  }
}

/** Seconds; an apply that takes longer than this has hung. */
const APPLY_LOCK = 3600

const isFailedRound = ({ status }: Told): boolean => isFailed(status)

/** Of a loop with a round that is refused nothing is applied, also where the failure is ignored. */
function asIgnored({ isIgnored, rounds: own }: Entry, rounds: readonly Told[]): readonly Told[] {
  const refused = isIgnored ? rounds.find(isFailedRound) : undefined
  if (refused === undefined) return rounds
  return rounds.map((round, n) =>
    own[n]?.work.kind !== 'call' || isFailedRound(round) || ['ok', 'skipped'].includes(round.status)
      ? round
      : { ...round, status: 'skipped', why: `not done: ${refused.why}`, notifies: false },
  )
}

const isRefusedAndIgnored = (entry: Entry, told: readonly [Entry, readonly Told[]][]): boolean =>
  entry.isIgnored &&
  entry.rounds.some(({ work }) => work.kind === 'call') &&
  told.some(([one, rounds]) => one === entry && rounds.some(isFailedRound))

/** True of the host although nothing is applied. */
const isStill = ({ status }: Told, { rounds }: Entry, n: number): boolean =>
  ['ok', 'skipped', 'blocked', 'failed'].includes(status) || rounds[n]?.work.kind === 'done'

/** What could only be foreseen (a driver that is bound now) has been seen since. */
const asSeen = (foreseen: Told, seen: Told | undefined): Told =>
  foreseen.status === 'unknown' && seen !== undefined ? seen : foreseen

const isSameIdentity = (a: Identity, b: Identity): boolean =>
  a.become?.user === b.become?.user && a.become?.method === b.become?.method
