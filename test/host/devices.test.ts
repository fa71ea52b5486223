import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idsNamed, resolveDevices } from '../../src/host/devices.ts'
import type { Host, PciDevice } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aDevice, aHost, selectors } from '../builders.ts'

const bmc = aDevice({ id: '1a03:2000', address: '0000:00:03.0', bootVga: true, driver: 'ast', group: 1 })
const isa = aDevice({ id: '8086:a30d', address: '0000:00:1f.0', class: '060100', group: 2 })
const smbus = aDevice({ id: '8086:a323', address: '0000:00:1f.4', class: '0c0500', group: 2 })
const port = aDevice({
  id: '8086:1901',
  address: '0000:00:01.0',
  class: '060400',
  driver: 'pcieport',
  group: 3,
})
const card = aDevice({ id: '10de:13c2', address: '0000:02:00.0', driver: 'nouveau', group: 3 })
const sound = aDevice({
  id: '10de:0fbb',
  address: '0000:02:00.1',
  class: '040300',
  driver: 'snd_hda_intel',
  group: 3,
})
const twin = aDevice({ id: '10de:13c2', address: '0000:03:00.0', driver: 'vfio-pci', group: 4 })
const usb = aDevice({
  id: '1b21:1242',
  address: '0000:06:00.0',
  class: '0c0330',
  driver: 'xhci_hcd',
  group: 3,
})
const nic = aDevice({
  id: '8086:1521',
  address: '0000:07:00.0',
  class: '020000',
  driver: 'igb',
  group: 5,
  sriov: { total: 7, vfs: 1 },
})
const vf = aDevice({
  id: '8086:1520',
  address: '0000:07:10.0',
  class: '020000',
  group: 6,
  physicalFunction: nic.address,
})
const host = aHost({ devices: [bmc, port, isa, smbus, card, sound, twin, usb, nic, vf] })

const chosenOf = (on: Host, ...written: readonly unknown[]) => resolveDevices(on, selectors(...written))

