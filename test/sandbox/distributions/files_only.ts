import type { Programs } from '../bin.ts'
import { dracutLoads, initramfsToolsLoads, mkinitcpioLoads } from '../boot/inits.ts'
import type { KernelDescription, MachineDescription, PartitionDescription } from '../description.ts'
import type { Disk } from '../disk.ts'
import { type Distribution, kernelFile, type Loads } from '../distribution.ts'
import { fedoraWorkstation } from '../machines/alder_lake.ts'
import { common, files, usrMerged } from '../show/installed.ts'
import { type Entry, link } from '../tree.ts'

/**
 * A machine that is only looked at: its files, what its tools would answer, and how it was booted, all as they are
 * given. For loaders whose own programs have no stand-ins here; they are recorded, not run.
 */
export interface FilesOnly {
  readonly hostname: string
  /** /etc/os-release. */
  readonly osRelease: string
  /** The first one has booted. Their modules are made up from these; images of kernels are among `files`. */
  readonly kernels: readonly KernelDescription[]
  /** Path → content; `kernelImage(release)` for a kernel's. */
  readonly files: Readonly<Record<string, string>>
  /** Path → target, as readlink(1) prints it. */
  readonly links?: Readonly<Record<string, string>>
  /** Programs of its kind: `true` for a stand-in of stand_ins/, or a shell script that prints what the real one would. */
  readonly programs: Programs
  /** Shell that makes images, where a generator's stand-in can: `dracut --force --regenerate-all --quiet`. */
  readonly install?: string
  /** The text of /proc/cmdline. */
  readonly cmdline: string
  /** What the loader left: LoaderInfo, StubInfo, LoaderEntrySelected … */
  readonly efiVariables?: Readonly<Record<string, string>>
  /** The image it booted with, a tar; none: one without any module. */
  readonly initrd?: string
  /** Without UEFI. */
  readonly bios?: true
  /** Of its NVMe disk; a machine with an ESP at /boot/efi where not given. */
  readonly partitions?: readonly PartitionDescription[]
  /** The machine whose hardware it has; the Z690 board where not given. */
  readonly board?: MachineDescription
  /** What else differs from that machine, and files of /proc and /sys that differ from what follows. */
  readonly machine?: Partial<MachineDescription>
}

export function filesOnly(host: FilesOnly): MachineDescription {
  const hardware = host.board ?? fedoraWorkstation
  return {
    ...hardware,
    hostname: host.hostname,
    distribution: distributionOf(host),
    kernels: host.kernels,
    firmware: { ...hardware.firmware, uefi: host.bios === undefined },
    disk: { ...hardware.disk, partitions: host.partitions ?? PARTITIONS },
    ...host.machine,
  }
}

export const kernelImage = kernelFile

/** A kernel with vfio as modules and the IOMMU off unless asked for. */
export const kernel = (release: string, more: Partial<KernelDescription> = {}): KernelDescription => ({
  release,
  build: '#1 SMP PREEMPT_DYNAMIC',
  acsOverride: false,
  intelIommuDefaultOn: false,
  vfio: 'module',
  ...more,
})

/** root=UUID= of the machines that name no partitions of their own. */
export const ROOT_UUID = '3f7a1c52-8d04-4e6b-9b1f-6a2d5c8e9f10'

const PARTITIONS: readonly PartitionDescription[] = [
  { use: '/boot/efi', filesystem: 'vfat', uuid: '9A3C-51E0', mebibytes: 1024 },
  { use: '/', filesystem: 'ext4', uuid: ROOT_UUID, mebibytes: 940_000 },
]

function distributionOf(host: FilesOnly): Distribution {
  const [booted] = host.kernels
  return {
    programs: host.programs,
    kernelBuilder: '(builder@host) (gcc (GCC) 13.2.0, GNU ld (GNU Binutils) 2.42)',
    disk: machine =>
      new Map([
        ...usrMerged('bin', 'sbin', 'lib', 'lib64'),
        ...common(machine, host.osRelease),
        ...files(host.files),
        ...Object.entries(host.links ?? {}).map(([path, to]): [string, Entry] => [
          path,
          { kind: 'link', to },
        ]),
        // A link of the distribution's own comes last where both name one path.
        ...('/etc/os-release' in host.files ? [] : [link('/etc/os-release', '/usr/lib/os-release')]),
      ]),
    install: host.install ?? ':',
    start: disk => ({
      title: host.hostname,
      kernel: Buffer.from(kernelFile(booted?.release ?? '')),
      initrd: host.initrd === undefined ? EMPTY_TAR : disk.bytes(host.initrd),
      cmdline: host.cmdline,
      efiVariables: host.efiVariables ?? {},
    }),
    loads: anyLoads,
  }
}

/** Two blocks of zeros end an archive (tar(5)). */
const EMPTY_TAR = Buffer.alloc(1024)

function anyLoads(image: Disk, cmdline: string): Loads {
  const all = [initramfsToolsLoads(image), dracutLoads(image, cmdline), mkinitcpioLoads(image)]
  return { first: all.flatMap(({ first }) => first), later: all.flatMap(({ later }) => later) }
}
