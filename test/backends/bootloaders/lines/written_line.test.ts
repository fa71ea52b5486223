import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  editWrittenLines,
  holds,
  tokensOf,
  type WrittenLine,
} from '../../../../src/backends/bootloaders/lines/written_line.ts'
import { applyChanges } from '../../../../src/host/change.ts'
import type { Host } from '../../../../src/host/host.ts'
import { type ArgEdit, isSatisfied } from '../../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../../src/refusal.ts'
import { aHost, withFiles } from '../../../builders.ts'

const on: ArgEdit = { op: 'add', key: 'intel_iommu', value: 'on' }
const notOn: ArgEdit = { op: 'remove', key: 'intel_iommu', value: 'on' }

/** Where [ and ] stand round command lines in texts by path, and the host without them. */
function marked(texts: Readonly<Record<string, string>>): { host: Host; lines: WrittenLine[] } {
  const lines = Object.entries(texts).flatMap(([path, text]) =>
    [...text.matchAll(/\[([^\]]*)\]/g)].map((match, n) => {
      const start = match.index - 2 * n
      return { path, start, end: start + (match[1] ?? '').length }
    }),
  )
  const files = Object.entries(texts).map(([path, text]) => [path, text.replaceAll(/[[\]]/g, '')])
  return { host: withFiles(aHost(), Object.fromEntries(files)), lines }
}

function edited(host: Host, lines: readonly WrittenLine[], edits: readonly ArgEdit[]): Host {
  const changes = editWrittenLines(host, lines, edits)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

describe('command lines within files', () => {
  it.each<[string, string, readonly ArgEdit[], string]>([
    ['between quotes', 'append="[ro quiet]" # x\n', [on], 'append="ro quiet intel_iommu=on" # x\n'],
    [
      'several, each by itself',
      'a [ro intel_iommu=off]\nb [quiet]\n',
      [on],
      'a ro intel_iommu=on\nb quiet intel_iommu=on\n',
    ],
    ['several on one line', '[ro],[rw]', [on], 'ro intel_iommu=on,rw intel_iommu=on'],
    ['an empty one', 'options []\n', [on], 'options intel_iommu=on\n'],
    ['the text round them stays', '\xff[intel_iommu=on ro]\0\n', [notOn], '\xffro\0\n'],
    ['all that is so already stays', 'x [ro  intel_iommu=on ]', [on], 'x ro  intel_iommu=on '],
  ])('%s', (_, text, edits, expected) => {
    const { host, lines } = marked({ '/boot/x': text })
    expect(edited(host, lines, edits).files['/boot/x']?.bytes).toBe(expected)
  })

  it('of several files are changes by path, and only where something differs', () => {
    const { host, lines } = marked({ '/b': '[ro]', '/c': '[intel_iommu=on]', '/a': '[rw]' })
    expect(editWrittenLines(host, lines, [on])).toEqual([
      { kind: 'write', path: '/a', before: 'rw', after: 'rw intel_iommu=on' },
      { kind: 'write', path: '/b', before: 'ro', after: 'ro intel_iommu=on' },
    ])
  })

  it('are read as tokens', () => {
    const { host, lines } = marked({ '/b': 'options [ro  "a b"]\n' })
    expect(lines.map(line => tokensOf(host, line))).toEqual([['ro', '"a b"']])
    expect(tokensOf(host, { path: '/nowhere', start: 0, end: 9 })).toEqual([])
  })

  it('are refused, all of them, where one has a quote that does not end', () => {
    const { host, lines } = marked({ '/a': '[ro]', '/b': '[ro dyndbg="file a +p]\n' })
    expect(editWrittenLines(host, lines, [on])).toEqual({
      refused: true,
      why: '/b has an unterminated quote in its command line: ro dyndbg="file a +p',
      hint: 'mend it, then run again',
    })
  })

  it('without any there is nothing to change', () => {
    expect(editWrittenLines(aHost(), [], [on])).toEqual([])
  })
})

describe('whatever the bytes', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom(
        ' ',
        ' ',
        '\t',
        '\n',
        '"',
        '=',
        ',',
        '--',
        'ro',
        'intel_iommu',
        'intel_iommu=off',
        'on',
        '\xff',
        '\xa0',
        '\0',
      ),
      fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
    ),
    maxLength: 12,
  })
  const between = text.filter(one => one !== '')
  const file = fc.tuple(text, text, between, text, text)

  it('an edit holds on every line and touches nothing else, or is refused', () => {
    fc.assert(
      fc.property(file, fc.constantFrom(on, notOn), ([a, first, b, second, c], edit) => {
        const host = withFiles(aHost(), { '/x': a + first + b + second + c })
        const start = a.length + first.length + b.length
        const lines = [
          { path: '/x', start: a.length, end: a.length + first.length },
          { path: '/x', start, end: start + second.length },
        ]
        const changes = editWrittenLines(host, lines, [edit])
        if (isRefusal(changes)) return
        const after = applyChanges(host, changes).files['/x']?.bytes ?? ''
        expect([after.startsWith(a), after.endsWith(c), after.includes(b)]).toEqual([true, true, true])
        // Each line is edited as it would be alone.
        const alone = [first, second].map(line => {
          const one = edited(
            withFiles(aHost(), { '/x': line }),
            [{ path: '/x', start: 0, end: line.length }],
            [edit],
          )
          const bytes = one.files['/x']?.bytes ?? ''
          expect(isSatisfied(tokensOf(one, { path: '/x', start: 0, end: bytes.length }), edit)).toBe(true)
          return bytes
        })
        expect(after).toBe(a + alone[0] + b + alone[1] + c)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the last look at what was edited', () => {
  const edits = [{ op: 'add', key: 'iommu', value: 'pt' }] as const

  it.each([
    ['it is there, and the others as they were', ['ro', 'a'], ['ro', 'a', 'iommu=pt'], true],
    ['it is not there', ['ro'], ['ro'], false],
    ['another one is gone', ['ro', 'a'], ['ro', 'iommu=pt'], false],
    ['the order is another', ['ro', 'a'], ['a', 'ro', 'iommu=pt'], false],
    ['one of init’s is gone', ['ro', '--', 'iommu=x'], ['ro', 'iommu=pt', '--'], false],
  ])('%s', (_, before, after, expected) => {
    expect(holds(before, after, edits)).toBe(expected)
  })
})
