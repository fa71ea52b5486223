import { describe, expect, it, test } from 'vitest'
import type { Host } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { deviceFindings } from '../../../src/verdict/hardware/devices.ts'
import { aDevice, anIommu, withDevices } from '../../builders.ts'
import { aDesktop, graphics, told, wholly } from './machines.ts'

const card = aDevice({ address: '0000:03:00.0', id: '8086:1521', class: '020000', driver: 'igb', group: 5 })
const second = aDevice({ address: '0000:02:00.0', driver: 'nouveau', group: 2 })
const RESERVED = withDevices(
  aDesktop({ iommu: anIommu({ units: observed(['dmar0']), directGroups: [5] }) }),
  card,
  second,
)
const mine = (host: Host, address: string) =>
  deviceFindings(host, undefined).filter(({ what }) => what.startsWith(address))

describe('what VFIO refuses', () => {
  it('is a warning while nobody has chosen the device', () => {
    const [finding] = mine(RESERVED, '03:00.0')
    expect(finding).toMatchObject({ severity: 'warning', stage: 'usable' })
    expect(finding?.what).toMatch(
      /^03:00\.0 Ethernet controller \[8086:1521\] has memory that the firmware insists on/,
    )
  })

  it('and a problem once it is chosen', () => {
    expect(deviceFindings(RESERVED, [card])).toMatchObject([{ severity: 'problem', stage: 'usable' }])
    expect(deviceFindings(RESERVED, [second])).toEqual([])
  })
})

describe('what the host would lose', () => {
  it('of graphics cards is a note, and says the word that allows it', () => {
    const host = withDevices(aDesktop({ devices: [{ ...graphics, bootVga: true }] }), second)
    expect(deviceFindings(host, undefined).map(wholly)).toEqual([
      [
        'driver, note',
        '01:00.0 VGA controller [10de:13c2] is the boot display: the console would go dark',
        'boot_vga of the device is 1',
        'it stays with the host; allow: [boot_display] gives it away, where ssh or a serial console reaches this host without it',
      ],
    ])
  })

  it('nobody wants to give a board’s management display away', () => {
    const host = aDesktop({ devices: [{ ...graphics, vendor: '1a03', device: '2000', bootVga: true }] })
    expect(deviceFindings(host, undefined)).toEqual([])
    expect(told(deviceFindings(host, host.devices))).toHaveLength(1)
  })

  it('the only display need not be told to be the boot display, too', () => {
    const host = aDesktop({ devices: [{ ...graphics, bootVga: true }] })
    expect(told(deviceFindings(host, undefined))).toEqual([
      'note: 01:00.0 VGA controller [10de:13c2] is the last display of this host',
    ])
  })

  const network: Host['network'] = [
    { interface: 'enp3s0', roles: ['default route'], devices: ['0000:03:00.0'] },
  ]

  it('of its network card is nothing while nobody has chosen it, and a warning then', () => {
    const host = withDevices(aDesktop({ network }), card, second)
    expect(mine(host, '03:00.0')).toEqual([])
    expect(told(deviceFindings(host, [card]))).toEqual([
      'warning: 03:00.0 Ethernet controller [8086:1521] carries enp3s0, the default route: the host could not be reached',
    ])
  })

  it('programs that have a card open are named', () => {
    const holders = [{ device: '0000:02:00.0', path: '/dev/dri/card1', process: 'Xorg', pid: 812 }]
    expect(told(mine(withDevices(aDesktop({ holders }), second), '02:00.0'))).toEqual([
      'note: 02:00.0 VGA controller [10de:13c2] is in use: Xorg (812) has /dev/dri/card1 open',
    ])
  })
})

test('who else decides about a device is told, whichever it is', () => {
  const owners: Host['owners'] = [
    {
      owner: 'driverctl',
      device: '0000:03:00.0',
      driver: 'uio_pci_generic',
      evidence: '/etc/driverctl.d/0000:03:00.0',
    },
    { owner: 'libvirt', device: '0000:02:00.0', driver: '', evidence: '/etc/libvirt/qemu/win.xml' },
  ]
  const host = withDevices(aDesktop({ owners }), card, second)
  expect(mine(host, '03:00.0')).toMatchObject([
    { severity: 'warning', what: expect.stringContaining('is given to uio_pci_generic by driverctl') },
  ])
  expect(deviceFindings(host, undefined)).toContainEqual(
    expect.objectContaining({
      severity: 'note',
      what: expect.stringContaining('libvirt takes 02:00.0'),
      evidence: '/etc/libvirt/qemu/win.xml',
    }),
  )
})
