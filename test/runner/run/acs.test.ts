import { expect, test } from 'vitest'
import { startFleet } from '../../sandbox/fleet.ts'
import { guide } from '../../sandbox/machines/guide.ts'
import { oneKernel } from './members.ts'
import { sandboxOf } from './on_host.ts'
import { playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'
const patched = guide.kernels.filter(({ acsOverride }) => acsOverride)

const play = (values: string) => `- name: Override
  hosts: all
  become: true
  tasks:
    - {name: IOMMU, iommu_kernel_args: {}, notify: reboot}
    - meta: flush_handlers
    - {name: Split, acs_override: {values: [${values}], accept_risk: true}, notify: reboot}
  handlers:
    - {name: reboot, reboot: {}}
`

test('the override says what it would split, and after the reboot what it has split', async () => {
  await using fleet = await startFleet({ [HOST]: { ...oneKernel, machine: { ...guide, kernels: patched } } })
  const run = await playFleet(fleet, { playbook: writePlaybook(fleet, play('"id:8086:a115"')) })
  expect([run.exitCode, run.failure(HOST)]).toEqual([0, ''])
  const told = run.of('finding').filter(({ task, stage }) => task === 'Split' && stage === 'groups')
  expect(told.map(({ severity, what }) => `${severity}: ${what}`)).toEqual([
    expect.stringMatching(/^warning: the override isolates nothing/),
    'note: group 6 (00:1c.0, 00:1c.2, 00:1c.5, 03:00.0, 04:00.0, 06:00.0) would become (00:1c.0, 00:1c.2, 03:00.0, 04:00.0), (00:1c.5), (06:00.0)',
    'note: what was one group (00:1c.0, 00:1c.2, 00:1c.5, 03:00.0, 04:00.0, 06:00.0) has become (00:1c.0, 00:1c.2, 03:00.0, 04:00.0), (00:1c.5), (06:00.0)',
  ])
  expect(JSON.parse(sandboxOf(fleet).read('/var/lib/vfio-run/reboot.json')).groups).toContainEqual(
    ['00:1c.0', '00:1c.2', '00:1c.5', '03:00.0', '04:00.0', '06:00.0'].map(at => `0000:${at}`),
  )
})

test('an override that splits nothing is told so plainly', async () => {
  await using fleet = await startFleet({ [HOST]: { ...oneKernel, machine: { ...guide, kernels: patched } } })
  const run = await playFleet(fleet, { playbook: writePlaybook(fleet, play('"id:1b73:1100"')) })
  expect(run.of('finding').at(-1)).toMatchObject({
    task: 'Split',
    severity: 'warning',
    what: 'the groups did not change: all 10 are as they were before the override',
  })
})
