import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { vfioRunIn } from '../cli/vfio_run.ts'
import { oneKernel } from '../runner/run/members.ts'
import { lockOf, sandboxOf } from '../runner/run/on_host.ts'
import { writePlaybook } from '../runner/run/play_fleet.ts'
import { noSshd } from '../sandbox/sshd.ts'
import { type RealFleet, startRealFleet } from './fleet.ts'

const OWN = '/proc/sys/kernel/random/boot_id'
const missing = noSshd ?? (existsSync(OWN) ? undefined : `there is no ${OWN}`)

const PLAY = `- hosts: all
  become: true
  tasks:
    - iommu_kernel_args:
      notify: reboot
    - meta: flush_handlers
    - verify_dmesg:
  handlers:
    - name: reboot
      reboot: {reboot_timeout: 60}
`

/** The guide's own reader works on the machine that is prepared; a reboot in the midst of the run would end both. */
describe
  .skipIf(missing)
  .concurrent(
    `the machine that runs the play is never rebooted${missing ? ` (skipped: ${missing})` : ''}`,
    () => {
      test('also when it goes by an alias: the run ends with what is left to do, exit code 0', async () => {
        await using fleet = await startRealFleet({ alias: oneKernel })
        bearOwnBootId(fleet)
        const { exitCode, stdout } = await fleet.play(PLAY)
        expect([exitCode, stdout.replaceAll(/\s+/g, ' ')]).toEqual([
          0,
          expect.stringContaining('this is the machine that runs the play: reboot, then run again to prove'),
        ])
        expect(sandboxOf(fleet).read('/etc/default/grub')).toContain('intel_iommu=on')
        expectNotRebooted(fleet)
      })

      test('nor when it is reached without SSH', async () => {
        await using fleet = await startRealFleet({ lab: oneKernel })
        const { root, path, running } = sandboxOf(fleet)
        const environment = { VFIO_RUN_ROOT: root, VFIO_RUN_PATH: path, PATH: path, SANDBOX_UID: '0' }
        const inventory = join(fleet.folder, 'own')
        writeFileSync(inventory, 'own ansible_connection=local\n')
        const { exitCode, stdout } = await vfioRunIn(environment, writePlaybook(fleet, PLAY), '-i', inventory)
        expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/machine\s+that\s+runs\s+the\s+play/)])
        expect(sandboxOf(fleet).read('/etc/default/grub')).toContain('intel_iommu=on')
        expect(sandboxOf(fleet).running.bootId).toBe(running.bootId)
      })

      test('3 with --detailed-exitcode, dry or not', async () => {
        await using fleet = await startRealFleet({ alias: oneKernel })
        bearOwnBootId(fleet)
        for (const flags of [['--check'], []])
          expect((await fleet.play(PLAY, '--detailed-exitcode', ...flags)).exitCode).toBe(3)
        expectNotRebooted(fleet)
      })

      test('nor by a task that asks for it always', async () => {
        await using fleet = await startRealFleet({ alias: oneKernel })
        bearOwnBootId(fleet)
        const { exitCode } = await fleet.play(
          '- hosts: all\n  become: true\n  tasks: [{reboot: {always: true}}]\n',
        )
        expect(exitCode).toBe(0)
        expectNotRebooted(fleet)
      })

      test('once its owner has rebooted it, the next run proves', async () => {
        await using fleet = await startRealFleet({ alias: oneKernel })
        bearOwnBootId(fleet)
        await fleet.play(PLAY)
        await sandboxOf(fleet).reboot()
        bearOwnBootId(fleet)
        const { exitCode, of } = await fleet.watch(PLAY, '--detailed-exitcode')
        expect([exitCode, of('recap')[0]?.hosts]).toEqual([
          0,
          { alias: expect.objectContaining({ changed: 0, pending: 0, failed: 0, rebootPending: '' }) },
        ])
      })
    },
  )

/** The machine shows the boot_id of this one, as this one does when it is reached over SSH. */
function bearOwnBootId(fleet: RealFleet): void {
  const sandbox = sandboxOf(fleet)
  // Read-only, as in /proc.
  rmSync(sandbox.at(OWN))
  sandbox.write(OWN, readFileSync(OWN, 'latin1'))
}

/** A boot would bring a boot_id of its own. */
function expectNotRebooted(fleet: RealFleet): void {
  const sandbox = sandboxOf(fleet)
  expect([sandbox.read(OWN), existsSync(sandbox.at('/.sandbox/reboot-requested')), lockOf(sandbox)]).toEqual([
    readFileSync(OWN, 'latin1'),
    false,
    '',
  ])
}
