import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { oneKernel } from '../runner/run/members.ts'
import { replaceProgram, sandboxOf } from '../runner/run/on_host.ts'
import { noSshd } from '../sandbox/sshd.ts'
import { type RealFleet, startRealFleet } from './fleet.ts'

/** A task that calls for a reboot, and one after it that need not go well. */
const play = (last: string): string => `- hosts: all
  become: true
  tasks:
    - name: Turn the IOMMU on
      iommu_kernel_args:
      notify: reboot
    - shell: ${last}
  handlers:
    - name: reboot
      reboot: {reboot_timeout: 60}
`

const WAITS = 'touch $VFIO_RUN_ROOT/tmp/begun; while [ ! -e $VFIO_RUN_ROOT/tmp/go ]; do sleep 0.1; done'

const LOCK = '/var/lib/vfio-run/lock'

/** Without a chance to tidy up, once what WAITS stands for has begun. */
async function killAtWork(fleet: RealFleet, playbook: string): Promise<void> {
  const child = fleet.start(playbook)
  const ended = once(child, 'exit')
  const isBegun = () => existsSync(sandboxOf(fleet).at('/tmp/begun'))
  await vi.waitUntil(isBegun, { timeout: 30_000, interval: 50 })
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])
}

/** Whether the machine runs with what the playbook asks for, and since when. */
function stateOf(fleet: RealFleet) {
  const { bootId, cmdline } = sandboxOf(fleet).running
  return { bootId, isOn: cmdline.includes('intel_iommu=on') }
}

/** The next run has nothing to write, reboots, and proves; the one after it has nothing to do at all. */
async function expectRebootMadeUpFor(fleet: RealFleet, bootId: string): Promise<void> {
  const next = await fleet.watch(play('"true"'), '--diff')
  expect([next.exitCode, next.of('diff')]).toEqual([0, []])
  expect(next.of('task').find(({ module }) => module === 'reboot')).toMatchObject({
    status: 'changed',
    why: 'rebooted: intel_iommu=on',
  })
  expect(stateOf(fleet)).toEqual({ bootId: expect.not.stringContaining(bootId), isOn: true })
  const { bootId: proven } = stateOf(fleet)
  const idle = await fleet.watch(play('"true"'))
  expect([idle.exitCode, idle.of('phase').filter(({ phase }) => phase === 'reboot')]).toEqual([0, []])
  expect(stateOf(fleet).bootId).toBe(proven)
}

/** ansible/ansible #9323, #10498: the handler is dropped, and the next run finds nothing changed and says ok. */
describe
  .skipIf(noSshd)
  .concurrent(
    `a reboot that was lost is made up for by the next run${noSshd ? ` (skipped: ${noSshd})` : ''}`,
    () => {
      test('when a task after the one that called for it has failed', async () => {
        await using fleet = await startRealFleet({ lab: oneKernel })
        const { bootId } = stateOf(fleet)
        const { exitCode, stdout } = await fleet.play(play('"false"'))
        expect([exitCode, stdout]).toEqual([
          2,
          expect.stringMatching(/^lab +: ok=\d+ +changed=1 .*failed=1/m),
        ])
        expect(stateOf(fleet)).toEqual({ bootId, isOn: false })
        expect(sandboxOf(fleet).read('/etc/default/grub')).toContain('intel_iommu=on')
        await expectRebootMadeUpFor(fleet, bootId)
      })

      test('when the run was killed before it came to the reboot', async () => {
        await using fleet = await startRealFleet({ lab: oneKernel })
        const sandbox = sandboxOf(fleet)
        const { bootId } = stateOf(fleet)
        await killAtWork(fleet, play(WAITS))
        sandbox.write('/tmp/go', '')
        expect(stateOf(fleet)).toEqual({ bootId, isOn: false })
        await expectRebootMadeUpFor(fleet, bootId)
      })

      test('when the run was killed while it asked for the reboot, as soon as its lock is given up', async () => {
        await using fleet = await startRealFleet({ lab: oneKernel })
        const sandbox = sandboxOf(fleet)
        const { bootId } = stateOf(fleet)
        replaceProgram(sandbox, 'shutdown', `[ ! -e $VFIO_RUN_ROOT/tmp/go ] || exec "$0.real" "$@"\n${WAITS}`)
        await killAtWork(fleet, play('"true"'))
        sandbox.write('/tmp/go', '')
        expect(stateOf(fleet)).toEqual({ bootId, isOn: false })
        const held = await fleet.play(play('"true"'))
        expect([held.exitCode, held.stdout]).toEqual([7, expect.stringContaining(LOCK)])
        sandbox.write(LOCK, '')
        await expectRebootMadeUpFor(fleet, bootId)
      })

      test('and not made at all when somebody has rebooted it meanwhile', async () => {
        await using fleet = await startRealFleet({ lab: oneKernel })
        await fleet.play(play('"false"'))
        await sandboxOf(fleet).reboot()
        const { bootId } = stateOf(fleet)
        const next = await fleet.watch(play('"true"'))
        expect([next.exitCode, stateOf(fleet)]).toEqual([0, { bootId, isOn: true }])
      })
    },
  )
