import { expect, test } from 'vitest'
import { observed, unknown } from '../../../src/host/known.ts'
import { groupFindings } from '../../../src/verdict/hardware/groups.ts'
import { aDevice, anIommu, withDevices, withLog } from '../../builders.ts'
import { dark } from '../subjects.ts'
import { aDesktop, graphics, told, wholly, withGraphics } from './machines.ts'

const audio = aDevice({ address: '0000:01:00.1', id: '10de:0fbb', class: '040300', group: 1 })
const usb = aDevice({ address: '0000:03:00.0', id: '1b73:1100', class: '0c0330', group: 7 })
const disk = aDevice({ address: '0000:04:00.0', id: '144d:a808', class: '010802', group: 7 })
const PARTED =
  'they go to one guest together, or a card moves to another slot; acs_override parts them without isolation'

test('a card with all its functions in one group, beside its port, is as it must be', () => {
  const host = withDevices(aDesktop(), audio)
  expect(told(groupFindings(host))).toEqual([])
  expect(groupFindings(host).at(-1)?.what).toBe('1 group, 1 with one card or part of the board each')
})

test.each([
  [
    'a group with a graphics card and another card: a warning',
    withDevices(aDesktop(), { ...disk, group: observed(1) }),
    [
      'groups, warning',
      'group 1 holds more than one card: 01:00.0 VGA controller [10de:13c2], 04:00.0 NVMe controller [144d:a808]',
      '/sys/kernel/iommu_groups/1/devices',
      PARTED,
    ],
  ],
  [
    'a group of other cards: a note',
    withDevices(aDesktop(), usb, disk),
    [
      'groups, note',
      'group 7 holds more than one card: 03:00.0 USB controller [1b73:1100], 04:00.0 NVMe controller [144d:a808]',
      '/sys/kernel/iommu_groups/7/devices',
      PARTED,
    ],
  ],
  [
    'a group without an IOMMU',
    aDesktop({ iommu: anIommu({ units: observed([]), noIommuGroups: [1] }) }),
    [
      'groups, problem',
      'groups without an IOMMU (1) isolate nothing',
      '/sys/kernel/iommu_groups/*/name is vfio-noiommu',
      'do not load vfio with enable_unsafe_noiommu_mode',
    ],
  ],
  [
    'the ACS override in effect',
    withLog(aDesktop(), [
      'Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA',
    ]),
    [
      'groups, warning',
      'the ACS override is in effect: groups look parted where the hardware does not isolate',
      'the kernel says "Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA"',
      'give such devices only to guests that you trust as you trust the host',
    ],
  ],
  [
    'Intel’s own graphics outside of the IOMMU',
    withDevices(
      aDesktop(),
      aDevice({ address: '0000:00:02.0', id: '8086:1912', class: '030000', group: -1 }),
    ),
    [
      'groups, warning',
      'in no group, and so not for guests: 00:02.0 VGA controller [8086:1912]',
      '/sys/bus/pci/devices/0000:00:02.0 has no iommu_group',
      'intel_iommu=on includes Intel’s own graphics',
    ],
  ],
] as const)('%s', (_, host, finding) => {
  expect(
    groupFindings(host)
      .filter(({ severity }) => severity !== 'ok')
      .map(wholly),
  ).toEqual([finding])
})

test('a large group is not a wall of names', () => {
  const many = Array.from({ length: 6 }, (_, i) => ({ ...usb, address: `0000:0${i + 3}:00.0` }))
  expect(told(groupFindings(withDevices(aDesktop(), ...many)))[0]).toMatch(
    /06:00\.0 USB controller \[1b73:1100\] and 2 more$/,
  )
})

test('the IOMMU itself is in no group, and that is no news', () => {
  const iommu = aDevice({ address: '0000:00:00.2', id: '1022:1631', class: '080600', group: -1 })
  expect(told(groupFindings(withDevices(aDesktop(), iommu)))).toEqual([])
})

test.each([
  ['off', dark(aDesktop())],
  [
    'to be seen after the boot',
    withGraphics(
      { group: unknown('the next boot') },
      aDesktop({ iommu: anIommu({ units: unknown('the next boot') }), devices: [graphics] }),
    ),
  ],
])('with the IOMMU %s nothing is said of groups', (_, host) => {
  expect(groupFindings(host)).toEqual([])
})

test('groups that only the next boot makes are not judged', () => {
  const host = withGraphics({ group: unknown('groups are made at the next boot') })
  expect(told(groupFindings(withDevices(host, { ...graphics, address: '0000:02:00.0' })))).toEqual([])
})
