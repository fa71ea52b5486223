import { describe, expect, it } from 'vitest'
import { storage } from '../../../src/host/facts/storage.ts'
import { parsesAnything } from './any_output.ts'

const link = (path: string, target: string) => `lrwxrwxrwx 1 root root 0 Nov 22 14:02 ${path} -> ${target}`
const SATA = '../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block'
const NVME = '../../devices/pci0000:00/0000:00:1d.0/0000:07:00.0/nvme/nvme0'
const mount = (number: string, at: string, type: string, source: string) =>
  `25 1 ${number} / ${at} rw,relatime shared:1 - ${type} ${source} rw`

/** A disk on SATA, one on NVMe, an LVM on both through a mirror. */
const blocks = [
  link('sda', `${SATA}/sda`),
  link('sda1', `${SATA}/sda/sda1`),
  link('nvme0n1', `${NVME}/nvme0n1`),
  link('nvme0n1p2', `${NVME}/nvme0n1/nvme0n1p2`),
  link('md0', '../../devices/virtual/block/md0'),
  link('md0/slaves/sda1', `../../../../pci0000:00/0000:00:17.0/ata1/sda1`),
  link('md0/slaves/nvme0n1p2', `../../../../nvme0n1p2`),
  link('dm-0', '../../devices/virtual/block/dm-0'),
  link('dm-0/slaves/md0', '../../md0'),
].join('\n')
const numbers = 'sda1/dev:8:1\nnvme0n1p2/dev:259:2\nmd0/dev:9:0\ndm-0/dev:253:0\n'
const look = (mounts: readonly string[], swaps = '') =>
  storage.parse({ mounts: mounts.join('\n'), swaps, blocks, numbers })

describe('the PCI devices below the file systems', () => {
  it.each([
    ['a partition', mount('8:1', '/boot', 'ext4', '/dev/sda1'), ['0000:00:17.0']],
    ['NVMe behind a port', mount('259:2', '/', 'ext4', '/dev/nvme0n1p2'), ['0000:00:1d.0', '0000:07:00.0']],
    [
      'a mirror, through its members',
      mount('9:0', '/', 'xfs', '/dev/md0'),
      ['0000:00:17.0', '0000:00:1d.0', '0000:07:00.0'],
    ],
    [
      'LVM on a mirror',
      mount('253:0', '/', 'ext4', '/dev/mapper/vg-root'),
      ['0000:00:17.0', '0000:00:1d.0', '0000:07:00.0'],
    ],
    [
      'btrfs, by its source, as its device number is anonymous',
      mount('0:26', '/', 'btrfs', '/dev/sda1'),
      ['0000:00:17.0'],
    ],
    ['ZFS cannot be told', mount('0:26', '/', 'zfs', 'rpool/ROOT/pve-1'), undefined],
    ['nor can NFS', mount('0:50', '/usr', 'nfs4', 'server:/usr'), undefined],
  ])('%s', (_, line, devices) => {
    expect(look([line])).toEqual([expect.objectContaining({ devices })])
  })

  it('names what each is used for', () => {
    expect(
      look([mount('8:1', '/boot/efi', 'vfat', '/dev/sda1'), mount('8:1', '/efi', 'autofs', 'systemd-1')]),
    ).toEqual([{ use: '/boot/efi', source: '/dev/sda1', devices: ['0000:00:17.0'] }])
  })
})

describe('swap', () => {
  const table = (...lines: string[]) =>
    ['Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority', ...lines].join('\n')

  it.each([
    [
      'on LVM',
      '/dev/dm-0                               partition\t8388604\t0\t-2',
      [{ use: 'swap', source: '/dev/dm-0', devices: ['0000:00:17.0', '0000:00:1d.0', '0000:07:00.0'] }],
    ],
    ['in a file lies on a file system', '/swapfile                               file\t8388604\t0\t-2', []],
    ['in memory hangs on no disk', '/dev/zram0                              partition\t8388604\t0\t100', []],
  ])('%s', (_, line, uses) => {
    expect(look([], table(line))).toEqual(uses)
  })
})

it('members that point at each other end', () => {
  const circle = `${link('a', '../a')}\n${link('a/slaves/b', 'b')}\n${link('b', '../b')}\n${link('b/slaves/a', 'a')}`
  expect(
    storage.parse({
      mounts: mount('1:1', '/', 'ext4', '/dev/a'),
      swaps: '',
      blocks: circle,
      numbers: 'a/dev:1:1',
    }),
  ).toEqual([{ use: '/', source: '/dev/a', devices: undefined }])
})

it('any output gives a value', () => {
  parsesAnything(storage)
})
