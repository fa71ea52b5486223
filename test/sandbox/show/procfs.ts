import { gzipSync } from 'node:zlib'
import type { RunningSystem } from '../boot/boot.ts'
import type {
  CpuDescription,
  MachineDescription,
  NetworkDescription,
  PartitionDescription,
} from '../description.ts'
import { file, type Tree } from '../tree.ts'
import { blockDevices, partitionName } from './block.ts'
import { kernelConfig } from './installed.ts'

/** /proc of a running machine, as far as a provisioner looks at it (proc(5)). */
export function procfs(machine: MachineDescription, system: RunningSystem): Tree {
  const contents: Readonly<Record<string, string>> = {
    cmdline: `${system.cmdline}\n`,
    cpuinfo: cpuinfo(machine.cpu),
    version: `Linux version ${system.kernel.release} ${machine.distribution.kernelBuilder} ${system.kernel.build}\n`,
    modules: system.binding.loaded
      .map(module => `${module} 16384 0 - Live 0x0000000000000000\n`)
      .toReversed()
      .join(''),
    interrupts: interrupts(system),
    swaps: swaps(machine),
    'self/mountinfo': mountinfo(machine),
    'sys/kernel/random/boot_id': `${system.bootId}\n`,
    'sys/kernel/osrelease': `${system.kernel.release}\n`,
    'sys/kernel/version': `${system.kernel.build}\n`,
    'sys/kernel/ostype': 'Linux\n',
    'sys/kernel/hostname': `${machine.hostname}\n`,
    'sys/kernel/dmesg_restrict': '1\n',
    'net/route': route(machine.network),
    'net/ipv6_route': ipv6Route(machine.network),
    'net/if_inet6': ifInet6(machine.network),
    'net/fib_trie': fibTrie(machine.network),
  }
  // Arch's kernels have their configuration in memory, and no file of it (CONFIG_IKCONFIG_PROC).
  const config =
    system.kernel.pkgbase === undefined ? {} : { 'config.gz': gzipSync(kernelConfig(system.kernel)) }
  return new Map(
    Object.entries({ ...contents, ...config }).map(([name, content]) => [
      `/proc/${name}`,
      file(content, 0o444),
    ]),
  )
}

function cpuinfo(cpu: CpuDescription): string {
  return Array.from({ length: cpu.threads }, (_, i) => `${processor(cpu, i)}\n\n`).join('')
}

function processor(cpu: CpuDescription, number: number): string {
  const core = number % cpu.cores
  return [
    `processor\t: ${number}`,
    `vendor_id\t: ${cpu.vendor}`,
    `cpu family\t: ${cpu.family}`,
    `model\t\t: ${cpu.model}`,
    `model name\t: ${cpu.name}`,
    `stepping\t: ${cpu.stepping}`,
    `cpu MHz\t\t: ${cpu.megahertz.toFixed(3)}`,
    'physical id\t: 0',
    `siblings\t: ${cpu.threads}`,
    `core id\t\t: ${core}`,
    `cpu cores\t: ${cpu.cores}`,
    'fpu\t\t: yes',
    `flags\t\t: ${cpu.flags}`,
    'address sizes\t: 39 bits physical, 48 bits virtual',
    'power management:',
  ].join('\n')
}

/** The chips' names get IR- in front where the IOMMU remaps interrupts, as it does on all of these when it is on. */
function interrupts(system: RunningSystem): string {
  const prefix = system.iommu.units.length > 0 ? 'IR-' : ''
  return `            CPU0
   0:          9  ${prefix}IO-APIC    2-edge      timer
  16:          0  ${prefix}PCI-MSI-0000:00:1d.0    0-edge      PCIe PME
 NMI:          0   Non-maskable interrupts
`
}

function mountinfo(machine: MachineDescription): string {
  const numbers = new Map(blockDevices(machine.disk, '').map(({ name, number }) => [name, number]))
  const mounted = machine.disk.partitions
    .filter(({ use }) => use !== 'swap')
    .toSorted((a, b) => a.use.length - b.use.length)
  const disks = mounted.map((partition, i) => {
    const name = partitionName(machine.disk, partition)
    const parent = partition.use === '/' ? 1 : ROOT_MOUNT
    const number = partition.filesystem === 'btrfs' ? ANONYMOUS : numbers.get(name)
    return `${ROOT_MOUNT + i} ${parent} ${number} / ${partition.use} rw,relatime shared:${i + 1} - ${partition.filesystem} /dev/${name} ${MOUNTED_WITH[partition.filesystem]}`
  })
  return `${[...KERNEL_MOUNTS, ...disks].join('\n')}\n`
}

