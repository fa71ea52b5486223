import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { modules } from '../../../src/modules/index.ts'
import type { HostCounts, RunEvent } from '../../../src/runner/events.ts'
import { type LoadOptions, loadRun } from '../../../src/runner/load.ts'
import { type RunOptions, runPlays } from '../../../src/runner/run.ts'
import { connect } from '../../../src/runner/transport/connect.ts'
import type { Fleet } from '../../sandbox/fleet.ts'

/** Runs a playbook on a fleet in this process, over real SSH on loopback, and tells what there was to see. */
export async function playFleet(fleet: Fleet, options: PlayOptions = {}): Promise<Played> {
  const events: RunEvent[] = []
  const before = countersOf(fleet)
  const run = await loadRun({ ...LOAD, inventories: [fleet.inventory], ...options })
  const exitCode = await runPlays(run, {
    ...RUN,
    run: `test-${++runs}`,
    connect: target => connect(target, { ...CONNECT, knownHostsFiles: [fleet.knownHosts] }),
    ...options,
    emit: event => {
      events.push(event)
      options.onEvent?.(event)
    },
  })
  return new Played(events, exitCode, before, countersOf(fleet))
}

export type PlayOptions = Partial<LoadOptions & Omit<RunOptions, 'emit'>> & {
  /** Called before the run goes on: what it does to a host, the run meets. */
  readonly onEvent?: (event: RunEvent) => void
}

/** What a fleet's servers counted while a playbook ran; bytes as they are on the wire. */
export interface Cost {
  readonly connections: number
  readonly execs: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** A run that is over. */
export class Played {
  readonly events: readonly RunEvent[]
  readonly exitCode: number
  readonly #before: ReadonlyMap<string, Cost>
  readonly #after: ReadonlyMap<string, Cost>

  constructor(
    events: readonly RunEvent[],
    exitCode: number,
    before: ReadonlyMap<string, Cost>,
    after: ReadonlyMap<string, Cost>,
  ) {
    this.events = events
    this.exitCode = exitCode
    this.#before = before
    this.#after = after
  }

  cost(host: string): Cost {
    const [then, now] = [this.#before.get(host) ?? FREE, this.#after.get(host) ?? FREE]
    return {
      connections: now.connections - then.connections,
      execs: now.execs - then.execs,
      bytesIn: now.bytesIn - then.bytesIn,
      bytesOut: now.bytesOut - then.bytesOut,
    }
  }

  /** What the recap says of a host. */
  recap(host: string): HostCounts {
    const counts = this.of('recap')[0]?.hosts[host]
    if (counts === undefined) throw new Error(`the recap does not have ${host}`)
    return counts
  }

  of<Name extends RunEvent['event']>(name: Name, host?: string): Extract<RunEvent, { event: Name }>[] {
    return this.events
      .filter((event): event is Extract<RunEvent, { event: Name }> => event.event === name)
      .filter(event => host === undefined || ('host' in event && event.host === host))
  }

  /** Why a host took no further part, with the hint below it; '' where it took part to the end. */
  failure(host: string): string {
    return this.of('host_failed', host)
      .map(({ status, why, hint }) => `${status}: ${why}${hint === undefined ? '' : `\n${hint}`}`)
      .join('\n')
  }

  /** Whether it asked a host to reboot. */
  rebooted(host: string): boolean {
    return this.of('phase', host).some(({ phase }) => phase === 'reboot')
  }
}

/** A playbook of a test's own, in the fleet's folder. @returns its path. */
export function writePlaybook(fleet: Fleet, text: string): string {
  const path = join(fleet.folder, `play-${++playbooks}.yaml`)
  writeFileSync(path, text)
  return path
}

let runs = 0
let playbooks = 0

const LOAD: Omit<LoadOptions, 'inventories'> = {
  playbook: 'playbooks/gpu.yaml',
  limit: undefined,
  extraVars: [],
  become: false,
  becomePassword: undefined,
  user: undefined,
  privateKey: undefined,
  connectTimeout: 30,
  modules,
}

const never = new AbortController().signal

const RUN: Omit<RunOptions, 'emit' | 'connect' | 'run'> = {
  check: false,
  diff: true,
  noReboot: false,
  ownBootId: undefined,
  detailedExitCode: false,
  forks: 20,
  who: 'tester@localhost',
  stop: never,
  abandon: never,
}

const CONNECT = { acceptNewHostKeys: false, passphrase: undefined }

const FREE: Cost = { connections: 0, execs: 0, bytesIn: 0, bytesOut: 0 }

const countersOf = ({ hosts }: Fleet): ReadonlyMap<string, Cost> =>
  new Map(
    [...hosts].map(([name, { server }]) => [
      name,
      { ...server.counters, execs: server.counters.execs.length },
    ]),
  )
