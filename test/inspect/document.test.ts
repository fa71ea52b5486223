import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inspectDocument } from '../../src/inspect/document.ts'
import type { Sight } from '../../src/runner/inspect_fleet.ts'
import { recordedHosts } from '../hosts/index.ts'
import { inspectDocument as schema } from './document_schema.ts'

const takenAt = new Date('2026-11-22T19:40:00Z')
const unreachable: Sight = { status: 'unreachable', why: 'no answer within 10 s', hint: undefined }

test('every recorded host is a document of the form that docs/output.md promises', () => {
  const seen = recordedHosts().map(
    ({ name, host }) => [name, { status: 'seen', host, takenAt } as const] as const,
  )
  const document = inspectDocument(new Map<string, Sight>([...seen, ['far-away', unreachable]]))
  expect(schema.parse(document)).toEqual(document)
  expect(Object.keys(document.hosts)).toHaveLength(seen.length + 1)
})

test('a host that was not seen has a reason, and its hint is empty where there is none', () => {
  expect(inspectDocument(new Map([['far-away', unreachable]])).hosts).toEqual({
    'far-away': { status: 'unreachable', error: { why: 'no answer within 10 s', hint: '' } },
  })
})

test('a host that was looked at now has no time of a snapshot', () => {
  const [one] = recordedHosts()
  if (one === undefined) throw new Error('no host is recorded')
  const { hosts } = inspectDocument(
    new Map([['here', { status: 'seen', host: one.host, takenAt: undefined }]]),
  )
  expect(hosts.here).toMatchObject({ status: 'seen', snapshot: null })
})

test("docs/output.md's example is such a document", () => {
  const page = readFileSync('docs/output.md', 'utf8')
  const section = page.slice(page.indexOf('\n## inspect\n'))
  const [, example = ''] = /^```jsonc?\n(\{\n[\s\S]*?)^```$/m.exec(section) ?? []
  const document = JSON.parse(example)
  expect(schema.parse(document)).toEqual(document)
})
