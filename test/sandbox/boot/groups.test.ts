import { expect, test } from 'vitest'
import { amd } from '../machines/amd.ts'
import { guide } from '../machines/guide.ts'
import { iommuGroups, isolation } from './groups.ts'

const grouping = (machine: typeof guide, overrides: readonly string[]): string[][] =>
  [...Map.groupBy(iommuGroups(machine, isolation(machine, overrides)), ([, group]) => group).values()].map(
    members => members.map(([at]) => at),
  )

test("the guide's machine with pcie_acs_override=downstream has the groups that the guide shows, number by number", () => {
  expect(grouping(guide, ['downstream'])).toEqual([
    ['00:00.0'],
    ['00:01.0'],
    ['00:14.0'],
    ['00:16.0'],
    ['00:17.0'],
    ['00:1b.0'],
    ['00:1c.0'],
    ['00:1c.2'],
    ['00:1c.5'],
    ['00:1d.0'],
    ['00:1f.0', '00:1f.2', '00:1f.3', '00:1f.4'],
    ['00:1f.6'],
    ['01:00.0', '01:00.1'],
    ['02:00.0', '02:00.1'],
    ['03:00.0'],
    ['04:00.0'],
    ['06:00.0'],
  ])
})

test('without the override a port without ACS pulls what is behind it, and its sister ports, into one group', () => {
  const groups = grouping(guide, [])
  expect(groups).toContainEqual(['00:01.0', '01:00.0', '01:00.1'])
  expect(groups).toContainEqual(['00:1b.0', '02:00.0', '02:00.1'])
  expect(groups).toContainEqual(['00:1c.0', '00:1c.2', '00:1c.5', '03:00.0', '04:00.0', '06:00.0'])
})

test('an override by id isolates that port alone', () => {
  const groups = grouping(guide, ['id:8086:a115'])
  expect(groups).toContainEqual(['00:1c.5'])
  expect(groups).toContainEqual(['06:00.0'])
  expect(groups).toContainEqual(['00:1c.0', '00:1c.2', '03:00.0', '04:00.0'])
})

test('multifunction takes the functions of a slot apart', () => {
  expect(grouping(guide, ['downstream', 'multifunction'])).toContainEqual(['02:00.1'])
})

test('the AMD server has its graphics card and audio alone together, and no group for the IOMMU itself', () => {
  const groups = grouping(amd, [])
  expect(groups).toContainEqual(['0a:00.0', '0a:00.1'])
  expect(groups.flat()).not.toContain('00:00.2')
})

test('what is behind a bridge to conventional PCI shares its group', () => {
  expect(grouping(amd, [])).toContainEqual(['05:00.0', '06:00.0'])
})
