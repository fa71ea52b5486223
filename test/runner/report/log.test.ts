import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { createPlainReport } from '../../../src/runner/report/plain.ts'
import { counts, paper } from './example_run.ts'
import { fineHost, fleet, interleaved, play, recapOf, result, unreachableHost } from './fleet_run.ts'

function opened(settings: { verbose?: number; columns?: number; now?: () => number } = {}) {
  const { verbose = 0, columns = 100, now = () => 0 } = settings
  const stdout = paper({ columns })
  const report = createPlainReport({ stdout, color: false, verbose, now })
  return {
    say: (...events: readonly RunEvent[]) => {
      for (const event of events) report.onEvent(event)
    },
    close: () => report.close(),
    text: () => stdout.text(),
  }
}

function text(events: readonly RunEvent[], settings: { verbose?: number; columns?: number } = {}): string {
  const report = opened(settings)
  report.say(...events)
  return report.text()
}

const playOn = (hosts: readonly string[]): RunEvent => ({ event: 'play', play, hosts })

const ALL_FINE = `
PLAY [GPU passthrough] 200 hosts: lab[001:200]
lab[001:200]: ok       Turn the IOMMU on: intel_iommu=on is in effect
lab[001:200]: changed  Claim the devices: vfio-pci claims 10de:13c2
lab[001:200]: create   /etc/modprobe.d/vfio.conf
--- (absent)
+++ /etc/modprobe.d/vfio.conf
@@ -0,0 +1,1 @@
+options vfio-pci ids=10de:13c2
lab[001:200]: run      update-initramfs -u: the images lack it
`

test('what is the same on 200 hosts is said once, in whatever order they get there', () => {
  const hosts = fleet(200)
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), turns => {
      const events = interleaved(hosts.map(fineHost), () => turns.next().value)
      expect(text([playOn(hosts), ...events])).toBe(ALL_FINE)
    }),
    { numRuns: 5 },
  )
})

test('hosts that have different results of one task stand together', () => {
  const hosts = fleet(4)
  const events = hosts.flatMap((host, index) => [
    result(host, 'Turn the IOMMU on', index === 1 ? 'changed' : 'ok', index === 1 ? 'it is now' : 'it is'),
    result(host, 'Claim the devices', 'ok', 'done'),
  ])
  expect(
    text([playOn(hosts), ...events])
      .split('\n')
      .slice(2),
  ).toEqual([
    'lab001,lab[003:004]: ok       Turn the IOMMU on: it is',
    'lab002:       changed  Turn the IOMMU on: it is now',
    'lab[001:004]: ok       Claim the devices: done',
    '',
  ])
})

test('texts that differ only by the name of the host are the same', () => {
  const hosts = fleet(3)
  const events = hosts.map(host => result(host, 'Say', 'ok', `${host} is ready`))
  expect(text([playOn(hosts), ...events])).toContain('lab[001:003]: ok       Say: <host> is ready\n')
})

test('a name that is a word in the text of another host folds nothing', () => {
  const events = [result('ready', 'Say', 'ok', 'ready now'), result('lab', 'Say', 'ok', 'ready now')]
  expect(text([playOn(['ready', 'lab']), ...events])).toContain('ready,lab: ok       Say: ready now\n')
})

test('diffs that differ are shown apart, with the hosts of each', () => {
  const hosts = fleet(3)
  const events = hosts.map(
    (host, index): RunEvent => ({
      event: 'diff',
      host,
      path: '/etc/f',
      before: index === 2 ? 'b\n' : undefined,
      after: 'a\n',
    }),
  )
  expect(text([playOn(hosts), ...events])).toContain(
    'lab[001:002]: create   /etc/f\n--- (absent)\n+++ /etc/f\n@@ -0,0 +1,1 @@\n+a\n' +
      'lab003:       edit     /etc/f\n--- /etc/f\n+++ /etc/f\n@@ -1,1 +1,1 @@\n-b\n+a\n',
  )
})

test('a task is told as soon as every host has come to it, and a host that is out is not waited for', () => {
  const report = opened()
  report.say(playOn(['a1', 'a2', 'a3']), result('a1', 'One', 'ok', 'x'), result('a2', 'One', 'ok', 'x'))
  expect(report.text()).not.toContain('One')
  report.say({ event: 'host_stopped', host: 'a3', why: 'too many have failed' })
  expect(report.text()).toContain('a3:     stopped  too many have failed\na[1:2]: ok       One: x\n')
})

test('a failure is told when it happens, others like it together, and all of them once more at the end', () => {
  const report = opened()
  const hosts = fleet(5)
  report.say(playOn(hosts), ...unreachableHost('lab001', '192.0.2.1'))
  const failure = 'unreachable  no answer from 192.0.2.1 port 22 within 10 s\n'
  expect(report.text()).toContain(`lab001:       ${failure}`)
  report.say(...hosts.slice(1, 4).flatMap((host, index) => unreachableHost(host, `192.0.2.${index + 2}`)))
  report.say(...fineHost('lab005'), { event: 'recap', hosts: {}, exitCode: 4 })
  const shown = report
    .text()
    .split('\n')
    .filter(line => line.includes('unreachable'))
  expect(shown).toEqual([
    `lab001:       ${failure.trimEnd()}`,
    'lab[002:004]: unreachable  no answer from <address> port 22 within 10 s',
    'lab[001:004]: unreachable  no answer from <address> port 22 within 10 s',
  ])
})

