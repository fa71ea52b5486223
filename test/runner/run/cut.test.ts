import { cpSync, rmSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import type { Cut } from '../../sandbox/meter.ts'
import type { SandboxServer } from '../../sandbox/ssh_server.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { lockOf, sandboxOf } from './on_host.ts'
import { type Played, playFleet } from './play_fleet.ts'

const [HOST, OTHER] = ['z170-a', 'z170-b']

/** How many cuts a script gets in a direction, evenly over its bytes; the first and the last byte among them. */
const CUTS = { look: 10, apply: 60 }
/** Of the completed applies, every n-th is followed by a whole run. */
const FOLLOWED = 6

const counts: string[] = []
afterAll(() => console.log(`connections cut: ${counts.join('; ')}`))

describe.concurrent('a connection that is cut', () => {
  test.for([
    ['in', 'what is sent to the look', 'look'],
    ['out', 'what the look answers', 'look'],
    ['in', 'what is sent to the apply', 'apply'],
    ['out', 'what the apply answers', 'apply'],
  ] as const)(
    '(%s) anywhere in %s leaves a host as it was, or as it should be',
    { timeout: 300_000 },
    async ([direction, what, script]) => {
      await using fleet = await startFleet({ [HOST]: oneKernel, [OTHER]: oneKernel })
      const hosts = [new CutHost(fleet, HOST), new CutHost(fleet, OTHER)]
      const [length = 0] = await Promise.all(hosts.map(host => host.measure(direction, script)))
      const queue = steps(length, CUTS[script])
      const cutAll = async (host: CutHost): Promise<void> => {
        for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift())
          await host.cut(script, { direction, bytes })
        await host.endsConverged()
      }
      await Promise.all(hosts.map(cutAll))
      const [untouched, completed, uncut] = (['untouched', 'completed', 'uncut'] as const).map(outcome =>
        hosts.reduce((sum, { outcomes }) => sum + outcomes[outcome], 0),
      )
      expect(script === 'apply' && direction === 'out' ? completed : untouched).toBeGreaterThan(
        CUTS[script] / 2,
      )
      expect(uncut).toBeLessThanOrEqual(2)
      counts.push(
        `${CUTS[script]} in ${what} (${length} bytes): ${untouched} untouched, ${completed} completed`,
      )
    },
  )
})

const steps = (length: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => Math.round((n * (length - 1)) / (count - 1)))

/** A host whose runs are cut. A run after a cut begins where that left the host, as a user's next run does. */
class CutHost {
  /** Uncut: a run that was done within fewer bytes than the one that was measured. */
  readonly outcomes = { untouched: 0, completed: 0, uncut: 0 }
  readonly #fleet: Fleet
  readonly #name: string
  readonly #before: ReadonlyMap<string, string>
  #wanted: ReadonlyMap<string, string> = new Map()

  constructor(fleet: Fleet, name: string) {
    this.#fleet = fleet
    this.#name = name
    this.#before = this.#disk()
    for (const folder of FOLDERS) cpSync(this.#at(folder), this.#at(`/saved${folder}`), COPY)
  }

  /** Bytes of one script one way, by a run that is not cut. */
  async measure(direction: Cut['direction'], script: 'look' | 'apply'): Promise<number> {
    const { counters } = this.#server()
    // The look is told again once the connection is there.
    const marks = new Map<string, number>()
    const count = () => (direction === 'in' ? counters.bytesIn : counters.bytesOut)
    await this.#run(event => {
      if (event.event === 'phase') marks.set(event.phase, count())
    })
    const [look = 0, apply = 0] = ['look', 'apply'].map(phase => marks.get(phase))
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
    // A look that nobody listens to any more comes to its end by itself.
    await vi.waitFor(() => expect([at, leftBehind(this.#sandbox())]).toEqual([at, []]), { timeout: 10_000 })
    if (differences(this.#before, this.#disk()).length === 0) {
      expect([at, run.exitCode, run.failure(this.#name)]).toEqual([
        at,
        4,
        expect.stringMatching(script === 'look' ? /connection/ : /; nothing was changed\nrun again$/),
      ])
      this.outcomes.untouched++
      return
    }
    expect([at, run.exitCode, run.failure(this.#name)]).toEqual([at, 0, ''])
    this.#expectWanted(at)
    if (run.cost(this.#name).connections === 1) this.outcomes.uncut++
    if (this.outcomes.completed++ % FOLLOWED === 0) await this.#expectConverged(at)
    this.#reset()
  }

  async endsConverged(): Promise<void> {
    expect((await this.#run()).exitCode).toBe(0)
    this.#expectWanted('at the end')
    await this.#expectConverged('at the end')
  }

  /** Images differ from build to build in their time stamps: what is in them, the run itself reads back. */
  #expectWanted(at: string): void {
    const half = differences(this.#wanted, this.#disk()).filter(path => !path.startsWith('/boot/initrd.img-'))
    expect([at, half]).toEqual([at, []])
  }

  async #expectConverged(at: string): Promise<void> {
    const next = await this.#run()
    expect([at, next.exitCode, next.of('diff'), next.of('command')]).toEqual([at, 0, [], []])
  }

  #run(onEvent: (event: RunEvent) => void = () => {}): Promise<Played> {
    return playFleet(this.#fleet, { noReboot: true, limit: this.#name, onEvent })
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
    return sandboxOf(this.#fleet, this.#name)
  }

  #server(): SandboxServer {
    const host = this.#fleet.hosts.get(this.#name)
    if (host === undefined) throw new Error(`the fleet has no ${this.#name}`)
    return host.server
  }
}

const FOLDERS = ['/etc', '/boot']
const COPY = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }
