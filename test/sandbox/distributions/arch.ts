import { mkinitcpioLoads } from '../boot/inits.ts'
import { startSystemdBoot } from '../boot/loaders/systemd_boot.ts'
import type { KernelDescription, MachineDescription } from '../description.ts'
import { type Distribution, kernelFile } from '../distribution.ts'
import { common, files, rootUuid, usrMerged } from '../show/installed.ts'
import { type Entry, filesIn, folder, link, type Tree } from '../tree.ts'
import { mkinitcpio, preset } from './generators.ts'

/** Arch Linux as its wiki installs it: systemd-boot with entries of one's own on an ESP at /boot, and mkinitcpio. */
export const arch: Distribution = {
  programs: { ...mkinitcpio.programs, bootctl: true },
  kernelBuilder: '(linux@archlinux) (gcc (GCC) 14.2.1 20240910, GNU ld (GNU Binutils) 2.43.0)',
  disk: machine =>
    new Map([
      ...archDisk(machine, '/boot'),
      ...files({
        '/boot/loader/loader.conf': 'default  arch.conf\ntimeout  4\nconsole-mode max\neditor   no\n',
      }),
      ...machine.kernels.flatMap(kernel => entriesFor(machine, kernel)),
    ]),
  install: mkinitcpio.install,
  start: disk => startSystemdBoot(disk, { info: SYSTEMD_BOOT, boot: '/boot', idsHaveSuffix: true }),
  loads: mkinitcpioLoads,
}

export const SYSTEMD_BOOT = 'systemd-boot 256.7-1-arch'

/** @param esp Where the EFI system partition is mounted. */
export function archDisk(machine: MachineDescription, esp: string): Tree {
  return new Map([
    ...usrMerged('bin', 'lib'),
    link('/sbin', '/usr/bin'),
    link('/lib64', '/usr/lib'),
    link('/usr/sbin', '/usr/bin'),
    link('/usr/lib64', '/usr/lib'),
    ...common(machine, OS_RELEASE),
    ...['/etc/mkinitcpio.d', '/etc/mkinitcpio.conf.d', '/etc/kernel', '/etc/pacman.d/hooks'].map(
      (path): [string, Entry] => [path, folder],
    ),
    ...filesIn(`${esp}/EFI/systemd`, { 'systemd-bootx64.efi': 'MZ' }, 0o755),
    ...filesIn(`${esp}/EFI/BOOT`, { 'BOOTX64.EFI': 'MZ' }, 0o755),
    ...files({
      '/etc/machine-id': '2d9b6c4e1f7a4c0fb6d3a1908e5c7f24\n',
      ...mkinitcpio.files,
      '/etc/vconsole.conf': 'KEYMAP=us\n',
      '/boot/amd-ucode.img': 'kernel/x86/microcode/AuthenticAMD.bin\n',
    }),
    ...machine.kernels.flatMap(kernelEntries),
  ])
}

const pkgbaseOf = ({ pkgbase = 'linux' }: KernelDescription): string => pkgbase

function kernelEntries(kernel: KernelDescription): [string, Entry][] {
  const name = pkgbaseOf(kernel)
  return files({
    [`/usr/lib/modules/${kernel.release}/pkgbase`]: `${name}\n`,
    [`/usr/lib/modules/${kernel.release}/vmlinuz`]: kernelFile(kernel.release),
    [`/boot/vmlinuz-${name}`]: kernelFile(kernel.release),
    ...preset(name),
  })
}

/** The entry of the package linux is called arch.conf, as in the wiki. */
function entriesFor(machine: MachineDescription, kernel: KernelDescription): [string, Entry][] {
  const name = pkgbaseOf(kernel)
  const id = name.replace(/^linux/, 'arch')
  const entry = (title: string, image: string) => `# Created by hand at the installation
title   ${title}
linux   /vmlinuz-${name}
initrd  /amd-ucode.img
initrd  /${image}
options root=UUID=${rootUuid(machine)} rw quiet
`
  return files({
    [`/boot/loader/entries/${id}.conf`]: entry(`Arch Linux (${name})`, `initramfs-${name}.img`),
    [`/boot/loader/entries/${id}-fallback.conf`]: entry(
      `Arch Linux (${name}, fallback initramfs)`,
      `initramfs-${name}-fallback.img`,
    ),
  })
}

const OS_RELEASE = `NAME="Arch Linux"
PRETTY_NAME="Arch Linux"
ID=arch
BUILD_ID=rolling
ANSI_COLOR="38;2;23;147;209"
HOME_URL="https://archlinux.org/"
DOCUMENTATION_URL="https://wiki.archlinux.org/"
LOGO=archlinux-logo
`
