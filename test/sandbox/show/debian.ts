import type { KernelDescription, MachineDescription, PartitionDescription } from '../description.ts'
import { builtinFiles, moduleFiles } from '../modules.ts'
import { type Entry, file, filesIn, folder, link, type Tree } from '../tree.ts'

/**
 * The disk of a freshly installed Debian 12, as far as a provisioner looks at it. Images and menu are not here: the
 * stand-ins of update-initramfs and update-grub make them, as on a real machine.
 */
export function debian12(machine: MachineDescription): Tree {
  return new Map([
    ...USR_MERGED.map(name => link(`/${name}`, `/usr/${name}`)),
    ...FOLDERS.map((path): [string, Entry] => [path, folder]),
    ...Object.entries(STOCK_FILES).map(([path, content]): [string, Entry] => [path, file(content)]),
    ...GRUB_SCRIPTS.map((name): [string, Entry] => [
      `/etc/grub.d/${name}`,
      file('#! /bin/sh\nset -e\n', 0o755),
    ]),
    link('/etc/os-release', '/usr/lib/os-release'),
    link('/etc/modules-load.d/modules.conf', '/etc/modules'),
    ['/etc/hostname', file(`${machine.hostname}\n`)],
    ['/etc/hosts', file(`127.0.0.1\tlocalhost\n127.0.1.1\t${machine.hostname}\n`)],
    ['/etc/fstab', file(fstab(machine))],
    ['/etc/default/grub', file(machine.grubDefaults)],
    ['/etc/initramfs-tools/initramfs.conf', file(initramfsConf(machine.initramfsModules))],
    ...(machine.firmware.uefi
      ? filesIn('/boot/efi/EFI/debian', { 'grubx64.efi': 'MZ', 'shimx64.efi': 'MZ' }, 0o700)
      : []),
    ...machine.kernels.flatMap(kernelEntries),
    ...Object.entries(machine.files ?? {}).map(([path, content]): [string, Entry] => [path, file(content)]),
  ])
}

const USR_MERGED = ['bin', 'sbin', 'lib', 'lib64']

const FOLDERS = [
  ...[
    '/usr/bin',
    '/usr/sbin',
    '/usr/lib64',
    '/usr/share/initramfs-tools/modules.d',
    '/usr/share/initramfs-tools/conf.d',
  ],
  ...[
    '/etc/modprobe.d',
    '/etc/initramfs-tools/conf.d',
    '/etc/initramfs-tools/hooks',
    '/etc/initramfs-tools/scripts',
    '/etc/udev/rules.d',
  ],
  ...['/var/lib', '/var/log', '/var/tmp', '/tmp', '/run', '/root', '/home', '/dev', '/boot/grub'],
]

const GRUB_SCRIPTS = [
  '00_header',
  '05_debian_theme',
  '10_linux',
  '20_linux_xen',
  '30_os-prober',
  '30_uefi-firmware',
  '40_custom',
  '41_custom',
]

const STOCK_FILES: Readonly<Record<string, string>> = {
  '/usr/lib/os-release': `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`,
  '/etc/debian_version': '12.5\n',
  '/etc/modules': `# /etc/modules: kernel modules to load at boot time.
#
# This file contains the names of kernel modules that should be loaded
# at boot time, one per line. Lines beginning with "#" are ignored.
# Parameters can be specified after the module name.

`,
  '/etc/default/grub.d/init-select.cfg': `# Work around a bug in the obsolete init-select package which broke
# grub-mkconfig when init-select was removed but not purged.  This file does
# nothing and will be removed in a later release.
#
# See:
#   https://bugs.debian.org/858528
#   https://bugs.debian.org/863801
`,
  '/etc/initramfs-tools/modules': `# List of modules that you want to include in your initramfs.
# They will be loaded at boot time in the order below.
#
# Syntax:  module_name [args ...]
#
# You must run update-initramfs(8) to effect this change.
#
# Examples:
#
# raid1
# sd_mod
`,
  '/etc/initramfs-tools/update-initramfs.conf': `#
# Configuration file for update-initramfs(8)
#

#
# update_initramfs [ yes | all | no ]
#
# Default is yes
# If set to all update-initramfs will update all initramfs
# If set to no disables any update to initramfs beside kernel upgrade

update_initramfs=yes

#
# backup_initramfs [ yes | no ]
#
# Default is no
# If set to no leaves no .bak backup files.

backup_initramfs=no
`,
  '/usr/lib/modprobe.d/aliases.conf': `# These are the standard aliases and dependencies.
# This file does not need to be modified.

# prevent unusual drivers from appearing as the first sound device ###########
options snd-pcsp index=-2
options cx88_alsa index=-2
options snd-atiixp-modem index=-2
options snd-intel8x0m index=-2
options snd-via82xx-modem index=-2

# work around other kernel issues ############################################
# The EHCI driver should be loaded before the ones for low speed controllers
# or some devices may be confused when they are disconnected and reconnected.
softdep uhci-hcd pre: ehci-hcd
softdep ohci-hcd pre: ehci-hcd

`,
  '/usr/lib/modprobe.d/systemd.conf': `# When bonding module is loaded, it creates bond0 by default due to max_bonds
# option default value 1.

options bonding max_bonds=0
options dummy numdummies=0
options ifb numifbs=0
`,
  '/boot/grub/grubenv': grubenv({}),
}

