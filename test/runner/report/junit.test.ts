import { execFileSync, spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { createJunitReport } from '../../../src/runner/report/junit.ts'
import { element, xmlDocument } from '../../../src/runner/report/xml.ts'
import { exampleRun, paper } from './example_run.ts'
import { play, result } from './fleet_run.ts'

async function junit(events: readonly RunEvent[]): Promise<string> {
  let time = 0
  const stdout = paper()
  const report = createJunitReport({ stdout, now: () => time })
  for (const event of events) {
    time += 500
    report.onEvent(event)
  }
  await report.close()
  return stdout.text()
}

const begun = (...hosts: readonly string[]): readonly RunEvent[] => [
  { event: 'run', playbook: 'gpu.yaml', check: false, hosts },
  { event: 'play', play, hosts },
]

test('a suite per play, a case per task and host, as CI servers read them', async () => {
  expect(await junit(exampleRun)).toBe(`\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="playbooks/gpu.yaml" tests="5" failures="1" errors="1" skipped="0" time="12.500">
  <testsuite name="GPU passthrough" tests="5" failures="1" errors="1" skipped="0" time="12.500">
    <testcase name="[far-away] GPU passthrough: unreachable" classname="playbooks/gpu.yaml" time="0.500">
      <error type="unreachable" message="no answer from 192.0.2.7 port 22 within 10 s">unreachable: no answer from 192.0.2.7 port 22 within 10 s
is it switched on?</error>
    </testcase>
    <testcase name="[lab1] GPU passthrough: Turn the IOMMU on" classname="playbooks/gpu.yaml" time="3.000">
      <system-out>ok: intel_iommu=on is in effect</system-out>
    </testcase>
    <testcase name="[lab1] GPU passthrough: Claim the devices for vfio-pci" classname="playbooks/gpu.yaml" time="0.500">
      <system-out>changed: vfio-pci claims 10de:13c2, 10de:0fbb, which nouveau and snd_hda_intel hold now</system-out>
    </testcase>
    <testcase name="[lab2] GPU passthrough: Claim the devices for vfio-pci" classname="playbooks/gpu.yaml" time="7.000">
      <failure type="blocked" message="0000:00:17.0 is the controller of / and has the id of a chosen device">blocked: 0000:00:17.0 is the controller of / and has the id of a chosen device
choose the device by its address</failure>
    </testcase>
    <testcase name="[lab1] GPU passthrough: Prove the binding" classname="playbooks/gpu.yaml" time="7.000">
      <system-out>ok: 02:00.0 and 02:00.1 are on vfio-pci</system-out>
    </testcase>
  </testsuite>
</testsuites>
`)
})

const ran = { command: 'true', exitCode: 1, output: ['some <output>'] }

test.each<[title: string, event: RunEvent, expected: string]>([
  [
    'a failed command shows what it printed',
    result('a', 'Try', 'failed', 'no', { ran }),
    '<failure type="failed" message="no">failed: no\n$ true\nsome &lt;output&gt;\nexit code: 1</failure>',
  ],
  [
    'an ignored failure has passed',
    result('a', 'Try', 'failed', 'no', { ignored: true }),
    '<system-out>failed: no</system-out>',
  ],
  [
    'a task whose condition does not hold is skipped',
    result('a', 'Try', 'skipped', 'x is defined'),
    '<skipped message="x is defined"/>',
  ],
  [
    'what a dry run cannot tell is skipped',
    result('a', 'Try', 'unknown', 'would run'),
    '<skipped message="would run"/>',
  ],
  [
    'a lock is an error',
    { event: 'host_failed', host: 'a', status: 'locked', why: 'held by "b"' },
    '<error type="locked" message="held by &quot;b&quot;">locked: held by "b"</error>',
  ],
])('%s', async (_title, event, expected) => {
  expect(await junit([...begun('a'), event])).toContain(expected)
})

test('the rounds of a loop are told in the case of their task', async () => {
  const text = await junit([
    ...begun('a'),
    result('a', 'Install', 'ok', 'there', { item: 'x' }),
    result('a', 'Install', 'changed', 'missing', { item: 'y' }),
    result('a', 'Install', 'changed', 'some'),
  ])
  expect(text).toContain(' tests="1" ')
  expect(text).toContain('changed: some\n(item=x) ok: there\n(item=y) changed: missing</')
})

test('a run that is broken off is still a document, and one that never began is none', async () => {
  expect(await junit(begun('a'))).toMatch(/<\/testsuites>\n$/)
  expect(await junit([])).toBe('')
})

const python = spawnSync('python3', ['-c', 'import xml.etree.ElementTree']).status === 0

test.skipIf(!python)('any text comes back from an XML parser, but for what XML cannot hold', () => {
  const texts = fc.sample(fc.string({ unit: 'binary' }), { numRuns: 200, seed: 1 })
  const document = xmlDocument(
    element('all', {}, [
      ...[...texts, 'a\t\r\n"<&>]]>\u0000\u001b\uffff\ud800'].map(text => element('one', { text }, [text])),
    ]),
  )
  const script =
    'import json,sys,xml.etree.ElementTree as E\n' +
    'print(json.dumps([[e.get("text"), e.text or ""] for e in E.fromstring(sys.stdin.buffer.read())]))'
  const read: unknown = JSON.parse(
    execFileSync('python3', ['-c', script], { input: document, encoding: 'utf8' }),
  )
  const kept = [...texts, 'a\t\r\n"<&>]]>\u0000\u001b\uffff\ud800'].map(text =>
    text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd'),
  )
  expect(read).toEqual(kept.map(text => [text, text]))
})
