import { describe, expect, test } from 'vitest'
import { oneKernel } from '../runner/run/members.ts'
import { sandboxOf } from '../runner/run/on_host.ts'
import { noSshd } from '../sandbox/sshd.ts'
import { type RealFleet, startRealFleet } from './fleet.ts'

const play = (keys: string): string => `- hosts: all
  become: true
${keys.replace(/^/gm, '  ')}
  tasks:
    - reboot: {always: true, reboot_timeout: 6}
`

const NAMES = ['lab1', 'lab2', 'lab3']

/** What the recap says of each, and whether it has rebooted. */
async function rolled(fleet: RealFleet, keys: string) {
  const before = new Map([...fleet.hosts].map(([name, { sandbox }]) => [name, sandbox.running.bootId]))
  const connected = [...fleet.hosts.values()].map(({ server }) => server.counters.connections)
  const { exitCode, of } = await fleet.watch(play(keys))
  const recap = of('recap')[0]?.hosts ?? {}
  return {
    exitCode,
    unreachable: NAMES.filter(name => (recap[name]?.unreachable ?? 0) > 0),
    rebooted: NAMES.filter(name => sandboxOf(fleet, name).running.bootId !== before.get(name)),
    connected: NAMES.filter(
      (name, n) => (fleet.hosts.get(name)?.server.counters.connections ?? 0) > (connected[n] ?? 0),
    ),
  }
}

const startThree = () => startRealFleet(Object.fromEntries(NAMES.map(name => [name, oneKernel])))

/** ansible/ansible #56265: unreachable hosts are not counted, and the roll goes on over all of the machines. */
describe
  .skipIf(noSshd)
  .concurrent(
    `a rolling reboot stops when machines do not come back${noSshd ? ` (skipped: ${noSshd})` : ''}`,
    () => {
      test('the second of three with serial: 1: the third is not touched', async () => {
        await using fleet = await startThree()
        sandboxOf(fleet, 'lab2').fail('boot', 'no bootable device')
        const seen = await rolled(fleet, 'serial: 1\nmax_fail_percentage: 0')
        expect(seen).toMatchObject({
          exitCode: 4,
          unreachable: ['lab2'],
          rebooted: ['lab1'],
          connected: ['lab1', 'lab2'],
        })
      })

      test.for([
        ['one of two is not more than 50 %', 50, ['lab2', 'lab3']],
        ['one of two is more than 49 %', 49, ['lab2']],
      ] as const)('%s', async ([, percentage, rebooted]) => {
        await using fleet = await startThree()
        sandboxOf(fleet, 'lab1').fail('boot', 'no bootable device')
        const seen = await rolled(fleet, `serial: 2\nmax_fail_percentage: ${percentage}`)
        expect(seen).toMatchObject({ exitCode: 4, unreachable: ['lab1'], rebooted })
      })

      test('and when the first cannot be reached to begin with', async () => {
        await using fleet = await startThree()
        await fleet.hosts.get('lab1')?.server.stop()
        const seen = await rolled(fleet, 'serial: 1\nmax_fail_percentage: 0')
        expect(seen).toMatchObject({ exitCode: 4, unreachable: ['lab1'], rebooted: [], connected: [] })
      })
    },
  )
