import type { Host, StorageUse } from '../host.ts'
import { isBelow } from '../mounts.ts'
import { addressesIn, defineFact, fileLines, linesOf, linkLines } from './fact.ts'

/** Counted on whatever they lie; elsewhere only what lies on block devices counts. */
const ALWAYS = ['/', '/boot', '/boot/efi', '/efi', '/usr', '/var']
/** Block devices of the memory, of files and of the network: no PCI device is lost with them. */
const NOT_A_DISK = /^(loop|zram|ram|nbd|rbd)\d/

/**
 * The PCI devices that the host's own file systems and swap hang on: mountinfo (proc_pid_mountinfo(5)) and sysfs. All
 * that are mounted count: without a disk of its fstab a host ends in emergency mode, where there is no sshd.
 */
export const storage = defineFact({
  commands: {
    // Not `squashfs /dev/loop7`, of which hosts with snaps have dozens.
    mounts:
      'grep -E "^[0-9]+ [0-9]+ [0-9]+:[0-9]+ [^ ]+ (/|/boot|/boot/efi|/efi|/usr|/var) | - ([^s]|s[^q])[^ ]* /dev/" "$root/proc/self/mountinfo"',
    swaps: 'cat "$root/proc/swaps"',
    blocks: 'cd "$root/sys/class/block" && ls -ld -- * */slaves/* 2>/dev/null',
    numbers: 'cd "$root/sys/class/block" && grep -s -H "" -- */dev */dm/name */dm/uuid',
    btrfs: 'cd "$root/sys/fs/btrfs" && ls -ld -- */devices/* 2>/dev/null',
    // Only where the module is loaded: zpool loads it (zpool(8)). A pool that is suspended lets nobody through.
    zpools: `[ -d "$root/sys/module/zfs" ] && command -v zpool >/dev/null &&
timeout 20 zpool status -LP | grep -E '^ *pool: |^[[:blank:]]+/dev/'`,
  },
  parse(out): StorageUse[] {
    const blocks = readBlocks(out)
    const pools = readPools(linesOf(out.zpools), blocks)
    const mounted = linesOf(out.mounts).flatMap(line => mountedUse(line, blocks, pools))
    const mounts = mounted.some(({ devices }) => devices !== undefined)
      ? mounted.filter(({ type }) => type !== 'overlay')
      : mounted
    const swaps = linesOf(out.swaps).flatMap(line => {
      const [source = '', type] = line.split(/\s+/)
      const block = blocks.named(source)
      return type === 'partition' && !NOT_A_DISK.test(block ?? nameOf(source))
        ? [useOf('swap', source, block, blocks)]
        : []
    })
    const uses: StorageUse[] = [...withoutRepeats(mounts.map(({ type, ...use }) => use)), ...swaps]
    for (const group of [...poolUses(pools), ...volumeGroups(blocks), ...arrays(blocks)])
      if (!isCovered(group, uses)) uses.push(group)
    return uses
  },
})

/** Its disks are known as those of something else already; where they cannot be told, as those of the same source. */
const isCovered = ({ source, devices }: StorageUse, uses: readonly StorageUse[]): boolean =>
  devices === undefined
    ? uses.some(use => use.devices === undefined && use.source.split('/')[0] === source)
    : devices.every(device => uses.some(use => use.devices?.includes(device)))

/** What can be written to of where configuration and boot files lie: the options of mount and superblock. */
export const mounts = defineFact({
  commands: {
    mounts:
      'grep -E "^[^ ]+ [^ ]+ [^ ]+ [^ ]+ (/|/var|/(boot|efi|etc)(/[^ ]*)?) " "$root/proc/self/mountinfo"',
  },
  parse(out): Host['mounts'] {
    // What is mounted over another comes later (an automount, and what it has mounted).
    const found = Object.fromEntries(linesOf(out.mounts).map(line => [mountPoint(line), accessOf(line)]))
    const readOnly = Object.keys(found).filter(at => found[at] === 'ro')
    const counts = (at: string) => readOnly.some(above => at === above || isBelow(at, above))
    return Object.fromEntries(Object.entries(found).filter(([at]) => counts(at)))
  },
})

const mountPoint = (line: string): string =>
  (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )

/** A file system that an error has made read-only says so in the options of its superblock only. */
function accessOf(line: string): 'ro' | 'rw' {
  const [mount = '', superblock = ''] = line.split(' - ')
  const options = `${mount.split(' ')[5]},${superblock.split(' ')[2]}`
  return options.split(',').includes('ro') ? 'ro' : 'rw'
}

