import { describe, expect, it } from 'vitest'
import { mounts, storage } from '../../../src/host/facts/storage.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

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
  link('md0p1', '../../devices/virtual/block/md0/md0p1'),
  // Native multipath: a head without hardware, and a path to it.
  link('nvme1n1', '../../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1'),
  link('nvme1n1p1', '../../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1/nvme1n1p1'),
  link('nvme1c2n1', '../../devices/pci0000:00/0000:09:00.0/nvme/nvme2/nvme1c2n1'),
  link('nvme3n1', '../../devices/virtual/nvme-subsystem/nvme-subsys3/nvme3n1'),
  link('md1', '../../devices/virtual/block/md1'),
  link('md1/slaves/sda2', `../../../../pci0000:00/0000:00:17.0/ata1/sda2`),
  link('md1/slaves/nvme3n1', `../../../../nvme3n1`),
  link('dm-1', '../../devices/virtual/block/dm-1'),
  link('dm-1/slaves/sda2', '../../sda2'),
  link('sda2', `${SATA}/sda/sda2`),
  link('sda3', `${SATA}/sda/sda3`),
  link('nvme0n1p3', `${NVME}/nvme0n1/nvme0n1p3`),
  link('sdd1', '../../devices/platform/host7/session1/target7:0:0/7:0:0:1/block/sdd/sdd1'),
  link('loop3', '../../devices/virtual/block/loop3'),
].join('\n')
const numbers =
  'sda1/dev:8:1\nsda2/dev:8:2\nnvme0n1p2/dev:259:2\nmd0/dev:9:0\nmd0p1/dev:259:7\nmd1/dev:9:1\ndm-0/dev:253:0\nnvme1n1p1/dev:259:9\nloop3/dev:7:3\nsdd1/dev:8:49\ndm-1/dev:253:1\ndm-1/dm/name:crypt\n'
const btrfs = [
  link('5f0a/devices/sda3', '../../../../devices/sda3'),
  link('5f0a/devices/nvme0n1p3', '../../../../devices/nvme0n1p3'),
  link('77aa/devices/dm-1', '../../../../devices/virtual/block/dm-1'),
].join('\n')
const everything = { mounts: '', swaps: '', blocks, numbers, btrfs, zpools: '' }
/** Mounts and swap; not the pools and arrays that nothing is mounted of. */
const look = (mounts: readonly string[], swaps = '') =>
  storage
    .parse({ ...everything, mounts: mounts.join('\n'), swaps })
    .filter(({ use }) => !/^(ZFS pool|LVM volume group|md array) /.test(use))

describe('what is mounted read-only', () => {
  const line = (at: string, options: string, superblock = 'rw') =>
    `25 1 8:1 / ${at} ${options} shared:1 - ext4 /dev/sda1 ${superblock},errors=remount-ro`

  it.each([
    ['nothing, where all can be written to', [line('/', 'rw,relatime'), line('/boot', 'rw')], {}],
    ['a mount', [line('/', 'rw'), line('/boot', 'ro,relatime')], { '/boot': 'ro' }],
    ['a file system, whatever its mount says', [line('/boot', 'rw', 'ro')], { '/boot': 'ro' }],
    [
      'with the writable ones below it',
      [line('/', 'ro'), line('/etc', 'rw'), line('/boot', 'rw')],
      { '/': 'ro', '/etc': 'rw', '/boot': 'rw' },
    ],
    ['but not what only begins like it', [line('/efi', 'ro'), line('/efi2', 'rw')], { '/efi': 'ro' }],
    ['the last of those over each other', [line('/efi', 'ro'), line('/efi', 'rw')], {}],
    ['under a name with a blank', [line('/boot/my\\040esp', 'ro')], { '/boot/my esp': 'ro' }],
  ])('%s', (_, lines, expected) => {
    expect(mounts.parse({ mounts: lines.join('\n') })).toEqual(expected)
  })

  it('is not known from a look that did not ask', () => {
    expect(mounts.parse({ mounts: '' })).toEqual({})
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('is asked for where we could have to write', () => {
      const lines = ['/', '/boot', '/boot/efi', '/snap/core/1', '/bootx', '/home'].map(at => line(at, 'ro'))
      const contents = { '/proc/self/mountinfo': `${lines.join('\n')}\n` }
      expect(factOf(mounts, argv, contents)).toEqual({ '/': 'ro', '/boot': 'ro', '/boot/efi': 'ro' })
    })
  })

  it('is something, whatever is printed', () => {
    parsesAnything(mounts)
  })
})

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
      'btrfs, by its source, as its device number is anonymous, and all its disks',
      mount('0:26', '/', 'btrfs', '/dev/sda3'),
      ['0000:00:17.0', '0000:00:1d.0', '0000:07:00.0'],
    ],
    [
      'btrfs on an encrypted disk, by the name of its mapping',
      mount('0:27', '/home', 'btrfs', '/dev/mapper/crypt'),
      ['0000:00:17.0'],
    ],
    [
      'a partition of a mirror',
      mount('259:7', '/var', 'ext4', '/dev/md0p1'),
      ['0000:00:17.0', '0000:00:1d.0', '0000:07:00.0'],
    ],
    [
      'NVMe with native multipath, by its paths',
      mount('259:9', '/srv', 'ext4', '/dev/nvme1n1p1'),
      ['0000:09:00.0'],
    ],
    [
      'a mirror with one member whose card cannot be told cannot be told',
      mount('9:1', '/', 'ext4', '/dev/md1'),
      undefined,
    ],
    ['a disk of the network hangs on none', mount('8:49', '/srv', 'ext4', '/dev/sdd1'), []],
    ['ZFS cannot be told', mount('0:26', '/', 'zfs', 'rpool/ROOT/pve-1'), undefined],
    ['nor can NFS', mount('0:50', '/usr', 'nfs4', 'server:/usr'), undefined],
  ])('%s', (_, line, devices) => {
    expect(look([line])).toEqual([expect.objectContaining({ devices })])
  })

  it.each([
    ['/var', [mount('8:1', '/var', 'ext4', '/dev/sda1')], ['/var']],
    ['/home, /srv and whatever is mounted', [mount('8:1', '/data', 'xfs', '/dev/sda1')], ['/data']],
    ['no loop devices', [mount('7:3', '/snap/core/1', 'ext4', '/dev/loop3')], []],
    [
      'no overlay whose own file systems are mounted (ostree with composefs)',
      [mount('0:26', '/', 'overlay', 'composefs'), mount('8:1', '/sysroot', 'ext4', '/dev/sda1')],
      ['/sysroot'],
    ],
    ['an overlay of which nothing is known', [mount('0:26', '/', 'overlay', 'overlay')], ['/']],
    ['no FUSE, which lies on other file systems', [mount('0:50', '/etc/pve', 'fuse', '/dev/fuse')], []],
    ['no NFS of no need at boot', [mount('0:51', '/mnt', 'nfs4', 'server:/x')], []],
    ['no compressed memory', [mount('252:0', '/tmp', 'ext4', '/dev/zram0')], []],
    [
      'a file system once, however often it is bound, but / and the like whatever else they are',
      [
        mount('8:1', '/', 'ext4', '/dev/sda1'),
        mount('8:1', '/srv/bound', 'ext4', '/dev/sda1'),
        mount('8:1', '/boot', 'ext4', '/dev/sda1'),
      ],
      ['/', '/boot'],
    ],
  ])('counts %s', (_, lines, uses) => {
    expect(look(lines).map(({ use }) => use)).toEqual(uses)
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
      btrfs: '',
      zpools: '',
    }),
  ).toEqual([{ use: '/', source: '/dev/a', devices: undefined }])
})

