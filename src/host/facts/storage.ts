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
    numbers: 'cd "$root/sys/class/block" && grep -H "" -- */dev */dm/name 2>/dev/null',
    btrfs: 'cd "$root/sys/fs/btrfs" && ls -ld -- */devices/* 2>/dev/null',
  },
  parse(out): StorageUse[] {
    const blocks = readBlocks(out)
    const mounts = linesOf(out.mounts).flatMap(line => mountedUse(line, blocks))
    const swaps = linesOf(out.swaps).flatMap(line => {
      const [source = '', type] = line.split(/\s+/)
      const block = blocks.named(source)
      return type === 'partition' && !NOT_A_DISK.test(block ?? nameOf(source))
        ? [useOf('swap', source, block, blocks)]
        : []
    })
    return [...withoutRepeats(mounts), ...swaps]
  },
})

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
  /** Undefined where a disk on the way to the hardware has no PCI address. */
  devicesOf(name: string): readonly string[] | undefined
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
  const devicesOf = (name: string, seen: readonly string[] = []): readonly string[] | undefined => {
    const own = addressesIn(targets.get(name) ?? '')
    if (own.length > 0) return own
    const parts = seen.includes(name) ? [] : below(name)
    const devices = parts.map(part => devicesOf(part, [...seen, name]))
    return parts.length === 0 || devices.includes(undefined) ? undefined : devices.flatMap(one => one ?? [])
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
    devicesOf: name => devicesOf(name),
  }
}

/** nvme0n1 is reached over nvme0c0n1, nvme0c1n1 … (nvme_mpath_set_disk_name(), drivers/nvme/host/multipath.c). */
function multipathPattern(name: string): RegExp | undefined {
  const [, subsystem, namespace] = /^nvme(\d+)n(\d+)$/.exec(name) ?? []
  return subsystem === undefined ? undefined : new RegExp(`^nvme${subsystem}c\\d+n${namespace}$`)
}

/** /dev/cciss/c0d0 is cciss!c0d0 in sysfs. */
const nameOf = (source: string): string => source.replace(/^\/dev\//, '').replaceAll('/', '!')

function mountedUse(line: string, blocks: Blocks): StorageUse[] {
  const [before, after] = line.split(' - ')
  const fields = before?.split(' ') ?? []
  const [type = '', source = ''] = after?.split(' ') ?? []
  const at = fields[4] ?? ''
  // btrfs has an anonymous device number: its source names the disk.
  const block = blocks.numbered(fields[2] ?? '') ?? blocks.named(source)
  const onDisk = source.startsWith('/dev/') && !NOT_A_DISK.test(block ?? nameOf(source))
  const counts = ALWAYS.includes(at) ? type !== 'tmpfs' && type !== 'autofs' : onDisk && !isFuse(type)
  return counts ? [useOf(at, source, block, blocks)] : []
}

/** The source of others is /dev/fuse (Proxmox's /etc/pve); on a block device they are of type fuseblk. */
const isFuse = (type: string): boolean => /^fuse(\.|$)/.test(type)

function useOf(use: string, source: string, block: string | undefined, blocks: Blocks): StorageUse {
  if (block === undefined) return { use, source, devices: undefined }
  const members = [...new Set([block, ...blocks.btrfsMembers(block)])]
  const devices = members.map(member => blocks.devicesOf(member))
  return {
    use,
    source,
    devices: devices.includes(undefined) ? undefined : [...new Set(devices.flatMap(one => one ?? []))],
  }
}

/** Bind mounts and subvolumes show one file system many times: the first, and those that always count, stand for it. */
const withoutRepeats = (uses: readonly StorageUse[]): StorageUse[] =>
  uses.filter(
    (use, i) => ALWAYS.includes(use.use) || uses.findIndex(other => other.source === use.source) === i,
  )
