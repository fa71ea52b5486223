import { groupsOf } from '../../host/acs_groups.ts'
import { boot } from '../../host/boot.ts'
import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import type { Outcome } from '../../modules/define.ts'
import { bootFingerprint, type PlannedCall, planTasks, rebootReasons, withChosenLoader } from '../plan.ts'
import { waitUntil } from './action_run.ts'
import type { Scene } from './scene.ts'
import type { Entry } from './segment.ts'
import type { Stage } from './stage.ts'
import { vainReboot } from './vain_reboot.ts'

/** The `reboot` module on one host: whether it is due, whose it is to make, and that it has brought what it was for. */
export class RebootTask {
  readonly #scene: Scene
  readonly #stage: Stage

  constructor(scene: Scene, stage: Stage) {
    this.#scene = scene
    this.#stage = stage
  }

  /** As a handler it was notified; as a task it reboots only when something waits for it, or always. @returns whether it did. */
  async run(entry: Entry, call: PlannedCall): Promise<boolean> {
    const { state, play, segment, tell } = this.#scene
    if (state.host === undefined) return false
    const isHandler = play.handlers.includes(entry.task)
    const { predicted } = segment.plan(state.host)
    const due = rebootReasons(predicted, [...this.#stage.calls, ...segment.calls])
    if (isHandler || due.length > 0 || call.args.always === true) return await this.#reboot(entry, call)
    tell.status(entry, 'ok', 'nothing waits for a reboot')
    return false
  }

  /** What still waits for a reboot at the end; a reboot that was foreseen or left has told already. */
  dueReasons(host: Host): string[] {
    const isForeseen = host.bootId.is === 'unknown'
    return isForeseen
      ? this.#scene.state.tally.rebootPending.split('; ').filter(Boolean)
      : rebootReasons(host, this.#stage.calls)
  }

  async #reboot(entry: Entry, call: PlannedCall): Promise<boolean> {
    const { state, options, tell } = this.#scene
    const left = this.#whyLeft()
    const isForeseen = options.check || entry.isOnlyPlanned
    await this.#stage.endSegment({ reboots: left === undefined && !isForeseen })
    const { host } = state
    if (host === undefined) return false
    const because = rebootReasons(host, this.#stage.calls).join('; ') || 'it was asked for'
    const vain = vainReboot(host, this.#stage.calls)
    if (vain !== undefined) throw tell.failure(vain.why, vain.hint)
    if (left === undefined && !isForeseen) {
      await this.#rebootNow(call, host, because)
      tell.status(entry, 'changed', `rebooted: ${because}`)
      return true
    }
    // What follows is planned on what that reboot will bring.
    if (!entry.isOnlyPlanned) {
      state.host = boot(withChosenLoader(host, this.#stage.calls))
      state.foreseesBoot = true
    }
    state.tally.rebootPending = because + (left ?? '')
    if (left === undefined) tell.status(entry, 'changed', `would reboot: ${because}`)
    else tell.status(entry, 'skipped', `a reboot is due: ${because}${left}`)
    return left === undefined
  }

  /** Why the reboot is left to somebody else; undefined: it is ours. The own machine also under another name. */
  #whyLeft(): string | undefined {
    const { local, seen } = this.#scene.state
    const { ownBootId, noReboot } = this.#scene.options
    // As it was seen: what was planned since may have foreseen a reboot.
    const isOwn =
      local || (ownBootId !== undefined && seen !== undefined && ownBootId === ifKnown(seen.bootId))
    if (isOwn) return '; this is the machine that runs the play: reboot, then run again to prove'
    return noReboot ? ' (--no-reboot)' : undefined
  }

  async #rebootNow(call: PlannedCall, host: Host, because: string): Promise<void> {
    const { state, options, tell } = this.#scene
    const bootId = ifKnown(host.bootId)
    if (bootId === undefined)
      throw tell.failure(
        'its boot_id cannot be read, so a reboot could not be proved',
        'look at /proc/sys/kernel/random/boot_id',
      )
    const seconds = (name: string) => (typeof call.args[name] === 'number' ? call.args[name] : 0)
    await this.#wait(seconds('pre_reboot_delay'))
    await options.company.gate(state.name, this.#stage.position)
    this.#stage.heed()
    tell.phase('reboot', because)
    const groups = ifKnown(groupsOf(host))
    const record = {
      bootId,
      reasons: rebootReasons(host, this.#stage.calls),
      configuration: bootFingerprint(host),
      ...(groups && { groups }),
    }
    await state.session.reboot(record, this.#stage.identity, {
      timeout: seconds('reboot_timeout'),
      connectTimeout: seconds('connect_timeout'),
      testCommand: typeof call.args.test_command === 'string' ? call.args.test_command : '',
      message: typeof call.args.msg === 'string' ? call.args.msg : '',
      onWait: elapsed => tell.phase('reboot', `waiting for it to come back, ${Math.round(elapsed)} s`),
      stopped: options.stopped,
    })
    await this.#wait(seconds('post_reboot_delay'))
    await this.#prove(host)
  }

  /** Ends early when the user interrupts. */
  async #wait(seconds: number): Promise<void> {
    if (seconds <= 0) return
    const { company, stop, abandon } = this.#scene.options
    await company.waiting(() => waitUntil(seconds, stop))
    abandon.throwIfAborted()
  }

  /** The reboot must have brought what it was for. */
  async #prove(before: Host): Promise<void> {
    const { state, tell } = this.#scene
    const { calls } = this.#stage
    tell.phase('prove')
    const after = await state.session.look(this.#stage.identity, { settle: true, last: true })
    state.host = after
    state.seen = after
    state.foreseesBoot = false
    tell.compare('boot', boot(withChosenLoader(before, calls)), after)
    const { outcomes } = planTasks(after, calls)
    const waited = planTasks(before, calls).outcomes
    waited.forEach(({ kind }, n) => {
      const [one, outcome] = [state.done[n], outcomes[n]]
      if (kind === 'pending' && one && outcome) tell.findings(one.entry.task, outcome)
    })
    // What the play itself has gone over since, by a later task or a command, was so before the reboot.
    const left = outcomes.find(
      ({ kind }, n) => !SETTLED.has(kind) && !(kind === 'change' && waited[n]?.kind === 'change'),
    )
    if (left === undefined) tell.nothingPends()
    else
      throw tell.failure(
        `it was rebooted, and it is still not so: ${left.why}`,
        'compare /proc/cmdline with the loader’s menu, and look at journalctl -k -b',
      )
  }
}

const SETTLED: ReadonlySet<Outcome['kind']> = new Set(['converged', 'unknown'])
