import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { createJsonReport, jsonLine } from '../../../src/runner/report/json.ts'
import { counts, exampleRun, paper } from './example_run.ts'
import { jsonEvent } from './json_schema.ts'

test('every event is one valid line, in order, and the recap is the last', async () => {
  const stdout = paper()
  const report = createJsonReport(stdout)
  for (const event of exampleRun) report.onEvent(event)
  await report.close()
  const lines = stdout.text().split('\n')
  expect(lines.pop()).toBe('')
  const events = lines.map(line => jsonEvent.parse(JSON.parse(line)))
  expect(events.map(({ event }) => event)).toEqual(exampleRun.map(({ event }) => event))
  expect(events.at(-1)).toMatchObject({ event: 'recap', exitCode: 6 })
})

const lines: [title: string, event: RunEvent, line: string][] = [
  [
    'UTF-8 contents are text, an absent file is null',
    { event: 'diff', host: 'a', path: '/f', before: undefined, after: '\xc3\xa9\n' },
    '{"event":"diff","host":"a","path":"/f","before":null,"after":"é\\n"}',
  ],
  [
    'contents that are not UTF-8 are base64',
    { event: 'diff', host: 'a', path: '/f', before: '\xe9\n', after: '' },
    '{"event":"diff","host":"a","path":"/f","before":{"base64":"6Qo="},"after":""}',
  ],
  [
    'a field that says nothing is left out',
    { event: 'phase', host: 'a', phase: 'look' },
    '{"event":"phase","host":"a","phase":"look"}',
  ],
  [
    'the recap holds the counts and the exit code',
    { event: 'recap', hosts: { lab1: counts({ ok: 3, changed: 2 }) }, exitCode: 0 },
    '{"event":"recap","hosts":{"lab1":{"ok":3,"changed":2,"unreachable":0,"failed":0,"skipped":0,"rescued":0,"ignored":0,"pending":0,"connections":1,"execs":1,"rebootPending":""}},"exitCode":0}',
  ],
]

test.each(lines)('%s', (_title, event, line) => {
  expect(jsonLine(event)).toBe(line)
})

test('any file content comes back byte for byte, on one line', () => {
  fc.assert(
    fc.property(fc.uint8Array(), array => {
      const after = Buffer.from(array).toString('latin1')
      const line = jsonLine({ event: 'diff', host: 'a', path: '/f', before: undefined, after })
      const read = jsonEvent.parse(JSON.parse(line))
      if (read.event !== 'diff' || read.after === null) throw new Error('not the diff that was written')
      const bytes =
        typeof read.after === 'string'
          ? Buffer.from(read.after, 'utf8')
          : Buffer.from(read.after.base64, 'base64')
      expect(bytes.toString('latin1')).toBe(after)
      expect(line).not.toContain('\n')
    }),
  )
})
