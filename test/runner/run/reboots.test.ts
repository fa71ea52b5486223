import { readFileSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import { oneKernel } from './members.ts'
import { replaceProgram, sandboxOf, writeGrubenv } from './on_host.ts'
import { type PlayOptions, playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'

describe.concurrent('a reboot', () => {
  test('that was lost with its run is made up for by the next, though nothing changes any more', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const stop = new AbortController()
    const lost = await playFleet(fleet, {
      stop: stop.signal,
      onEvent: event => {
        if (event.event === 'prediction') stop.abort()
      },
    })
    expect([lost.exitCode, lost.rebooted(HOST), lost.failure(HOST)]).toEqual([
      130,
      false,
      'failed: interrupted before this step\nrun again: what is due follows from the host’s state',
    ])
    expect(sandboxOf(fleet).read('/var/lib/vfio-run/lock')).toBe('')
    const next = await playFleet(fleet)
    expect([next.exitCode, next.of('diff'), next.rebooted(HOST)]).toEqual([0, [], true])
    expect(await isConverged(fleet)).toBe(true)
  })

  test('is over when its test command succeeds, which is tried again', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const second = '[ -e "$VFIO_RUN_ROOT/tested" ] || { : >"$VFIO_RUN_ROOT/tested"; exit 1; }'
    const run = await playFleet(fleet, { playbook: writePlaybook(fleet, taskPlay(tested(second, 600))) })
    expect([run.exitCode, run.failure(HOST), run.rebooted(HOST)]).toEqual([0, '', true])
  })

  test('whose test command never succeeds fails the host, with what it said last', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const never = 'echo not yet; false'
    const run = await playFleet(fleet, { playbook: writePlaybook(fleet, taskPlay(tested(never, 6))) })
    expect([run.exitCode, run.failure(HOST)]).toEqual([
      2,
      'failed: it is back, but its test did not succeed within 6 s of the reboot: echo not yet; false: not yet',
    ])
  })

  test('that brought nothing is not tried again for the same configuration', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    const astray = await playFleet(fleet, {
      onEvent: event => {
        // As `grub-reboot` does, or a key pressed in the menu: nothing foretells it.
        if (event.event === 'prediction' && event.after === 'apply')
          writeGrubenv(sandbox, 'next_entry', recovery(sandbox))
      },
    })
    expect(astray.exitCode).toBe(2)
    expect(astray.failure(HOST)).toMatch(
      /^failed: it was rebooted, and it is still not so: intel_iommu=on is configured/,
    )
    const { bootId } = sandbox.running

    for (const options of [{ check: true }, {}]) {
      const next = await playFleet(fleet, options)
      expect([next.exitCode, next.rebooted(HOST)]).toEqual([2, false])
      expect(next.failure(HOST)).toMatch(
        /^failed: it was rebooted for this already, and it did not help: intel_iommu=on; .*another entry than the menu's default/,
      )
    }
    expect(sandbox.running.bootId).toBe(bootId)

    sandbox.write('/etc/default/grub', `${sandbox.read('/etc/default/grub')}GRUB_TIMEOUT=1\n`)
    const after = await playFleet(fleet)
    expect([after.exitCode, after.failure(HOST), after.rebooted(HOST)]).toEqual([0, '', true])
  })

  test('that the menu would take elsewhere is refused before anything is written, with the name of the entry', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    sandbox.write('/etc/default/grub', `${sandbox.read('/etc/default/grub')}GRUB_DEFAULT=saved\n`)
    await sandbox.sh('update-grub')
    writeGrubenv(sandbox, 'saved_entry', recovery(sandbox))
    const run = await playFleet(fleet)
    expect([run.exitCode, run.rebooted(HOST), run.of('diff')]).toEqual([2, false, []])
    expect(run.failure(HOST)).toMatch(
      /^failed: a reboot would not bring intel_iommu=on.*: the saved default of the menu \(grubenv\) is ".*recovery mode\)"\n/,
    )
    expect(sandbox.read('/etc/default/grub')).not.toContain('intel_iommu')
  })

  test('is left to the user with --no-reboot, and told in the recap', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const { bootId } = sandboxOf(fleet).running
    const run = await playFleet(fleet, { noReboot: true, detailedExitCode: true })
    expect(run.cost(HOST)).toMatchObject({ connections: 1, execs: 2 })
    expect([run.exitCode, run.failure(HOST)]).toEqual([3, ''])
    expect(run.recap(HOST).rebootPending).toMatch(/^intel_iommu=on; .* \(--no-reboot\)$/)
    const dry = await playFleet(fleet, { noReboot: true, check: true, detailedExitCode: true })
    expect([dry.exitCode, dry.recap(HOST).rebootPending]).toEqual([3, run.recap(HOST).rebootPending])
    expect((await playFleet(fleet, { noReboot: true })).exitCode).toBe(0)
    expect(sandboxOf(fleet).running.bootId).toBe(bootId)
    expect(sandboxOf(fleet).read('/var/lib/vfio-run/lock')).toBe('')
  })

  test('that was left is made by the next run, and nothing pends after it', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    await playFleet(fleet, { noReboot: true })
    const run = await playFleet(fleet)
    expect([run.exitCode, run.rebooted(HOST)]).toEqual([0, true])
    expect(run.recap(HOST)).toMatchObject({ pending: 0, rebootPending: '' })
  })

  test('is never asked of the machine that runs the play, by whatever name it goes', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const { bootId } = sandboxOf(fleet).running
    const dry = await playFleet(fleet, { ownBootId: bootId, check: true })
    const run = await playFleet(fleet, { ownBootId: bootId })
    for (const one of [dry, run]) {
      expect([one.exitCode, one.failure(HOST)]).toEqual([0, ''])
      expect(one.recap(HOST).rebootPending).toMatch(
        /this is the machine that runs the play: reboot, then run again to prove$/,
      )
    }
    expect(sandboxOf(fleet).running.bootId).toBe(bootId)
    expect(sandboxOf(fleet).read('/var/lib/vfio-run/lock')).toBe('')
    await sandboxOf(fleet).reboot()
    expect(await isConverged(fleet)).toBe(true)
  })

  test('from which the host does not come back makes it unreachable', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    sandboxOf(fleet).fail('boot', 'no bootable device')
    const run = await playFleet(fleet, impatient(fleet))
    expect(run.exitCode).toBe(4)
    expect(run.recap(HOST)).toMatchObject({ unreachable: 1, failed: 0 })
    expect(run.failure(HOST)).toMatch(
      /^unreachable: did not come back within 6 s of its reboot; the last try: 127.0.0.1:\d+ refuses the connection\nlook at its console/,
    )
  })

  test('that a host only says it makes is not taken for one', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'reboot', 'exit 0')
    const run = await playFleet(fleet, impatient(fleet))
    expect(run.exitCode).toBe(4)
    expect(run.failure(HOST)).toContain(
      'did not come back within 6 s of its reboot; it still answers with the old boot_id',
    )
  })

  test('that the host refuses fails it, with its own words, and is asked for again by the next run', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    sandbox.fail('reboot', 'Operation inhibited by "backup"')
    const run = await playFleet(fleet)
    expect([run.exitCode, run.failure(HOST)]).toEqual([
      2,
      'failed: the reboot was refused: Operation inhibited by "backup"',
    ])
    expect(sandbox.read('/var/lib/vfio-run/lock')).toBe('')
    sandbox.fail('reboot', undefined)
    const next = await playFleet(fleet)
    expect([next.exitCode, next.of('diff'), next.rebooted(HOST)]).toEqual([0, [], true])
  })

  test('whose question was lost with the connection is asked for again', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    // Look, apply, and then the trigger.
    fleet.hosts.get(HOST)?.server.cutAfter({ direction: 'in', bytes: 500, fromExec: 3 })
    const run = await playFleet(fleet)
    expect([run.exitCode, run.failure(HOST), run.recap(HOST).rebootPending]).toEqual([0, '', ''])
  })

  test('is waited for over a machine that takes a command and never answers', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'reboot', ': >"$VFIO_RUN_ROOT/tmp/half-stopped"')
    replaceProgram(
      sandbox,
      'cat',
      '[ -e "$VFIO_RUN_ROOT/tmp/half-stopped" ] && exec sleep 600\nexec /usr/bin/cat "$@"',
    )
    const run = await playFleet(fleet, impatient(fleet))
    expect(run.exitCode).toBe(4)
    expect(run.failure(HOST)).toMatch(
      /^unreachable: did not come back within 6 s of its reboot; the last try: it did not answer within \d s\n/,
    )
  })

  test('is waited for over a shutdown that ends sudo', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'reboot', ': >"$VFIO_RUN_ROOT/tmp/going-down"')
    replaceProgram(
      sandbox,
      'sudo',
      '[ -e "$VFIO_RUN_ROOT/tmp/going-down" ] && { echo Terminated >&2; exit 143; }\nexec "$0.real" "$@"',
    )
    const run = await playFleet(fleet, { onEvent: atSecondTry(() => goDown(sandbox)) })
    expect([run.exitCode, run.failure(HOST), run.recap(HOST).rebootPending]).toEqual([0, '', ''])
  })

  test('that is refused when it is asked for again was heard the first time', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    fleet.hosts.get(HOST)?.server.cutAfter({ direction: 'in', bytes: 500, fromExec: 3 })
    replaceProgram(sandbox, 'reboot', 'echo "Transaction for reboot.target is destructive" >&2; exit 1')
    const run = await playFleet(fleet, { onEvent: atSecondTry(() => goDown(sandbox)) })
    expect([run.exitCode, run.failure(HOST), run.recap(HOST).rebootPending]).toEqual([0, '', ''])
  })

  test('whose proof was lost with the connection makes the host unreachable, and leaves no lock', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    let isCut = false
    const run = await playFleet(fleet, {
      onEvent: event => {
        if (isCut || event.event !== 'phase' || event.phase !== 'prove') return
        isCut = true
        fleet.hosts.get(HOST)?.server.cutAfter({ direction: 'out', bytes: 5000, fromExec: 1 })
      },
    })
    expect([run.exitCode, run.failure(HOST)]).toEqual([
      4,
      expect.stringMatching(/^unreachable: the connection was lost/),
    ])
    expect(sandboxOf(fleet).read('/var/lib/vfio-run/lock')).toBe('')
    expect(await isConverged(fleet)).toBe(true)
  })

  test('is not blamed for what the play itself has gone over before it', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const tasks = `
    - copy: {dest: /etc/guests, content: one}
    - copy: {dest: /etc/guests, content: two}
    - shell: printf three >"$VFIO_RUN_ROOT/etc/guests"
    - reboot: {always: true}`
    const playbook = writePlaybook(fleet, `- hosts: all\n  become: true\n  tasks:${tasks}\n`)
    const run = await playFleet(fleet, { playbook })
    expect([run.exitCode, run.failure(HOST), run.rebooted(HOST)]).toEqual([0, '', true])
    expect(sandboxOf(fleet).read('/etc/guests')).toBe('three')
  })

  test('as a task is made when something waits for it, and else only when it is asked for always', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const due = await playFleet(fleet, { playbook: writePlaybook(fleet, taskPlay('reboot:')) })
    expect([due.exitCode, due.failure(HOST), due.rebooted(HOST)]).toEqual([0, '', true])
    const idle = await playFleet(fleet, { playbook: writePlaybook(fleet, taskPlay('reboot:')) })
    expect([idle.rebooted(HOST), idle.cost(HOST).execs]).toEqual([false, 1])
    expect(idle.of('task').find(({ module }) => module === 'reboot')).toMatchObject({
      status: 'ok',
      why: 'nothing waits for a reboot',
    })
    const always = await playFleet(fleet, {
      playbook: writePlaybook(fleet, taskPlay('reboot: { always: true }')),
    })
    expect([always.exitCode, always.rebooted(HOST)]).toEqual([0, true])
  })
})

