import type { AnsibleEvidence } from './ansible_evidence.ts'
import type { Bytes } from './bytes.ts'
import type { Known } from './known.ts'

/** All facts of one target at one moment. Immutable; what a change makes of it is a new Host (change.ts, boot.ts). */
export interface Host {
  /** Numeric user id the facts were gathered as: what only root may read is missing for others. */
  readonly uid: number
  readonly hostname: string
  /** `uname -m`, e.g. x86_64. */
  readonly arch: string
  readonly os: OsRelease
  readonly bootId: Known<string>
  /** Release of the running kernel, `uname -r`. */
  readonly kernel: Known<string>
  /** Every kernel with a folder in /lib/modules, booted or not. */
  readonly kernels: readonly InstalledKernel[]
  readonly cpu: Cpu
  readonly machine: Machine
  readonly firmware: Firmware
  /** Tokens of /proc/cmdline, quotes kept as written. */
  readonly cmdline: Known<readonly string[]>
  readonly iommu: Iommu
  readonly devices: readonly PciDevice[]
  /** PCI driver name → the module that holds it (xhci_hcd → xhci_pci); built-in drivers have none. */
  readonly driverModules: Known<Readonly<Record<string, string>>>
  readonly log: Known<KernelLog>
  /** Programs that have a device open: who would lose it. */
  readonly holders: readonly Holder[]
  /** Boot framebuffers that lie in a device's memory (/proc/iomem: BOOTFB, simple-framebuffer, efifb). */
  readonly framebuffers: readonly Framebuffer[]
  /** PCI addresses whose mediated devices (vGPUs) exist, a guest's or not. */
  readonly mediatedParents: readonly string[]
  /** Who else decides which driver a device gets, or gives it to guests. */
  readonly owners: readonly BindingOwner[]
  /** Whether the running kernel carries the ACS override patch, by its symbols; only looked for where a task asks. */
  readonly acsPatch: Known<boolean>
  /** Names of this host's devices from its own pci.ids: `10de:13c2` and `10de` → name; only where a task asks. */
  readonly pciNames: Known<Readonly<Record<string, string>>>
  readonly storage: readonly StorageUse[]
  /** Mounts that are read-only, and writable ones below them, by mount point; of those that we could have to write to. */
  readonly mounts: Readonly<Record<string, 'ro' | 'rw'>>
  readonly network: readonly NetworkUse[]
  /** Programs found on PATH, of those that tell bootloaders and initramfs generators apart. */
  readonly tools: readonly string[]
  /** Paths that exist, of those that are evidence for a bootloader or a generator. */
  readonly paths: readonly string[]
  /** Configuration files by path, and those that tasks name; a path that is not here does not exist, or see places. */
  readonly files: Readonly<Record<string, File>>
  /** What is at the paths that tasks name; the others were not looked at. */
  readonly places: Readonly<Record<string, Place>>
  /** What installs packages here; '' where it is none that we know. */
  readonly packageManager: Known<PackageManager | ''>
  /** Of the packages that tasks name; unknown where nothing can tell. */
  readonly packages: Readonly<Record<string, Known<Package>>>
  /** Menus that lie in no plain file, generated or within images, by the name of the loader whose they are. */
  readonly menus: Readonly<Record<string, Known<Menu>>>
  /** Limine's programs that halt unless the configuration has the checksum that was enrolled into them. */
  readonly enrolled: readonly string[]
  /** Content of the initramfs images, by path; copies on the ESP too, and those within unified kernel images. */
  readonly images: Readonly<Record<string, Known<Image>>>
  /** Encrypted disks that the TPM unlocks while the machine boots as it did when they were sealed. */
  readonly sealedDisks: readonly SealedDisk[]
  /** The user's word on the loader, where more than one is plausible. */
  readonly bootloader?: string
  readonly journal: Journal
  /** What Ansible's facts are made of, as far as nothing above tells it. */
  readonly ansible: Known<AnsibleEvidence>
  /** The host's name with its domain; only looked for where an expression asks, as the network may have to be asked. */
  readonly fqdn: Known<string>
}

