import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { interlock } from '../../src/host/interlocks.ts'
import { aDevice, aHost, withDevices } from '../builders.ts'

/** The lab's machine: 00:02.0 boot display, 00:03.0 our connection, 00:04.0 the disk of /, 01:00 a card of two. */
const take = (host: Host, addresses: readonly string[], groupsWillChange = false) =>
  interlock(
    host,
    host.devices.filter(device => addresses.includes(device.address)),
    groupsWillChange,
  )

const storage = (use: string, source: string, devices: readonly string[] | undefined) => [
  { use, source, devices },
]

describe('what the host lives on is not taken', () => {
  it.each<[string, Host, string, string]>([
    [
      'the boot display',
      aHost(),
      '0000:00:02.0',
      '00:02.0 VGA controller [1234:1111] is the boot display: the console would go dark',
    ],
    [
      'the network card of the default route and of our own connection',
      aHost(),
      '0000:00:03.0',
      '00:03.0 Ethernet controller [1af4:1000] carries enp0s3, the default route and our own connection: the host could not be reached',
    ],
    [
      'a member of the bridge that carries our connection',
      aHost({ network: [{ interface: 'br0', roles: ['this connection'], devices: ['0000:03:00.0'] }] }),
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] carries br0, our own connection: the host could not be reached',
    ],
    [
      'one leg of the bond that carries the default route',
      aHost({
        network: [
          { interface: 'bond0', roles: ['default route'], devices: ['0000:00:03.0', '0000:03:00.0'] },
        ],
      }),
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] carries bond0, the default route: the host could not be reached',
    ],
    [
      'the controller of /',
      aHost(),
      '0000:00:04.0',
      '00:04.0 device of class 0100 [1af4:1001] is the controller of / (/dev/vda1): the host would not boot',
    ],
    [
      'the controller of /boot',
      aHost({ storage: storage('/boot', '/dev/sda1', ['0000:00:1f.2']) }),
      '0000:00:1f.2',
      '00:1f.2 SATA controller [8086:2922] is the controller of /boot (/dev/sda1): the host would not boot',
    ],
    [
      'the controller of swap',
      aHost({ storage: storage('swap', '/dev/dm-1', ['0000:07:00.0']) }),
      '0000:07:00.0',
      '07:00.0 NVMe controller [1b36:0010] is the controller of swap (/dev/dm-1): the host would not boot',
    ],
    [
      'the controller of /home, whose loss is the end of many a boot',
      aHost({ storage: storage('/home', '/dev/sda3', ['0000:00:1f.2']) }),
      '0000:00:1f.2',
      '00:1f.2 SATA controller [8086:2922] is the controller of /home (/dev/sda3): the host would come up without it, or stop on its way',
    ],
    [
      'a network card where that of the default route cannot be told',
      aHost({ network: [{ interface: 'br-ex', roles: ['default route'], devices: undefined }] }),
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] may carry br-ex, the default route, whose card cannot be told',
    ],
    [
      'a storage controller where the disks of / cannot be told',
      aHost({ storage: storage('/', 'rpool/ROOT/pve-1', undefined) }),
      '0000:07:00.0',
      '07:00.0 NVMe controller [1b36:0010] may hold / (rpool/ROOT/pve-1), whose disks cannot be told',
    ],
  ])('%s', (_, host, address, why) => {
    expect(take(host, [address])).toEqual({
      refused: true,
      why,
      hint: 'choose another device; this one stays with the host',
    })
  })

  it('the last display', () => {
    const card = aDevice({ address: '0000:0a:00.0' })
    expect(take(aHost({ devices: [card] }), [card.address])).toMatchObject({
      why: '0a:00.0 VGA controller [10de:13c2] is the last display of this host',
    })
  })

  it('a card is free where another display stays', () => {
    expect(take(aHost(), ['0000:01:00.0', '0000:01:00.1'])).toBeUndefined()
  })

  it('a card is not doubtful where / and the network cannot be told: it holds no disks and no cable', () => {
    const host = aHost({
      storage: storage('/', 'rpool/ROOT', undefined),
      network: [{ interface: 'br-ex', roles: ['default route'], devices: undefined }],
    })
    expect(take(host, ['0000:02:00.0'])).toBeUndefined()
  })
})

describe('nor with the IOMMU group of what is chosen', () => {
  const inGroupOf = (address: string, group: number) =>
    aHost({
      devices: aHost().devices.map(device =>
        device.address === address ? { ...device, group: { is: 'observed', value: group } as const } : device,
      ),
    })

  it.each([
    [
      'the boot display',
      '0000:00:02.0',
      '00:02.0 VGA controller [1234:1111], which is the boot display: the console would go dark',
    ],
    [
      'our network card',
      '0000:00:03.0',
      '00:03.0 Ethernet controller [1af4:1000], which carries enp0s3, the default route and our own connection: the host could not be reached',
    ],
    [
      'the controller of /',
      '0000:00:04.0',
      '00:04.0 device of class 0100 [1af4:1001], which is the controller of / (/dev/vda1): the host would not boot',
    ],
  ])('%s', (_, address, loss) => {
    expect(take(inGroupOf(address, 12), ['0000:02:00.0'])).toEqual({
      refused: true,
      why: `02:00.0 is in one IOMMU group with ${loss}`,
      hint: 'a group goes to a guest as a whole: move the card to another slot, or separate the groups with acs_override',
    })
  })

  it('the last display, where neither is the boot display', () => {
    const usb = aDevice({ address: '0000:0b:00.0', id: '1b21:1242', class: '0c0330' })
    const host = aHost({ devices: [aDevice(), usb] })
    expect(take(host, [usb.address])).toMatchObject({
      why: '0b:00.0 is in one IOMMU group with 0a:00.0 VGA controller [10de:13c2], which is the last display of this host',
    })
  })

  it('bridges do not count: they stay with the host', () => {
    expect(
      take(aHost({ storage: storage('/', '/dev/vda1', ['0000:00:15.0']) }), ['0000:07:00.0']),
    ).toBeUndefined()
  })

  it('the groups of today do not count where an override makes others at the next boot', () => {
    expect(take(inGroupOf('0000:00:03.0', 12), ['0000:02:00.0'], true)).toBeUndefined()
  })
})

describe('an id that another device has too', () => {
  const hint = 'vfio-pci binds by id here, and would take both: choose both, or neither'

  it('is refused', () => {
    const host = withDevices(aHost(), aDevice(), aDevice({ address: '0000:0b:00.0', group: 41 }))
    expect(take(host, ['0000:0a:00.0'])).toEqual({
      refused: true,
      why: '10de:13c2 is also the id of 0b:00.0 VGA controller [10de:13c2], which was not chosen',
      hint,
    })
  })

  it('names what would be lost with it', () => {
    const host = withDevices(aHost(), aDevice({ id: '1234:1111' }))
    expect(take(host, ['0000:0a:00.0'])).toEqual({
      refused: true,
      why: '1234:1111 is also the id of 00:02.0 VGA controller [1234:1111], which was not chosen and is the boot display: the console would go dark',
      hint,
    })
  })

  it('is fine where both are chosen', () => {
    const host = withDevices(aHost(), aDevice(), aDevice({ address: '0000:0b:00.0', group: 41 }))
    expect(take(host, ['0000:0a:00.0', '0000:0b:00.0'])).toBeUndefined()
  })
})