it('a look without the readings that came later gives a value too', () => {
  const old = { ...everything, mounts: mount('8:1', '/', 'ext4', '/dev/sda1'), btrfs: '' }
  expect(storage.parse(old)).toEqual(
    expect.arrayContaining([{ use: '/', source: '/dev/sda1', devices: ['0000:00:17.0'] }]),
  )
})

describe('disks that belong to something, though nothing of it is mounted', () => {
  const VG = 'LVM-4Qv0rjLxYc1Rk0aXb2sNfD7eT8uWm3pZ'
  const groups = (out: Partial<typeof everything>) => storage.parse({ ...everything, ...out })
  const links = [
    link('sda', `${SATA}/sda`),
    link('sda1', `${SATA}/sda/sda1`),
    link('nvme0n1', `${NVME}/nvme0n1`),
    link('sdz', '../../devices/platform/host9/session1/target9:0:0/9:0:0:0/block/sdz'),
  ]

  it.each([
    [
      'an md array, without the members that hang on no PCI device',
      {
        blocks: [
          ...links,
          link('md127', '../../devices/virtual/block/md127'),
          link('md127/slaves/nvme0n1', '../../nvme0n1'),
          link('md127/slaves/sdz', '../../sdz'),
        ].join('\n'),
      },
      [{ use: 'md array md127', source: '/dev/md127', devices: ['0000:00:1d.0', '0000:07:00.0'] }],
    ],
    [
      'the volume groups of LVM, whatever hyphens their names have, each once',
      {
        blocks: [
          ...links,
          link('dm-0', '../../devices/virtual/block/dm-0'),
          link('dm-0/slaves/sda1', '../../sda1'),
          link('dm-1', '../../devices/virtual/block/dm-1'),
          link('dm-1/slaves/sda1', '../../sda1'),
          link('dm-2', '../../devices/virtual/block/dm-2'),
          link('dm-2/slaves/nvme0n1', '../../nvme0n1'),
        ].join('\n'),
        numbers: [
          'dm-0/dm/name:fast--vms-guest--1',
          `dm-0/dm/uuid:${VG}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`,
          'dm-1/dm/name:fast--vms-guest--2',
          `dm-1/dm/uuid:${VG}bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`,
          'dm-2/dm/name:secret',
          'dm-2/dm/uuid:CRYPT-LUKS2-5f0a5f0e-secret',
        ].join('\n'),
      },
      [{ use: 'LVM volume group fast-vms', source: 'fast-vms', devices: ['0000:00:17.0'] }],
    ],
    [
      'the pools of ZFS',
      {
        blocks: links.join('\n'),
        zpools:
          '  pool: tank\n\t    /dev/sda1  ONLINE       0     0     0\n\t    /dev/nvme0n1  ONLINE       0     0     0\n',
      },
      [{ use: 'ZFS pool tank', source: 'tank', devices: ['0000:00:17.0', '0000:00:1d.0', '0000:07:00.0'] }],
    ],
    [
      'a pool with a disk that cannot be told cannot be told',
      { blocks: links.join('\n'), zpools: '  pool: tank\n\t/dev/sda1  ONLINE\n\t/dev/gone  UNAVAIL\n' },
      [{ use: 'ZFS pool tank', source: 'tank', devices: undefined }],
    ],
    ['no pool without disks', { blocks: '', zpools: '  pool: tank\n' }, []],
    [
      'an array of network disks only is lost with no device',
      {
        blocks: [link('md1', '../../devices/virtual/block/md1'), link('md1/slaves/sdz', '../../sdz')].join(
          '\n',
        ),
      },
      [],
    ],
  ])('%s', (_, out, uses) => {
    expect(groups({ numbers: '', btrfs: '', ...out })).toEqual(uses)
  })

  it('say nothing of disks that what is mounted needs anyway', () => {
    const mounts = mount('253:0', '/', 'ext4', '/dev/dm-0')
    expect(groups({ mounts }).filter(({ use }) => use.startsWith('md array md0'))).toEqual([])
  })

  it('a root on ZFS has the disks of its pool', () => {
    const mounts = mount('0:27', '/', 'zfs', 'rpool/ROOT/debian')
    const zpools = '  pool: rpool\n\t/dev/nvme0n1p3  ONLINE       0     0     0\n'
    expect(groups({ mounts, zpools })).toContainEqual({
      use: '/',
      source: 'rpool/ROOT/debian',
      devices: ['0000:00:1d.0', '0000:07:00.0'],
    })
    expect(groups({ mounts, zpools }).map(({ use }) => use)).not.toContain('ZFS pool rpool')
  })

  it('a root on a pool that was not told stays untold, and is said once', () => {
    const mounts = mount('0:27', '/', 'zfs', 'rpool/ROOT/debian')
    const uses = groups({ mounts, zpools: '  pool: rpool\n\t/dev/gone  ONLINE\n' })
    expect(uses).toContainEqual({ use: '/', source: 'rpool/ROOT/debian', devices: undefined })
    expect(uses.map(({ use }) => use)).not.toContain('ZFS pool rpool')
  })
})

describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
  const disk = '/sys/devices/pci0000:00/0000:00:17.0/block/sda/sda1'
  const status = `#!/bin/sh
[ "$*" = 'status -LP' ] && cat <<'END'
  pool: tank
 state: ONLINE
config:

\tNAME           STATE     READ WRITE CKSUM
\ttank           ONLINE       0     0     0
\t  mirror-0     ONLINE       0     0     0
\t    /dev/sda1  ONLINE       0     0     0

errors: No known data errors
END
`
  const block = { [`${disk}/dev`]: '8:1\n', '/sys/class/block/sda1': { to: `../../..${disk}` } }

  it.skipIf(isMissing)('pools are asked for', () => {
    const contents = { ...block, '/sys/module/zfs/version': '2.2.4\n' }
    expect(factOf(storage, argv, contents, { programs: { zpool: status } })).toEqual([
      { use: 'ZFS pool tank', source: 'tank', devices: ['0000:00:17.0'] },
    ])
  })

  it.skipIf(isMissing)('pools are not asked for where ZFS would be loaded by that', () => {
    expect(factOf(storage, argv, block, { programs: { zpool: status } })).toEqual([])
  })

  it.skipIf(isMissing)('only lines about disks are printed', () => {
    const root = mount('8:1', '/', 'ext4', '/dev/sda1')
    const lines = [
      mount('0:20', '/sys', 'sysfs', 'sysfs'),
      root,
      mount('7:1', '/snap/x/1', 'squashfs', '/dev/loop1'),
      mount('0:27', '/srv', 'btrfs', '/dev/sda1'),
      mount('0:40', '/tank', 'zfs', 'tank'),
    ]
    const contents = {
      '/proc/self/mountinfo': `${lines.join('\n')}\n`,
      '/proc/swaps': 'Filename\tType\n',
      [`${disk}/dev`]: '8:1\n',
      '/sys/class/block/sda1': { to: '../../devices/pci0000:00/0000:00:17.0/block/sda/sda1' },
      '/sys/fs/btrfs/5f0a/devices/sda1': {
        to: '../../../../devices/pci0000:00/0000:00:17.0/block/sda/sda1',
      },
    }
    const printed = { ...storage, parse: (out: Readonly<Record<string, string>>) => out }
    expect(factOf(printed, argv, contents)).toMatchObject({
      mounts: `${root}\n${lines[3]}\n`,
      numbers: 'sda1/dev:8:1\n',
      btrfs: expect.stringContaining(' 5f0a/devices/sda1 -> ../../'),
    })
    expect(factOf(storage, argv, contents).map(({ devices }) => devices)).toEqual([['0000:00:17.0']])
  })
})

it('any output gives a value', () => {
  parsesAnything(storage)
})
