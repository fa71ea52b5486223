import { findBootloader } from '../../backends/bootloaders/index.ts'
import { findInitramfs } from '../../backends/initramfs/index.ts'
import { UserError } from '../../errors.ts'
import { type Change, editsOf, type FileEdit } from '../../host/change.ts'
import { compareHosts } from '../../host/compare.ts'
import type { Host } from '../../host/host.ts'
import { isRefusal } from '../../refusal.ts'
import type { Ran } from '../actions/action.ts'
import type { Phase, TaskStatus } from '../events.ts'
import type { Plan } from '../plan.ts'
import { type Play, type Task, wordName } from '../run_types.ts'
import { Interrupted } from './interrupted.ts'
import type { Entry, Segment } from './segment.ts'
import type { HostPlayOptions, HostState } from './state.ts'
import { isFailed, type Told, tellLoop } from './told.ts'

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
    if (this.#options.stopped() && phase !== 'done') throw new Interrupted(this.#state.name)
    this.#options.emit({
      event: 'phase',
      host: this.#state.name,
      phase,
      ...(detail === undefined ? {} : { detail }),
    })
  }

  /** The files that change, where --diff asks for them, and the commands and bindings: rebuilds come last. */
  preview(plan: Plan, hidden: ReturnType<Segment['hidden']>, isApplied: boolean): void {
    const { emit } = this.#options
    const check = !isApplied
    const host = this.#state.name
    for (const { path, before, after } of wholeEdits(plan.changes))
      if (!hidden.paths.has(path)) emit({ event: 'diff', host, path, before, after })
    for (const change of plan.changes) {
      if (change.kind === 'run' && !hidden.changes.has(change))
        emit({ event: 'command', host, argv: change.argv, reason: change.reason, check })
      if (change.kind === 'bind') {
        const { address, id, from, to } = change
        emit({ event: 'bind', host, address, id, from, to, check })
      }
    }
    for (const { commands, reason } of plan.rebuilds)
      for (const argv of commands) emit({ event: 'command', host, argv, reason, check })
  }

  /** A task and, where it has a loop, its rounds before it. It is counted once. */
  result(entry: Entry, rounds: readonly Told[]): void {
    if (entry.isLoop)
      for (const told of rounds) {
        this.#emitTask(entry, told, told.label)
        this.findings(entry.task, told)
      }
    const [only] = rounds
    const told = entry.isLoop || only === undefined ? tellLoop(rounds) : only
    // As Ansible does: what meta has done shows by itself.
    if (isMeta(entry.task) && told.status === 'ok') return
    this.#count(entry, told)
    this.#emitTask(entry, told)
    if (!entry.isLoop) this.findings(entry.task, told)
  }

  /** Of a task without rounds. */
  status(entry: Entry, status: TaskStatus, why: string): void {
    this.result({ ...entry, isLoop: false }, [{ status, why, notifies: false }])
  }

  /** Also after a reboot, of tasks that were told when they began to wait for it. */
  findings(task: Task, { findings = [] }: Pick<Told, 'findings'>): void {
    if (task.noLog) return
    for (const finding of findings)
      this.#options.emit({
        event: 'finding',
        host: this.#state.name,
        play: this.#play.name,
        task: task.name,
        ...finding,
      })
  }

  /** As Ansible counts (plugins/strategy/__init__.py): what is ignored is ok, too; meta is no task. */
  #count({ task, isIgnored, result }: Entry, { status }: Told): void {
    const { tally } = this.#state
    if (isMeta(task)) return
    if (isFailed(status) && isIgnored) {
      tally.ok++
      tally.ignored++
      if (result?.fields.changed === true) tally.changed++
    } else if (isFailed(status)) tally.failed++
    else if (status === 'unknown') tally.pending++
    else if (status === 'changed') {
      tally.ok++
      tally.changed++
    } else if (status !== 'blocked') tally[status]++
  }

  #emitTask({ task, isIgnored }: Entry, { status, why, hint, ran }: Told, item?: string): void {
    this.#options.emit({
      event: 'task',
      host: this.#state.name,
      play: this.#play.name,
      task: task.name,
      module: wordName(task.word),
      status,
      why,
      ...(hint === undefined ? {} : { hint }),
      ...(item === undefined ? {} : { item }),
      ...(isIgnored && isFailed(status) ? { ignored: true as const } : {}),
      ...(ran === undefined ? {} : { ran }),
    })
  }

  rescue(block: string, why: string): void {
    this.#state.tally.rescued++
    this.#options.emit({ event: 'rescue', host: this.#state.name, block, why })
  }

  stopped(why: string): void {
    this.#options.emit({ event: 'host_stopped', host: this.#state.name, why })
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

  /** `ran`: what failed. */
  hostFailed({ kind, where, why, hint }: UserError, ran: Ran | undefined): void {
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
      ...(ran === undefined ? {} : { ran }),
    })
  }

  /** What boots the host, and what says so: once, before the first change. */
  boots(host: Host): void {
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

const isMeta = ({ word }: Task): boolean => word.kind === 'action' && word.action.name === 'meta'

/** A file that several programs edit in turn is shown once, from what it was to what it will be. */
function wholeEdits(changes: readonly Change[]): FileEdit[] {
  const byPath = Map.groupBy(changes.flatMap(editsOf), ({ path }) => path)
  return [...byPath].flatMap(([path, edits]) => {
    const [before, after] = [edits[0]?.before, edits.at(-1)?.after]
    return before === after ? [] : [{ path, before, after }]
  })
}
