import { expect, test } from 'vitest'
import type { Host, PcieLink } from '../../../src/host/host.ts'
import { linkFindings } from '../../../src/verdict/hardware/links.ts'
import { aDevice, withDevice, withDevices } from '../../builders.ts'
import { aDesktop, aLink, told, wholly, withGraphics } from './machines.ts'

const findings = (host: Host) => linkFindings(host, host.devices)
const withLink = (link: Partial<PcieLink>, port: Partial<PcieLink> = {}): Host =>
  withDevice(withGraphics({ link: aLink(link) }), '0000:00:01.0', { link: aLink(port) })

test.each([
  ['one lane of sixteen', withLink({ width: 1 }), 'warning', 'x1, and it can do x16'],
  ['four of sixteen', withLink({ width: 4 }), 'warning', 'x4, and it can do x16'],
  ['half of them, as where two cards share', withLink({ width: 8 }), 'note', 'x8, and it can do x16'],
] as const)('%s', (_, host, severity, lanes) => {
  expect(told(findings(host))).toEqual([
    `${severity}: 01:00.0 VGA controller [10de:13c2] runs at PCIe ${lanes}`,
  ])
})

test('a narrow link says what to do', () => {
  expect(findings(withLink({ width: 1 })).map(wholly)).toEqual([
    [
      'usable, warning',
      '01:00.0 VGA controller [10de:13c2] runs at PCIe x1, and it can do x16',
      '/sys/bus/pci/devices/0000:01:00.0/current_link_width is 1',
      "seat it anew, or look for what shares its lanes (the board's manual says which slots do)",
    ],
  ])
})

test('where the slot has no more, another one is the answer', () => {
  expect(findings(withLink({ width: 4 }, { width: 4, maxWidth: 4 }))[0]?.next).toBe(
    'its slot (00:01.0) has no more than x4: use another',
  )
})

test('a display at low speed is a note, as cards slow down while idle', () => {
  expect(findings(withLink({ speed: 2.5, maxSpeed: 16 })).map(wholly)).toEqual([
    [
      'usable, note',
      '01:00.0 VGA controller [10de:13c2] runs at 2.5 GT/s (PCIe 1) and can do 16 GT/s (PCIe 4): graphics cards slow down while idle',
      '/sys/bus/pci/devices/0000:01:00.0/current_link_speed is 2.5 GT/s',
      '',
    ],
  ])
})

test('a port that can do more than its card, and a link that is not told, are nothing', () => {
  expect(findings(withLink({ width: 4, maxWidth: 4 }, { width: 4 }))).toEqual([])
  expect(findings(aDesktop())).toEqual([])
})

test('a switch on the way is judged once, for all that is behind it', () => {
  const bridges = ['0000:00:1c.0', '0000:03:00.0', '0000:04:00.0']
  const host = withDevices(
    aDesktop(),
    aDevice({ address: '0000:00:1c.0', class: '060400', link: aLink({ width: 1 }) }),
    aDevice({
      address: '0000:03:00.0',
      class: '060400',
      bridges: bridges.slice(0, 1),
      link: aLink({ width: 1, maxWidth: 4 }),
    }),
    aDevice({
      address: '0000:04:00.0',
      class: '060400',
      bridges: bridges.slice(0, 2),
      link: aLink({ width: 4, maxWidth: 4 }),
    }),
    aDevice({
      address: '0000:05:00.0',
      id: '8086:10d3',
      class: '020000',
      bridges,
      link: aLink({ width: 1, maxWidth: 1 }),
    }),
    aDevice({
      address: '0000:06:00.0',
      id: '8086:10d3',
      class: '020000',
      bridges,
      link: aLink({ width: 1, maxWidth: 1 }),
    }),
  )
  expect(told(findings(host))).toEqual([
    'warning: the switch at 03:00.0, above 05:00.0 Ethernet controller [8086:10d3], 06:00.0 Ethernet controller [8086:10d3], runs at PCIe x1, and it can do x4',
  ])
})

test('of chosen devices only', () => {
  expect(linkFindings(withLink({ width: 1 }), [])).toEqual([])
})
