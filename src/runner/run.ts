import type { Extra } from '../host/gather.ts'
import type { HostCounts, RunEvent, SnapshotsUsed } from './events.ts'
import { ansibleFacts } from './host_run/ansible_facts.ts'
import { Batch, tasksIn } from './host_run/batch.ts'
import { HostPlay } from './host_run/host_play.ts'
import { Link } from './host_run/link.ts'
import { Session } from './host_run/session.ts'
import type { HostPlayOptions, HostState, Tally } from './host_run/state.ts'
import { LiveVariables } from './live_variables.ts'
import { Places } from './places.ts'
import type { Play, Run } from './run_types.ts'
import { withoutSecrets } from './secret_events.ts'
import type { Snapshots } from './snapshot/snapshots.ts'
import type { Target, Transport } from './transport/transport.ts'

export interface RunOptions {
  readonly check: boolean
  readonly diff: boolean
  /** How many -v there are; none where it is left out. */
  readonly verbosity?: number
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
  /** --step: asked before each task, once for all hosts. */
  readonly step?: ((task: string) => Promise<'yes' | 'no' | 'continue'>) | undefined
  /** pause and other questions; undefined where nobody can answer. */
  readonly ask?:
    | ((prompt: string, options: { readonly echo: boolean }) => Promise<string | undefined>)
    | undefined
  /** `stop`: the first Ctrl-C, hosts finish their step; `abandon`: the second, connections are given up. */
  readonly stop: AbortSignal
  readonly abandon: AbortSignal
}

/** All plays on all their hosts, each host at its own pace within a batch. Returns the exit code. */
export async function runPlays(run: Run, given: RunOptions): Promise<number> {
  const { secrets } = run
  const doing = new Map<string, PhaseEvent>()
  const emit: RunOptions['emit'] = event => {
    if (event.event === 'phase' && event.phase !== 'connect') doing.set(event.host, event)
    given.emit(secrets ? withoutSecrets(event, secrets) : event)
  }
  const options = { ...given, emit }
  const names = [...new Set(run.plays.flatMap(play => play.hosts))]
  emit({
    event: 'run',
    playbook: run.playbook,
    check: options.check,
    hosts: names,
    ...fromSnapshots(names, options.snapshots),
  })
  for (const why of run.warnings ?? []) emit({ event: 'warning', why })
  const live = new LiveVariables()
  const states = new Map(names.map(name => [name, stateOf(name, run, live, options, () => doing.get(name))]))
  const fleet: Fleet = { states, localhost: localhostOf(run, options), forks: new Places(options.forks) }
  try {
    for (const play of run.plays) {
      if (options.stop.aborted || (await runPlay(play, fleet, options)) === 'end') break
    }
  } finally {
    const links = [...[...states.values()].map(({ link }) => link), fleet.localhost]
    await Promise.all(links.map(link => link?.[Symbol.asyncDispose]()))
  }
  const hosts = Object.fromEntries([...states].map(([name, state]) => [name, countsOf(state)]))
  const exitCode = options.stop.aborted
    ? 130
    : exitCodeOf(Object.values(hosts), [...states.values()], options)
  emit({ event: 'recap', hosts, exitCode })
  return exitCode
}

type PhaseEvent = Extract<RunEvent, { event: 'phase' }>

interface Fleet {
  readonly states: ReadonlyMap<string, HostState>
  /** undefined: no host is to be reached. */
  readonly localhost: Link | undefined
  readonly forks: Places
}

/** Batch after batch. `end`: too many have failed for the plays that follow, too. */
async function runPlay(play: Play, fleet: Fleet, options: RunOptions): Promise<'go on' | 'end'> {
  const { emit, stop } = options
  const taking = (names: readonly string[]): HostState[] =>
    names.flatMap(name => fleet.states.get(name) ?? []).filter(({ takesPart }) => takesPart)
  emit({ event: 'play', play: play.name, hosts: namesOf(taking(play.hosts)) })
  for (const [n, names] of play.batches.entries()) {
    if (stop.aborted) break
    const hosts = taking(names)
    if (play.batches.length > 1)
      emit({ event: 'batch', play: play.name, number: n + 1, of: play.batches.length, hosts: namesOf(hosts) })
    const batch = new Batch(names, namesOf(hosts), play, {
      forks: fleet.forks,
      playHosts: () => namesOf(taking(play.named ?? play.hosts)),
      step: options.step,
      ask: options.ask,
    })
    await runBatch(hosts, play, batch, fleet, options)
    if (batch.endsRun) return 'end'
    if (batch.endsPlay) break
  }
  return 'go on'
}

