import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isRescue,
  type LinuxEntry,
  ownEntries,
} from '../../../../src/backends/bootloaders/entries/own_entries.ts'
import { splitArgs } from '../../../../src/host/kernel_args.ts'
import { unknown } from '../../../../src/host/known.ts'
import { isRefusal } from '../../../../src/refusal.ts'
import { aHost, withCmdline } from '../../../builders.ts'

const ID = '2ff7b263e1474f838daf9ecc41470f22'
const OTHER_ID = 'deadbeefdeadbeefdeadbeefdeadbeef'

const anEntry = (title: string, line: string, differing: Partial<LinuxEntry> = {}): LinuxEntry => ({
  title,
  args: splitArgs(line),
  ...differing,
})

/** Titles of those that are ours; why it cannot be told. */
function ours(running: string, entries: readonly LinuxEntry[]): readonly string[] | string {
  const own = ownEntries(withCmdline(aHost(), running), '/boot/x.conf', entries)
  return isRefusal(own) ? own.why : own.map(({ title }) => title)
}

describe('an entry is the way back in', () => {
  it.each([
    ['by its title', anEntry('Arch Linux (recovery)', '')],
    ['by its title, at length', anEntry('Boot to single-user mode', '')],
    ['as a memory test', anEntry('Memory test', '')],
    ['as a memory test by its name', anEntry('Memtest86+', '')],
    ['by its file', anEntry('Pop!_OS', '', { names: ['Recovery-9F2A.conf'] })],
    ['by its kernel', anEntry('Fedora', '', { names: ['a.conf', '/vmlinuz-0-rescue-1'] })],
    ['by single', anEntry('Arch', 'root=/dev/sda2 rw single')],
    ['by a run level', anEntry('Arch', 'root=/dev/sda2 rw 1')],
    ['by a shell for init', anEntry('Arch', 'root=/dev/sda2 init=/bin/bash')],
    ['by systemd’s rescue', anEntry('Arch', 'root=/dev/sda2 systemd.unit=rescue.target')],
    ['by systemd’s emergency', anEntry('Arch', 'root=/dev/sda2 systemd.unit=emergency.target')],
    ['by that in quotes', anEntry('Arch', 'root=/dev/sda2 systemd.unit="emergency.target"')],
    ['by a stop in the initramfs', anEntry('Arch', 'root=/dev/sda2 rd.break')],
  ])('%s', (_, entry) => {
    expect(isRescue(entry)).toBe(true)
    expect(ours('root=/dev/sda2', [entry, anEntry('usual', 'root=/dev/sda2')])).toEqual(['usual'])
  })

  it.each([
    ['with a fallback image', anEntry('Arch Linux (fallback)', 'root=/dev/sda2')],
    ['of a longer word', anEntry('Singles', 'root=/dev/sda2 singleton=1 systemd.unit=multi-user.target')],
    ['whose init gets the word', anEntry('Arch', 'root=/dev/sda2 -- single')],
  ])('and none is one %s', (_, entry) => {
    expect(isRescue(entry)).toBe(false)
  })
})

describe('where an entry boots the running root file system, all others are somebody else’s', () => {
  const own = anEntry('own', 'root=UUID=1 rw')

  it.each([
    ['another of the same kind', anEntry('other', 'root=UUID=2 rw')],
    ['one of another kind', anEntry('other', 'root=PARTUUID=12-34 rw', { machineId: OTHER_ID })],
    ['a device', anEntry('other', 'root=/dev/nvme1n1p2')],
    ['none', anEntry('other', 'boot=casper live-media=/dev/x noprompt')],
    ['a subvolume of the same', anEntry('other', 'root=UUID=1 rootflags=subvol=@suse rw')],
    ['a subvolume by its number', anEntry('other', 'root=UUID=1 rootflags=noatime,subvolid=5')],
    ['a subvolume in brackets', anEntry('other', 'root=UUID=1[/@snapshots/4]')],
    ['another in its last root=', anEntry('other', 'root=UUID=1 root=UUID=2')],
    [
      'that of another machine, by the argument',
      anEntry('other', `root=UUID=1 systemd.machine_id=${OTHER_ID}`),
    ],
    ['that of another machine, by its field', anEntry('other', 'root=UUID=1', { machineId: OTHER_ID })],
  ])('%s', (_, other) => {
    expect(ours(`root=UUID=1 rw systemd.machine_id=${ID}`, [other, own])).toEqual(['own'])
  })

  it.each([
    ['with other arguments', 'root=UUID=1 rw', anEntry('second', 'root=UUID=1 ro quiet')],
    ['in quotes', 'root=UUID=1', anEntry('second', '"root=UUID=1"')],
    ['with other flags', 'root=UUID=1', anEntry('second', 'root=UUID=1 rootflags=noatime')],
    [
      'on the same subvolume, however it is written',
      'root=UUID=1 rootflags=subvol=@',
      anEntry('second', 'root=UUID=1 rootflags=noatime,subvol=/@'),
    ],
    [
      'of an older machine id, where the running kernel was not told any',
      'root=UUID=1',
      anEntry('second', 'root=UUID=1', { machineId: OTHER_ID }),
    ],
  ])('a second one is ours, too: %s', (_, running, second) => {
    expect(ours(running, [anEntry('first', running), second])).toEqual(['first', 'second'])
  })

  it('a data set of ZFS without root= tells as well', () => {
    const entries = [anEntry('a', 'zfs=tank/a rw'), anEntry('b', 'zfs=tank/b rw')]
    expect(ours('zfs=tank/b rw', entries)).toEqual(['b'])
  })

  it('one whose arguments are not all read is left to its loader’s adapter, which says why', () => {
    const unclear = anEntry('unclear', '${CMDLINE}', { isUnclear: true })
    expect(ours('root=UUID=1', [own, unclear])).toEqual(['own', 'unclear'])
  })
})

