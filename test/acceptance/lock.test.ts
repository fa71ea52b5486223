import { hostname, userInfo } from 'node:os'
import { describe, expect, test, vi } from 'vitest'
import { oneKernel } from '../runner/run/members.ts'
import { lockOf, replaceProgram, sandboxOf } from '../runner/run/on_host.ts'
import { noSshd, PROFILE } from '../sandbox/sshd.ts'
import { startRealFleet } from './fleet.ts'

const IOMMU = `- hosts: all
  become: true
  tasks:
    - iommu_kernel_args:
`

/** At work until the test lets it end. */
const WAITS = 'while [ ! -e "$VFIO_RUN_ROOT/tmp/go" ]; do sleep 0.05; done; exec "$0.real"'

/** ansible/ansible #31096: two runs on one host, and nobody knows of the other. */
describe
  .skipIf(noSshd)
  .concurrent(`one run at a time changes a host${noSshd ? ` (skipped: ${noSshd})` : ''}`, () => {
    test('and the second is told whose the first is; hosts that are free go on', async () => {
      await using fleet = await startRealFleet({ lab1: oneKernel, lab2: oneKernel })
      const sandbox = sandboxOf(fleet, 'lab1')
      replaceProgram(sandbox, 'update-grub', WAITS)
      const first = fleet.watch(IOMMU, '--limit', 'lab1')
      await vi.waitUntil(() => lockOf(sandbox) !== '', { timeout: 30_000, interval: 50 })
      const [run = ''] = lockOf(sandbox).split(' ')
      const second = await fleet.play(IOMMU)
      sandbox.write('/tmp/go', '')
      expect([second.exitCode, second.stdout.replaceAll(/\s+/g, ' ')]).toEqual([
        7,
        expect.stringContaining(
          `run ${run} by ${userInfo().username}@${hostname()} holds the lock, for 60 more minutes at most`,
        ),
      ])
      expect(second.stdout).toMatch(/^lab2 +: ok=\d+ +changed=1 +unreachable=0 +failed=0/m)
      expect([(await first).exitCode, lockOf(sandbox), lockOf(sandboxOf(fleet, 'lab2'))]).toEqual([0, '', ''])
    })

    test('a dry run neither takes it nor heeds it', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const sandbox = sandboxOf(fleet)
      const held = await holdBy(sandbox, 'eve@elsewhere')
      expect((await fleet.play(IOMMU, '--check')).exitCode).toBe(0)
      expect(lockOf(sandbox)).toBe(held)
    })

    test('also where the login shell has words of its own', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const sandbox = sandboxOf(fleet)
      sandbox.write(PROFILE, 'echo "locked out after three tries"\n')
      await holdBy(sandbox, 'eve@elsewhere')
      for (const playbook of [IOMMU, '- hosts: all\n  become: true\n  tasks: [{reboot: {always: true}}]\n']) {
        const { exitCode, stdout } = await fleet.play(playbook)
        expect([exitCode, stdout.replaceAll(/\s+/g, ' ')]).toEqual([
          7,
          expect.stringContaining('run other by eve@elsewhere holds the lock, for 10 more minutes at most'),
        ])
      }
    })
  })

/** @returns what the lock holds then. */
async function holdBy(sandbox: ReturnType<typeof sandboxOf>, who: string): Promise<string> {
  await sandbox.sh('mkdir -p var/lib/vfio-run')
  const line = `other ${Math.floor(Date.now() / 1000) + 600} ${who}\n`
  sandbox.write('/var/lib/vfio-run/lock', line)
  return line
}