async function runBatch(
  hosts: readonly HostState[],
  play: Play,
  batch: Batch,
  fleet: Fleet,
  options: RunOptions,
): Promise<void> {
  const { check, diff, noReboot, ownBootId, emit, stop, abandon } = options
  const { localhost } = fleet
  if (localhost === undefined) return
  const playOptions: HostPlayOptions = {
    check,
    rehearsal: false,
    diff,
    verbosity: options.verbosity ?? 0,
    noReboot,
    stepwise: options.step !== undefined,
    isOffline: options.snapshots !== undefined,
    ownBootId,
    emit,
    stopped: () => stop.aborted,
    stop,
    abandon,
    company: batch,
    localhost,
    forgive: () => {
      for (const state of fleet.states.values()) state.takesPart = true
    },
  }
  const results = await Promise.allSettled(
    hosts.map(state =>
      fleet.forks.hold(async () => {
        try {
          if (stop.aborted)
            emit({ event: 'host_stopped', host: state.name, why: 'interrupted before it began' })
          else await new HostPlay(state, play, playOptions).run()
        } finally {
          batch.leave(state.name)
        }
      }),
    ),
  )
  // One failed host never stops another; a defect of ours does, once all have come to rest.
  const defect = results.find(result => result.status === 'rejected')
  if (defect?.status === 'rejected' && !abandon.aborted) throw defect.reason
}

const namesOf = (states: readonly HostState[]): string[] => states.map(({ name }) => name)

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

/** `doing`: the phase that the host is in, which connecting only interrupts. */
function stateOf(
  name: string,
  run: Run,
  live: LiveVariables,
  options: RunOptions,
  doing: () => PhaseEvent | undefined,
): HostState {
  const { connect, run: id, who, abandon, emit, snapshots } = options
  const target = run.targets.get(name)
  if (target === undefined) throw new Error(`no target for ${name}`)
  const link = new Link(target, {
    connect: async one => {
      const before = doing()
      // Each poll of a reboot connects: it is the reboot that goes on.
      if (before?.phase === 'reboot') return await connect(one)
      emit({ event: 'phase', host: name, phase: 'connect' })
      const transport = await connect(one)
      if (before !== undefined && before.phase !== 'done') emit(before)
      return transport
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
  const state: HostState = {
    name,
    link,
    session,
    tally: zero(),
    local: target.connection === 'local',
    live,
    host: undefined,
    seen: undefined,
    identity: undefined,
    done: [],
    foreseen: [],
    foreseesBoot: false,
    failed: false,
    locked: false,
    takesPart: true,
  }
  live.observe(name, () => state.seen && ansibleFacts(state.seen, { leavesOutUnknown: !options.check }))
  return state
}

/** The machine that runs the play, whatever the inventory says of a host of that name. */
function localhostOf({ targets }: Run, { connect, abandon }: RunOptions): Link | undefined {
  const [any] = targets.values()
  const target = any && ({ ...any, name: 'localhost', host: 'localhost', connection: 'local' } as const)
  return target && new Link(target, { connect, signal: abandon })
}

const extrasOf = ({ plays }: Run): ReadonlySet<Extra> =>
  new Set(
    plays.flatMap(play =>
      tasksIn(play).flatMap(({ word }) => (word.kind === 'module' ? (word.module.observes ?? []) : [])),
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
  const failed = states.some(state => state.tally.failed > 0 && !state.locked)
  if (failed && unreachable) return 6
  if (failed) return 2
  if (unreachable) return 4
  if (locked) return 7
  const due = hosts.some(
    host => host.rebootPending !== '' || (check && (host.changed > 0 || host.pending > 0)),
  )
  return detailedExitCode && due ? 3 : 0
}
