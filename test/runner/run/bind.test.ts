import { expect, test } from 'vitest'
import { FakeKernel } from '../../laws/fake_kernel.ts'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import { amdServer } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'amd-server'
const [CARD, AUDIO] = ['0000:0a:00.0', '0000:0a:00.1']

/** Its own kernel, and a modprobe that loads vfio-pci. */
function kernelOf(fleet: Fleet, hangs: readonly string[] = []): FakeKernel {
  const sandbox = sandboxOf(fleet)
  const devices = sandbox.machine.devices.map(({ at, id, driver = '' }) => ({
    address: `0000:${at}`,
    id,
    driver,
  }))
  replaceProgram(
    sandbox,
    'modprobe',
    'case $* in vfio-pci) ln -s ../../../../module/vfio_pci "$VFIO_RUN_ROOT/sys/bus/pci/drivers/vfio-pci/module";; esac',
  )
  return new FakeKernel(sandbox.root, devices, { hangs })
}

const playbook = (fleet: Fleet, state: 'present' | 'absent'): string =>
  writePlaybook(
    fleet,
    `- name: Now
  hosts: all
  become: true
  tasks:
    - name: Bind
      vfio_bind: {devices: ['0a:00.0', '0a:00.1'], state: ${state}, timeout: 1}
    - name: Prove
      verify_devices: {devices: ['0a:00.0', '0a:00.1'], state: ${state}}
`,
  )

test('a card moves to vfio-pci while the host runs, once, and back', async () => {
  await using fleet = await startFleet({ [HOST]: amdServer })
  using kernel = kernelOf(fleet)
  const drivers = () => [kernel.driverOf(CARD), kernel.driverOf(AUDIO)]
  const present = playbook(fleet, 'present')
  const { bootId } = sandboxOf(fleet).running

  const dry = await playFleet(fleet, { playbook: present, check: true })
  expect([dry.exitCode, dry.failure(HOST), drivers()]).toEqual([0, '', ['amdgpu', 'snd_hda_intel']])
  const first = await playFleet(fleet, { playbook: present })
  expect([first.exitCode, first.failure(HOST), drivers()]).toEqual([0, '', ['vfio-pci', 'vfio-pci']])
  expect(first.of('command').map(({ argv }) => argv)).toEqual([['modprobe', 'vfio-pci']])
  expect(first.of('bind').map(({ address, from, to }) => [address, from, to])).toEqual([
    [AUDIO, 'snd_hda_intel', 'vfio-pci'],
    [CARD, 'amdgpu', 'vfio-pci'],
  ])
  expect(dry.of('bind').map(({ check, ...event }) => event)).toEqual(
    first.of('bind').map(({ check, ...event }) => event),
  )
  expect(first.of('task').map(({ task, status }) => [task, status])).toEqual([
    ['Bind', 'changed'],
    ['Prove', 'ok'],
  ])
  expect(first.of('prediction')[0]?.wrong).toEqual([])
  expect(first.recap(HOST)).toMatchObject({ ok: 2, changed: 1, pending: 0, failed: 0 })

  const second = await playFleet(fleet, { playbook: present })
  expect(second.recap(HOST)).toMatchObject({ ok: 2, changed: 0 })
  expect(second.of('bind')).toEqual([])

  const back = await playFleet(fleet, { playbook: playbook(fleet, 'absent') })
  expect([back.exitCode, back.failure(HOST), drivers()]).toEqual([0, '', ['amdgpu', 'snd_hda_intel']])
  expect(back.of('task').map(({ task, status }) => [task, status])).toEqual([
    ['Bind', 'changed'],
    ['Prove', 'ok'],
  ])
  expect(back.of('prediction')[0]?.wrong).toEqual([])
  expect(sandboxOf(fleet).running.bootId).toBe(bootId)
})

test('a kernel that hangs over the unbinding fails the host in time, and what was moved goes back', async () => {
  await using fleet = await startFleet({ [HOST]: amdServer })
  using kernel = kernelOf(fleet, ['amdgpu'])
  const run = await playFleet(fleet, { playbook: playbook(fleet, 'present') })
  expect(run.exitCode).toBe(2)
  expect(run.failure(HOST)).toMatch(
    /^failed: amdgpu has not let go of 0000:0a:00\.0 within 1 s, and hangs in the kernel: nothing but a reboot clears that \(journalctl -k may say what it waits for\)\nNOT put back: 0000:0a:00\.0 on amdgpu \(it hangs in the kernel: reboot\); the originals are in \/var\/lib\/vfio-run\/runs\/test-\d+\.1 on the host$/,
  )
  expect([kernel.driverOf(CARD), kernel.driverOf(AUDIO)]).toEqual(['amdgpu', 'snd_hda_intel'])
  expect(sandboxOf(fleet).read('/var/lib/vfio-run/lock')).toBe('')
})
