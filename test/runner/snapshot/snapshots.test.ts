import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { FramesBroken } from '../../../src/host/gather.ts'
import { hostOfLook, keptLook, NoLook } from '../../../src/runner/snapshot/look.ts'
import { readSnapshots, saveSnapshot } from '../../../src/runner/snapshot/snapshots.ts'
import { recordedHosts } from '../../hosts/index.ts'

const RECORDED = 'test/hosts'
const lookOf = (name: string): Buffer => readFileSync(join(RECORDED, name, 'gather.txt'))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vfio-run-snapshots-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refusal = (act: () => unknown): Partial<UserError> => {
  try {
    act()
  } catch (error) {
    if (error instanceof UserError)
      return { kind: error.kind, where: error.where, why: error.why, hint: error.hint }
    throw error
  }
  throw new Error('it was not refused')
}

describe('a look that is kept', () => {
  test.each(recordedHosts())('of $name is read as the host that was seen', ({ name, host }) => {
    expect(hostOfLook(keptLook('recorded', lookOf(name)))).toEqual(host)
  })

  test('has none of what the login said, and nothing of its own run', () => {
    const seen = lookOf('debian12-intel').toString('latin1').replaceAll('@recorded ', '@0123abcd ')
    const noisy = Buffer.from(`Last login: from 192.0.2.7\n${seen}you have mail\n`, 'latin1')
    expect(keptLook('0123abcd', noisy)).toEqual(lookOf('debian12-intel'))
  })

  test('that was cut on the way is refused before it is kept', () => {
    expect(() => keptLook('recorded', lookOf('arch').subarray(0, 5000))).toThrow(FramesBroken)
  })

  test('of any bytes is a host or no look', () => {
    const look = lookOf('arch')
    fc.assert(
      fc.property(fc.nat(look.length), fc.uint8Array({ maxLength: 40 }), (length, more) => {
        const damaged = Buffer.concat([look.subarray(0, length), more])
        try {
          hostOfLook(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(NoLook)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('snapshots', () => {
  test('are what was saved, by the name of the host', () => {
    saveSnapshot(folder, 'lab01', lookOf('arch'))
    const snapshots = readSnapshots(folder)
    expect(snapshots.hosts).toEqual(['lab01'])
    expect(snapshots.host('lab01')).toEqual(hostOfLook(lookOf('arch')))
  })

  test('are for their owner only, in folders that were open before too', () => {
    mkdirSync(join(folder, 'lab01'), { mode: 0o755 })
    saveSnapshot(folder, 'lab01', lookOf('arch'))
    const modes = ['lab01', 'lab01/gather.txt'].map(path => statSync(join(folder, path)).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600])
  })

  test('are replaced by the next, and nothing is left beside them', () => {
    for (const name of ['arch', 'fedora40']) saveSnapshot(folder, 'lab01', lookOf(name))
    expect(readSnapshots(folder).host('lab01').os.id).toBe('fedora')
    expect(readdirSync(join(folder, 'lab01'))).toEqual(['gather.txt'])
  })

  test('are as old as their files', () => {
    saveSnapshot(folder, 'lab01', lookOf('arch'))
    const then = new Date('2026-01-02T03:04:00Z')
    utimesSync(join(folder, 'lab01/gather.txt'), then, then)
    expect(readSnapshots(folder).takenAt('lab01')).toEqual(then)
    expect(readSnapshots(folder).takenAt('lab02')).toBeUndefined()
  })

  test.each([
    '..',
    '.',
    '.hidden',
    '../../etc',
    '/etc',
    'a/b',
    '[::1]',
    'fe80::1%eth0',
    'köln',
    'a b',
    '%2e',
  ])('of a host called %s stay in the folder, and keep that name', name => {
    saveSnapshot(join(folder, 'in'), name, lookOf('arch'))
    expect(readdirSync(folder)).toEqual(['in'])
    expect(readSnapshots(join(folder, 'in')).hosts).toEqual([name])
    expect(readSnapshots(join(folder, 'in')).host(name).os.id).toBe('arch')
  })

  test('are those of the recorded hosts too: files beside the folders are none', () => {
    expect(readSnapshots(RECORDED).hosts).toEqual(recordedHosts().map(({ name }) => name))
  })

  test('of a host that has none: it is named, and what there is', () => {
    saveSnapshot(folder, 'lab02', lookOf('arch'))
    saveSnapshot(folder, 'lab03', lookOf('arch'))
    expect(refusal(() => readSnapshots(folder).host('lab01'))).toEqual({
      kind: 'unreachable',
      where: 'lab01',
      why: `there is no snapshot of lab01 in ${folder}`,
      hint: 'it has lab02, lab03',
    })
  })

  test('of many hosts: some are named, the others counted', () => {
    for (let number = 10; number < 30; number++) saveSnapshot(folder, `lab${number}`, lookOf('void-grub'))
    expect(refusal(() => readSnapshots(folder).host('lab01')).hint).toBe(
      'it has lab10, lab11, lab12, lab13, lab14, lab15, lab16, lab17, lab18, lab19, lab20, lab21 and 8 more',
    )
  })

  test('in a folder without any', () => {
    expect(refusal(() => readSnapshots(folder))).toEqual({
      kind: 'usage',
      where: folder,
      why: 'holds no snapshot: none of its folders has a gather.txt',
      hint: `vfio-run inspect -i hosts.yaml --save ${folder} makes them`,
    })
  })

  test('in a folder that is not there', () => {
    expect(refusal(() => readSnapshots(join(folder, 'none')))).toMatchObject({
      kind: 'usage',
      where: join(folder, 'none'),
      why: expect.stringMatching(/^its snapshots cannot be read: ENOENT/),
    })
  })

  test('that were cut fail their host alone', () => {
    saveSnapshot(folder, 'lab01', lookOf('arch').subarray(0, 5000))
    saveSnapshot(folder, 'lab02', lookOf('arch'))
    const path = join(folder, 'lab01/gather.txt')
    expect(refusal(() => readSnapshots(folder).host('lab01'))).toEqual({
      kind: 'failed',
      where: 'lab01',
      why: expect.stringMatching(
        new RegExp(
          `^${path} cannot be read as a snapshot: (the frame \\S+ is cut|the look at the host did not come to its end)$`,
        ),
      ),
      hint: 'take it again with vfio-run inspect --save',
    })
    expect(readSnapshots(folder).host('lab02').os.id).toBe('arch')
  })

  test('where they cannot be written', () => {
    writeFileSync(join(folder, 'lab01'), '')
    expect(refusal(() => saveSnapshot(folder, 'lab01', lookOf('arch')))).toMatchObject({
      where: join(folder, 'lab01/gather.txt'),
      why: expect.stringMatching(/^cannot be written: E\w+/),
    })
  })
})
