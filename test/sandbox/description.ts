import type { Distribution } from './distribution.ts'

/**
 * A machine as data: what is soldered, plugged and installed. What follows from it at a boot (groups, drivers,
 * messages, the command line) is computed by boot/, never described.
 */
export interface MachineDescription {
  readonly hostname: string
  /** What is installed on it: its programs, its loader, how its images are made. */
  readonly distribution: Distribution
  readonly cpu: CpuDescription
  readonly firmware: FirmwareDescription
  readonly kernels: readonly KernelDescription[]
  /** In the order of the kernel's scan: bus 0 first, then bus by bus. */
  readonly devices: readonly DeviceDescription[]
  /** MODULES= of Debian's initramfs.conf (default most): whether native drivers of disks, USB and network are in the image. */
  readonly initramfsModules?: 'most' | 'list'
  readonly disk: DiskDescription
  readonly network: NetworkDescription
  /** /etc/default/grub, where its loader is GRUB. */
  readonly grubDefaults?: string
  /** More files, path → content, over those of the distribution. */
  readonly files?: Readonly<Record<string, string>>
  /** Files of /proc and /sys that are other than what follows from the rest, path → content: a root on ZFS. */
  readonly shows?: Readonly<Record<string, string>>
  readonly iommuLog: IommuLog
}

/** One whose loader is GRUB with /etc/default/grub. */
export type GrubMachine = MachineDescription & { readonly grubDefaults: string }

export interface CpuDescription {
  readonly vendor: 'GenuineIntel' | 'AuthenticAMD'
  readonly family: number
  readonly model: number
  readonly stepping: number
  readonly name: string
  readonly cores: number
  readonly threads: number
  readonly megahertz: number
  readonly flags: string
}

export interface FirmwareDescription {
  readonly uefi: boolean
  /** ACPI tables of an IOMMU: absent is off in firmware setup, or not supported. */
  readonly tables: readonly AcpiTable[]
}

export interface AcpiTable {
  readonly signature: 'DMAR' | 'IVRS'
  readonly length: number
  readonly revision: number
  /** OEM id (6 characters) and OEM table id (8). */
  readonly oem: string
  readonly oemTable: string
}

export interface KernelDescription {
  readonly release: string
  /** `uname -v`. */
  readonly build: string
  /** Carries Alex Williamson's ACS override patch, and so knows pcie_acs_override=. */
  readonly acsOverride: boolean
  /** CONFIG_INTEL_IOMMU_DEFAULT_ON (or …_INTGPU_OFF, as Debian 12 has it): on without intel_iommu=on. */
  readonly intelIommuDefaultOn: boolean
  /** CONFIG_VFIO_PCI: =m in Debian, =y in Ubuntu since 20.04. */
  readonly vfio: 'module' | 'builtin'
  /** Of its module files: Fedora's are .ko.xz, Arch's .ko.zst; none in Debian 12. */
  readonly compression?: 'xz' | 'zst'
  /** Modules that others have as files and this one has compiled in, underscored: Fedora's xhci_pci and ahci. */
  readonly compiledIn?: readonly string[]
  /** Arch's name for it: linux, linux-lts. */
  readonly pkgbase?: string
}

export interface DeviceDescription {
  /** Without the domain, as lspci shows it: 02:00.0. */
  readonly at: string
  /** The bridge it sits behind; undefined on the root bus. */
  readonly behind?: string
  /** vendor:device. */
  readonly id: string
  /** Six hex digits. */
  readonly class: string
  readonly revision?: string
  /** vendor:device of the board it is soldered to. */
  readonly subsystem: string
  /** Name of its native driver, a key of modules.ts; undefined where Debian has none for it. */
  readonly driver?: string
  readonly bootVga?: true
  readonly port?: 'root' | 'downstream'
  /** The kernel finds it isolated by itself: an ACS capability, or a quirk (drivers/pci/quirks.c). */
  readonly acs?: true
  /** Lines of its group's reserved_regions beyond the MSI window: RMRRs. */
  readonly reserved?: readonly string[]
}

export interface DiskDescription {
  readonly controller: string
  readonly kind: 'ata' | 'nvme'
  readonly model: string
  readonly partitions: readonly PartitionDescription[]
}

export interface PartitionDescription {
  /** Mount point, or swap. */
  readonly use: '/' | '/boot' | '/boot/efi' | '/efi' | 'swap'
  readonly filesystem: 'ext4' | 'xfs' | 'btrfs' | 'vfat' | 'swap'
  readonly uuid: string
  readonly mebibytes: number
}

export interface NetworkDescription {
  readonly device: string
  readonly interface: string
  readonly mac: string
  /** IPv4, a /24. */
  readonly address: string
  readonly gateway: string
}

/** A kernel message and when it is printed, in seconds since the boot. */
export interface LogLine {
  readonly at: number
  readonly text: string
}

/** What the IOMMU driver says on this board, apart from the lines that follow from the command line and the groups. */
export interface IommuLog {
  /** Whenever the firmware table is there. */
  readonly table: readonly LogLine[]
  /** Only when the IOMMU is switched on: before the groups are made, and after. */
  readonly starting: readonly LogLine[]
  readonly ready: readonly LogLine[]
}