const MOUNTED_WITH: Record<PartitionDescription['filesystem'], string> = {
  ext4: 'rw,errors=remount-ro',
  btrfs: 'rw,ssd,discard=async,space_cache=v2,subvolid=5,subvol=/',
  xfs: 'rw,attr2,inode64,logbufs=8,logbsize=32k,noquota',
  vfat: 'rw,fmask=0077,dmask=0077,codepage=437',
  swap: '',
}

/** As the kernel numbers file systems that may lie on several devices. */
const ANONYMOUS = '0:28'

const ROOT_MOUNT = 28

const KERNEL_MOUNTS = [
  '22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw',
  '23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw',
  '24 28 0:5 / /dev rw,nosuid,relatime shared:2 - devtmpfs udev rw,size=8102412k,nr_inodes=2025603,mode=755,inode64',
  '25 24 0:22 / /dev/pts rw,nosuid,noexec,relatime shared:3 - devpts devpts rw,gid=5,mode=620,ptmxmode=000',
  '26 28 0:23 / /run rw,nosuid,nodev,noexec,relatime shared:5 - tmpfs tmpfs rw,size=1625764k,mode=755,inode64',
]

function swaps(machine: MachineDescription): string {
  const lines = machine.disk.partitions
    .filter(({ use }) => use === 'swap')
    .map(
      partition =>
        `/dev/${partitionName(machine.disk, partition)}`.padEnd(40) +
        `partition\t${partition.mebibytes * 1024 - 4}\t\t0\t\t-2\n`,
    )
  return `Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n${lines.join('')}`
}

/** Addresses as the kernel prints them: the four bytes of the word, least significant first. */
function route(network: NetworkDescription): string {
  const line = (...columns: readonly string[]) => `${columns.join('\t').padEnd(127)}\n`
  return (
    line(
      'Iface',
      'Destination',
      'Gateway ',
      'Flags',
      'RefCnt',
      'Use',
      'Metric',
      'Mask\t',
      'MTU',
      'Window',
      'IRTT',
    ) +
    line(
      network.interface,
      '00000000',
      littleEndian(network.gateway),
      '0003',
      '0',
      '0',
      '0',
      '00000000',
      '0',
      '0',
      '0',
    ) +
    line(
      network.interface,
      littleEndian(subnet(network)),
      '00000000',
      '0001',
      '0',
      '0',
      '0',
      '00FFFFFF',
      '0',
      '0',
      '0',
    )
  )
}

const littleEndian = (address: string): string =>
  Buffer.from(address.split('.').map(Number)).reverse().toString('hex').toUpperCase()
const subnet = ({ address }: NetworkDescription): string => address.replace(/\.\d+$/, '.0')

function ipv6Route(network: NetworkDescription): string {
  const none = '0'.repeat(32)
  const line = (to: string, bits: string, metric: string, flags: string, name: string) =>
    `${to} ${bits} ${none} 00 ${none} ${metric} 00000001 00000000 ${flags} ${name.padStart(8)}\n`
  return (
    line('fe80'.padEnd(32, '0'), '40', '00000100', '00000001', network.interface) +
    line('1'.padStart(32, '0'), '80', '00000000', '80200001', 'lo') +
    line(linkLocal(network), '80', '00000000', '80200001', network.interface)
  )
}

const ifInet6 = (network: NetworkDescription): string =>
  `${'1'.padStart(32, '0')} 01 80 10 80       lo\n${linkLocal(network)} 02 40 20 80 ${network.interface.padStart(8)}\n`

/** RFC 4291, appendix A: the MAC with ff:fe in its middle and the universal bit turned. */
function linkLocal({ mac }: NetworkDescription): string {
  const [first = 0, ...rest] = mac.split(':').map(hex => Number.parseInt(hex, 16))
  const [b = 0, c = 0, ...last] = rest
  return `fe80000000000000${Buffer.from([first ^ 2, b, c, 0xff, 0xfe, ...last]).toString('hex')}`
}

/** Only the leaves' addresses matter to a reader; the trie above them is shortened. */
function fibTrie(network: NetworkDescription): string {
  const leaves = [
    ['127.0.0.0', '/8 host LOCAL'],
    ['127.0.0.1', '/32 host LOCAL'],
    [subnet(network), '/24 link UNICAST'],
    [network.address, '/32 host LOCAL'],
  ]
  const trie = `  +-- 0.0.0.0/0 3 0 5\n${leaves.map(([address, kind]) => `     |-- ${address}\n        ${kind}\n`).join('')}`
  return `Main:\n${trie}Local:\n${trie}`
}