describe('the devices that selectors choose', () => {
  it.each<[string, readonly unknown[], readonly PciDevice[]]>([
    ['an address', ['06:00.0'], [usb]],
    ['an address in full', ['0000:06:00.0'], [usb]],
    ['a card’s address brings its audio along', ['02:00.0'], [card, sound]],
    ['the audio’s address brings nothing', ['02:00.1'], [sound]],
    ['a slot', ['02:00'], [card, sound]],
    ['a slot without what is part of the bus', ['00:1f'], [smbus]],
    ['a bridge that is named, to be refused with a reason', ['00:01.0'], [port]],
    ['an id in capitals, with each card’s audio', ['10DE:13C2'], [card, sound, twin]],
    ['several, once each, in the order of the bus', ['06:00.0', '1b21:1242', '02:00.0'], [card, sound, usb]],
    ['a class', [{ class: 'usb' }], [usb]],
    ['a class in digits', [{ class: '0c0330' }], [usb]],
    ['one of several classes', [{ class: ['usb', 'ethernet'], functions: 'only' }], [usb, nic, vf]],
    ['all that is a display, the BMC’s too', [{ class: 'display', functions: 'only' }], [bmc, card, twin]],
    ['displays but the boot display', [{ class: 'display', boot_vga: false }], [card, sound, twin]],
    ['the boot display', [{ boot_vga: true }], [bmc]],
    [
      'a vendor, without its bridges',
      [{ vendor: 'intel', class: ['network', 'serial', '0c05'] }],
      [smbus, nic, vf],
    ],
    ['a vendor in digits', [{ vendor: '0x1B21' }], [usb]],
    ['class and vendor together', [{ class: 'display', vendor: 'nvidia' }], [card, sound, twin]],
    ['a card without what else is on it', [{ id: '10de:13c2', functions: 'only' }], [card, twin]],
    [
      'what another selector would not choose',
      [{ class: 'display', not: { vendor: 'aspeed' } }],
      [card, sound, twin],
    ],
    ['none of several', [{ class: 'display', not: ['00:03.0', '03:00'] }], [card, sound]],
    ['a card without the audio that was left out', [{ slot: '02:00', not: '10de:0fbb' }], [card]],
    ['a physical function', [{ sriov: 'pf' }], [nic]],
    ['a virtual function', [{ class: 'network', sriov: 'vf' }], [vf]],
    ['the driver that has it, and that would without vfio-pci', [{ driver: 'nouveau' }], [card, sound, twin]],
    ['a driver by its module’s name', [{ driver: 'xhci_pci' }], [usb]],
    ['a driver by the name that lspci tells', [{ driver: 'xhci-hcd' }], [usb]],
    ['all of the group, whose bridges stay', [{ address: '02:00.0', group: 'whole' }], [card, sound, usb]],
    ['as many as may be', [{ class: 'display', vendor: 'nvidia', at_most: 2 }], [card, sound, twin]],
  ])('%s', (_, written, devices) => {
    expect(chosenOf(host, ...written)).toEqual(devices)
  })

  it('a USB controller on vfio-pci is found by the driver that had it, though that is loaded no more', () => {
    const given = { ...usb, driver: observed('vfio-pci') }
    const later = aHost({
      devices: [given],
      driverModules: unknown('it depends on what the next boot loads'),
    })
    expect(chosenOf(later, { driver: 'xhci_hcd' })).toEqual([given])
  })

  it.each<[string, Host, unknown, string, string]>([
    [
      'an address whose device is gone',
      host,
      '02:00.7',
      'no device 02:00.7 on this host',
      'it has 02:00.0 VGA controller [10de:13c2], 02:00.1 audio device [10de:0fbb]',
    ],
    [
      'an id that nothing has, with what the vendor made',
      host,
      '10de:ffff',
      'no device 10de:ffff on this host',
      'it has 02:00.0 VGA controller [10de:13c2], 02:00.1 audio device [10de:0fbb], 03:00.0 VGA controller [10de:13c2]',
    ],
    [
      'properties that nothing has together, with what is of that class',
      host,
      { class: 'display', vendor: 'amd', boot_vga: false },
      'no device {class: display, vendor: amd, boot_vga: false} on this host',
      'it has 00:03.0 VGA controller [1a03:2000], the boot display, 02:00.0 VGA controller [10de:13c2], 03:00.0 VGA controller [10de:13c2]',
    ],
    [
      'a driver that nothing has',
      host,
      { class: 'network', driver: 'e1000e' },
      'no device {class: network, driver: e1000e} on this host',
      'it has 07:00.0 Ethernet controller [8086:1521] on igb, 07:10.0 Ethernet controller [8086:1520] on no driver',
    ],
    [
      'a host without PCI devices',
      aHost({ devices: [] }),
      '02:00.0',
      'no device 02:00.0 on this host',
      'it has no PCI devices',
    ],
    [
      'more than at_most',
      host,
      { class: 'vga', vendor: 'nvidia', at_most: 1 },
      '{class: vga, vendor: nvidia, at_most: 1} chooses 2 devices on this host, and at most 1 is allowed',
      'it chooses 02:00.0 VGA controller [10de:13c2], 03:00.0 VGA controller [10de:13c2]: name one of them, or narrow it down',
    ],
    [
      'a driver that nothing would tell of once vfio-pci has the device',
      host,
      { driver: 'igb' },
      '{driver: igb} chooses 07:00.0 Ethernet controller [8086:1521], and could not find it again: nothing tells that igb is its driver once vfio-pci has it',
      'choose it by class and vendor, by id or by address',
    ],
    [
      'a whole group where there is none yet',
      aHost({ devices: [{ ...usb, group: observed(-1) }] }),
      { class: 'usb', group: 'whole' },
      '06:00.0 USB controller [1b21:1242], which {class: usb, group: whole} chooses, is in no IOMMU group yet: what its group holds cannot be told',
      'the IOMMU must be on before a whole group can be chosen: leave group: whole out of a first run, which turns it on',
    ],
  ])('refused: %s', (_, on, written, why, hint) => {
    expect(chosenOf(on, written)).toEqual({ refused: true, why, hint })
  })

  it('a whole group that only the next boot makes is not refused for good', () => {
    const later = { ...usb, group: unknown('groups are made at the next boot') }
    expect(chosenOf(aHost({ devices: [later] }), { class: 'usb', group: 'whole' })).toMatchObject({
      refused: true,
      why: 'the group of 06:00.0 USB controller [1b21:1242], which {class: usb, group: whole} chooses: groups are made at the next boot',
      until: 'boot',
    })
  })

  it('a list of what there is ends with a number where it would be long', () => {
    const ports = Array.from({ length: 20 }, (_, n) =>
      aDevice({ id: '8086:1521', address: `0000:0${n % 8}:0${Math.floor(n / 8)}.0`, class: '020000' }),
    )
    expect(chosenOf(aHost({ devices: ports }), { class: 'network', vendor: 'mellanox' })).toMatchObject({
      hint: expect.stringMatching(/ and 8 more$/),
    })
  })
})

describe('an id whose device is gone', () => {
  it('may be passed over, so that its claim can be taken away', () => {
    const written = selectors('10de:ffff', { id: '10de:FFFE' }, '06:00.0')
    expect(resolveDevices(host, written, 'passed over')).toEqual([usb])
    expect(idsNamed(written)).toEqual(['10de:ffff', '10de:fffe'])
  })

  it('is refused all the same where more than the id was said', () => {
    const written = selectors({ id: '10de:ffff', slot: '02:00' })
    expect(resolveDevices(host, written, 'passed over')).toMatchObject({ refused: true })
    expect(idsNamed(written)).toEqual([])
  })
})

it('whatever is chosen is of the host, once each, in its order', () => {
  const property = fc.record(
    {
      class: fc.constantFrom('display', 'audio', 'usb', 'network', '06'),
      vendor: fc.constantFrom('nvidia', 'intel', 'amd'),
      driver: fc.constantFrom('nouveau', 'xhci_hcd', 'igb', 'pcieport'),
      boot_vga: fc.boolean(),
      sriov: fc.constantFrom('pf', 'vf'),
      functions: fc.constantFrom('card', 'only'),
      group: fc.constantFrom('device', 'whole'),
      not: fc.constantFrom('02:00', '10de:13c2', { class: 'display' }),
      slot: fc.constantFrom('02:00', '07:00'),
    },
    { requiredKeys: ['class'] },
  )
  fc.assert(
    fc.property(fc.array(property, { minLength: 1, maxLength: 3 }), written => {
      const chosen = chosenOf(host, ...written)
      if (isRefusal(chosen)) expect([chosen.why, chosen.hint]).not.toContain('')
      else expect(chosen).toEqual(host.devices.filter(device => chosen.includes(device)))
    }),
  )
})
