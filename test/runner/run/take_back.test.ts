import { expect, test } from 'vitest'
import { startFleet } from '../../sandbox/fleet.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { z170a } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { playFleet } from './play_fleet.ts'

const HOST = 'z170-a'

/** Programs that say they did it, and did not. */
const IDLE = [
  {
    program: 'update-grub',
    why: /the menu|entry ".*" in \/boot\/grub\/grub\.cfg does not carry the configured arguments/,
  },
  { program: 'update-initramfs', why: /\/boot\/initrd\.img-\S+ does not hold vfio/ },
]

test.for(IDLE.map(row => [row.program, row] as const))(
  '%s that exits with 0 and does nothing: all is taken back, no reboot, and the next run writes nothing',
  async ([program, { why }]) => {
    await using fleet = await startFleet({ [HOST]: z170a })
    const sandbox = sandboxOf(fleet)
    const { bootId } = sandbox.running
    const before = hostTree(sandbox)
    replaceProgram(sandbox, program, 'exit 0')

    const run = await playFleet(fleet)
    expect(run.exitCode).toBe(2)
    expect(run.failure(HOST)).toMatch(
      /^failed: it was applied, and reading it back shows that it is not so: /,
    )
    expect(run.failure(HOST)).toMatch(why)
    expect(run.failure(HOST)).toMatch(/\nnot rebooted; the files were put back as they were$/)
    expect(changed(before, hostTree(sandbox))).toEqual([])
    expect(leftBehind(sandbox)).toEqual([])
    expect(sandbox.running.bootId).toBe(bootId)
    expect(sandbox.read('/var/lib/vfio-run/lock')).toBe('')

    const next = await playFleet(fleet)
    expect(next.failure(HOST)).toContain('was run for this already, and it did not help')
    expect(next.of('diff', HOST)).toEqual([])
    expect(changed(before, hostTree(sandbox))).toEqual([])
  },
)

/** What is generated is made anew from the old files: of it only the content counts, which the run has judged. */
const changed = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) =>
  differences(before, after).filter(path => !/^\/(var\/lib\/|boot\/(grub\/grub\.cfg|initrd\.img))/.test(path))
