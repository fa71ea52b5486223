import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../errors.ts'
import { groupsOf } from '../../host/acs_groups.ts'
import { boot } from '../../host/boot.ts'
import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { type Outcome, rebuildsOf } from '../../modules/define.ts'
import type { RunEvent } from '../events.ts'
import {
  bootFingerprint,
  type Plan,
  type PlannedCall,
  planTasks,
  rebootReasons,
  withChosenLoader,
} from '../plan.ts'
import type { Play, Task } from '../run_types.ts'
import type { Identity } from '../transport/transport.ts'
import { undoPlan } from '../undo.ts'
import { ansibleFacts } from './ansible_facts.ts'
import { Narrator } from './narrator.ts'
import { type Entry, Segment } from './segment.ts'
import type { HostPlayOptions, HostState } from './state.ts'
import { vainReboot } from './vain_reboot.ts'

/** One play on one host: segments between barriers, each looked at, planned, applied; handlers and reboots between. */
export class HostPlay {
  readonly #state: HostState
  readonly #play: Play
  readonly #options: HostPlayOptions
  readonly #tell: Narrator
  readonly #segment: Segment
  /** What earlier segments have asked for: a reboot must bring all of it into effect. */
  readonly #doneEntries: (Entry & { readonly call: PlannedCall })[] = []

  constructor(state: HostState, play: Play, options: HostPlayOptions) {
    this.#state = state
    this.#play = play
    this.#options = options
    this.#tell = new Narrator(state, play, options)
    this.#segment = new Segment(play.handlers)
  }

