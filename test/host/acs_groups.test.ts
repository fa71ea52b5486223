import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Group, groupsOf, predictGroups, splitGroups } from '../../src/host/acs_groups.ts'
import type { Host, PciDevice } from '../../src/host/host.ts'
import { ifKnown, unknown } from '../../src/host/known.ts'
import { aDevice, aHost, withDevice, withDevices } from '../builders.ts'
import { recordedHosts } from '../hosts/index.ts'
import { bridgesAbove, iommuGroups, isolation } from '../sandbox/boot/groups.ts'
import type { MachineDescription } from '../sandbox/description.ts'
import { fedoraWorkstation } from '../sandbox/machines/alder_lake.ts'
import { amd } from '../sandbox/machines/amd.ts'
import { archDesktop } from '../sandbox/machines/cezanne.ts'
import { guide } from '../sandbox/machines/guide.ts'

/** A described machine as a look would see it, with the groups that the kernel makes with these overrides. */
function seen(machine: MachineDescription, overrides: readonly string[] = []): Host {
  const groups = iommuGroups(machine, isolation(machine, overrides))
  const devices = machine.devices.map(device =>
    aDevice({
      address: `0000:${device.at}`,
      id: device.id,
      class: device.class,
      driver: device.driver ?? '',
      group: groups.get(device.at) ?? -1,
      bridges: bridgesAbove(machine, device)
        .toReversed()
        .map(({ at }) => `0000:${at}`),
    }),
  )
  return { ...aHost(), devices }
}

const sorted = (groups: readonly Group[] | undefined): string[] =>
  (groups ?? []).map(group => group.toSorted().join(' ')).sort()

const MACHINES = { guide, amd, cezanne: archDesktop, 'alder lake': fedoraWorkstation }

describe.each(Object.entries(MACHINES))('the groups of %s', (_, machine) => {
  const host = seen(machine)
  const ids = machine.devices.filter(({ port }) => port !== undefined).map(({ id }) => `id:${id}`)

  it.each([[['downstream']], [ids]])('with %j are those that the kernel then makes', values => {
    expect(sorted(ifKnown(predictGroups(host, values)))).toEqual(
      sorted(ifKnown(groupsOf(seen(machine, values)))),
    )
  })

  it('with any ports by their ids are those that the kernel then makes', () => {
    fc.assert(
      fc.property(fc.subarray(ids), values => {
        expect(sorted(ifKnown(predictGroups(host, values)))).toEqual(
          sorted(ifKnown(groupsOf(seen(machine, values)))),
        )
      }),
    )
  })
})

describe('on every recorded host', () => {
  it.each(recordedHosts().map(({ name, host }) => [name, host] as const))(
    '%s: no override changes nothing, and any only splits',
    (_, host) => {
      const today = groupsOf(host)
      if (today.is === 'unknown') {
        expect(predictGroups(host, ['downstream'])).toEqual(today)
        return
      }
      expect(predictGroups(host, [])).toEqual(today)
      for (const values of [['downstream'], ['multifunction'], ['downstream', 'multifunction']]) {
        const after = ifKnown(predictGroups(host, values)) ?? []
        expect(after.flat().sort()).toEqual(today.value.flat().sort())
        for (const group of after)
          expect(today.value.some(one => group.every(address => one.includes(address)))).toBe(true)
      }
    },
  )
})

const port = (address: string, group: number, rest: Partial<PciDevice> = {}): PciDevice => ({
  ...aDevice({ address, id: '1022:1453', class: '060400', driver: 'pcieport', group }),
  ...rest,
})
const [ROOT, UP, DOWN1, DOWN2] = ['0000:20:01.0', '0000:21:00.0', '0000:22:00.0', '0000:22:01.0']
const inGroup = (...devices: PciDevice[]): Host => ({ ...aHost(), devices })
const link = { speed: 8, width: 16, maxSpeed: 8, maxWidth: 16 }