export interface File {
  readonly bytes: Bytes
  /** Permission bits, octal, e.g. `644`. */
  readonly mode: string
  /** A link to /dev/null, read as empty: it masks files of its name in other folders, and is never written to. */
  readonly masks?: true
}

/** `file`: its bytes and mode are in Host.files; `large`: it is not read. A link counts as what it leads to. */
export type Place =
  | { readonly kind: 'file'; readonly owner: Account; readonly group: Account }
  | { readonly kind: 'large'; readonly size: number }
  /** Of 'no folder' not even the folder is there. 'other': a device, a socket, a link to nothing. */
  | { readonly kind: 'absent' | 'no folder' | 'directory' | 'unreadable' | 'other' }

/** A user or a group; a task may name either. */
export interface Account {
  readonly name: Known<string>
  readonly id: Known<number>
}

export const PACKAGE_MANAGERS = ['apt', 'dnf', 'yum', 'zypper', 'pacman'] as const
export type PackageManager = (typeof PACKAGE_MANAGERS)[number]

export interface Package {
  readonly installed: boolean
  /** '' where it is not installed. */
  readonly version: Known<string>
}

/** Fields of /etc/os-release (os-release(5)). */
export interface OsRelease {
  readonly id: string
  readonly idLike: readonly string[]
  readonly version: string
  readonly name: string
  /** All of them, as they are called there. */
  readonly fields: Readonly<Record<string, string>>
}

export interface Cpu {
  readonly vendor: 'intel' | 'amd' | 'other'
  readonly model: string
  /** Of the processor's flags: vmx, svm, hypervisor. */
  readonly flags: readonly string[]
}

/** What kind of machine it is, and what it says of itself. */
export interface Machine {
  /** DMI: who made it, what it is called, its board, and version and date of its firmware; '' where not told. */
  readonly vendor: string
  readonly product: string
  readonly board: string
  readonly firmwareVersion: string
  /** What we run in a container of: docker, podman, lxc, systemd-nspawn …; '' on a machine of its own. */
  readonly container: string
  readonly xen: '' | 'dom0' | 'domU'
  /** /dev/kvm is there: the CPU's virtualisation is usable. */
  readonly kvm: Known<boolean>
  /** /sys/kernel/security/lockdown; '' where the kernel has none. */
  readonly lockdown: '' | 'none' | 'integrity' | 'confidentiality'
}

export interface Firmware {
  readonly uefi: boolean
  /** Variables of UEFI can be seen: one that is not there was not set. */
  readonly efiVariables: boolean
  /** IOMMU tables that ACPI offers: absent means off in firmware, or not supported. */
  readonly tables: readonly ('DMAR' | 'IVRS')[]
  /** EFI variable LoaderInfo, e.g. `systemd-boot 252`. */
  readonly loaderInfo: string | undefined
  /** EFI variable StubInfo, e.g. `systemd-stub 252`: a unified kernel image has booted. */
  readonly stubInfo: string | undefined
  /** Ids of menu entries in the loader's EFI variables: for every boot, and for one. */
  readonly loaderEntries: LoaderEntries
  readonly secureBoot: boolean
}

/** EFI variables LoaderEntryDefault and LoaderEntryOneShot (Boot Loader Interface); '' where not set. */
export interface LoaderEntries {
  readonly default: string
  readonly oneShot: string
}

export interface SealedDisk {
  readonly device: string
  /** What says so: `clevis`, `systemd-cryptenroll`, `/etc/crypttab`. */
  readonly by: string
}

