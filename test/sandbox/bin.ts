import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The programs that a script finds in a sandbox: the stand-ins, then those of the machine the tests run on, without
 * the ones that would answer for *that* machine, or make the sandbox look like another distribution.
 * @returns a value for PATH.
 */
export function installPrograms(folder: string): string {
  const standIns = join(folder, 'stand_ins')
  const programs = join(folder, 'programs')
  const names = installStandIns(standIns)
  linkPrograms(programs, [...names, ...HIDDEN])
  return `${standIns}:${programs}`
}

const SOURCES = join(import.meta.dirname, 'stand_ins')

/** Copied, not linked: whether a checkout keeps executable bits is not ours to say. */
function installStandIns(folder: string): string[] {
  mkdirSync(folder)
  copyFileSync(join(SOURCES, 'common.sh'), join(folder, '.common'))
  const names = readdirSync(SOURCES).map(name => name.replace(/\.sh$/, ''))
  const programs = names.filter(name => name !== 'common')
  for (const name of programs) {
    copyFileSync(join(SOURCES, `${name}.sh`), join(folder, name))
    chmodSync(join(folder, name), 0o755)
  }
  return programs
}

function linkPrograms(folder: string, without: readonly string[]): void {
  mkdirSync(folder)
  const taken = new Set(without)
  for (const source of ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].filter(path => existsSync(path))) {
    for (const name of readdirSync(source).filter(one => !taken.has(one))) {
      symlinkSync(join(source, name), join(folder, name))
      taken.add(name)
    }
  }
}

const HIDDEN = [
  // Other loaders and initramfs generators.
  ...[
    'bootctl',
    'booster',
    'clr-boot-manager',
    'dracut',
    'efibootmgr',
    'extlinux',
    'goofiboot',
    'grub2-mkconfig',
    'grubby',
  ],
  ...[
    'kernel-install',
    'kernelstub',
    'limine',
    'limine-mkinitcpio',
    'lsinitcpio',
    'lsinitrd',
    'mkinitcpio',
    'proxmox-boot-tool',
  ],
  ...['refind-install', 'rpm-ostree', 'sdbootutil', 'syslinux', 'ukify', 'update-extlinux', 'bootc'],
  // Programs that look at the running machine.
  ...[
    'blkid',
    'dmidecode',
    'findmnt',
    'hostname',
    'hostnamectl',
    'ip',
    'lsblk',
    'lscpu',
    'lsmod',
    'lspci',
    'modinfo',
    'modprobe',
  ],
  ...['mokutil', 'nmcli', 'systemd-detect-virt', 'udevadm'],
  // Programs that would change it.
  ...['doas', 'halt', 'init', 'insmod', 'kexec', 'mount', 'poweroff', 'rmmod', 'su', 'telinit', 'umount'],
  // Other owners of PCI devices, and of disk keys.
  ...['clevis', 'driverctl', 'systemd-cryptenroll', 'virsh'],
]