/** Debian's default for GRUB, word for word (grub-common's /usr/share/grub/default/grub). */
export const DEBIAN_GRUB_DEFAULTS = `# If you change this file, run 'update-grub' afterwards to update
# /boot/grub/grub.cfg.
# For full documentation of the options in this file, see:
#   info -f grub -n 'Simple configuration'

GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR=\`lsb_release -i -s 2> /dev/null || echo Debian\`
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX=""

# If your computer has multiple operating systems installed, then you
# probably want to run os-prober. However, if your computer is a host
# for guest OSes installed via LVM or raw disk devices, running
# os-prober can cause damage to those guest OSes as it mounts
# filesystems to look for things.
GRUB_DISABLE_OS_PROBER=true

# Uncomment to enable BadRAM filtering, modify to suit your needs
# This works with Linux (no patch required) and with any kernel that obtains
# the memory map information from GRUB (GNU Mach, kernel of FreeBSD ...)
#GRUB_BADRAM="0x01234567,0xfefefefe,0x89abcdef,0xefefefef"

# Uncomment to disable graphical terminal
#GRUB_TERMINAL=console

# The resolution used on graphical terminal
# note that you can use only modes which your graphic card supports via VBE
# you can see them in real GRUB with the command \`vbeinfo'
#GRUB_GFXMODE=640x480

# Uncomment if you don't want GRUB to pass "root=UUID=xxx" parameter to Linux
#GRUB_DISABLE_LINUX_UUID=true

# Uncomment to disable generation of recovery mode menu entries
#GRUB_DISABLE_RECOVERY="true"

# Uncomment to get a beep at grub start
#GRUB_INIT_TUNE="480 440 1"
`

/** The environment block has exactly 1024 bytes, filled up with # (grub-core/lib/envblk.c). */
export function grubenv(variables: Readonly<Record<string, string>>): string {
  const head =
    '# GRUB Environment Block\n# WARNING: Do not edit this file by tools other than grub-editenv!!!\n'
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  return `${head}${lines.join('')}`.padEnd(1024, '#')
}

const initramfsConf = (modules: 'most' | 'list'): string => `#
# initramfs.conf
# Configuration file for mkinitramfs(8). See initramfs.conf(5).
#
# Note that configuration options from this file can be overridden
# by config files in the /etc/initramfs-tools/conf.d directory.

#
# MODULES: [ most | netboot | dep | list ]
#
# most - Add most filesystem and all harddrive drivers.
#
# dep - Try and guess which modules to load.
#
# netboot - Add the base modules, network modules, but skip block devices.
#
# list - Only include modules from the 'additional modules' list
#

MODULES=${modules}

BUSYBOX=auto
KEYMAP=n
COMPRESS=zstd
DEVICE=
NFSROOT=auto
RUNSIZE=10%
FSTYPE=auto
`

function fstab(machine: MachineDescription): string {
  const lines = machine.disk.partitions.map(
    partition => `UUID=${partition.uuid} ${FSTAB_REST[partition.filesystem](partition)}\n`,
  )
  return `# <file system> <mount point>   <type>  <options>       <dump>  <pass>\n${lines.join('')}`
}

const FSTAB_REST: Record<PartitionDescription['filesystem'], (partition: PartitionDescription) => string> = {
  ext4: ({ use }) => `${use.padEnd(15)} ext4    errors=remount-ro 0       1`,
  vfat: ({ use }) => `${use.padEnd(15)} vfat    umask=0077      0       1`,
  swap: () => `none            swap    sw              0       0`,
}

function kernelEntries(kernel: KernelDescription): [string, Entry][] {
  const { release } = kernel
  const modules = `/usr/lib/modules/${release}`
  return [
    [`/boot/vmlinuz-${release}`, file(`bzImage of ${release}\n`)],
    [
      `/boot/System.map-${release}`,
      file('ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n', 0o600),
    ],
    [`/boot/config-${release}`, file(kernelConfig(kernel))],
    [`${modules}/modules.dep`, file(modulesDep(kernel))],
    [
      `${modules}/modules.builtin`,
      file(
        builtinFiles(kernel)
          .map(path => `${path}\n`)
          .join(''),
      ),
    ],
    ...Object.values(moduleFiles(kernel)).map(({ path }): [string, Entry] => [
      `${modules}/${path}`,
      file(`\x7fELF ${path}\n`),
    ]),
  ]
}

/** One line per module: its path, then the paths of what it needs (depmod(8)). */
function modulesDep(kernel: KernelDescription): string {
  const modules = moduleFiles(kernel)
  return Object.values(modules)
    .map(
      ({ path, needs }) => `${[`${path}:`, ...needs.flatMap(name => modules[name]?.path ?? [])].join(' ')}\n`,
    )
    .join('')
}

function kernelConfig(kernel: KernelDescription): string {
  const vfio = kernel.vfio === 'module' ? 'm' : 'y'
  return `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 ${kernel.release} Kernel Configuration
#
CONFIG_64BIT=y
CONFIG_RD_GZIP=y
CONFIG_RD_ZSTD=y
CONFIG_PCI=y
CONFIG_PCIEPORTBUS=y
CONFIG_IOMMU_SUPPORT=y
CONFIG_AMD_IOMMU=y
CONFIG_INTEL_IOMMU=y
${kernel.intelIommuDefaultOn ? 'CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y' : 'CONFIG_INTEL_IOMMU_DEFAULT_OFF=y'}
CONFIG_VFIO=${vfio}
CONFIG_VFIO_IOMMU_TYPE1=${vfio}
CONFIG_VFIO_VIRQFD=${vfio}
CONFIG_VFIO_PCI_CORE=${vfio}
CONFIG_VFIO_PCI=${vfio}
CONFIG_VFIO_PCI_VGA=y
`
}