describe('where none does', () => {
  const WHY = (systems: string) =>
    `the entries in /boot/x.conf boot more than one system (${systems}), and which of them is the running one cannot be told`

  it.each<[string, string, readonly LinuxEntry[], readonly string[] | string]>([
    ['one is ours', 'rw', [anEntry('a', 'root=UUID=2')], ['a']],
    [
      'those that agree are ours',
      'rw',
      [anEntry('a', 'root=UUID=2'), anEntry('b', 'root=UUID=2 ro')],
      ['a', 'b'],
    ],
    [
      'none names a root file system (gpt-auto)',
      'rw',
      [anEntry('a', 'rw'), anEntry('b', 'quiet')],
      ['a', 'b'],
    ],
    [
      'the machine’s id tells',
      `rw systemd.machine_id=${ID}`,
      [anEntry('a', 'rw', { machineId: ID }), anEntry('b', 'rw', { machineId: OTHER_ID })],
      ['a'],
    ],
    [
      'the folder of the initrd tells',
      `initrd=\\${ID}\\6.9\\initrd rw`,
      [anEntry('a', 'rw', { machineId: ID }), anEntry('b', 'rw', { machineId: OTHER_ID })],
      ['a'],
    ],
    [
      'those that differ are named',
      'root=UUID=3',
      [anEntry('Arch', 'root=UUID=1'), anEntry('', 'rw', { names: ['b.conf'] })],
      WHY('Arch: root=UUID=1; b.conf: no root='),
    ],
    [
      'also by their subvolumes',
      'rw',
      [anEntry('a', 'root=UUID=1 rootflags=subvol=@a'), anEntry('b', 'root=UUID=1 rootflags=subvol=@b')],
      WHY('a: root=UUID=1 subvol=@a; b: root=UUID=1 subvol=@b'),
    ],
    [
      'and by their machines',
      'rw',
      [anEntry('a', 'rw', { machineId: ID }), anEntry('b', 'rw', { machineId: OTHER_ID })],
      WHY(`a: no root= of machine ${ID}; b: no root= of machine ${OTHER_ID}`),
    ],
  ])('%s', (_, running, entries, expected) => {
    expect(ours(running, entries)).toEqual(expected)
  })

  it('an unknown command line is one without a root', () => {
    const host = aHost({ cmdline: unknown('not readable') })
    const entries = [anEntry('a', 'root=UUID=1'), anEntry('b', 'root=UUID=2')]
    expect(ownEntries(host, '/boot/x.conf', entries)).toMatchObject({ refused: true })
    expect(ownEntries(host, '/boot/x.conf', entries.slice(1))).toEqual(entries.slice(1))
  })
})

it('of any entries none is ours that is for rescue, and ours boot one root file system', () => {
  const word = fc.constantFrom(
    ...[
      'root=UUID=1',
      'root=UUID=2',
      'rootflags=subvol=@',
      'single',
      'rw',
      '--',
      '',
      `systemd.machine_id=${ID}`,
    ],
  )
  const line = fc.array(word, { maxLength: 4 }).map(words => words.join(' '))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), line, (lines, running) => {
      const entries = lines.map((text, i) => anEntry(`${i}`, text))
      const own = ownEntries(withCmdline(aHost(), running), '/x', entries)
      if (isRefusal(own)) return
      expect(own.filter(isRescue)).toEqual([])
      expect(ownEntries(withCmdline(aHost(), running), '/x', own)).toEqual(own)
    }),
  )
})
