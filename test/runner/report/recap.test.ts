import { expect, test } from 'vitest'
import { formatRecap } from '../../../src/runner/report/recap.ts'
import { painter } from '../../../src/runner/report/text.ts'
import { counts } from './example_run.ts'

const plainly = { paint: painter(false), verbose: 0, columns: 80, check: false }

test('the line is the one that Ansible prints', () => {
  const line = formatRecap({ lab1: counts({ ok: 12, changed: 3, skipped: 1 }) }, plainly).split('\n')[1]
  expect(line).toBe(
    'lab1                       : ok=12   changed=3    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0   ',
  )
})

test('a reboot that is still due stands under its host', () => {
  const lines = formatRecap(
    { a: counts({ rebootPending: 'the command line lacks iommu=pt' }), b: counts({}) },
    plainly,
  )
  expect(lines.split('\n')[2]).toBe('    reboot pending: the command line lacks iommu=pt')
})

test.each([
  [1, '    pending: 1 task not in effect yet'],
  [2, '    pending: 2 tasks not in effect yet'],
])('%i pending without a reboot due is counted', (pending, line) => {
  expect(formatRecap({ a: counts({ pending }) }, plainly).split('\n')[2]).toBe(line)
})

test('what a dry run could not foretell does not wait for anything', () => {
  const lines = formatRecap({ a: counts({ pending: 2 }) }, { ...plainly, check: true })
  expect(lines.split('\n')[2]).toBe('    unknown: 2 tasks: only the real run can tell')
})

test.each([
  ['red', '31', { failed: 1 }],
  ['red', '31', { unreachable: 1, changed: 1 }],
  ['yellow', '33', { changed: 1 }],
  ['yellow', '33', { pending: 1 }],
  ['green', '32', { ok: 1 }],
])('the line is %s (%s) for %j', (_name, code, some) => {
  const line = formatRecap({ a: counts(some) }, { ...plainly, paint: painter(true) }).split('\n')[1]
  expect(line?.startsWith(`\x1b[${code}ma`)).toBe(true)
})
