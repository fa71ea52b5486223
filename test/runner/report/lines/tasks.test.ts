import { expect, test } from 'vitest'
import type { RunEvent } from '../../../../src/runner/events.ts'
import { createPlainReport } from '../../../../src/runner/report/plain.ts'
import { paper } from '../example_run.ts'
import { result } from '../fleet_run.ts'

function plain(events: readonly RunEvent[], verbose = 0): string {
  const stdout = paper({ columns: 100 })
  const report = createPlainReport({ stdout, color: false, verbose, now: () => 0 })
  for (const event of events) report.onEvent(event)
  return stdout.text()
}

const ran = (exitCode: number | undefined, lines = 2) => ({
  command: 'lspci -nn\ngrep VGA',
  exitCode,
  output: Array.from({ length: lines }, (_, index) => `line ${index + 1}`),
})
const recap: RunEvent = { event: 'recap', hosts: {}, exitCode: 2 }
const summaryOf = (text: string): string =>
  text.slice(text.indexOf('FAILURES\n') + 9, text.indexOf('\nPLAY RECAP'))

test('with -v a task shows what it ran and what that printed', () => {
  const event = result('lab1', 'List', 'changed', 'ran', { ran: ran(0) })
  expect(plain([event])).toBe('lab1: changed  List: ran\n')
  expect(plain([event], 1)).toBe(`\
lab1: changed  List: ran
lab1: $ lspci -nn
lab1: > grep VGA
lab1: | line 1
lab1: | line 2
`)
})

test.each([
  [3, 'exit code: 3'],
  [undefined, 'exit code: none'],
])('a failed command (%s) shows its last lines, and again at the end', (exitCode, last) => {
  const failed = result('lab1', 'List', 'failed', 'it failed', { hint: 'look', ran: ran(exitCode, 12) })
  const text = plain([
    failed,
    { event: 'host_failed', host: 'lab1', status: 'failed', why: 'it failed' },
    recap,
  ])
  const shown = `\
lab1: failed   List: it failed
               look
lab1: $ lspci -nn
lab1: > grep VGA
lab1: | … 2 more above (-v shows them)
${Array.from({ length: 10 }, (_, index) => `lab1: | line ${index + 3}\n`).join('')}lab1: ${last}
`
  expect(text).toBe(`${shown}\nFAILURES\n${shown}\nPLAY RECAP\n`)
})

test('a host that fails by a command of its own shows it once', () => {
  const failure: RunEvent = {
    event: 'host_failed',
    host: 'lab1',
    status: 'failed',
    why: 'update-grub ended with 1',
    output: ['line 1', 'line 2'],
    ran: ran(1),
  }
  expect(plain([failure])).toBe(`\
lab1: failed   update-grub ended with 1
lab1: $ lspci -nn
lab1: > grep VGA
lab1: | line 1
lab1: | line 2
lab1: exit code: 1
`)
})

const rounds: readonly RunEvent[] = [
  result('lab1', 'Install', 'ok', 'is there', { item: 'qemu' }),
  result('lab1', 'Install', 'changed', 'was missing', { item: 'libvirt' }),
  result('lab1', 'Install', 'changed', '1 of 2 changed'),
]

test('rounds of a loop stand below their task: those that did something, with -v all', () => {
  const task = 'lab1: changed  Install: 1 of 2 changed\n'
  const libvirt = 'lab1:   changed  (item=libvirt) was missing\n'
  expect(plain(rounds)).toBe(task + libvirt)
  expect(plain(rounds, 1)).toBe(`${task}lab1:   ok       (item=qemu) is there\n${libvirt}`)
})

test('what a round finds out stands below the task too', () => {
  const finding: RunEvent = {
    event: 'finding',
    host: 'lab1',
    play: 'p',
    task: 'Install',
    stage: 'usable',
    severity: 'note',
    what: 'old',
    evidence: '',
    next: '',
  }
  expect(plain([...rounds.slice(0, 2), finding, ...rounds.slice(2)])).toMatch(
    /^lab1: changed {2}Install.*\n.*libvirt.*\nlab1: {3}note {5}old\n$/,
  )
})

test('rounds whose task never ends are told when the host falls out', () => {
  const lost: RunEvent = {
    event: 'host_failed',
    host: 'lab1',
    status: 'unreachable',
    why: 'the connection was lost',
  }
  expect(plain([...rounds.slice(0, 2), lost])).toBe(
    'lab1:   changed  (item=libvirt) was missing\nlab1: unreachable  the connection was lost\n',
  )
})

test('rounds of debug are what it is there for', () => {
  const round = result('lab1', 'Say', 'ok', 'hello', { item: 'a', module: 'debug' })
  expect(plain([round, result('lab1', 'Say', 'ok', '')])).toBe(
    'lab1: ok       Say\nlab1:   ok       (item=a) hello\n',
  )
})

test('a text of several lines is shown as it is', () => {
  expect(plain([result('lab1', 'Say', 'ok', `{\n  "a": [${'1, '.repeat(40)}]\n}\n`)])).toBe(`\
lab1: ok       Say:
               {
                 "a": [${'1, '.repeat(40)}]
               }
`)
})

test('a failure that is ignored says so, and is no failure at the end', () => {
  const text = plain([result('lab1', 'Try', 'failed', 'no', { ignored: true, ran: ran(1) }), recap])
  expect(text).toBe('lab1: failed (ignored)  Try: no\n\nPLAY RECAP\n')
})

test('a failure that is rescued is told, and is none at the end; one before it stays', () => {
  const text = plain([
    result('lab2', 'Try', 'failed', 'no'),
    result('lab1', 'Try', 'failed', 'no'),
    { event: 'rescue', host: 'lab1', block: 'Careful', why: 'no' },
    recap,
  ])
  expect(text).toContain('lab1: failed   Try: no\nlab1: rescue   Careful: no\n')
  expect(summaryOf(text)).toBe('lab2: failed   Try: no\n')
})

test('a host that is taken out without a fault of its own is told', () => {
  expect(plain([{ event: 'host_stopped', host: 'lab1', why: 'lab2 failed, any_errors_fatal' }])).toBe(
    'lab1: stopped  lab2 failed, any_errors_fatal\n',
  )
})
