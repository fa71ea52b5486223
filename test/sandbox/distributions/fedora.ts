import { dracutLoads } from '../boot/inits.ts'
import { startGrubBls } from '../boot/loaders/grub_bls.ts'
import type { KernelDescription, MachineDescription } from '../description.ts'
import { type Distribution, kernelFile } from '../distribution.ts'
import { common, files, grubenv, kernelConfig, rootUuid, usrMerged } from '../show/installed.ts'
import { type Entry, filesIn, folder, type Tree } from '../tree.ts'
import { dracut, hostonly } from './generators.ts'

/** Fedora 40 on UEFI: GRUB with one file for each kernel, which grubby edits, and dracut for this host only. */
export const fedora40: Distribution = {
  programs: {
    grubby: true,
    'grub2-mkconfig': true,
    'grub2-editenv': true,
    ...dracut.programs,
    bootctl: true,
  },
  kernelBuilder:
    '(mockbuild@0f7b1d1c6a6b4d5c8b7b) (gcc (GCC) 14.0.1 20240411 (Red Hat 14.0.1-0), GNU ld version 2.41-34.fc40)',
  disk: machine =>
    redHatDisk(machine, {
      osRelease: OS_RELEASE,
      efiFolder: 'fedora',
      title: release => `Fedora Linux (${release}) 40 (Server Edition)`,
      rescueTitle: 'Fedora Linux (0-rescue-%ID%) 40 (Server Edition)',
      initrd: '',
      options: commandLine,
      environment: machine => ({ saved_entry: entryName(newest(machine)), boot_success: '1' }),
      grubDefault: GRUB_DEFAULT,
      entryEnd: () => ENTRY_END,
      more: machine => ({ '/etc/kernel/cmdline': `${commandLine(machine)}\n` }),
    }),
  install: `${dracut.install}
id=$(cat etc/machine-id)
dracut --force --quiet --no-hostonly /boot/initramfs-0-rescue-$id.img "$(sed -n 's/^bzImage of //p' boot/vmlinuz-0-rescue-$id)"
grub2-mkconfig -o /boot/grub2/grub.cfg`,
  start: startGrubBls,
  loads: dracutLoads,
}

/** Where the releases of Red Hat's family differ. */
export interface RedHat {
  readonly osRelease: string
  /** Below /boot/efi/EFI. */
  readonly efiFolder: string
  title(release: string): string
  readonly rescueTitle: string
  /** What stands behind the image in an entry's initrd line. */
  readonly initrd: string
  /** An entry's options. */
  options(machine: MachineDescription): string
  environment(machine: MachineDescription): Readonly<Record<string, string>>
  readonly grubDefault: string
  /** Lines that end an entry of this version. */
  entryEnd(version: string): string
  more(machine: MachineDescription): Readonly<Record<string, string>>
}

export function redHatDisk(machine: MachineDescription, release: RedHat): Tree {
  return new Map([
    ...usrMerged('bin', 'sbin', 'lib', 'lib64'),
    ...common(machine, release.osRelease),
    ...FOLDERS.map((path): [string, Entry] => [path, folder]),
    ...filesIn(
      `/boot/efi/EFI/${release.efiFolder}`,
      { 'shimx64.efi': 'MZ', 'grubx64.efi': 'MZ', 'grub.cfg': efiStub(machine) },
      0o700,
    ),
    ...files({
      '/etc/machine-id': `${MACHINE_ID}\n`,
      '/etc/default/grub': machine.grubDefaults ?? release.grubDefault,
      ...dracut.files,
      ...hostonly,
      '/usr/lib/modprobe.d/systemd.conf':
        'options bonding max_bonds=0\noptions dummy numdummies=0\noptions ifb numifbs=0\n',
      '/boot/grub2/grubenv': grubenv(release.environment(machine)),
      [`/boot/loader/entries/${MACHINE_ID}-0-rescue.conf`]: rescueEntry(machine, release),
      [`/boot/vmlinuz-0-rescue-${MACHINE_ID}`]: kernelFile(newest(machine).release),
      ...release.more(machine),
    }),
    ...machine.kernels.flatMap(kernel => kernelEntries(machine, release, kernel)),
  ])
}

/** That of the recorded machines; sealed into entry names, as 90-loaderentry.install does it. */
export const MACHINE_ID = '7f3c1e0a9d584b2f8e6a5c4d3b2a1908'

/** The first one described. */
export function newest({ kernels: [kernel] }: MachineDescription): KernelDescription {
  if (kernel === undefined) throw new Error('this machine is described without a kernel')
  return kernel
}

export const entryName = ({ release }: KernelDescription): string => `${MACHINE_ID}-${release}`

export const commandLine = (machine: MachineDescription): string =>
  `root=UUID=${rootUuid(machine)} ro rhgb quiet`

const FOLDERS = [
  ...['/usr/sbin', '/usr/lib64', '/etc/dracut.conf.d', '/etc/kernel', '/etc/grub.d', '/boot/grub2'],
]

function kernelEntries(
  machine: MachineDescription,
  release: RedHat,
  kernel: KernelDescription,
): [string, Entry][] {
  return files({
    [`/boot/vmlinuz-${kernel.release}`]: kernelFile(kernel.release),
    [`/boot/config-${kernel.release}`]: kernelConfig(kernel),
    [`/usr/lib/modules/${kernel.release}/vmlinuz`]: kernelFile(kernel.release),
    [`/boot/loader/entries/${entryName(kernel)}.conf`]: `title ${release.title(kernel.release)}
version ${kernel.release}
linux /vmlinuz-${kernel.release}
initrd /initramfs-${kernel.release}.img${release.initrd}
options ${release.options(machine)}
${release.entryEnd(kernel.release)}`,
  })
}

const ENTRY_END = `grub_users $grub_users
grub_arg --unrestricted
grub_class fedora
`

const rescueEntry = (
  machine: MachineDescription,
  release: RedHat,
): string => `title ${release.rescueTitle.replace('%ID%', MACHINE_ID)}
version 0-rescue-${MACHINE_ID}
linux /vmlinuz-0-rescue-${MACHINE_ID}
initrd /initramfs-0-rescue-${MACHINE_ID}.img
options ${release.options(machine)}
${release.entryEnd(`0-rescue-${MACHINE_ID}`)}`

const efiStub = (machine: MachineDescription): string => {
  const boot = machine.disk.partitions.find(({ use }) => use === '/boot')
  return `search --no-floppy --root-dev-only --fs-uuid --set=dev ${boot?.uuid ?? rootUuid(machine)}
set prefix=($dev)/grub2
export $prefix
configfile $prefix/grub.cfg
`
}

const OS_RELEASE = `NAME="Fedora Linux"
VERSION="40 (Server Edition)"
ID=fedora
VERSION_ID=40
VERSION_CODENAME=""
PLATFORM_ID="platform:f40"
PRETTY_NAME="Fedora Linux 40 (Server Edition)"
VARIANT="Server Edition"
VARIANT_ID=server
`

const GRUB_DEFAULT = `GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="rhgb quiet"
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
`
