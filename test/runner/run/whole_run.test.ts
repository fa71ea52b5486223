import { statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { amdServer, oneKernel, z170a } from './members.ts'
import { type Played, playFleet } from './play_fleet.ts'

type Trees = ReadonlyMap<string, ReadonlyMap<string, string>>

let fleet: Fleet
let before: Trees
let ownDrivers: ReadonlyMap<string, ReadonlyMap<string, string>>
let dry: Played
let untouched: Trees
let first: Played
let after: Trees
let second: Played
let converged: Trees
let absent: Played
let givenBack: Trees

beforeAll(async () => {
  fleet = await startFleet({ 'z170-a': z170a, 'amd-server': amdServer })
  before = trees()
  ownDrivers = new Map([...fleet.hosts].map(([name, { sandbox }]) => [name, sandbox.running.binding.drivers]))
  dry = await playFleet(fleet, { check: true })
  untouched = trees()
  first = await playFleet(fleet)
  after = trees()
  second = await playFleet(fleet)
  converged = trees()
  absent = await playFleet(fleet, { extraVars: ['vfio_state=absent'] })
  givenBack = trees()
})
afterAll(() => fleet?.[Symbol.asyncDispose]())

const trees = (): Trees => new Map([...fleet.hosts].map(([name, { sandbox }]) => [name, hostTree(sandbox)]))

describe.each(['z170-a', 'amd-server'])('the flagship on %s', host => {
  const sandboxOf = (): Sandbox => {
    const found = fleet.hosts.get(host)?.sandbox
    if (found === undefined) throw new Error(`the fleet has no ${host}`)
    return found
  }
  const at = (moment: Trees): ReadonlyMap<string, string> => moment.get(host) ?? new Map()
  const changed = (a: Trees, b: Trees): string[] => differences(at(a), at(b)).filter(isOnDisk)

  test('ends well every time', () => {
    const runs = [dry, first, second, absent]
    expect(runs.map(run => [run.exitCode, run.failure(host)])).toEqual(runs.map(() => [0, '']))
  })

  test('a dry run costs one connection and one exec, and changes no byte of the host', () => {
    expect(dry.cost(host)).toMatchObject({ connections: 1, execs: 1 })
    expect(differences(at(before), at(untouched))).toEqual([])
  })

  test('the real run writes byte for byte what the dry run showed', () => {
    expect(dry.of('diff', host).length).toBeGreaterThan(0)
    expect(first.of('diff', host)).toEqual(dry.of('diff', host))
    expect(first.of('command', host).map(({ argv }) => argv)).toEqual(
      dry.of('command', host).map(({ argv }) => argv),
    )
    const shown = new Map(dry.of('diff', host).map(({ path, after: bytes }) => [path, `file 644\n${bytes}`]))
    expect(new Map([...at(after)].filter(([path]) => shown.has(path)))).toEqual(shown)
    expect(changed(before, after).filter(path => path.startsWith('/etc/'))).toEqual([...shown.keys()].sort())
  })

  test('a changed host costs a gather and an apply, and over its reboot a connection and a gather more', () => {
    const { connections, execs } = first.recap(host)
    expect({ connections, execs }).toEqual({ connections: 2, execs: 3 })
    // Beyond these, as the server counts: the reboot's trigger, and a poll for each connection after the first.
    const cost = first.cost(host)
    expect(cost.execs).toBe(execs + 1 + cost.connections - 1)
  })

  test('a converged host costs one connection and one exec, changes nothing, and does not reboot', () => {
    expect(second.cost(host)).toMatchObject({ connections: 1, execs: 1 })
    expect(second.recap(host)).toMatchObject({ changed: 0, pending: 0, failed: 0, rebootPending: '' })
    expect(second.of('diff', host)).toEqual([])
    expect(second.rebooted(host)).toBe(false)
    expect(differences(at(after), at(converged))).toEqual([])
  })

  test('nothing is left on the host but the wanted files, the journal for root only, and the empty lock', () => {
    const sandbox = sandboxOf()
    expect(leftBehind(sandbox)).toEqual([])
    expect(sandbox.read('/var/lib/vfio-run/lock')).toBe('')
    expect((statSync(sandbox.at('/var/lib/vfio-run')).mode & 0o777).toString(8)).toBe('700')
    const elsewhere = changed(before, after).filter(
      path => !/^\/(etc|boot|var\/lib\/vfio-run)(\/|$)/.test(path),
    )
    expect(elsewhere).toEqual([])
  })

  test('what was predicted is what is there, after the apply and after the boot, in every field', () => {
    for (const run of [first, absent]) {
      const predictions = run.of('prediction', host)
      expect(predictions.map(({ after: moment, wrong }) => ({ moment, wrong }))).toEqual([
        { moment: 'apply', wrong: [] },
        { moment: 'boot', wrong: [] },
      ])
      expect(Math.min(...predictions.map(({ compared }) => compared))).toBeGreaterThan(250)
    }
  })

  test('vfio_state: absent gives the devices back to their own drivers', () => {
    const sandbox = sandboxOf()
    expect(sandbox.running.binding.drivers).toEqual(ownDrivers.get(host))
    expect(sandbox.running.cmdline).not.toMatch(/vfio-pci|pcie_acs_override/)
    // The IOMMU and vfio's modules in the image are no claim on a device, and stay.
    const kept = ['/etc/default/grub', '/etc/initramfs-tools/modules']
    expect(
      changed(before, givenBack).filter(path => path.startsWith('/etc/') && !kept.includes(path)),
    ).toEqual([])
    expect(sandbox.read('/etc/default/grub').replace(' intel_iommu=on', '')).toBe(
      at(before).get('/etc/default/grub')?.replace('file 644\n', ''),
    )
  })
})

/** Not what every boot makes anew. */
const isOnDisk = (path: string): boolean => !/^\/(proc|sys)(\/|$)|^\/var\/log\//.test(path)

test('vfio_state: absent finds nothing to do on a host that never had vfio', async () => {
  await using fleet = await startFleet({ 'z170-a': oneKernel })
  const run = await playFleet(fleet, { extraVars: ['vfio_state=absent'] })
  expect([run.exitCode, run.recap('z170-a').changed, run.rebooted('z170-a')]).toEqual([0, 0, false])
})
