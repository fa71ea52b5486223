import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import { guide } from '../../sandbox/machines/guide.ts'
import { noIommu } from '../../sandbox/machines/no_iommu.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel, z170a } from './members.ts'
import { sandboxOf } from './on_host.ts'
import { type PlayOptions, playFleet } from './play_fleet.ts'

const HOST = 'z170-a'
const choosing = (...devices: string[]): string[] => [JSON.stringify({ vfio_devices: devices })]

/** A run and a dry run both refuse, in the same words, and no byte of the host changes. */
async function refusalOn(fleet: Fleet, options: PlayOptions = {}): Promise<string> {
  const sandbox = sandboxOf(fleet)
  const before = hostTree(sandbox)
  const dry = await playFleet(fleet, { ...options, check: true })
  const run = await playFleet(fleet, options)
  expect([dry.exitCode, run.exitCode, run.rebooted(HOST)]).toEqual([2, 2, false])
  expect(run.failure(HOST)).toBe(dry.failure(HOST))
  expect(run.recap(HOST)).toMatchObject({ changed: 0, pending: 0, rebootPending: '' })
  expect(run.of('task', HOST).filter(task => task.status === 'changed')).toEqual([])
  expect(run.cost(HOST)).toMatchObject({ connections: 1, execs: 1 })
  expect(differences(before, hostTree(sandbox))).toEqual([])
  return run.failure(HOST)
}

describe('of the guide’s machine, refused is', () => {
  let fleet: Fleet
  beforeAll(async () => {
    fleet = await startFleet({ [HOST]: oneKernel })
  })
  afterAll(() => fleet?.[Symbol.asyncDispose]())

  test.for([
    [
      'its boot display',
      ['01:00.0', '01:00.1'],
      '01:00.0 VGA controller [1002:7300] is the boot display: the console would go dark',
    ],
    [
      'its network card, which carries our own connection',
      ['00:1f.6'],
      '00:1f.6 Ethernet controller [8086:15b8] carries enp0s31f6, the default route and our own connection: the host could not be reached',
    ],
    ['the controller of its disk', ['00:17.0'], '00:17.0 SATA controller [8086:a102] is the controller of'],
    ['a port of its bus', ['00:1c.0'], '00:1c.0 PCI bridge [8086:a110] is a bridge: it belongs to the bus'],
    ['a device that is not there, by its id', ['10de:1aef'], 'no device 10de:1aef on this host'],
    ['a device that is not there, by its address', ['0b:00.0'], 'no device 0b:00.0 on this host'],
  ] as const)('%s', async ([, devices, why]) => {
    expect(await refusalOn(fleet, { extraVars: choosing(...devices) })).toContain(`failed: ${why}`)
  })

  test('a device that is not there, with a list of those that come near', async () => {
    const why = await refusalOn(fleet, { extraVars: choosing('10de:1aef') })
    expect(why).toContain('02:00.0 VGA controller [10de:13c2]')
    expect(why).toContain('02:00.1 audio device [10de:0fbb]')
  })

  test('an id that is none, at the place where it is set, before any connection', async () => {
    const { connections } = fleet.hosts.get(HOST)?.server.counters ?? { connections: Number.NaN }
    const error: unknown = await playFleet(fleet, { extraVars: choosing('10de-1aef') }).catch(
      problem => problem,
    )
    expect(error).toMatchObject({
      kind: 'usage',
      where: '-e:1:18',
      why: expect.stringMatching(/^vfio_ids.devices\[0\]: "10de-1aef" is neither a vendor:device id nor/),
      hint: expect.stringMatching(
        /^write it as 10de:1aef, .* the argument is at playbooks\/gpu\.yaml:\d+:\d+$/,
      ),
    })
    expect(fleet.hosts.get(HOST)?.server.counters.connections).toBe(connections)
  })
})

describe.concurrent('refused with nothing written is a host', () => {
  test.for([
    [
      'without an IOMMU in its firmware',
      noIommu,
      () => {},
      /^failed: the firmware offers no IOMMU: there is no ACPI DMAR table\nswitch VT-d on in BIOS\/UEFI/,
    ],
    [
      'without GRUB',
      guide,
      (sandbox: Sandbox) => sandbox.sh('rm -r boot/grub etc/default/grub boot/efi/EFI'),
      /GRUB|bootloader/,
    ],
    [
      'whose /etc/default/grub ends within quotes',
      guide,
      (sandbox: Sandbox) => sandbox.write('/etc/default/grub', 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="quiet\n'),
      /^failed: \/etc\/default\/grub:2 has an unterminated double quote: GRUB_CMDLINE_LINUX="quiet\nmend the file/,
    ],
    [
      'whose /etc/default/grub runs a command for its arguments',
      guide,
      (sandbox: Sandbox) =>
        sandbox.write('/etc/default/grub', 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="$(cat /etc/args)"\n'),
      /^failed: \/etc\/default\/grub:2 takes \w+ from a command substitution: \w+="\$\(cat \/etc\/args\)"\nwrite the arguments out/,
    ],
  ] as const)('%s', async ([, machine, change, why], context) => {
    await using fleet = await startFleet({
      [HOST]: { machine, vars: { ...z170a.vars, vfio_devices: ['10de:13c2', '10de:0fbb', '06:00.0'] } },
    })
    await change(sandboxOf(fleet))
    context.expect(await refusalOn(fleet)).toMatch(why)
  })
})
