import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { createPlainReport } from '../../../src/runner/report/plain.ts'
import { createTreeReport } from '../../../src/runner/report/tree.ts'
import { counts, exampleRun, paper } from './example_run.ts'
import { fineHost, fleet as labs, unreachableHost } from './fleet_run.ts'
import { terminal } from './screen.ts'

const settings = { color: false, verbose: 0, now: () => 0 }

async function tree(
  events: readonly RunEvent[],
  screen: { columns?: number; rows?: number } = {},
): Promise<string[]> {
  const stdout = paper({ isTTY: true, columns: 80, rows: 24, ...screen })
  const report = createTreeReport({ ...settings, stdout })
  for (const event of events) report.onEvent(event)
  await report.close()
  return terminal(stdout.text())
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Lets the display open, whose work is queued in promises, and draw once more. */
async function nextFrame(): Promise<void> {
  await new Promise<void>(resolve => setImmediate(resolve))
  vi.advanceTimersByTime(250)
}

test('in the end the screen holds every line that plain output has', async () => {
  const stdout = paper({ columns: 80 })
  const plain = createPlainReport({ ...settings, stdout })
  for (const event of exampleRun) plain.onEvent(event)
  const lines = await tree(exampleRun)
  const sorted = (all: string[]) => all.filter(line => line !== '').sort()
  const result = /^[✔✖] /
  expect(sorted(lines.filter(line => !result.test(line)))).toEqual(sorted(stdout.text().split('\n')))
})

test('each host keeps one line with how it ended, and the log follows', async () => {
  const lines = await tree(exampleRun)
  expect(lines.slice(0, 8)).toEqual([
    'playbooks/gpu.yaml on 3 hosts',
    '',
    'PLAY [GPU passthrough] lab1, lab2, far-away',
    '✔ lab1      changed=1 ok=2',
    '✖ lab2      blocked: 0000:00:17.0 is the controller of / and has the id of a c…',
    '✖ far-away  unreachable: no answer from 192.0.2.7 port 22 within 10 s',
    '',
    'far-away: unreachable  no answer from 192.0.2.7 port 22 within 10 s',
  ])
})

test('what Ctrl-C has done is told while hosts are still at work', async () => {
  const stdout = paper({ isTTY: true, columns: 80, rows: 24 })
  const report = createTreeReport({ ...settings, stdout })
  for (const event of exampleRun.slice(0, 3)) report.onEvent(event)
  await nextFrame()
  report.onEvent({ event: 'warning', why: 'interrupted' })
  const lines = terminal(stdout.text())
  expect(lines.indexOf('warning: interrupted')).toBeLessThan(
    lines.findIndex(line => line.includes(' lab1  ')),
  )
  expect(lines).toContain('warning: interrupted')
  await report.close()
  expect(stdout.text().split('interrupted')).toHaveLength(2)
})

test('a long step shows how long it has been at it and what it printed last', async () => {
  let time = 0
  const stdout = paper({ isTTY: true, columns: 60, rows: 24 })
  const report = createTreeReport({ ...settings, stdout, now: () => time })
  report.onEvent({ event: 'play', play: 'GPU', hosts: ['lab1'] })
  report.onEvent({ event: 'phase', host: 'lab1', phase: 'apply' })
  report.onEvent({
    event: 'output',
    host: 'lab1',
    step: 'update-grub',
    line: 'Found linux image: \x1b[1m/boot/vmlinuz',
  })
  time = 63_000
  await nextFrame()
  expect(terminal(stdout.text()).at(-1)).toBe('› lab1  applying  1 min 3 s  update-grub  Found linux imag…')
  await report.close()
})

const fleet = Array.from({ length: 50 }, (_, index) => `lab${index}`)

test('more hosts than rows: counts, groups of hosts that do the same, and those that failed', async () => {
  const stdout = paper({ isTTY: true, columns: 80, rows: 10 })
  const report = createTreeReport({ ...settings, stdout })
  report.onEvent({ event: 'play', play: 'GPU', hosts: fleet })
  report.onEvent({ event: 'host_failed', host: 'lab0', status: 'unreachable', why: 'no answer' })
  report.onEvent({ event: 'phase', host: 'lab1', phase: 'done' })
  for (const host of fleet.slice(2, 30)) report.onEvent({ event: 'phase', host, phase: 'look' })
  await nextFrame()
  expect(terminal(stdout.text()).slice(2)).toEqual([
    '50 hosts: 1 done, 1 failed, 28 at work, 20 waiting',
    '› gathering 28: lab[2:29]',
    '✖ lab0  unreachable: no answer',
  ])
  report.onEvent({ event: 'recap', hosts: {}, exitCode: 4 })
  await report.close()
  expect(terminal(stdout.text()).slice(1, 6)).toEqual([
    'PLAY [GPU] 50 hosts: lab[0:49]',
    '50 hosts: 49 done, 1 failed',
    '✖ lab0  unreachable: no answer',
    '',
    'lab0:      unreachable  no answer',
  ])
})

test('a run that is broken off keeps what it has said, and names the hosts that were at work', async () => {
  const lines = await tree(exampleRun.slice(0, 12))
  expect(lines).toContain('✖ lab1      not finished')
  expect(lines).toContain('lab1:     ok       Turn the IOMMU on: intel_iommu=on is in effect')
})

test('an interrupted run does not call its hosts done', async () => {
  const lines = await tree([
    { event: 'play', play: 'GPU', hosts: ['lab1'] },
    { event: 'phase', host: 'lab1', phase: 'apply' },
    { event: 'recap', hosts: { lab1: counts({}) }, exitCode: 130 },
  ])
  expect(lines).toContain('✖ lab1  interrupted')
})

test('each play has a tree of its own', async () => {
  const done = { event: 'phase', host: 'lab1', phase: 'done' } as const
  const lines = await tree([
    { event: 'play', play: 'First', hosts: ['lab1'] },
    done,
    { event: 'warning', host: 'lab1', why: 'of the first play' },
    { event: 'play', play: 'Nobody', hosts: [] },
    { event: 'play', play: 'Second', hosts: ['lab1'] },
    done,
  ])
  expect(lines.filter(line => line !== '')).toEqual([
    'PLAY [First] lab1',
    '✔ lab1  nothing to do',
    'lab1: warning  of the first play',
    'PLAY [Nobody]',
    'PLAY [Second] lab1',
    '✔ lab1  nothing to do',
  ])
})

test('a reboot that reports on itself goes on counting, and a progress bar shows its last state', async () => {
  let time = 0
  const stdout = paper({ isTTY: true, columns: 60, rows: 24 })
  const report = createTreeReport({ ...settings, stdout, now: () => time })
  report.onEvent({ event: 'play', play: 'GPU', hosts: ['lab1', 'lab2'] })
  report.onEvent({ event: 'phase', host: 'lab1', phase: 'reboot', detail: 'shutting down' })
  time = 30_000
  report.onEvent({ event: 'phase', host: 'lab1', phase: 'reboot', detail: 'waiting' })
  report.onEvent({ event: 'output', host: 'lab2', step: 'dracut', line: '10%\r20%\r' })
  await nextFrame()
  expect(terminal(stdout.text()).slice(-2)).toEqual([
    '› lab1  rebooting  30 s  waiting',
    '› lab2  waiting  dracut  20%',
  ])
  await report.close()
})

test('what is said of a host outside the play is not lost', async () => {
  const lines = await tree([
    { event: 'play', play: 'GPU', hosts: ['lab1'] },
    { event: 'warning', host: 'lab9', why: 'its lock is still held' },
  ])
  expect(lines).toContain('lab9: warning  its lock is still held')
})

test('a question has the terminal for itself until it is answered', async () => {
  const stdout = paper({ isTTY: true, columns: 80, rows: 24 })
  const report = createTreeReport({ ...settings, stdout })
  report.onEvent({ event: 'play', play: 'GPU', hosts: ['lab1'] })
  await nextFrame()
  const { promise, resolve } = Promise.withResolvers<string>()
  const asked = report.whileAsking(() => promise)
  const before = stdout.text()
  report.onEvent({ event: 'phase', host: 'lab1', phase: 'look' })
  await nextFrame()
  expect(terminal(before).filter(line => line !== '')).toEqual(['PLAY [GPU] lab1'])
  expect(stdout.text()).toBe(before)
  resolve('secret')
  expect(await asked).toBe('secret')
  await report.close()
  expect(terminal(stdout.text())).toContain('✖ lab1  not finished')
})

const work = ['connect', 'look', 'plan', 'apply', 'reboot', 'prove', 'run', 'wait'] as const

test.each([
  [24, 80],
  [24, 40],
  [5, 20],
  [2, 10],
])('200 hosts keep to %i rows and %i columns, whatever they do', async (rows, columns) => {
  const stdout = paper({ isTTY: true, columns, rows })
  const report = createTreeReport({ ...settings, stdout })
  report.onEvent({ event: 'play', play: 'G', hosts: labs(200) })
  await nextFrame()
  // At first there is one line, which counts the hosts.
  const heading = terminal(stdout.text()).length - 1
  for (const [index, host] of labs(200).entries()) {
    if (index % 5 === 0) for (const event of unreachableHost(host, `host ${index}`)) report.onEvent(event)
    else if (index % 3 === 0) for (const event of fineHost(host)) report.onEvent(event)
    else
      report.onEvent({ event: 'phase', host, phase: work[index % 8] ?? 'look', detail: `step ${index % 40}` })
    if (index % 20 === 0) await nextFrame()
  }
  await nextFrame()
  const lines = terminal(stdout.text()).slice(heading)
  expect(lines.length).toBeLessThan(rows)
  for (const line of lines) expect(line.length).toBeLessThan(columns)
  await report.close()
})

test('200 hosts on 24 lines: how many do what, which, and who failed', async () => {
  let time = 0
  const stdout = paper({ isTTY: true, columns: 80, rows: 24 })
  const report = createTreeReport({ ...settings, stdout, now: () => time })
  const hosts = labs(200)
  report.onEvent({ event: 'play', play: 'GPU', hosts })
  for (const event of hosts.slice(0, 120).flatMap(fineHost)) report.onEvent(event)
  for (const host of hosts.slice(120, 157)) {
    report.onEvent({ event: 'phase', host, phase: 'apply' })
    report.onEvent({ event: 'output', host, step: 'update-initramfs -u', line: `Generating for ${host}` })
  }
  for (const host of hosts.slice(157, 160)) report.onEvent({ event: 'phase', host, phase: 'reboot' })
  for (const host of hosts.slice(160, 163))
    report.onEvent({ event: 'host_failed', host, status: 'unreachable', why: 'timed out after 10 s' })
  time = 75_000
  await nextFrame()
  expect(terminal(stdout.text()).slice(2)).toEqual([
    '200 hosts: 120 done, 3 failed, 40 at work, 37 waiting',
    '› applying 37: lab[121:157]  1 min 15 s  update-initramfs -u',
    '› rebooting 3: lab[158:160]  1 min 15 s',
    '✖ lab[161:163]  unreachable: timed out after 10 s',
  ])
  await report.close()
})

test('a screen on which nothing changes costs no byte, and time that passes little', async () => {
  let time = 0
  const stdout = paper({ isTTY: true, columns: 80, rows: 24 })
  const report = createTreeReport({ ...settings, color: true, stdout, now: () => time })
  report.onEvent({ event: 'play', play: 'GPU', hosts: labs(200) })
  for (const host of labs(200)) report.onEvent({ event: 'phase', host, phase: 'apply' })
  await nextFrame()
  const bytes = () => Buffer.byteLength(stdout.text())
  const before = bytes()
  for (let frame = 0; frame < 40; frame++) vi.advanceTimersByTime(250)
  expect(bytes()).toBe(before)
  for (let frame = 0; frame < 40; frame++) {
    time += 250
    vi.advanceTimersByTime(250)
  }
  const perSecond = (bytes() - before) / 10
  expect(perSecond).toBeGreaterThan(0)
  expect(perSecond).toBeLessThan(100)
  await report.close()
})
