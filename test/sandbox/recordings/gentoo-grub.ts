import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { dracut } from '../distributions/generators.ts'
import { grubCfg, header, LOAD_VIDEO, upstreamMenu } from '../distributions/grub_cfg.ts'
import { archDesktop } from '../machines/cezanne.ts'

const RELEASE = '6.6.30-gentoo'
const UUID = '7d2e40a9-1f8c-4b35-9e06-c4a1b7f3d582'

/** Gentoo with OpenRC and a kernel from sys-kernel/gentoo-sources, `make install` and dracut; drivers of disks are compiled in. */
export default filesOnly({
  hostname: 'gentoo-grub',
  osRelease: `NAME=Gentoo
ID=gentoo
PRETTY_NAME="Gentoo Linux"
ANSI_COLOR="1;32"
HOME_URL="https://www.gentoo.org/"
VERSION_ID="2.15"
`,
  kernels: [
    kernel(RELEASE, {
      build: '#1 SMP PREEMPT_DYNAMIC Sun May 19 10:14:21 CEST 2024',
      compiledIn: ['nvme', 'nvme_core', 'ahci', 'libahci', 'libata'],
    }),
  ],
  partitions: [
    { use: '/boot/efi', filesystem: 'vfat', uuid: '2E81-B9D4', mebibytes: 512 },
    { use: '/', filesystem: 'ext4', uuid: UUID, mebibytes: 940_000 },
  ],
  files: {
    ...dracut.files,
    '/etc/dracut.conf.d/local.conf': 'hostonly="yes"\nhostonly_mode="strict"\n',
    [`/boot/vmlinuz-${RELEASE}`]: kernelImage(RELEASE),
    [`/boot/System.map-${RELEASE}`]: 'ffffffff81000000 T _text\n',
    // The variable that we would take is only in a comment.
    '/etc/default/grub': `# To populate all changes in this file you need to regenerate your
# grub configuration file afterwards:
#     'grub-mkconfig -o /boot/grub/grub.cfg'

GRUB_DISTRIBUTOR="Gentoo"

# Default menu entry
#GRUB_DEFAULT=0

# Boot the default entry this many seconds after the menu is displayed
#GRUB_TIMEOUT=5
#GRUB_TIMEOUT_STYLE=menu

# Append parameters to the linux kernel command line
GRUB_CMDLINE_LINUX="net.ifnames=0"
#
# Examples:
#
# Boot with systemd instead of sysvinit (openrc)
# GRUB_CMDLINE_LINUX="init=/usr/lib/systemd/systemd"

# Append parameters to the linux kernel command line for non-recovery entries
#GRUB_CMDLINE_LINUX_DEFAULT=""

# Uncomment to disable graphical terminal (grub-pc only)
#GRUB_TERMINAL=console
`,
    '/boot/grub/grub.cfg': grubCfg({
      program: 'grub-mkconfig',
      header: header('0'),
      linux: upstreamMenu({
        os: 'Gentoo GNU/Linux',
        name: 'gentoo',
        uuid: UUID,
        releases: [RELEASE],
        initrd: release => `/boot/initramfs-${release}.img`,
        before: LOAD_VIDEO,
        args: 'net.ifnames=0 ',
        recovery: 'single net.ifnames=0',
      }),
    }),
    '/boot/efi/EFI/gentoo/grubx64.efi': 'MZ',
  },
  programs: { ...dracut.programs, 'grub-mkconfig': true },
  install: dracut.install,
  initrd: `/boot/initramfs-${RELEASE}.img`,
  cmdline: `BOOT_IMAGE=/boot/vmlinuz-${RELEASE} root=UUID=${UUID} ro net.ifnames=0`,
  board: archDesktop,
})
