import { cpSync, rmSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import type { Cut } from '../../sandbox/meter.ts'
import type { SandboxServer } from '../../sandbox/ssh_server.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { lockOf, sandboxOf } from './on_host.ts'
import { type Played, playFleet } from './play_fleet.ts'

const HOST = 'z170-a'

/** How many cuts a script and direction get, evenly over its bytes; the first and the last byte among them. */
const CUTS = { look: 12, apply: 60 }

const counts: string[] = []
afterAll(() => console.log(`connections cut: ${counts.join('; ')}`))

describe.concurrent('a connection that is cut', () => {
  test.for([
    ['in', 'what is sent to the look', 'look'],
    ['out', 'what the look answers', 'look'],
    ['in', 'what is sent to the apply', 'apply'],
    ['out', 'what the apply answers', 'apply'],
  ] as const)('(%s) anywhere in %s leaves a host as it was, or as it should be', async ([direction, what, script]) => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const host = new CutHost(fleet)
    const length = await host.measure(direction, script)
    for (const bytes of steps(length, CUTS[script])) await host.cut(script, { direction, bytes })
    await host.endsConverged()
    if (script === 'look') expect(host.outcomes.completed).toBe(0)
    else expect(host.outcomes[direction === 'in' ? 'untouched' : 'completed']).toBeGreaterThan(CUTS[script] / 2)
    const { untouched, completed } = host.outcomes
    counts.push(`${untouched + completed} in ${what} (${length} bytes): ${untouched} untouched, ${completed} completed`)
  })
})

const steps = (length: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => Math.round((n * (length - 1)) / (count - 1)))

/** A host whose runs are cut. A run after a cut begins where that left the host, as a user's next run does. */
class CutHost {
  readonly outcomes = { untouched: 0, completed: 0 }
  readonly #fleet: Fleet
  readonly #before: ReadonlyMap<string, string>
  #wanted: ReadonlyMap<string, string> = new Map()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#before = this.#disk()
    for (const folder of FOLDERS) cpSync(this.#at(folder), this.#at(`/saved${folder}`), COPY)
  }

  /** Bytes of one script one way, by a run that is not cut. */
  async measure(direction: Cut['direction'], script: 'look' | 'apply'): Promise<number> {
    const { counters } = this.#server()
    const marks: number[] = []
    const count = () => (direction === 'in' ? counters.bytesIn : counters.bytesOut)
    await this.#run(event => {
      if (event.event === 'phase' && (event.phase === 'look' || event.phase === 'apply')) marks.push(count())
    })
    const [look = 0, apply = 0] = marks
    this.#wanted = this.#disk()
    this.#reset()
    return script === 'look' ? apply - look : count() - apply
  }

  /** Runs, is cut, and looks at what has become of the host. */
  async cut(script: 'look' | 'apply', where: Cut): Promise<void> {
    this.#server().cutAfter({ ...where, fromExec: script === 'look' ? 1 : 2 })
    const run = await this.#run()
    this.#server().cutAfter({ ...where, bytes: Number.POSITIVE_INFINITY })
    const at = `after ${where.bytes} bytes ${where.direction}`
    expect([at, lockOf(this.#sandbox())]).toEqual([at, ''])
    expect([at, leftBehind(this.#sandbox())]).toEqual([at, []])
    if (differences(this.#before, this.#disk()).length === 0) {
      expect([at, run.exitCode, run.failure(HOST)]).toEqual([
        at,
        4,
        expect.stringMatching(script === 'look' ? /connection/ : /; nothing was changed\nrun again$/),
      ])
      this.outcomes.untouched++
      return
    }
    expect([at, run.exitCode, run.failure(HOST)]).toEqual([at, 0, ''])
    await this.#expectWhole(at)
    this.outcomes.completed++
    this.#reset()
  }

  async endsConverged(): Promise<void> {
    expect((await this.#run()).exitCode).toBe(0)
    await this.#expectWhole('at the end')
  }

  /** Images differ from build to build in their time stamps: what is in them is what the next run looks at. */
  async #expectWhole(at: string): Promise<void> {
    const half = differences(this.#wanted, this.#disk()).filter(path => !path.startsWith('/boot/initrd.img-'))
    const next = await this.#run()
    expect([at, half, next.exitCode, next.of('diff'), next.of('command')]).toEqual([at, [], 0, [], []])
  }

  #run(onEvent: (event: RunEvent) => void = () => {}): Promise<Played> {
    return playFleet(this.#fleet, { noReboot: true, onEvent })
  }

  #reset(): void {
    for (const folder of FOLDERS) {
      rmSync(this.#at(folder), { recursive: true })
      cpSync(this.#at(`/saved${folder}`), this.#at(folder), COPY)
    }
    rmSync(this.#at('/var/lib/vfio-run'), { recursive: true, force: true })
  }

  #disk(): ReadonlyMap<string, string> {
    return new Map(FOLDERS.flatMap(folder => [...hostTree(this.#sandbox(), folder)]))
  }

  #at(path: string): string {
    return this.#sandbox().at(path)
  }

  #sandbox(): Sandbox {
    return sandboxOf(this.#fleet)
  }

  #server(): SandboxServer {
    const host = this.#fleet.hosts.get(HOST)
    if (host === undefined) throw new Error(`the fleet has no ${HOST}`)
    return host.server
  }
}

const FOLDERS = ['/etc', '/boot']
const COPY = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }
