import { startSystemdBoot } from '../boot/loaders/systemd_boot.ts'
import type { Distribution } from '../distribution.ts'
import { files, rootUuid } from '../show/installed.ts'
import { arch, archDisk, SYSTEMD_BOOT } from './arch.ts'

/** Arch Linux with unified kernel images: mkinitcpio puts kernel, initramfs and /etc/kernel/cmdline into one file on the ESP at /efi. */
export const archUki: Distribution = {
  ...arch,
  disk: machine =>
    new Map([
      ...archDisk(machine, '/efi'),
      ...files({
        '/efi/loader/loader.conf': 'timeout 3\ndefault arch-linux.efi\n',
        '/etc/kernel/cmdline': `root=UUID=${rootUuid(machine)} rw quiet\n`,
        '/etc/mkinitcpio.d/linux.preset': PRESET,
      }),
    ]),
  start: disk => startSystemdBoot(disk, { info: SYSTEMD_BOOT, boot: '/efi', idsHaveSuffix: true }),
}

const PRESET = `# mkinitcpio preset file for the 'linux' package

ALL_kver="/boot/vmlinuz-linux"

PRESETS=('default' 'fallback')

#default_image="/boot/initramfs-linux.img"
default_uki="/efi/EFI/Linux/arch-linux.efi"

#fallback_image="/boot/initramfs-linux-fallback.img"
fallback_uki="/efi/EFI/Linux/arch-linux-fallback.efi"
fallback_options="-S autodetect"
`
