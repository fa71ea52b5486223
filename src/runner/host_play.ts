import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { boot } from '../host/boot.ts'
import { compareHosts } from '../host/compare.ts'
import type { Host } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import type { Outcome } from '../modules/define.ts'
import { ansibleFacts } from './ansible_facts.ts'
import type { HostCounts, RunEvent, TaskStatus } from './events.ts'
import { bootFingerprint, type Plan, type PlannedCall, planTasks, rebootReasons, rebuildsOf } from './plan.ts'
import type { Play, Task } from './run_types.ts'
import type { Session } from './session.ts'
import type { Identity } from './transport/transport.ts'
import { vainReboot } from './vain_reboot.ts'

export interface HostPlayOptions {
  readonly check: boolean
  readonly diff: boolean
  readonly noReboot: boolean
  readonly emit: (event: RunEvent) => void
  /** boot_id of the machine that runs the play: it is never rebooted. */
  readonly ownBootId: string | undefined
  /** The first Ctrl-C: finish the step, then stop. */
  readonly stopped: () => boolean
}

export type Tally = { -readonly [K in keyof HostCounts]: HostCounts[K] }

/** What a host carries from play to play. */
export interface HostState {
  readonly name: string
  readonly session: Session
  readonly tally: Tally
  readonly local: boolean
  /** The last look; undefined after something that may have changed the host. */
  host: Host | undefined
  identity: Identity | undefined
  failed: boolean
  /** Another run holds the lock. */
  locked: boolean
}

/** A task that was planned in the segment at hand; `call` undefined where its condition did not hold. */
interface Entry {
  readonly task: Task
  readonly call: PlannedCall | undefined
  readonly skipped: string
}

/** One play on one host: segments between barriers, each looked at, planned, applied; then handlers and reboots. */
export class HostPlay {
  readonly #state: HostState
  readonly #play: Play
  readonly #options: HostPlayOptions
  #entries: Entry[] = []
  #notified = new Set<Task>()
  /** What was planned before the last reboot: it must have been brought into effect by it. */
  #proven: PlannedCall[] = []

  constructor(state: HostState, play: Play, options: HostPlayOptions) {
    this.#state = state
    this.#play = play
    this.#options = options
  }

  async run(): Promise<void> {
    try {
      if (!this.#options.check && (await this.#rehearse())) return
      for (const step of this.#play.steps) {
        if (step.kind === 'task') await this.#take(step.task)
        else await this.#flush()
      }
      await this.#endSegment({ last: true })
      this.#phase('done')
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      await this.#fail(error)
    }
  }

  /**
   * The dry run comes first in a real run too, over what was seen once: what a later task will refuse, after the
   * reboot even, is refused before anything is written. True: it was refused, and has been told.
   */
  async #rehearse(): Promise<boolean> {
    const first = this.#play.steps.find(step => step.kind === 'task')
    if (first?.kind !== 'task') return false
    await this.#look(await this.#identityOf(first.task))
    const events: RunEvent[] = []
    const state: HostState = { ...this.#state, tally: { ...this.#state.tally } }
    await new HostPlay(state, this.#play, {
      ...this.#options,
      check: true,
      emit: event => events.push(event),
    }).run()
    if (!state.failed) return false
    Object.assign(this.#state, { failed: true, locked: state.locked, tally: state.tally })
    for (const event of events)
      if (event.event === 'task' || event.event === 'host_failed') this.#options.emit(event)
    return true
  }

  /** Adds a task to the segment; a reboot ends it. */
  async #take(task: Task): Promise<void> {
    const entry = await this.#entry(task)
    if (entry.call !== undefined && task.module.name === 'reboot') await this.#rebootTask(entry)
    else this.#entries.push(entry)
  }

  async #entry(task: Task): Promise<Entry> {
    const identity = await this.#identityOf(task)
    const scope = task.scope(this.#state.name, ansibleFacts(await this.#look(identity)))
    const condition = task.when(scope)
    if (!condition.run) return { task, call: undefined, skipped: condition.why }
    return { task, call: { module: task.module, args: task.args(scope) }, skipped: '' }
  }

  /** Another user sees other things: a change of identity is a barrier. */
  async #identityOf(task: Task): Promise<Identity> {
    const identity = task.identity(
      task.scope(this.#state.name, this.#state.host === undefined ? {} : ansibleFacts(this.#state.host)),
    )
    if (this.#state.identity !== undefined && !sameIdentity(this.#state.identity, identity)) {
      await this.#endSegment({ last: false })
      this.#state.host = undefined
    }
    this.#state.identity = identity
    return identity
  }

  async #look(identity: Identity): Promise<Host> {
    if (this.#state.host !== undefined) return this.#state.host
    this.#phase('look')
    this.#state.host = await this.#state.session.look(identity)
    return this.#state.host
  }

  /** Handlers in the order of their definition, each once; a handler may notify a later one. */
  async #flush(): Promise<void> {
    const plan = this.#plan()
    // What follows a flush counts on what came before it: no point in looking for the consequences.
    if (plan?.outcomes.some(({ kind }) => kind === 'blocked')) await this.#endSegment({ last: false })
    this.#notify(plan)
    for (const handler of this.#play.handlers) {
      if (!this.#notified.delete(handler)) continue
      const entry = await this.#entry(handler)
      if (entry.call !== undefined && handler.module.name === 'reboot') await this.#reboot(entry)
      else this.#entries.push(entry)
      this.#notify(this.#plan())
    }
  }

  /** Tasks that were told apart already do not notify twice: an entry's notifications are spent with it. */
  readonly #spent = new Set<Entry>()

  #notify(plan: Plan | undefined): void {
    if (plan === undefined) return
    for (const [entry, outcome] of this.#outcomes(plan)) {
      if (this.#spent.has(entry) || (outcome?.kind !== 'change' && outcome?.kind !== 'pending')) continue
      this.#spent.add(entry)
      for (const name of entry.task.notify) {
        for (const handler of this.#play.handlers)
          if (handler.name === name || handler.listen.includes(name)) this.#notified.add(handler)
      }
    }
  }

  #plan(): Plan | undefined {
    const host = this.#state.host
    return host === undefined ? undefined : planTasks(host, this.#calls())
  }

  #calls(): PlannedCall[] {
    return this.#entries.flatMap(({ call }) => (call === undefined ? [] : [call]))
  }

  /** Each entry with what was planned for it; undefined for a skipped one. */
  #outcomes(plan: Plan): [Entry, Outcome | undefined][] {
    let n = 0
    return this.#entries.map(entry => [entry, entry.call === undefined ? undefined : plan.outcomes[n++]])
  }

  /** Plans what has gathered, shows it, and unless this is a dry run applies it. */
  async #endSegment({ last, reboots = false }: { last: boolean; reboots?: boolean }): Promise<void> {
    if (this.#state.host !== undefined && this.#entries.length > 0)
      await this.#work(this.#state.host, reboots)
    if (last && this.#state.host !== undefined)
      this.#state.tally.rebootPending = this.#dueReasons().join('; ')
  }

  async #work(host: Host, reboots: boolean): Promise<void> {
    this.#phase('plan')
    const plan = planTasks(host, this.#calls())
    const outcomes = this.#outcomes(plan)
    if (plan.outcomes.some(({ kind }) => kind === 'blocked')) this.#refuse(outcomes)
    const acts = plan.changes.length > 0 || plan.rebuilds.length > 0
    if (acts) this.#preview(plan)
    const calls = this.#calls()
    if (this.#options.check) this.#state.host = plan.predicted
    else if (acts) await this.#apply(host, plan, calls, reboots)
    for (const [entry, outcome] of outcomes) this.#result(entry, outcome)
    this.#proven.push(...calls)
    this.#entries = []
  }

  #dueReasons(): string[] {
    const host = this.#state.host
    return host === undefined || host.bootId.is === 'unknown'
      ? this.#state.tally.rebootPending.split('; ').filter(Boolean)
      : rebootReasons(host, this.#proven)
  }

  /** One blocked task, and nothing of the segment is applied. */
  #refuse(outcomes: readonly [Entry, Outcome | undefined][]): never {
    for (const [entry, outcome] of outcomes) {
      if (outcome === undefined || outcome.kind === 'blocked' || outcome.kind === 'converged')
        this.#result(entry, outcome)
    }
    const first = outcomes.map(([, outcome]) => outcome).find(outcome => outcome?.kind === 'blocked')
    if (first?.kind !== 'blocked') throw new Error('refuse without a blocked outcome')
    throw new UserError({ kind: 'failed', where: this.#state.name, why: first.why, hint: first.hint })
  }

  #preview(plan: Plan): void {
    const { emit, diff, check } = this.#options
    const host = this.#state.name
    if (diff) {
      for (const change of plan.changes) {
        emit({
          event: 'diff',
          host,
          path: change.path,
          before: change.before,
          after: change.kind === 'write' ? change.after : undefined,
        })
      }
    }
    for (const { argv, reason } of plan.rebuilds) emit({ event: 'command', host, argv, reason, check })
  }

  async #apply(before: Host, plan: Plan, calls: readonly PlannedCall[], reboots: boolean): Promise<void> {
    const { session } = this.#state
    this.#phase('apply')
    const after = await session.apply(plan, this.#identity(), {
      release: !reboots,
      lockFor: 3600,
    })
    this.#state.host = after
    this.#compare('apply', plan.predicted, after)
    // Read back: the same modules on the new look say whether files, menu and images are now what was asked for.
    const left = planTasks(after, calls).outcomes.find(
      outcome => outcome.kind === 'change' || outcome.kind === 'blocked' || rebuildsOf(outcome).length > 0,
    )
    if (left === undefined) return
    const why = `it was applied, and reading it back shows that it is not so: ${left.why}`
    throw new UserError({
      kind: 'failed',
      where: this.#state.name,
      why,
      hint: `not rebooted; boot_id ${ifKnown(before.bootId) ?? 'unknown'}`,
    })
  }

  #identity(): Identity {
    if (this.#state.identity === undefined) throw new Error('a segment without a task')
    return this.#state.identity
  }

  /** As a task: only when something waits for it, or always. */
  async #rebootTask(entry: Entry): Promise<void> {
    this.#notify(this.#plan())
    const plan = this.#plan()
    const due = plan === undefined ? [] : rebootReasons(plan.predicted, [...this.#proven, ...this.#calls()])
    if (due.length > 0 || entry.call?.args.always === true) return await this.#reboot(entry)
    this.#result(entry, { kind: 'converged', why: 'nothing waits for a reboot' })
  }

  async #reboot(entry: Entry): Promise<void> {
    await this.#endSegment({ last: false, reboots: this.#whyLeft() === undefined })
    const host = this.#state.host
    if (host === undefined) return
    const reasons = rebootReasons(host, this.#proven)
    const because = reasons.join('; ') || 'it was asked for'
    const vain = vainReboot(host, this.#proven)
    if (vain !== undefined) throw this.#failure(vain.why, vain.hint)
    const left = this.#whyLeft()
    if (left !== undefined) return this.#leaveDue(entry, host, because + left)
    if (this.#options.check) {
      this.#state.host = boot(host)
      this.#state.tally.rebootPending = because
      this.#status(entry.task, 'changed', `would reboot: ${because}`)
      return
    }
    await this.#rebootNow(entry, host, reasons, because)
  }

  /** Why the reboot is left to somebody else; undefined: it is ours. */
  #whyLeft(): string | undefined {
    if (this.#isOwnMachine())
      return '; this is the machine that runs the play: reboot, then run again to prove'
    return this.#options.noReboot ? ' (--no-reboot)' : undefined
  }

  async #rebootNow(entry: Entry, host: Host, reasons: readonly string[], because: string): Promise<void> {
    const bootId = ifKnown(host.bootId)
    if (bootId === undefined)
      throw this.#failure(
        'its boot_id cannot be read, so a reboot could not be proved',
        'look at /proc/sys/kernel/random/boot_id',
      )
    const args = entry.call?.args ?? {}
    const seconds = (name: string) => (typeof args[name] === 'number' ? args[name] : 0)
    await wait(seconds('pre_reboot_delay') * 1000)
    this.#phase('reboot', because)
    const record = { bootId, reasons, configuration: bootFingerprint(host) }
    await this.#state.session.reboot(record, this.#identity(), {
      timeout: seconds('reboot_timeout'),
      connectTimeout: seconds('connect_timeout'),
      message: typeof args.msg === 'string' ? args.msg : '',
      onWait: elapsed => this.#phase('reboot', `waiting for it to come back, ${Math.round(elapsed)} s`),
      stopped: this.#options.stopped,
    })
    await wait(seconds('post_reboot_delay') * 1000)
    await this.#prove(host)
    this.#status(entry.task, 'changed', `rebooted: ${because}`)
  }

  /** The reboot must have brought what it was for. */
  async #prove(before: Host): Promise<void> {
    this.#phase('prove')
    const after = await this.#state.session.look(this.#identity(), { settle: true, last: true })
    this.#state.host = after
    this.#compare('boot', boot(before), after)
    const left = planTasks(after, this.#proven).outcomes.find(
      outcome => outcome.kind !== 'converged' && outcome.kind !== 'unknown',
    )
    if (left !== undefined)
      throw this.#failure(
        `it was rebooted, and it is still not so: ${left.why}`,
        'compare /proc/cmdline with the loader’s menu, and look at journalctl -k -b',
      )
  }

  #leaveDue(entry: Entry, host: Host, why: string): void {
    this.#state.tally.rebootPending = why
    this.#status(entry.task, 'skipped', `a reboot is due: ${why}`)
    // What follows is planned on what that reboot will bring.
    this.#state.host = boot(host)
  }

  /** Also under another name: by its boot_id. */
  #isOwnMachine(): boolean {
    const { local, host } = this.#state
    const { ownBootId } = this.#options
    return local || (ownBootId !== undefined && host !== undefined && ownBootId === ifKnown(host.bootId))
  }

  #compare(after: 'apply' | 'boot', predicted: Host, seen: Host): void {
    this.#options.emit({
      event: 'prediction',
      host: this.#state.name,
      after,
      ...compareHosts(predicted, seen),
    })
  }

  #result(entry: Entry, outcome: Outcome | undefined): void {
    if (outcome === undefined) {
      this.#status(entry.task, 'skipped', entry.skipped)
      return
    }
    const hint = outcome.kind === 'blocked' ? outcome.hint : undefined
    this.#status(entry.task, statusOf(outcome), outcome.why, hint)
  }

  #status(task: Task, status: TaskStatus, why: string, hint?: string): void {
    const { tally, name } = this.#state
    if (status === 'blocked') tally.failed++
    else if (status === 'unknown') tally.pending++
    else tally[status]++
    this.#options.emit({
      event: 'task',
      host: name,
      play: this.#play.name,
      task: task.name,
      module: task.module.name,
      status,
      why,
      ...(hint === undefined ? {} : { hint }),
    })
  }

  #phase(phase: 'look' | 'plan' | 'apply' | 'reboot' | 'prove' | 'done', detail?: string): void {
    if (this.#options.stopped() && phase !== 'done')
      throw this.#failure(
        'interrupted before this step',
        'run again: what is due follows from the host’s state',
      )
    this.#options.emit({
      event: 'phase',
      host: this.#state.name,
      phase,
      ...(detail === undefined ? {} : { detail }),
    })
  }

  #failure(why: string, hint: string): UserError {
    return new UserError({ kind: 'failed', where: this.#state.name, why, hint })
  }

  async #fail(error: UserError): Promise<void> {
    const { tally, session, identity, name } = this.#state
    this.#state.failed = true
    this.#state.locked = error.kind === 'locked'
    this.#state.host = undefined
    if (error.kind === 'unreachable') tally.unreachable++
    else if (tally.failed === 0) tally.failed++
    if (identity !== undefined) await session.giveLockBack(identity)
    const status =
      error.kind === 'unreachable' ? 'unreachable' : error.kind === 'locked' ? 'locked' : 'failed'
    const where = error.where === name ? '' : `${error.where}: `
    this.#options.emit({
      event: 'host_failed',
      host: name,
      status,
      why: where + error.why,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(session.output.length > 0 ? { output: session.output.slice(-10) } : {}),
    })
  }
}

function statusOf(outcome: Outcome): TaskStatus {
  switch (outcome.kind) {
    case 'converged':
      return 'ok'
    case 'change':
      return 'changed'
    case 'pending':
      // A rebuild that was asked for is made in this segment: that is a change.
      return outcome.needs === 'rebuild' ? 'changed' : 'pending'
    case 'unknown':
    case 'blocked':
      return outcome.kind
  }
}

const sameIdentity = (a: Identity, b: Identity): boolean =>
  a.become?.user === b.become?.user && a.become?.method === b.become?.method