export interface Iommu {
  /** Entries of /sys/class/iommu: dmar0, ivhd0. */
  readonly units: Known<readonly string[]>
  /** IOMMU groups of type or name that isolates nothing (vfio-noiommu). */
  readonly noIommuGroups: readonly number[]
  /** Groups with a `direct` reserved region, which firmware insists on: VFIO refuses them (`direct-relaxable` is no such). */
  readonly directGroups: readonly number[]
  /** Interrupts go through the IOMMU (/proc/interrupts: IR-PCI-MSI, IR-IO-APIC). */
  readonly interruptRemapping: Known<boolean>
  /** vfio_iommu_type1's allow_unsafe_interrupts is set. */
  readonly unsafeInterrupts: boolean
}

export interface PciDevice {
  /** domain:bus:slot.function, e.g. 0000:02:00.0. */
  readonly address: string
  /** Four hex digits each. */
  readonly vendor: string
  readonly device: string
  /** Six hex digits: class, subclass, programming interface, e.g. 030000. */
  readonly class: string
  readonly bootVga: boolean
  /** Addresses of the bridges above it, nearest the root first. */
  readonly bridges: readonly string[]
  /** Name of the bound driver; '' where none is bound. */
  readonly driver: Known<string>
  /** IOMMU group number; -1 where the device is in none. Numbers change between boots. */
  readonly group: Known<number>
  readonly driverOverride: string
  /** vendor:device of the card's maker; '' where not told. */
  readonly subsystem: string
  /** What the kernel calls it: card0, eth0, nvme0. */
  readonly nodes: readonly string[]
  /** undefined: not on PCI Express, or not told. */
  readonly link: PcieLink | undefined
  /** Memory windows; of displays and accelerators only. */
  readonly bars: readonly Bar[]
  /** reset_method; undefined where the kernel does not tell (before 5.15), empty where it has none. */
  readonly resetMethods: readonly string[] | undefined
  /** Of a physical function: how many virtual functions it can have, and has. */
  readonly sriov: { readonly total: number; readonly vfs: number } | undefined
  /** Of a virtual function: the address of its physical one. */
  readonly physicalFunction: string | undefined
  /** A vfio-dev folder: VFIO has the device in hand, whatever the driver is called (kernels from 6.1). */
  readonly vfioDev: boolean
  /** It can be divided among guests by its driver (mdev_supported_types, NVIDIA vGPU). */
  readonly mediated: boolean
}

/** PCI Express: GT/s and lanes, as they are now and as the device can. Links rest at low speed when idle. */
export interface PcieLink {
  readonly speed: number
  readonly width: number
  readonly maxSpeed: number
  readonly maxWidth: number
}

export interface Bar {
  readonly index: number
  /** Bytes. */
  readonly size: number
  readonly prefetchable: boolean
}

/** A program that has a device file of a PCI device open. */
export interface Holder {
  /** PCI address. */
  readonly device: string
  /** /dev/dri/card0, /dev/nvidia0, /dev/snd/pcmC0D3p, /dev/vfio/17 … */
  readonly path: string
  readonly process: string
  readonly pid: number
}

export interface Framebuffer {
  /** PCI address. */
  readonly device: string
  /** As /proc/iomem has it: BOOTFB, simple-framebuffer, efifb, vesafb. */
  readonly name: string
}

export interface BindingOwner {
  readonly owner: 'driverctl' | 'libvirt' | 'Proxmox VE' | 'GPU operator'
  /** PCI address, or a slot without its function (all of it); '' where it is about every device. */
  readonly device: string
  /** The driver that it gives the device to, where it says so. */
  readonly driver: string
  /** The file, and what in it says so. */
  readonly evidence: string
}

export interface KernelLog {
  readonly source: 'journal' | 'dmesg' | 'none'
  /** Messages of this boot are missing, its first or some between: absence proves nothing. */
  readonly truncated: boolean
  /** Only lines about the IOMMU, VFIO and PCI isolation, without time stamps. */
  readonly lines: readonly string[]
}

