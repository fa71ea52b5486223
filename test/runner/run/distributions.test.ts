import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, type Member, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { arch, archUki, fedora, rocky, solus } from './members.ts'
import { sandboxOf } from './on_host.ts'
import { type Played, playFleet } from './play_fleet.ts'

type Tree = ReadonlyMap<string, string>

/** A machine of each kind, and the devices that it gives away. */
const MACHINES: readonly [string, Member, readonly string[]][] = [
  ['solus', solus, ['02:00.0', '02:00.1', '06:00.0']],
  ['fedora', fedora, ['01:00.0', '01:00.1']],
  ['rocky', rocky, ['01:00.0', '01:00.1']],
  ['arch', arch, ['01:00.0', '01:00.1', '01:00.2', '01:00.3']],
  ['arch-uki', archUki, ['01:00.0', '01:00.1', '01:00.2', '01:00.3']],
]

describe.each(MACHINES)('%s', (host, member, chosen) => {
  let fleet: Fleet
  let sandbox: Sandbox
  let native: ReadonlyMap<string, string>
  let before: Tree
  let untouched: Tree
  let after: Tree
  let converged: Tree
  let dry: Played
  let real: Played
  let second: Played

  beforeAll(async () => {
    fleet = await startFleet({ [host]: member })
    sandbox = sandboxOf(fleet)
    native = sandbox.running.binding.drivers
    before = hostTree(sandbox)
    dry = await playFleet(fleet, { check: true })
    untouched = hostTree(sandbox)
    real = await playFleet(fleet)
    after = hostTree(sandbox)
    second = await playFleet(fleet)
    converged = hostTree(sandbox)
  })
  afterAll(() => fleet?.[Symbol.asyncDispose]())

  const drivers = () => chosen.map(at => sandbox.running.binding.drivers.get(at))

  test('has its devices on vfio-pci after one run, and the second finds nothing to do', () => {
    expect([dry, real, second].map(run => [run.exitCode, run.failure(host)])).toEqual(Array(3).fill([0, '']))
    expect(drivers()).toEqual(chosen.map(() => 'vfio-pci'))
    expect(real.rebooted(host)).toBe(true)
    expect(second.recap(host)).toMatchObject({ changed: 0, pending: 0, failed: 0, rebootPending: '' })
    expect(second.cost(host)).toMatchObject({ connections: 1, execs: 1 })
    expect(differences(after, converged)).toEqual([])
  })

  test('is not touched by a dry run, and changed as that showed', () => {
    expect(differences(before, untouched)).toEqual([])
    expect(dry.of('diff', host).length).toBeGreaterThan(0)
    expect(real.of('diff', host)).toEqual(dry.of('diff', host))
    const shown = new Map(dry.of('diff', host).map(({ path, after: bytes }) => [path, `file 644\n${bytes}`]))
    expect(new Map([...after].filter(([path]) => shown.has(path)))).toEqual(shown)
    expect(differences(before, after).filter(isConfiguration)).toEqual([...shown.keys()].sort())
    expect(leftBehind(sandbox)).toEqual([])
  })

  test('is what was predicted, after the apply and after the boot, in every field', () => {
    expect(real.of('prediction', host).map(({ after: moment, wrong }) => ({ moment, wrong }))).toEqual([
      { moment: 'apply', wrong: [] },
      { moment: 'boot', wrong: [] },
    ])
  })

  test('gets its devices back', async () => {
    const absent = await playFleet(fleet, { extraVars: ['vfio_state=absent'] })
    expect([absent.exitCode, absent.failure(host)]).toEqual([0, ''])
    expect(drivers()).toEqual(chosen.map(at => native.get(at)))
    expect(sandbox.read('/proc/cmdline')).not.toContain('vfio')
  })
})

/** Not what is generated from it, nor our journal. */
const isConfiguration = (path: string): boolean =>
  /^\/etc\/|\/loader\/entries\/|^\/boot\/grub2\/grubenv$/.test(path)
