import fc from 'fast-check'
import { expect } from 'vitest'
import type { Bootloader } from '../../../src/backends/bootloaders/bootloader.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { withFiles } from '../../builders.ts'

export const ADD: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
]
export const REMOVE: readonly ArgEdit[] = [
  { op: 'remove', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: [] },
]

/** The host once the loader has edited it; a refusal fails the test. */
export function edited(loader: Bootloader, host: Host, edits: readonly ArgEdit[] = ADD): Host {
  const changes = loader.edit(host, edits)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

/** Bytes of a file once the loader has edited it. */
export const bytesAfter = (loader: Bootloader, host: Host, path: string, edits = ADD): string | undefined =>
  edited(loader, host, edits).files[path]?.bytes

/** Twice is once, and taking away what was added gives the bytes back. */
export function expectLaws(loader: Bootloader, host: Host): void {
  const after = edited(loader, host)
  expect(loader.edit(after, ADD)).toEqual([])
  expect(edited(loader, after, REMOVE).files).toEqual(host.files)
  const rebuilt = loader.menu?.derive(after) ?? after
  expect(loader.menu?.isStale(rebuilt)).toBeUndefined()
  expect(loader.edit(rebuilt, ADD)).toEqual([])
}

/** The laws for a host with any command line that makes sense. */
export function expectLawsForAnyLine(loader: Bootloader, hostWith: (line: string) => Host): void {
  const token = fc.constantFrom(
    'quiet',
    'rw',
    'console=tty0',
    'console=ttyS0,115200',
    'dyndbg="file a +p"',
    'a="b  c"',
    'x=1,2',
    '---',
    '--',
    'vt.color=0x0',
  )
  const blanks = fc.constantFrom(' ', '  ', '\t')
  const line = fc
    .tuple(fc.constantFrom('', ' '), fc.array(fc.tuple(token, blanks), { maxLength: 6 }))
    .map(([start, parts]) => `${start}${parts.flat().join('')}`)
  fc.assert(
    fc.property(line, text => {
      expectLaws(loader, hostWith(text))
    }),
    { numRuns: 100 },
  )
}

/** Whatever the file holds: an answer, and where it is edited, edited once and for all. */
export function expectTotal(loader: Bootloader, host: Host, path: string, words: readonly string[]): void {
  const text = fc.array(fc.oneof(fc.constantFrom(...words, '\n', ' ', '"'), fc.string({ maxLength: 3 })), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(text, parts => {
      const odd = withFiles(host, { [path]: parts.join('') })
      loader.next(odd)
      loader.configured(odd)
      loader.menu?.isStale(odd)
      const changes = loader.edit(odd, ADD)
      if (isRefusal(changes)) return
      expect(loader.edit(applyChanges(odd, changes), ADD)).toEqual([])
    }),
    { numRuns: 300 },
  )
}