export interface InstalledKernel {
  readonly release: string
  /** A kernel file for it exists, in /boot, in its modules' folder or on the ESP: it can be booted. */
  readonly bootable: boolean
  /** Arch's name of its package, of which its files are named: linux-zen; '' elsewhere. */
  readonly pkgbase: string
  /** Modules of drivers/vfio this kernel has, underscored, with the vfio modules each one needs. */
  readonly vfio: Readonly<Record<string, VfioModule>>
  /** Native drivers compiled into it that matter here, underscored: xhci_pci, nvme, i915 … */
  readonly builtins: readonly string[]
  /** Options of its configuration that matter here: CONFIG_INTEL_IOMMU → y; those that are not set are left out. */
  readonly config: Known<Readonly<Record<string, string>>>
  /** VFIO variant drivers it has for certain devices (modules.alias, vfio_pci:…). */
  readonly variants: readonly VfioVariant[]
}

export interface VfioVariant {
  /** Underscored: mlx5_vfio_pci. */
  readonly module: string
  /** Four hex digits each, lower case; '' matches any. */
  readonly vendor: string
  readonly device: string
}

export interface VfioModule {
  readonly is: 'module' | 'builtin'
  readonly needs: readonly string[]
}

/** A mount or swap that the host would miss. */
export interface StorageUse {
  /** The mount point, or `swap`. */
  readonly use: string
  readonly source: string
  /** PCI addresses on the way to its disks; undefined where it cannot be told (ZFS, network). */
  readonly devices: readonly string[] | undefined
}

export interface NetworkUse {
  readonly interface: string
  readonly roles: readonly ('default route' | 'this connection')[]
  /** PCI addresses on the way to its cards; undefined where it cannot be told (Open vSwitch, a tunnel). */
  readonly devices: readonly string[] | undefined
}

/** A loader's menu as it would be booted. */
export interface Menu {
  readonly path: string
  /** `set default=` as written; '' where there is none. */
  readonly default: string
  /** saved_entry of the loader's environment; '' where none. */
  readonly saved: string
  /** The entry that grub-reboot has set for the next boot only (next_entry). */
  readonly once?: string
  readonly entries: readonly MenuEntry[]
}

export interface MenuEntry {
  readonly title: string
  readonly id: string
  /** Generator script that wrote it, e.g. 10_linux. */
  readonly source: string
  /** Path of the kernel as the menu names it, and its release. */
  readonly kernel: string
  readonly args: readonly string[]
  readonly recovery: boolean
  readonly unified?: UnifiedImage
}

/** Of an entry that is a unified kernel image: kernel, initramfs and command line in one program of the firmware. */
export interface UnifiedImage {
  /** Release of its kernel; '' where the image does not say. */
  readonly release: string
  readonly signed: boolean
  /** IMAGE_ID or ID, and the version, of the os-release within it: what the loader sorts by. */
  readonly sortKey: string
  readonly version: string
}

/** What of an initramfs image our sources reach. */
export interface Image {
  readonly path: string
  /** Of the kernel whose modules it holds; '' where it holds none. */
  readonly release: string
  /** What made it, as far as its content tells. */
  readonly madeBy: 'initramfs-tools' | 'dracut' | 'mkinitcpio' | 'booster' | ''
  /** vfio modules in it, underscored, sorted. */
  readonly modules: readonly string[]
  /** vfio modules its init loads by name, underscored, in order. */
  readonly loads: readonly string[]
  /** sha256 of each modprobe.d file in it, by path. */
  readonly files: Readonly<Record<string, string>>
}

/** What earlier runs left in /var/lib/vfio-run. */
export interface Journal {
  readonly lock: string
  /** The last reboot a run asked for and what it was for. */
  readonly reboot: RebootRecord | undefined
  /** Fingerprints of the rebuilds that the last apply made, what for and of which files, where the result still stands. */
  readonly rebuilt: readonly string[]
}

export interface RebootRecord {
  /** boot_id before that reboot. */
  readonly bootId: string
  readonly reasons: readonly string[]
  /** Fingerprint of what decided that boot. */
  readonly configuration: string | undefined
  /** Which addresses were together in IOMMU groups before it; where that could be told. */
  readonly groups?: readonly (readonly string[])[]
}
