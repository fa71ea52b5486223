import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Host, PciDevice } from '../../../src/host/host.ts'
import {
  inheritedInterlock,
  interlock,
  lossesOf,
  lossesWithDriver,
  ownerNotes,
  sharedIds,
} from '../../../src/host/interlocks/index.ts'
import { observed } from '../../../src/host/known.ts'
import { DEVICE_LOCKS, type DeviceLock } from '../../../src/host/locks.ts'
import { aDevice, aHost, anAmdHost, anIommu, withDevice, withDevices } from '../../builders.ts'
import { recordedHosts } from '../../hosts/index.ts'
import { hostLike } from '../../laws/hosts.ts'
import { take } from './take.ts'

const CARD = '0000:0a:00.0'

describe('what shares the IOMMU group with a chosen device is not taken either', () => {
  /** A device of the lab's in the group of its USB controller. */
  const inGroupOfUsb = (address: string) => withDevice(aHost(), address, { group: observed(12) })
  const hint =
    'a group goes to a guest as a whole: move the card to another slot, or separate the groups with acs_override; or say allow: '

  it.each([
    [
      'the boot display',
      '0000:00:02.0',
      '00:02.0 VGA controller [1234:1111], which is the boot display: the console would go dark',
      '[boot_display], where ssh or a serial console reaches this host without it',
      'boot_display',
    ],
    [
      'our network card',
      '0000:00:03.0',
      '00:03.0 Ethernet controller [1af4:1000], which carries enp0s3, the default route and our own connection: the host could not be reached',
      '[host_network], where this host can be reached in another way',
      'host_network',
    ],
    [
      'the controller of /',
      '0000:00:04.0',
      '00:04.0 SCSI controller [1af4:1001], which is the controller of / (/dev/vda1): the host would not boot',
      '[host_disks], where this host boots and works without these disks',
      'host_disks',
    ],
  ] as const)('%s', (_, address, loss, allowed, lock) => {
    const host = inGroupOfUsb(address)
    expect(take(host, ['0000:02:00.0'])).toEqual({
      refused: true,
      why: `02:00.0 is in one IOMMU group with ${loss}`,
      hint: `${hint}${allowed}`,
    })
    expect(take(host, ['0000:02:00.0'], { allow: [lock] })).toBeUndefined()
  })

  it('the last display, where neither is the boot display', () => {
    const usb = aDevice({ address: '0000:0b:00.0', id: '1b21:1242', class: '0c0330' })
    expect(take(aHost({ devices: [aDevice(), usb] }), [usb.address])).toMatchObject({
      why: '0b:00.0 is in one IOMMU group with 0a:00.0 VGA controller [10de:13c2], which is the last display of this host',
    })
  })

  it('the last display beside a chosen one', () => {
    const host = aHost({ devices: [aDevice(), aDevice({ address: '0000:0b:00.0' })] })
    expect(take(host, [CARD])).toMatchObject({
      why: '0a:00.0 is in one IOMMU group with 0b:00.0 VGA controller [10de:13c2], which is a display of this host, and all of them would go',
    })
  })

  it('a physical function with virtual ones, which nothing allows', () => {
    const nic = aDevice({
      address: '0000:0a:00.1',
      id: '8086:1572',
      class: '020000',
      sriov: { total: 8, vfs: 1 },
    })
    expect(take(withDevices(aHost(), aDevice(), nic), [CARD], { allow: DEVICE_LOCKS })).toEqual({
      refused: true,
      why: '0a:00.0 is in one IOMMU group with 0a:00.1 Ethernet controller [8086:1572], which has 1 virtual function: the kernel does not give it to vfio-pci while they exist, and they would go with its driver',
      hint: 'a group goes to a guest as a whole: move the card to another slot, or separate the groups with acs_override',
    })
  })

  it('but what VFIO has already is nothing to lose', () => {
    const host = withDevice(inGroupOfUsb('0000:00:02.0'), '0000:00:02.0', { driver: observed('vfio-pci') })
    expect(take(host, ['0000:02:00.0'])).toBeUndefined()
  })

  it('bridges do not count: they stay with the host', () => {
    const storage = [{ use: '/', source: '/dev/vda1', devices: ['0000:00:15.0'] }]
    expect(take(aHost({ storage }), ['0000:07:00.0'])).toBeUndefined()
  })

  it('the groups of today do not count where an override makes others at the next boot', () => {
    expect(take(inGroupOfUsb('0000:00:03.0'), ['0000:02:00.0'], { groupsWillChange: true })).toBeUndefined()
  })
})

