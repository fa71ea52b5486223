import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { mkinitcpio, preset } from '../distributions/generators.ts'

const RELEASES = { linux: '6.12.4-arch1-1', 'linux-lts': '6.6.65-1-lts' }
const UUID = '0c6a3d5e-9b41-47f2-8e1d-2f5b8a7c6d90'
const LINE = `root=UUID=${UUID} rw loglevel=3 quiet`

/** Arch Linux with Limine 8 on an ESP at /boot, and a menu that somebody wrote by hand after the wiki's example. */
export default filesOnly({
  hostname: 'arch-limine',
  osRelease: 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
  kernels: Object.entries(RELEASES).map(([pkgbase, release]) =>
    kernel(release, { compression: 'zst', pkgbase, intelIommuDefaultOn: true }),
  ),
  partitions: [
    { use: '/boot', filesystem: 'vfat', uuid: 'B3D0-5E72', mebibytes: 1024 },
    { use: '/', filesystem: 'ext4', uuid: UUID, mebibytes: 940_000 },
  ],
  files: {
    ...mkinitcpio.files,
    ...Object.fromEntries(
      Object.entries(RELEASES).flatMap(([name, release]) => Object.entries(filesOf(name, release))),
    ),
    '/boot/intel-ucode.img': 'kernel/x86/microcode/GenuineIntel.bin\n',
    '/boot/EFI/limine/BOOTX64.EFI': 'MZ',
    '/boot/limine.conf': `# Limine 8
timeout: 5
remember_last_entry: no

/Arch Linux
    protocol: linux
    path: boot():/vmlinuz-linux
    cmdline: ${LINE}
    module_path: boot():/intel-ucode.img
    module_path: boot():/initramfs-linux.img

/Arch Linux (fallback)
    protocol: linux
    path: boot():/vmlinuz-linux
    cmdline: ${LINE}
    module_path: boot():/initramfs-linux-fallback.img

/+Other kernels
//Arch Linux LTS
    protocol: linux
    path: boot():/vmlinuz-linux-lts
    cmdline: ${LINE}
    module_path: boot():/intel-ucode.img
    module_path: boot():/initramfs-linux-lts.img

/Windows
    comment: on the other disk
    protocol: efi_chainload
    path: uuid(9715c0c5-3656-4327-9951-68a5ab179916):/EFI/Microsoft/Boot/bootmgfw.efi
`,
  },
  programs: mkinitcpio.programs,
  install: mkinitcpio.install,
  initrd: '/boot/initramfs-linux.img',
  cmdline: LINE,
  efiVariables: { LoaderInfo: 'Limine 8.6.0' },
})

function filesOf(name: string, release: string): Readonly<Record<string, string>> {
  return {
    ...preset(name),
    [`/usr/lib/modules/${release}/pkgbase`]: `${name}\n`,
    [`/usr/lib/modules/${release}/vmlinuz`]: kernelImage(release),
    [`/boot/vmlinuz-${name}`]: kernelImage(release),
  }
}