interface Blocks {
  /** The kernel's name of a device by `major:minor`, and by its path in /dev. */
  numbered(number: string): string | undefined
  named(source: string): string | undefined
  /** All disks of the btrfs file system that has this one. */
  btrfsMembers(name: string): readonly string[]
  /** Undefined where a disk on the way to the hardware cannot be told. */
  devicesOf(name: string): readonly string[] | undefined
  /** The same, of those disks that have one. */
  knownDevicesOf(name: string): readonly string[]
  /** Volumes of the device mapper by the kernel's name; of those that have both. */
  readonly mappings: readonly { readonly name: string; readonly mapping: string; readonly uuid: string }[]
  readonly names: readonly string[]
}

function readBlocks(out: Readonly<Record<'blocks' | 'numbers' | 'btrfs', string>>): Blocks {
  const links = linkLines(out.blocks)
  const targets = new Map(
    links.filter(({ path }) => !path.includes('/')).map(({ path, target }) => [path, target]),
  )
  const attributes = fileLines(out.numbers).map(({ path, text }) => {
    const [name = '', ...rest] = path.split('/')
    return { name, attribute: rest.join('/'), text: text.trim() }
  })
  const namesBy = (attribute: string) =>
    new Map(attributes.filter(one => one.attribute === attribute).map(({ name, text }) => [text, name]))
  const byNumber = namesBy('dev')
  const byMapping = namesBy('dm/name')
  const members = linkLines(out.btrfs).map(({ path }) => path.split('/'))

  /** What a device without hardware of its own is made of. */
  const below = (name: string): string[] => {
    const slaves = links
      .filter(({ path }) => path.startsWith(`${name}/slaves/`))
      .map(({ path }) => path.split('/').at(-1) ?? '')
    if (slaves.length > 0) return slaves
    const paths = multipathPattern(name)
    const multipath = paths === undefined ? [] : [...targets.keys()].filter(one => paths.test(one))
    if (multipath.length > 0) return multipath
    // md0p1 lies in the folder of md0.
    const disk = targets.get(name)?.split('/').at(-2) ?? ''
    return targets.has(disk) ? [disk] : []
  }
  /**
   * Of each disk that it lies on; undefined where that cannot be told. A disk of the network (iSCSI, NVMe over fabrics) or
   * of the board (eMMC) hangs on no PCI device.
   */
  const disksOf = (name: string, seen: readonly string[] = []): (readonly string[] | undefined)[] => {
    const target = targets.get(name) ?? ''
    const own = addressesIn(target)
    if (own.length > 0 || HAS_HARDWARE.test(target)) return [own]
    const parts = seen.includes(name) ? [] : below(name)
    return parts.length === 0 ? [undefined] : parts.flatMap(part => disksOf(part, [...seen, name]))
  }
  return {
    numbered: number => byNumber.get(number),
    named(source) {
      const name = nameOf(source)
      return targets.has(name) ? name : byMapping.get(source.replace(/^\/dev\/mapper\//, ''))
    },
    btrfsMembers(name) {
      const system = members.find(path => path.at(-1) === name)?.[0]
      return members.filter(([id]) => id === system).map(path => path.at(-1) ?? '')
    },
    devicesOf: name => joined(disksOf(name)),
    knownDevicesOf: name => [...new Set(disksOf(name).flatMap(devices => devices ?? []))],
    mappings: [...byMapping].flatMap(([mapping, name]) => {
      const uuid = attributes.find(one => one.name === name && one.attribute === 'dm/uuid')?.text
      return uuid === undefined ? [] : [{ name, mapping, uuid }]
    }),
    names: [...targets.keys()],
  }
}

const HAS_HARDWARE = /\/devices\/(?!virtual\/(?!nvme-fabrics\/))/

/** nvme0n1 is reached over nvme0c0n1, nvme0c1n1 … (nvme_mpath_set_disk_name(), drivers/nvme/host/multipath.c). */
function multipathPattern(name: string): RegExp | undefined {
  const [, subsystem, namespace] = /^nvme(\d+)n(\d+)$/.exec(name) ?? []
  return subsystem === undefined ? undefined : new RegExp(`^nvme${subsystem}c\\d+n${namespace}$`)
}

/** /dev/cciss/c0d0 is cciss!c0d0 in sysfs. */
const nameOf = (source: string): string => source.replace(/^\/dev\//, '').replaceAll('/', '!')

/** Pool → its disks, with logs, caches and spares; undefined where one of them cannot be told. */
type Pools = ReadonlyMap<string, readonly string[] | undefined>

/** `  pool: rpool`, and below it lines that begin with the path of a disk. */
function readPools(lines: readonly string[], blocks: Blocks): Pools {
  const pools = new Map<string, readonly string[] | undefined>()
  let pool: string | undefined
  for (const line of lines) {
    const begins = /^ *pool: (\S+)/.exec(line)?.[1]
    pool = begins ?? pool
    if (begins !== undefined) pools.set(begins, [])
    const path = /^\s+(\/dev\/\S+)/.exec(line)?.[1]
    if (path === undefined || pool === undefined) continue
    const block = blocks.named(path)
    pools.set(pool, joined([pools.get(pool), block === undefined ? undefined : blocks.devicesOf(block)]))
  }
  return pools
}

const poolUses = (pools: Pools): StorageUse[] =>
  [...pools].map(([pool, devices]) => ({ use: `ZFS pool ${pool}`, source: pool, devices }))

/**
 * A volume group with an active volume: uuids of volumes are LVM-, then 32 characters that are the group's. Disks of
 * the network, which hang on no PCI device, are not lost with one.
 */
function volumeGroups(blocks: Blocks): StorageUse[] {
  const volumes = blocks.mappings.filter(({ uuid }) => uuid.startsWith('LVM-'))
  const groups = Map.groupBy(volumes, ({ uuid }) => uuid.slice(0, 36))
  return [...groups.values()].map(members => {
    // vg0-root; a hyphen within a name is doubled (lvm(8)).
    const name = (/^((?:[^-]|--)+)/.exec(members[0]?.mapping ?? '')?.[1] ?? '').replaceAll('--', '-')
    const devices = [...new Set(members.flatMap(member => blocks.knownDevicesOf(member.name)))]
    return { use: `LVM volume group ${name}`, source: name, devices }
  })
}

const arrays = (blocks: Blocks): StorageUse[] =>
  blocks.names
    .filter(name => /^md(\d+|_[^/]+)$/.test(name))
    .map(name => ({ use: `md array ${name}`, source: `/dev/${name}`, devices: blocks.knownDevicesOf(name) }))

/** Undefined where one is. */
const joined = (lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined =>
  lists.includes(undefined) ? undefined : [...new Set(lists.flatMap(list => list ?? []))]

/**
 * What an overlay is made of is mounted in its own right, and counts where it is: the root of ostree's composefs has its
 * disk on /sysroot, that of a live system the medium.
 */
interface MountedUse extends StorageUse {
  readonly type: string
}

function mountedUse(line: string, blocks: Blocks, pools: Pools): MountedUse[] {
  const [before, after] = line.split(' - ')
  const fields = before?.split(' ') ?? []
  const [type = '', source = ''] = after?.split(' ') ?? []
  const at = fields[4] ?? ''
  // btrfs has an anonymous device number: its source names the disk.
  const block = blocks.numbered(fields[2] ?? '') ?? blocks.named(source)
  const onDisk = source.startsWith('/dev/') && !NOT_A_DISK.test(block ?? nameOf(source))
  const counts = ALWAYS.includes(at) ? type !== 'tmpfs' && type !== 'autofs' : onDisk && !isFuse(type)
  if (!counts) return []
  const pool = type === 'zfs' ? pools.get(source.split('/')[0] ?? '') : undefined
  const use = pool?.length ? { use: at, source, devices: pool } : useOf(at, source, block, blocks)
  return [{ ...use, type }]
}

/** The source of others is /dev/fuse (Proxmox's /etc/pve); on a block device they are of type fuseblk. */
const isFuse = (type: string): boolean => /^fuse(\.|$)/.test(type)

function useOf(use: string, source: string, block: string | undefined, blocks: Blocks): StorageUse {
  if (block === undefined) return { use, source, devices: undefined }
  const members = [...new Set([block, ...blocks.btrfsMembers(block)])]
  return { use, source, devices: joined(members.map(member => blocks.devicesOf(member))) }
}

/** Bind mounts and subvolumes show one file system many times: the first, and those that always count, stand for it. */
const withoutRepeats = (uses: readonly StorageUse[]): StorageUse[] =>
  uses.filter(
    (use, i) => ALWAYS.includes(use.use) || uses.findIndex(other => other.source === use.source) === i,
  )