  get #done(): PlannedCall[] {
    return this.#doneEntries.map(({ call }) => call)
  }

  async run(): Promise<void> {
    try {
      if (!this.#options.check && (await this.#refusedInRehearsal())) return
      await this.#steps()
      this.#tell.phase('done')
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      await this.#fail(error)
    }
  }

  /**
   * The dry run comes first in a real run too, over what was seen once: what a later task will refuse, after the
   * reboot even, is refused before anything is written. True: it was refused, and has been told.
   */
  async #refusedInRehearsal(): Promise<boolean> {
    const first = this.#play.steps.find(step => step.kind === 'task')
    if (first?.kind !== 'task') return false
    await this.#look(await this.#identityOf(first.task))
    const events: RunEvent[] = []
    const state: HostState = { ...this.#state, tally: { ...this.#state.tally } }
    const options = { ...this.#options, check: true, emit: (event: RunEvent) => events.push(event) }
    await new Rehearsal(state, this.#play, options).run()
    if (!state.failed) return false
    this.#state.failed = true
    // What it would have changed, it has not.
    for (const event of stillSo(events)) this.#options.emit(event)
    const { ok, skipped, failed } = state.tally
    Object.assign(this.#state.tally, { ok, skipped, failed })
    return true
  }

  async #steps(): Promise<void> {
    for (const step of this.#play.steps) {
      if (step.kind === 'task') await this.#take(step.task)
      else await this.#flush()
    }
    await this.#endSegment()
    if (this.#state.host !== undefined)
      this.#state.tally.rebootPending = this.#dueReasons(this.#state.host).join('; ')
  }

  /** Adds a task to the segment; a reboot ends it. */
  async #take(task: Task): Promise<void> {
    const entry = await this.#entry(task)
    if (entry.call !== undefined && task.module.name === 'reboot') await this.#rebootTask(entry)
    else this.#segment.add(entry)
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
    const { host, name, identity: before } = this.#state
    const identity = task.identity(task.scope(name, host === undefined ? {} : ansibleFacts(host)))
    if (before !== undefined && !sameIdentity(before, identity)) await this.changeIdentity()
    this.#state.identity = identity
    return identity
  }

  /** What the other user sees has to be looked at. */
  protected async changeIdentity(): Promise<void> {
    await this.#endSegment()
    this.#state.host = undefined
  }

  async #look(identity: Identity): Promise<Host> {
    if (this.#state.host !== undefined) return this.#state.host
    this.#tell.phase('look')
    this.#state.host = await this.#state.session.look(identity)
    return this.#state.host
  }

  /** Handlers in the order of their definition, each once; a handler may notify a later one. */
  async #flush(): Promise<void> {
    if (this.#state.host === undefined) return
    const plan = this.#segment.plan(this.#state.host)
    // What follows a flush counts on what came before it: no point in looking for the consequences.
    if (plan.outcomes.some(({ kind }) => kind === 'blocked')) await this.#endSegment()
    this.#segment.notify(plan)
    for (const handler of this.#play.handlers) {
      if (!this.#segment.takeNotified(handler)) continue
      await this.#take(handler)
      if (this.#state.host !== undefined) this.#segment.notify(this.#segment.plan(this.#state.host))
    }
  }

  /** Plans what has gathered, shows it, and unless this is a dry run applies it. `reboots`: one of ours follows. */
  async #endSegment({ reboots = false } = {}): Promise<void> {
    const { host } = this.#state
    if (host === undefined || this.#segment.isEmpty) return
    this.#tell.phase('plan')
    const plan = this.#segment.plan(host)
    const outcomes = this.#segment.outcomes(plan)
    this.#refuseIfBlocked(outcomes)
    const acts = plan.changes.length > 0 || plan.rebuilds.length > 0
    if (acts) this.#tell.preview(plan)
    if (this.#options.check) this.#state.host = plan.predicted
    const seen = acts && !this.#options.check ? await this.#apply(plan, reboots) : []
    outcomes.forEach(([entry, outcome], n) => {
      // What could only be foreseen (a driver that is bound now) has been seen since.
      this.#tell.result(entry, outcome?.kind === 'unknown' ? (seen[n]?.[1] ?? outcome) : outcome)
      if (entry.call !== undefined) this.#doneEntries.push({ ...entry, call: entry.call })
    })
    this.#segment.clear()
  }

  /** One blocked task, and nothing of the segment is applied. */
  #refuseIfBlocked(outcomes: readonly [Entry, Outcome | undefined][]): void {
    const first = outcomes.map(([, outcome]) => outcome).find(outcome => outcome?.kind === 'blocked')
    if (first?.kind !== 'blocked') return
    const told = outcomes.filter(
      ([, outcome]) => outcome === undefined || outcome.kind === 'blocked' || outcome.kind === 'converged',
    )
    for (const [entry, outcome] of told) this.#tell.result(entry, outcome)
    throw this.#tell.failure(first.why, first.hint)
  }

  /** @returns what the tasks of the segment answer on what was read back. */
  async #apply(plan: Plan, reboots: boolean): Promise<[Entry, Outcome | undefined][]> {
    this.#tell.phase('apply')
    const { session } = this.#state
    const after = await session.apply(plan, this.#identity(), { release: !reboots, lockFor: APPLY_LOCK })
    this.#state.host = after
    this.#tell.compare('apply', plan.predicted, after)
    // Read back: the same modules on the new look say whether files, menu and images are now what was asked for.
    const readBack = this.#segment.plan(after)
    const left = readBack.outcomes.find(
      outcome => outcome.kind === 'change' || outcome.kind === 'blocked' || rebuildsOf(outcome).length > 0,
    )
    if (left !== undefined) await this.#takeBack(plan, after, left.why)
    return this.#segment.outcomes(readBack)
  }

  /** What did not bring what it was for must not decide the next boot. */
  async #takeBack(plan: Plan, seen: Host, why: string): Promise<never> {
    const { session } = this.#state
    this.#tell.phase('apply', 'taking it back')
    const undone = await session
      .apply(undoPlan(plan, seen), this.#identity(), { release: true, lockFor: APPLY_LOCK })
      .then(() => true)
      .catch(error => {
        if (!(error instanceof UserError)) throw error
        return false
      })
    throw this.#tell.failure(
      `it was applied, and reading it back shows that it is not so: ${why}`,
      undone
        ? 'not rebooted; the files were put back as they were'
        : 'not rebooted; NOT everything could be put back: the originals are in /var/lib/vfio-run/runs on the host',
    )
  }

  #identity(): Identity {
    if (this.#state.identity === undefined) throw new Error('a segment without a task')
    return this.#state.identity
  }

  /** As a handler it was notified; as a task it reboots only when something waits for it, or always. */
  async #rebootTask(entry: Entry): Promise<void> {
    const { host } = this.#state
    if (host === undefined) return
    const isHandler = this.#play.handlers.includes(entry.task)
    const plan = this.#segment.plan(host)
    const due = rebootReasons(plan.predicted, [...this.#done, ...this.#segment.calls])
    if (isHandler || due.length > 0 || entry.call?.args.always === true) await this.#reboot(entry)
    else this.#tell.result(entry, { kind: 'converged', why: 'nothing waits for a reboot' })
  }

  async #reboot(entry: Entry): Promise<void> {
    const left = this.#whyLeft()
    await this.#endSegment({ reboots: left === undefined })
    const { host } = this.#state
    if (host === undefined) return
    const because = rebootReasons(host, this.#done).join('; ') || 'it was asked for'
    const vain = vainReboot(host, this.#done)
    if (vain !== undefined) throw this.#tell.failure(vain.why, vain.hint)
    if (left !== undefined || this.#options.check) {
      // What follows is planned on what that reboot will bring.
      this.#state.host = boot(withChosenLoader(host, this.#done))
      this.#state.tally.rebootPending = because + (left ?? '')
      if (left === undefined) this.#tell.status(entry.task, 'changed', `would reboot: ${because}`)
      else this.#tell.status(entry.task, 'skipped', `a reboot is due: ${because}${left}`)
      return
    }
    await this.#rebootNow(entry, host, because)
    this.#tell.status(entry.task, 'changed', `rebooted: ${because}`)
  }

  /** Why the reboot is left to somebody else; undefined: it is ours. The own machine also under another name. */
  #whyLeft(): string | undefined {
    const { local, host } = this.#state
    const { ownBootId, noReboot } = this.#options
    const isOwn =
      local || (ownBootId !== undefined && host !== undefined && ownBootId === ifKnown(host.bootId))
    if (isOwn) return '; this is the machine that runs the play: reboot, then run again to prove'
    return noReboot ? ' (--no-reboot)' : undefined
  }

  async #rebootNow({ call }: Entry, host: Host, because: string): Promise<void> {
    const bootId = ifKnown(host.bootId)
    if (bootId === undefined)
      throw this.#tell.failure(
        'its boot_id cannot be read, so a reboot could not be proved',
        'look at /proc/sys/kernel/random/boot_id',
      )
    const seconds = (name: string) => (typeof call?.args[name] === 'number' ? call.args[name] : 0)
    await wait(seconds('pre_reboot_delay') * 1000)
    this.#tell.phase('reboot', because)
    const groups = ifKnown(groupsOf(host))
    const record = {
      bootId,
      reasons: rebootReasons(host, this.#done),
      configuration: bootFingerprint(host),
      ...(groups && { groups }),
    }
    await this.#state.session.reboot(record, this.#identity(), {
      timeout: seconds('reboot_timeout'),
      connectTimeout: seconds('connect_timeout'),
      message: typeof call?.args.msg === 'string' ? call.args.msg : '',
      onWait: elapsed => this.#tell.phase('reboot', `waiting for it to come back, ${Math.round(elapsed)} s`),
      stopped: this.#options.stopped,
    })
    await wait(seconds('post_reboot_delay') * 1000)
    await this.#prove(host)
  }

  /** The reboot must have brought what it was for. */
  async #prove(before: Host): Promise<void> {
    this.#tell.phase('prove')
    const after = await this.#state.session.look(this.#identity(), { settle: true, last: true })
    this.#state.host = after
    this.#tell.compare('boot', boot(withChosenLoader(before, this.#done)), after)
    const { outcomes } = planTasks(after, this.#done)
    planTasks(before, this.#done).outcomes.forEach((waited, n) => {
      const [entry, outcome] = [this.#doneEntries[n], outcomes[n]]
      if (waited.kind === 'pending' && entry && outcome) this.#tell.findings(entry.task, outcome)
    })
    const left = outcomes.find(({ kind }) => kind !== 'converged' && kind !== 'unknown')
    if (left === undefined) this.#tell.nothingPends()
    else
      throw this.#tell.failure(
        `it was rebooted, and it is still not so: ${left.why}`,
        'compare /proc/cmdline with the loader’s menu, and look at journalctl -k -b',
      )
  }

  /** What still waits for a reboot at the end; a reboot that was foreseen or left has told already. */
  #dueReasons(host: Host): string[] {
    const isForeseen = host.bootId.is === 'unknown'
    return isForeseen
      ? this.#state.tally.rebootPending.split('; ').filter(Boolean)
      : rebootReasons(host, this.#done)
  }

  async #fail(error: UserError): Promise<void> {
    const { session, identity } = this.#state
    Object.assign(this.#state, { failed: true, locked: error.kind === 'locked', host: undefined })
    if (identity !== undefined) await session.giveLockBack(identity)
    this.#tell.hostFailed(error)
  }
}

function stillSo(events: readonly RunEvent[]): RunEvent[] {
  let isTold = false
  return events.filter(event => {
    if (event.event === 'task') isTold = ['ok', 'skipped', 'blocked'].includes(event.status)
    return event.event === 'host_failed' || ((event.event === 'task' || event.event === 'finding') && isTold)
  })
}

/** Seconds; an apply that takes longer than this has hung. */
const APPLY_LOCK = 3600

/** A dry run before the real one: it makes no connection, and so ends where another user would have to look. */
class Rehearsal extends HostPlay {
  override async run(): Promise<void> {
    try {
      await super.run()
    } catch (error) {
      if (!(error instanceof EndOfRehearsal)) throw error
    }
  }

  protected override async changeIdentity(): Promise<void> {
    throw new EndOfRehearsal()
  }
}

class EndOfRehearsal extends Error {}

const sameIdentity = (a: Identity, b: Identity): boolean =>
  a.become?.user === b.become?.user && a.become?.method === b.become?.method
