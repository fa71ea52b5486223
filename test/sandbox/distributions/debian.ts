import { initramfsToolsLoads } from '../boot/inits.ts'
import { startGrub } from '../boot/loaders/grub.ts'
import type { KernelDescription, MachineDescription } from '../description.ts'
import { type Distribution, kernelFile } from '../distribution.ts'
import { common, files, grubenv, kernelConfig, usrMerged } from '../show/installed.ts'
import { type Entry, file, filesIn, folder, link, type Tree } from '../tree.ts'
import { initramfsConf, initramfsTools } from './generators.ts'

/** Debian 12 with GRUB and initramfs-tools. */
export const debian12: Distribution = {
  programs: { 'grub-mkconfig': true, 'update-grub': true, ...initramfsTools.programs },
  kernelBuilder:
    '(debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40)',
  disk,
  install: `${initramfsTools.install} && update-grub`,
  start: startGrub,
  loads: initramfsToolsLoads,
}

function disk(machine: MachineDescription): Tree {
  return new Map([
    ...usrMerged('bin', 'sbin', 'lib', 'lib64'),
    ...common(machine, OS_RELEASE),
    ...FOLDERS.map((path): [string, Entry] => [path, folder]),
    ...files({
      ...STOCK_FILES,
      ...initramfsTools.files,
      ...initramfsConf(machine.initramfsModules ?? 'most'),
    }),
    ...GRUB_SCRIPTS.map((name): [string, Entry] => [
      `/etc/grub.d/${name}`,
      file('#! /bin/sh\nset -e\n', 0o755),
    ]),
    link('/etc/modules-load.d/modules.conf', '/etc/modules'),
    ['/etc/default/grub', file(machine.grubDefaults ?? DEBIAN_GRUB_DEFAULTS)],
    ...(machine.firmware.uefi
      ? filesIn('/boot/efi/EFI/debian', { 'grubx64.efi': 'MZ', 'shimx64.efi': 'MZ' }, 0o700)
      : []),
    ...machine.kernels.flatMap(kernelEntries),
  ])
}

const FOLDERS = [
  ...['/usr/sbin', '/usr/lib64', '/usr/share/initramfs-tools/modules.d', '/usr/share/initramfs-tools/conf.d'],
  ...[
    '/etc/initramfs-tools/conf.d',
    '/etc/initramfs-tools/hooks',
    '/etc/initramfs-tools/scripts',
    '/boot/grub',
  ],
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

const OS_RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`

const STOCK_FILES: Readonly<Record<string, string>> = {
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

function kernelEntries(kernel: KernelDescription): [string, Entry][] {
  const { release } = kernel
  return [
    [`/boot/vmlinuz-${release}`, file(kernelFile(release))],
    [
      `/boot/System.map-${release}`,
      file('ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n', 0o600),
    ],
    [`/boot/config-${release}`, file(kernelConfig(kernel))],
  ]
}
