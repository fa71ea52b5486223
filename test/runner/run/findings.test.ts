import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { sandboxOf } from './on_host.ts'
import { type Played, playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'
const CHECK = 'Report the hardware'

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet({ [HOST]: oneKernel })
})
afterAll(() => fleet?.[Symbol.asyncDispose]())

const playbook = (...tasks: string[]): string =>
  writePlaybook(
    fleet,
    `- name: Hardware
  hosts: all
  become: true
  tasks:
    - name: ${CHECK}
      check_hardware:
${tasks.join('')}`,
  )

const sequence = (played: Played): string[] =>
  played.events.flatMap(event => {
    if (event.event === 'task') return [`${event.status} ${event.task}`]
    return event.event === 'finding' ? [`  ${event.severity} of ${event.task}`] : []
  })

test('a dry run and a run tell the same findings, right below their task, and change nothing', async () => {
  const before = hostTree(sandboxOf(fleet))
  const path = playbook()
  const dry = await playFleet(fleet, { playbook: path, check: true })
  const run = await playFleet(fleet, { playbook: path })
  expect(differences(before, hostTree(sandboxOf(fleet)))).toEqual([])
  expect([dry.exitCode, run.exitCode]).toEqual([0, 0])
  expect(run.of('finding')).toEqual(dry.of('finding'))
  expect(run.of('finding')).toContainEqual({
    event: 'finding',
    host: HOST,
    play: 'Hardware',
    task: CHECK,
    stage: 'command line',
    severity: 'note',
    what: 'VT-d is there, and not switched on yet',
    evidence: '/sys/class/iommu is empty',
    next: 'iommu_kernel_args sets intel_iommu=on',
  })
  const [first, ...rest] = sequence(run)
  expect(first).toBe(`ok ${CHECK}`)
  expect(rest.every(line => line.endsWith(` of ${CHECK}`))).toBe(true)
})

test('where a later task is refused, what was found out is told all the same', async () => {
  const path = playbook('    - vfio_ids: {devices: ["01:00.0"]}\n')
  const run = await playFleet(fleet, { playbook: path })
  expect(run.exitCode).toBe(2)
  expect(sequence(run).filter(line => /^(ok|blocked) /.test(line))).toEqual([
    `ok ${CHECK}`,
    'blocked vfio_ids',
  ])
  expect(run.of('finding').map(({ what }) => what)).toContain('VT-d is there, and not switched on yet')
})
