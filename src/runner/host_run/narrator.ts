import { findBootloader } from '../../backends/bootloaders/index.ts'
import { findInitramfs } from '../../backends/initramfs/index.ts'
import { UserError } from '../../errors.ts'
import { type Change, editsOf, type FileEdit } from '../../host/change.ts'
import { compareHosts } from '../../host/compare.ts'
import type { Host } from '../../host/host.ts'
import type { Outcome } from '../../modules/define.ts'
import { isRefusal } from '../../refusal.ts'
import type { Phase, TaskStatus } from '../events.ts'
import type { Plan } from '../plan.ts'
import type { Play, Task } from '../run_types.ts'
import type { Entry } from './segment.ts'
import type { HostPlayOptions, HostState } from './state.ts'

/** Tells what happens on one host in one play, as events, and keeps its tally. */
export class Narrator {
  readonly #state: HostState
  readonly #play: Play
  readonly #options: HostPlayOptions
  #toldBoots = false

  constructor(state: HostState, play: Play, options: HostPlayOptions) {
    this.#state = state
    this.#play = play
    this.#options = options
  }

  /** Throws where the user has asked to stop: a phase is what can be stopped before. */
  phase(phase: Phase, detail?: string): void {
    if (this.#options.stopped() && phase !== 'done')
      throw this.failure(
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

  /** The files that change, where --diff asks for them, and the commands and bindings: rebuilds come last. */
  preview(plan: Plan): void {
    const { emit, diff, check } = this.#options
    const host = this.#state.name
    if (plan.rebuilds.length > 0 || plan.changes.some(change => editsOf(change).length > 0))
      this.#boots(plan.predicted)
    for (const { path, before, after } of diff ? wholeEdits(plan.changes) : [])
      emit({ event: 'diff', host, path, before, after })
    for (const change of plan.changes) {
      if (change.kind === 'run')
        emit({ event: 'command', host, argv: change.argv, reason: change.reason, check })
      if (change.kind === 'bind') {
        const { address, id, from, to } = change
        emit({ event: 'bind', host, address, id, from, to, check })
      }
    }
    for (const { commands, reason } of plan.rebuilds)
      for (const argv of commands) emit({ event: 'command', host, argv, reason, check })
  }

  result({ task, skipped }: Entry, outcome: Outcome | undefined): void {
    if (outcome === undefined) this.status(task, 'skipped', skipped)
    else
      this.status(task, statusOf(outcome), outcome.why, outcome.kind === 'blocked' ? outcome.hint : undefined)
    if (outcome !== undefined) this.findings(task, outcome)
  }

  /** Also after a reboot, of tasks that were told when they began to wait for it. */
  findings(task: Task, { findings = [] }: Outcome): void {
    for (const finding of findings)
      this.#options.emit({
        event: 'finding',
        host: this.#state.name,
        play: this.#play.name,
        task: task.name,
        ...finding,
      })
  }

  status(task: Task, status: TaskStatus, why: string, hint?: string): void {
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

  /** A reboot has brought what tasks waited for. */
  nothingPends(): void {
    const { tally } = this.#state
    tally.ok += tally.pending
    tally.pending = 0
  }

  compare(after: 'apply' | 'boot', predicted: Host, seen: Host): void {
    this.#options.emit({
      event: 'prediction',
      host: this.#state.name,
      after,
      ...compareHosts(predicted, seen),
    })
  }

  failure(why: string, hint: string): UserError {
    return new UserError({ kind: 'failed', where: this.#state.name, why, hint })
  }

  hostFailed({ kind, where, why, hint }: UserError): void {
    const { tally, session, name } = this.#state
    if (kind === 'unreachable') tally.unreachable++
    else if (tally.failed === 0) tally.failed++
    this.#options.emit({
      event: 'host_failed',
      host: name,
      status: kind === 'unreachable' || kind === 'locked' ? kind : 'failed',
      why: where === name ? why : `${where}: ${why}`,
      ...(hint === undefined ? {} : { hint }),
      ...(session.output.length > 0 ? { output: session.output.slice(-10) } : {}),
    })
  }

  /** What boots the host, and what says so: once, before the first change. */
  #boots(host: Host): void {
    const loader = findBootloader(host)
    if (this.#toldBoots || isRefusal(loader)) return
    this.#toldBoots = true
    const generator = findInitramfs(host)
    this.#options.emit({
      event: 'boots',
      host: this.#state.name,
      bootloader: loader.loader.name,
      evidence: loader.evidence,
      ...(isRefusal(generator) ? {} : { initramfs: generator.generator.name }),
    })
  }
}

/** A file that several programs edit in turn is shown once, from what it was to what it will be. */
function wholeEdits(changes: readonly Change[]): FileEdit[] {
  const byPath = Map.groupBy(changes.flatMap(editsOf), ({ path }) => path)
  return [...byPath].flatMap(([path, edits]) => {
    const [before, after] = [edits[0]?.before, edits.at(-1)?.after]
    return before === after ? [] : [{ path, before, after }]
  })
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
