import { describe, expect, test } from 'vitest'
import { startFleet } from '../../sandbox/fleet.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { playFleet } from './play_fleet.ts'

const HOST = 'z170-a'
const LOCK = '/var/lib/vfio-run/lock'

describe.concurrent('the lock of a host', () => {
  test('keeps a second run out while the first is at work, and names its holder', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    // It builds its menu until we say.
    replaceProgram(
      sandbox,
      'update-grub',
      'while [ ! -e "$VFIO_RUN_ROOT/tmp/go" ]; do sleep 0.05; done; exec "$0.real"',
    )
    const { promise: isBuilding, resolve } = Promise.withResolvers<void>()
    const first = playFleet(fleet, {
      who: 'ann@desk',
      run: 'first-run',
      onEvent: event => {
        if (event.event === 'output' && event.step === 'update-grub') resolve()
      },
    })
    await isBuilding
    const second = await playFleet(fleet, { who: 'bob@laptop' })
    sandbox.write('/tmp/go', '')
    expect([second.exitCode, second.failure(HOST)]).toEqual([
      7,
      expect.stringMatching(
        /^locked: run first-run by ann@desk holds the lock, for 60 more minutes at most\nwait for it/,
      ),
    ])
    expect([(await first).exitCode, sandbox.read(LOCK)]).toEqual([0, ''])
  })

  test('is held over the reboot to the last proof', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const seen: string[] = []
    const run = await playFleet(fleet, {
      run: 'one-run',
      onEvent: event => {
        if (event.event !== 'phase' && event.event !== 'prediction') return
        if (event.event === 'prediction' || event.phase === 'prove')
          seen.push(sandboxOf(fleet).read(LOCK).split(' ')[0] ?? '')
      },
    })
    expect([run.exitCode, seen]).toEqual([0, ['one-run', 'one-run', '']])
  })

  test('is nothing to a dry run', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    await sandbox.sh(`mkdir -p var/lib/vfio-run && echo '${line('other', 600)}' >var/lib/vfio-run/lock`)
    const before = hostTree(sandbox)
    const run = await playFleet(fleet, { check: true })
    expect([run.exitCode, differences(before, hostTree(sandbox))]).toEqual([0, []])
  })

  test('that another run holds stops the reboot too', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    await playFleet(fleet, { noReboot: true })
    sandbox.write(LOCK, line('other', 600))
    const run = await playFleet(fleet)
    expect([run.exitCode, run.failure(HOST)]).toEqual([
      7,
      expect.stringMatching(
        /^locked: run other by eve@elsewhere holds the lock, for 10 more minutes at most\n/,
      ),
    ])
    expect(sandbox.read(LOCK)).toBe(line('other', 600))
  })

  test('goes by the clock of the host, whatever it shows', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'date', 'echo 1000000000')
    await sandbox.sh(
      `mkdir -p var/lib/vfio-run && echo 'other 1000000600 eve@elsewhere' >var/lib/vfio-run/lock`,
    )
    const held = await playFleet(fleet)
    expect([held.exitCode, held.failure(HOST)]).toEqual([
      7,
      expect.stringMatching(
        /^locked: run other by eve@elsewhere holds the lock, for 10 more minutes at most\n/,
      ),
    ])
    sandbox.write(LOCK, 'other 999999999 eve@elsewhere\n')
    const seen: string[] = []
    const run = await playFleet(fleet, {
      run: 'one-run',
      onEvent: event => {
        if (event.event === 'prediction' && event.after === 'apply') seen.push(sandbox.read(LOCK))
      },
    })
    expect([run.exitCode, seen]).toEqual([0, ['one-run 1000003600 tester@localhost\n']])
  })

  test('is taken from a run whose time is over', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    await sandbox.sh('mkdir -p var/lib/vfio-run/.vfio-run.taking')
    sandbox.write(LOCK, line('dead', -5))
    const run = await playFleet(fleet)
    expect([run.exitCode, run.failure(HOST), sandbox.read(LOCK)]).toEqual([0, '', ''])
  })
})

const NOW = Math.floor(Date.now() / 1000)
const line = (run: string, seconds: number): string => `${run} ${NOW + seconds} eve@elsewhere\n`