test('what was held back is not lost when the run is broken off', async () => {
  const report = opened()
  report.say(playOn(['a1', 'a2']), result('a1', 'One', 'ok', 'x'))
  await report.close()
  expect(report.text()).toContain('a1:     ok       One: x\n')
})

test('while hosts wait for one another a log says every minute how far they are', () => {
  let time = 0
  const report = opened({ now: () => time })
  report.say(playOn(['a1', 'a2', 'a3']), ...fineHost('a1'))
  time = 60_000
  report.say({ event: 'phase', host: 'a2', phase: 'look' }, { event: 'phase', host: 'a2', phase: 'apply' })
  expect(report.text()).toBe('\nPLAY [GPU passthrough] a1, a2, a3\n3 hosts: 1 done, 1 at work, 1 waiting\n')
})

test('more hosts than a line has room for are named in full with -v, and where they failed', () => {
  const odd = fleet(60).filter((_, index) => index % 2 === 0)
  const events = [playOn(fleet(60)), ...odd.map(host => result(host, 'One', 'failed', 'x'))]
  const recap: RunEvent = { event: 'recap', hosts: {}, exitCode: 2 }
  const told = text([...events, recap])
  expect(told).toContain('lab003,lab005,lab007,lab009 and 25 more: failed   One: x\n')
  const summary = told.slice(told.indexOf('FAILURES'))
  for (const host of odd) expect(summary).toContain(host)
  expect(text(events, { verbose: 1 })).not.toContain('more:')
})

test('the times that reboots take make no difference', () => {
  let time = 0
  const report = opened({ now: () => time })
  report.say(playOn(['a1', 'a2']))
  for (const host of ['a1', 'a2']) report.say({ event: 'phase', host, phase: 'reboot' })
  for (const host of ['a1', 'a2']) {
    time += 41_000
    report.say({ event: 'phase', host, phase: 'prove' })
  }
  expect(report.text().split('\n').slice(2)).toEqual([
    'a[1:2]: reboot   started',
    'a[1:2]: reboot   back after 41 s to 1 min 22 s',
    '',
  ])
})

test('each batch of a play begins with its hosts, when the one before it has been told', () => {
  const batch = (number: number, hosts: string[]): RunEvent => ({
    event: 'batch',
    play,
    number,
    of: 2,
    hosts,
  })
  const events = [
    playOn(fleet(4)),
    batch(1, fleet(2)),
    ...fleet(2).map(host => result(host, 'One', 'ok', 'x')),
    batch(2, fleet(4).slice(2)),
    ...fleet(4)
      .slice(2)
      .map(host => result(host, 'One', 'ok', 'x')),
  ]
  expect(text(events)).toBe(`
PLAY [GPU passthrough] lab001, lab002, lab003, lab004

BATCH 1 of 2 lab001, lab002
lab[001:002]: ok       One: x

BATCH 2 of 2 lab003, lab004
lab[003:004]: ok       One: x
`)
})

test('the recap of many hosts is a line for those that came out the same, the failed ones last', () => {
  const hosts = fleet(200)
  const recap = recapOf(hosts, host => (host === 'lab007' ? { unreachable: 1 } : { ok: 9, changed: 4 }))
  expect(text([recap])).toBe(`
PLAY RECAP
lab[001:006],lab[008:200]  : ok=9    changed=4    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
lab007                     : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0   
`)
})

test('no line is lost, doubled or out of its host’s order, however hosts differ', () => {
  const task = fc.record({
    task: fc.constantFrom('A', 'B', 'C', 'D'),
    why: fc.constantFrom('x', 'y'),
    milestone: fc.boolean(),
  })
  const streams = fc.array(fc.array(task, { maxLength: 8 }), { minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(streams, fc.infiniteStream(fc.nat()), (all, turns) => {
      const hosts = all.map((_, index) => `h${index}x`)
      const told = all.map((each, index) =>
        each.map(({ task, why, milestone }): RunEvent => {
          const host = hosts[index] ?? ''
          if (milestone) return result(host, task, 'ok', why)
          return { event: 'command', host, argv: [task], reason: why, check: false }
        }),
      )
      const events = interleaved(told, () => turns.next().value)
      const lines = text([playOn(hosts), ...events, recapOf([], () => counts({}))], { verbose: 1 })
      const shown = [...lines.matchAll(/^(\S+): +(?:ok|run) +(.): (.)$/gm)]
      for (const [index, host] of hosts.entries()) {
        const own = shown.flatMap(([, label = '', task, why]) =>
          namesIn(label).includes(host) ? [`${task}${why}`] : [],
        )
        expect(own).toEqual(all[index]?.map(({ task, why }) => `${task}${why}`))
      }
    }),
  )
})

function namesIn(label: string): string[] {
  return label.split(',').flatMap(piece => {
    const [, from, to] = /^h\[(\d):(\d)\]x$/.exec(piece) ?? []
    if (from === undefined || to === undefined) return [piece]
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, n) => `h${Number(from) + n}x`)
  })
}

test('on a narrow terminal a text goes on near the left, below the names', () => {
  const lost = fleet(2).flatMap(host => unreachableHost(host, '192.0.2.1'))
  expect(text([playOn(fleet(9)), ...lost, recapOf([], () => ({}))], { columns: 40 })).toContain(
    '\nlab[001:002]: unreachable  no answer\n      from 192.0.2.1 port 22 within 10 s\n      is it switched on?\n',
  )
})
