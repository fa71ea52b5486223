import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandHostRange } from '../../../src/runner/inventory/host_ranges.ts'
import { hostSet, shortHostSet } from '../../../src/runner/report/host_set.ts'

const numbered = (from: number, to: number, name: (n: string) => string, width = 0): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => name(String(from + index).padStart(width, '0')))

const lab = (n: string) => `lab${n}`

test.each<[title: string, hosts: string[], set: string]>([
  ['one host is its name', ['gpu3'], 'gpu3'],
  ['zero padding is kept', numbered(1, 40, lab, 2), 'lab[01:40]'],
  ['what is not padded grows', numbered(8, 12, lab), 'lab[8:12]'],
  ['padding that the numbers outgrow', numbered(98, 101, lab, 3), 'lab[098:101]'],
  ['a gap ends a range', ['lab1', 'lab2', 'lab4', 'lab5', 'lab9'], 'lab[1:2],lab[4:5],lab9'],
  ['several names follow one another', [...numbered(1, 3, lab), 'gpu3', 'nas'], 'lab[1:3],gpu3,nas'],
  [
    'the number that counts may stand anywhere',
    numbered(1, 4, n => `gpu${n}.dc2.example.org`),
    'gpu[1:4].dc2.example.org',
  ],
  ['a name twice is one host', ['a1', 'a1', 'a2'], 'a[1:2]'],
  ['the same number written in two ways is two hosts', ['a01', 'a1', 'a2', 'a02'], 'a[01:02],a[1:2]'],
  ['no host is nothing', [], ''],
])('%s', (_title, hosts, set) => {
  expect(hostSet(hosts)).toBe(set)
})

function membersOf(name: string): readonly string[] {
  const expanded = expandHostRange(name)
  if (expanded.why !== undefined) throw new Error(expanded.why)
  return expanded.hosts
}

const host = fc
  .tuple(
    fc.constantFrom('lab', 'gpu', 'rack1-', ''),
    fc.oneof(
      fc.nat(30).map(String),
      fc.nat(200).map(n => String(n).padStart(3, '0')),
    ),
    fc.constantFrom('', '.dc2.example.org', '-b'),
  )
  .map(parts => parts.join(''))

test('expanding a set gives back its hosts', () => {
  fc.assert(
    fc.property(fc.uniqueArray(host, { maxLength: 60 }), hosts => {
      const set = hostSet(hosts)
      const expanded = set === '' ? [] : set.split(',').flatMap(membersOf)
      expect(expanded.toSorted()).toEqual(hosts.toSorted())
    }),
  )
})

test.each([
  [5, 'lab[01:40] and 12 more'],
  [22, 'lab[01:40] and 12 more'],
  [34, 'lab[01:40],gpu[1:3],nas and 8 more'],
  [40, 'lab[01:40],gpu[1:3],nas,x,y,z,u,v,w,k,q'],
])('in %i columns: %s', (room, text) => {
  const hosts = [...numbered(1, 40, lab, 2), 'gpu1', 'gpu2', 'gpu3', 'nas', ...'xyzuvwkq']
  expect(shortHostSet(hosts, room)).toBe(text)
})