describe('a name allows its own loss, and no other', () => {
  const base = { id: '10de:13c2', group: 40 }
  /** A machine for each name, on which taking the card costs just that. */
  const COSTS: Readonly<Record<DeviceLock, Host>> = {
    boot_display: withDevices(aHost(), aDevice({ ...base, bootVga: true })),
    last_display: aHost({ devices: [aDevice(base)] }),
    display_in_use: withDevices(
      aHost({ holders: [{ device: CARD, path: '/dev/dri/card0', process: 'Xorg', pid: 1 }] }),
      aDevice(base),
    ),
    host_network: withDevices(
      aHost({ network: [{ interface: 'eth0', roles: ['default route'], devices: [CARD] }] }),
      aDevice(base),
    ),
    host_disks: withDevices(
      aHost({ storage: [{ use: '/', source: '/dev/sda1', devices: [CARD] }] }),
      aDevice(base),
    ),
    vgpu: withDevices(aHost({ mediatedParents: [CARD] }), aDevice(base)),
    other_owner: withDevices(
      aHost({ owners: [{ owner: 'driverctl', device: CARD, driver: 'nouveau', evidence: 'x' }] }),
      aDevice(base),
    ),
  }

  it.each(DEVICE_LOCKS)('%s', lock => {
    const host = COSTS[lock]
    expect(take(host, [CARD], { allow: [lock] })).toBeUndefined()
    expect(take(host, [CARD], { allow: DEVICE_LOCKS.filter(other => other !== lock) })?.hint).toMatch(
      `or say allow: [${lock}], where `,
    )
  })

  it('each loss of a device asks for its own', () => {
    const host = aHost({ devices: [aDevice({ bootVga: true })] })
    expect(take(host, [CARD], { allow: ['boot_display'] })?.hint).toMatch('allow: [last_display]')
    expect(take(host, [CARD], { allow: ['last_display'] })?.hint).toMatch('allow: [boot_display]')
    expect(take(host, [CARD], { allow: ['boot_display', 'last_display'] })).toBeUndefined()
  })

  it('what cannot be is said before what may be allowed', () => {
    const host = anAmdHost({
      devices: [aDevice({ bootVga: true })],
      iommu: anIommu({ directGroups: [40] }),
    })
    expect(lossesOf(host, aDevice({ bootVga: true })).map(({ lock }) => lock)).toEqual([
      undefined,
      'boot_display',
      'last_display',
    ])
  })
})

describe('ids that somebody has left behind', () => {
  const card = aDevice({ address: '0000:0b:00.0', id: '1002:73ff', group: 41 })
  const inherited = (host: Host, allow: readonly DeviceLock[] = []) =>
    inheritedInterlock(host, [card], ['1002:73ff', '1234:1111:1af4:1100'], { allow })

  it('are not brought to life where they are those of the boot display', () => {
    const host = withDevices(aHost(), card)
    expect(inherited(host)).toEqual({
      refused: true,
      why: '1234:1111 is claimed for vfio-pci already, without effect so far; it is the id of 00:02.0 VGA controller [1234:1111], which is the boot display: the console would go dark',
      hint: 'take it out where it stands: grep -r 1234:1111 /etc/modprobe.d /etc/default/grub*; or say allow: [boot_display], where ssh or a serial console reaches this host without it',
    })
    expect(inherited(host, ['boot_display'])).toBeUndefined()
  })

  it('count for the last display together with what is chosen', () => {
    const other = aDevice({ id: '1234:1111' })
    expect(inherited(aHost({ devices: [other, card] }))?.why).toBe(
      '1234:1111 is claimed for vfio-pci already, without effect so far; it is the id of 0a:00.0 VGA controller [1234:1111], which is a display of this host, and all of them would go',
    )
  })

  it('do no harm where VFIO has their device', () => {
    const host = withDevice(withDevices(aHost(), card), '0000:00:02.0', { driver: observed('vfio-pci') })
    expect(inherited(host)).toBeUndefined()
  })
})

describe('ids that other devices have too', () => {
  const chosen = aDevice()
  const twin = aDevice({ address: '0000:0b:00.0' })
  const third = aDevice({ address: '0000:0c:00.0' })

  it('are listed by device, with those that were not chosen', () => {
    const host = aHost({ devices: [chosen, twin, third, aDevice({ address: '0000:0d:00.0', id: '10de:1' })] })
    expect(sharedIds(host, [chosen])).toEqual(new Map([[chosen, [twin, third]]]))
    expect(sharedIds(host, [chosen, twin, third])).toEqual(new Map())
  })
})

describe('on any host', () => {
  const anyHost = fc
    .constantFrom(...recordedHosts().map(({ host }) => host))
    .chain(hostLike)
    .chain(host =>
      fc.tuple(fc.constant(host), fc.subarray([...host.devices], { minLength: 1, maxLength: 3 })),
    )
  const anyLocks = fc.subarray([...DEVICE_LOCKS])

  it('there is an answer', () => {
    fc.assert(
      fc.property(anyHost, anyLocks, fc.boolean(), ([host, chosen], allow, groupsWillChange) => {
        interlock(host, chosen, { allow, groupsWillChange })
        inheritedInterlock(host, chosen, ['1234:1111'], { allow })
        ownerNotes(host, chosen)
        for (const device of host.devices) lossesWithDriver(host, device)
      }),
      { numRuns: 200 },
    )
  })

  it('a name that opens something opens its own loss only', () => {
    fc.assert(
      fc.property(anyHost, anyLocks, ([host, chosen], allow) => {
        const unallowed = (device: PciDevice) =>
          lossesOf(host, device).some(({ lock }) => lock === undefined || !allow.includes(lock))
        if (chosen.some(unallowed)) expect(interlock(host, chosen, { allow })).toBeDefined()
      }),
      { numRuns: 200 },
    )
  })

  it('allowing more never refuses more', () => {
    fc.assert(
      fc.property(anyHost, anyLocks, ([host, chosen], allow) => {
        if (interlock(host, chosen, { allow }) === undefined)
          expect(interlock(host, chosen, { allow: DEVICE_LOCKS })).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })
})