async function isConverged(fleet: Fleet): Promise<boolean> {
  const run = await playFleet(fleet)
  return run.exitCode === 0 && run.recap(HOST).changed === 0 && !run.rebooted(HOST)
}

/** Before the runner looks for a host that reboots the second time. */
function atSecondTry(act: () => void): (event: RunEvent) => void {
  let tries = 0
  return event => {
    if (event.event === 'phase' && event.detail?.startsWith('waiting for it') && ++tries === 2) act()
  }
}

function goDown(sandbox: Sandbox): void {
  rmSync(sandbox.at('/tmp/going-down'), { force: true })
  // Its end is what the run waits for.
  sandbox.reboot().catch(() => {})
}

/** The flagship, waiting three seconds for a reboot. */
const impatient = (fleet: Fleet): PlayOptions => ({
  playbook: writePlaybook(
    fleet,
    readFileSync('playbooks/gpu.yaml', 'utf8').replace('reboot_timeout: 900', 'reboot_timeout: 6'),
  ),
})

/** The reboot of a task play that waits so many seconds for its test. */
const tested = (command: string, seconds: number): string =>
  `reboot: ${JSON.stringify({ test_command: command, reboot_timeout: seconds })}`

const taskPlay = (reboot: string): string => `
- name: A reboot as a task
  hosts: all
  become: true
  tasks:
    - name: Turn the IOMMU on
      iommu_kernel_args:
    - name: Reboot
      ${reboot}
    - name: Prove it
      verify_dmesg:
`

/** Where the menu has the recovery entry of the kernel, as grubenv names it. */
function recovery(sandbox: Sandbox): string {
  const ids = [...sandbox.read('/boot/grub/grub.cfg').matchAll(/\$menuentry_id_option '(gnulinux-[^']*)'/g)]
  const named = (word: string) => ids.map(([, id = '']) => id).find(id => id.includes(`-${word}-`)) ?? ''
  return `${named('advanced')}>${named('recovery')}`
}