describe('what the override splits', () => {
  const card = (bus: string, ...bridges: string[]) => [
    aDevice({ address: `0000:${bus}:00.0`, bridges, group: 7 }),
    aDevice({ address: `0000:${bus}:00.1`, id: '10de:0fbb', class: '040300', bridges, group: 7 }),
  ]
  const onSwitch = inGroup(
    port(ROOT, 7),
    port(UP, 7, { bridges: [ROOT] }),
    port(DOWN1, 7, { bridges: [ROOT, UP] }),
    port(DOWN2, 7, { bridges: [ROOT, UP] }),
    ...card('23', ROOT, UP, DOWN1),
    ...card('24', ROOT, UP, DOWN2),
  )
  const behindBridge = inGroup(
    port(ROOT, 7),
    aDevice({ address: UP, class: '060401', group: 7, bridges: [ROOT] }),
    aDevice({ address: '0000:22:04.0', class: '040100', group: 7, bridges: [ROOT, UP] }),
    aDevice({ address: '0000:22:05.0', class: '0c0010', group: 7, bridges: [ROOT, UP] }),
  )
  const chipset = inGroup(
    aDevice({ address: '0000:00:1f.0', class: '060100', group: 7 }),
    aDevice({ address: '0000:00:1f.2', class: '010601', group: 7 }),
    aDevice({ address: '0000:00:1f.3', class: '040300', group: 7, link }),
  )

  it.each<[string, Host, string[], string[]]>([
    [
      'a switch, card by card, with the functions of each together',
      onSwitch,
      ['downstream'],
      [ROOT, UP, DOWN1, DOWN2, '0000:23:00.0 0000:23:00.1', '0000:24:00.0 0000:24:00.1'],
    ],
    [
      'with multifunction, nothing while the ports above let traffic pass',
      onSwitch,
      ['multifunction'],
      [[ROOT, UP, DOWN1, DOWN2, '0000:23:00.0 0000:23:00.1', '0000:24:00.0 0000:24:00.1'].join(' ')],
    ],
    [
      'with both, every function',
      onSwitch,
      ['downstream', 'multifunction'],
      [ROOT, UP, DOWN1, DOWN2, '0000:23:00.0', '0000:23:00.1', '0000:24:00.0', '0000:24:00.1'],
    ],
    [
      'the port, but not what is behind a bridge to conventional PCI',
      behindBridge,
      ['downstream', 'multifunction'],
      [ROOT, `${UP} 0000:22:04.0 0000:22:05.0`],
    ],
    [
      'of the chipset only what is on PCI Express',
      chipset,
      ['multifunction'],
      ['0000:00:1f.0 0000:00:1f.2', '0000:00:1f.3'],
    ],
    [
      'a device by its id, whatever it is',
      chipset,
      ['id:10DE:13C2'],
      ['0000:00:1f.0 0000:00:1f.2', '0000:00:1f.3'],
    ],
  ])('%s', (_, host, values, expected) => {
    expect(sorted(ifKnown(predictGroups(host, values)))).toEqual(expected.toSorted())
  })
})

test('a group that our facts do not explain is left as it is', () => {
  const host = withDevices(
    aHost(),
    aDevice({ address: '0000:0a:00.0', group: 40 }),
    aDevice({ address: '0000:0b:00.0', group: 40, bridges: ['0000:00:12.0'] }),
  )
  const after = ifKnown(predictGroups(host, ['downstream', 'multifunction']))
  expect(after).toContainEqual(['0000:0a:00.0', '0000:0b:00.0'])
})

test('groups that cannot be told say why', () => {
  const off = { ...aHost(), devices: [aDevice({ group: -1 })] }
  expect(groupsOf(off)).toEqual(unknown('the IOMMU is off, so that there are no groups to split yet'))
  const [first] = aHost().devices
  const hidden = withDevice(aHost(), first?.address ?? '', {
    group: unknown('groups are made at the next boot'),
  })
  expect(predictGroups(hidden, ['downstream'])).toEqual(unknown('groups are made at the next boot'))
})

test('what has come apart is told group by group', () => {
  expect(splitGroups([['a', 'b', 'c'], ['d'], ['e', 'f']], [['a', 'c'], ['b'], ['d'], ['e', 'f']])).toEqual([
    { group: ['a', 'b', 'c'], parts: [['a', 'c'], ['b']] },
  ])
})
