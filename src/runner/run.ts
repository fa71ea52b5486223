import pLimit from 'p-limit'
import type { Extra } from '../host/gather.ts'
import type { HostCounts, RunEvent, SnapshotsUsed } from './events.ts'
import { HostPlay } from './host_run/host_play.ts'
import { Link } from './host_run/link.ts'
import { Session } from './host_run/session.ts'
import type { HostPlayOptions, HostState, Tally } from './host_run/state.ts'
import type { Play, Run } from './run_types.ts'
import type { Snapshots } from './snapshot/snapshots.ts'
import type { Target, Transport } from './transport/transport.ts'

export interface RunOptions {
  readonly check: boolean
  readonly diff: boolean
  readonly noReboot: boolean
  /** boot_id of the machine that runs the play. */
  readonly ownBootId: string | undefined
  /** Exit 3 where a dry run found something to change, or a reboot is left to the user. */
  readonly detailedExitCode: boolean
  /** How many hosts at a time. */
  readonly forks: number
  readonly connect: (target: Target) => Promise<Transport>
  readonly run: string
  readonly who: string
  readonly emit: (event: RunEvent) => void
  /** Where hosts are planned as they were once: no host is reached, and the run must be a dry one. */
  readonly snapshots?: Snapshots | undefined
  /** `stop`: the first Ctrl-C, hosts finish their step; `abandon`: the second, connections are given up. */
  readonly stop: AbortSignal
  readonly abandon: AbortSignal
}

/** All plays on all their hosts; each host at its own pace within a play. Returns the exit code. */
export async function runPlays(run: Run, options: RunOptions): Promise<number> {
  const { emit } = options
  const names = [...new Set(run.plays.flatMap(play => play.hosts))]
  emit({
    event: 'run',
    playbook: run.playbook,
    check: options.check,
    hosts: names,
    ...fromSnapshots(names, options.snapshots),
  })
  const states = new Map(names.map(name => [name, stateOf(name, run, options)]))
  try {
    for (const play of run.plays) {
      if (options.stop.aborted) break
      await runPlay(play, states, options)
    }
  } finally {
    await Promise.all([...states.values()].map(({ link }) => link[Symbol.asyncDispose]()))
  }
  const hosts = Object.fromEntries([...states].map(([name, state]) => [name, countsOf(state)]))
  const exitCode = options.stop.aborted
    ? 130
    : exitCodeOf(Object.values(hosts), [...states.values()], options)
  emit({ event: 'recap', hosts, exitCode })
  return exitCode
}

async function runPlay(
  play: Play,
  states: ReadonlyMap<string, HostState>,
  options: RunOptions,
): Promise<void> {
  const { check, diff, noReboot, ownBootId, emit, stop } = options
  const hosts = play.hosts.flatMap(name => states.get(name) ?? []).filter(state => !state.failed)
  emit({ event: 'play', play: play.name, hosts: hosts.map(({ name }) => name) })
  const playOptions: HostPlayOptions = { check, diff, noReboot, ownBootId, emit, stopped: () => stop.aborted }
  const limit = pLimit(options.forks)
  const results = await Promise.allSettled(
    hosts.map(state =>
      limit(() => (stop.aborted ? undefined : new HostPlay(state, play, playOptions).run())),
    ),
  )
  // One failed host never stops another; a defect of ours does, once all have come to rest.
  const defect = results.find(result => result.status === 'rejected')
  if (defect?.status === 'rejected' && !options.abandon.aborted) throw defect.reason
}

/** When the hosts were looked at, first and last. */
function fromSnapshots(
  hosts: readonly string[],
  snapshots: Snapshots | undefined,
): { snapshots?: SnapshotsUsed } {
  const times = hosts.flatMap(host => snapshots?.takenAt(host)?.getTime() ?? [])
  if (snapshots === undefined || times.length === 0) return {}
  const [from = 0, to = 0] = [Math.min(...times), Math.max(...times)]
  return {
    snapshots: {
      folder: snapshots.folder,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
    },
  }
}

function stateOf(name: string, run: Run, options: RunOptions): HostState {
  const { connect, run: id, who, abandon, emit, snapshots } = options
  const target = run.targets.get(name)
  if (target === undefined) throw new Error(`no target for ${name}`)
  const link = new Link(target, {
    connect: async one => {
      emit({ event: 'phase', host: name, phase: 'connect' })
      return await connect(one)
    },
    signal: abandon,
  })
  const session = new Session(link, {
    run: id,
    who,
    extras: extrasOf(run),
    onOutput: (step, line) => emit({ event: 'output', host: name, step, line }),
    snapshot: snapshots && (() => snapshots.host(name)),
  })
  return {
    name,
    link,
    session,
    tally: zero(),
    local: target.connection === 'local',
    host: undefined,
    identity: undefined,
    failed: false,
    locked: false,
  }
}

const extrasOf = ({ plays }: Run): ReadonlySet<Extra> =>
  new Set(
    plays.flatMap(({ steps, handlers }) =>
      [...steps.flatMap(step => (step.kind === 'task' ? [step.task] : [])), ...handlers].flatMap(
        ({ module }) => module.observes ?? [],
      ),
    ),
  )

const zero = (): Tally => ({
  ok: 0,
  changed: 0,
  unreachable: 0,
  failed: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
  pending: 0,
  connections: 0,
  execs: 0,
  rebootPending: '',
})

const countsOf = ({ tally, link }: HostState): HostCounts => ({ ...tally, ...link.counts })

/** 0 fine · 2 failed or blocked · 3 changes or a reboot pending · 4 unreachable · 6 failed and unreachable · 7 locked. */
function exitCodeOf(
  hosts: readonly HostCounts[],
  states: readonly HostState[],
  { check, detailedExitCode }: RunOptions,
): number {
  const unreachable = hosts.some(host => host.unreachable > 0)
  const locked = states.some(state => state.locked)
  const failed = states.some(state => state.failed && !state.locked && state.tally.unreachable === 0)
  if (failed && unreachable) return 6
  if (failed) return 2
  if (unreachable) return 4
  if (locked) return 7
  const due = hosts.some(
    host => host.rebootPending !== '' || (check && (host.changed > 0 || host.pending > 0)),
  )
  return detailedExitCode && due ? 3 : 0
}
