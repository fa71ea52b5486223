import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceDescription, MachineDescription } from '../../sandbox/description.ts'
import { type Fleet, type Member, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { arch, fedora, z170a } from './members.ts'
import { sandboxOf } from './on_host.ts'
import { type Played, playFleet } from './play_fleet.ts'

const RULES = '/etc/udev/rules.d/70-vfio-run.rules'

/** A second card like the first, which the host keeps: its driver is not blacklisted, and its ids are not claimed. */
const TWIN = '00:06'
function withTwin({ machine, vars }: Member, slot: string): Member {
  const copies = machine.devices
    .filter(({ at }) => at.startsWith(`${slot}.`))
    .map(({ behind: _, ...device }): DeviceDescription => ({ ...device, at: device.at.replace(slot, TWIN) }))
  const devices: MachineDescription['devices'] = [...machine.devices, ...copies]
  return {
    machine: { ...machine, devices, kernels: machine.kernels.slice(0, 1) },
    vars: { ...vars, vfio_devices: [slot], vfio_blacklist: [] },
  }
}

const MACHINES: readonly [string, string, Member, readonly string[]][] = [
  ['initramfs-tools', 'z170-a', withTwin(z170a, '02:00'), ['02:00.0', '02:00.1']],
  ['dracut', 'fedora', withTwin(fedora, '01:00'), ['01:00.0', '01:00.1']],
  [
    'mkinitcpio',
    'arch',
    {
      ...withTwin(arch, '01:00'),
      machine: { ...withTwin(arch, '01:00').machine, kernels: arch.machine.kernels },
    },
    ['01:00.0', '01:00.1', '01:00.2', '01:00.3'],
  ],
]

describe.each(MACHINES)('two cards of one kind, with images by %s', (_, host, member, chosen) => {
  let fleet: Fleet
  let sandbox: Sandbox
  let native: ReadonlyMap<string, string>
  let before: ReadonlyMap<string, string>
  let real: Played
  let second: Played
  let bound: ReadonlyMap<string, string>

  beforeAll(async () => {
    fleet = await startFleet({ [host]: member })
    sandbox = sandboxOf(fleet)
    native = sandbox.running.binding.drivers
    before = hostTree(sandbox)
    real = await playFleet(fleet)
    bound = sandbox.running.binding.drivers
    second = await playFleet(fleet)
  })
  afterAll(() => fleet?.[Symbol.asyncDispose]())

  const twins = () => chosen.map(at => at.replace(/^.*\./, `${TWIN}.`))

  test('the chosen one is bound by its address, the other keeps its drivers', () => {
    expect([real, second].map(run => [run.exitCode, run.failure(host)])).toEqual(Array(2).fill([0, '']))
    expect(chosen.map(at => bound.get(at))).toEqual(chosen.map(() => 'vfio-pci'))
    expect(twins().map(at => bound.get(at))).toEqual(twins().map(at => native.get(at)))
    expect(sandbox.read('/proc/cmdline')).not.toContain('vfio-pci.ids')
    expect(second.recap(host)).toMatchObject({ changed: 0, pending: 0, failed: 0, rebootPending: '' })
  })

  test('it is what was predicted, in every field', () => {
    expect(real.of('prediction', host).map(({ after: moment, wrong }) => ({ moment, wrong }))).toEqual([
      { moment: 'apply', wrong: [] },
      { moment: 'boot', wrong: [] },
    ])
  })

  test('the rule stands for each function, and goes with all that named it', async () => {
    expect(sandbox.read(RULES).match(/KERNEL=="[^"]*"/g)).toEqual(chosen.map(at => `KERNEL=="0000:${at}"`))
    const absent = await playFleet(fleet, { extraVars: ['vfio_state=absent'] })
    expect([absent.exitCode, absent.failure(host)]).toEqual([0, ''])
    expect(chosen.map(at => sandbox.running.binding.drivers.get(at))).toEqual(
      chosen.map(at => native.get(at)),
    )
    const after = hostTree(sandbox)
    expect(after.has(RULES)).toBe(false)
    const isNamed = ([path, content]: readonly [string, string]) =>
      path.startsWith('/etc/') && content.includes(RULES)
    expect([...after].filter(isNamed)).toEqual([])
    expect(differences(before, after).filter(path => path.startsWith('/etc/udev'))).toEqual([])
    expect(leftBehind(sandbox)).toEqual([])
  })
})
