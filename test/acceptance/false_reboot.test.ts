import { describe, expect, test } from 'vitest'
import { oneKernel } from '../runner/run/members.ts'
import { replaceProgram, sandboxOf } from '../runner/run/on_host.ts'
import { playFleet, writePlaybook } from '../runner/run/play_fleet.ts'
import { noSshd, PROFILE } from '../sandbox/sshd.ts'
import { type RealFleet, startRealFleet } from './fleet.ts'

const play = (timeout: number): string => `- hosts: all
  become: true
  tasks:
    - reboot: {always: true, reboot_timeout: ${timeout}}
`

/** Before each command: what looks like a boot_id, other words each time, and words to stderr. */
const NOISE = `cat /proc/sys/kernel/random/uuid
echo "last login: $$"
printf 'no line break'
echo "warning: $$" >&2
`

/** What the run said of why the host took no further part. */
async function failureOf(fleet: RealFleet, timeout: number) {
  const { exitCode, of } = await fleet.watch(play(timeout))
  return { exitCode, why: of('host_failed', 'lab').map(({ status, why }) => `${status}: ${why}`) }
}

/** ansible/ansible #83018: whatever differs from the old boot_id counts as "rebooted". */
describe
  .skipIf(noSshd)
  .concurrent(`only another boot_id is taken for a reboot${noSshd ? ` (skipped: ${noSshd})` : ''}`, () => {
    test('not what a login shell prints: the host that stays up is told to have stayed up', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const sandbox = sandboxOf(fleet)
      sandbox.write(PROFILE, NOISE)
      replaceProgram(sandbox, 'reboot', 'exit 0')
      const { bootId } = sandbox.running
      const { exitCode, why } = await failureOf(fleet, 4)
      expect([exitCode, why, sandbox.running.bootId]).toEqual([
        4,
        ['unreachable: did not come back within 4 s of its reboot; it still answers with the old boot_id'],
        bootId,
      ])
    })

    test('and it is seen through the same noise', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const sandbox = sandboxOf(fleet)
      sandbox.write(PROFILE, NOISE)
      const { bootId } = sandbox.running
      const { exitCode, why } = await failureOf(fleet, 60)
      expect([exitCode, why, sandbox.running.bootId]).toEqual([0, [], expect.not.stringContaining(bootId)])
    })

    test.for([
      ['no boot_id', 'it works\n'],
      ['nothing', ''],
      ['one with a word behind it', '0b2f7c9e-4d1a-4f6b-8c35-9e7d2a1b6f04 (restored)\n'],
      ['an error page', '<h1>503</h1>\n'],
    ])('%s in the place of the boot_id is not another boot_id', async ([, text]) => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const sandbox = sandboxOf(fleet)
      replaceProgram(sandbox, 'reboot', `: >"$VFIO_RUN_ROOT/tmp/asked"`)
      replaceProgram(
        sandbox,
        'cat',
        `case $1 in */boot_id) [ ! -e "$VFIO_RUN_ROOT/tmp/asked" ] || exec printf %s '${text}';; esac\nexec /usr/bin/cat "$@"`,
      )
      const { exitCode, why } = await failureOf(fleet, 4)
      expect([exitCode, why]).toEqual([
        4,
        [
          'unreachable: did not come back within 4 s of its reboot; the last try: it answers, but not with a boot_id',
        ],
      ])
    })

    test('the deadline is one for all of the waiting, also where the host answers no more', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      replaceProgram(sandboxOf(fleet), 'reboot', `echo 'sleep 600' >"$VFIO_RUN_ROOT${PROFILE}"`)
      let [asked, failed] = [0, 0]
      const run = await playFleet(fleet, {
        playbook: writePlaybook(fleet, play(5)),
        onEvent: event => {
          if (event.event === 'phase' && event.phase === 'reboot') asked ||= performance.now()
          if (event.event === 'host_failed') failed = performance.now()
        },
      })
      expect(run.failure('lab')).toMatch(
        /^unreachable: did not come back within 5 s of its reboot; the last try: /,
      )
      // A second timeout of five seconds on top of the first would be ten.
      expect(failed - asked).toBeLessThan(9000)
    })

    test('a host that comes back with another host key is given up at once', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      fleet.servers[0]?.changeHostKey()
      const { exitCode, why } = await failureOf(fleet, 900)
      expect([exitCode, why]).toEqual([
        4,
        [expect.stringMatching(/^unreachable: its host key has changed: /)],
      ])
    })
  })
