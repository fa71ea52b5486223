import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { dracut, hostonly } from '../distributions/generators.ts'
import { classes, entry, grubCfg, header } from '../distributions/grub_cfg.ts'
import { guide } from '../machines/guide.ts'
import { grubenv } from '../show/installed.ts'

/** The one it came with, and one that came later by an update. */
const INSTALLED = '3.10.0-1160.el7.x86_64'
const NEWEST = '3.10.0-1160.119.1.el7.x86_64'
const MACHINE_ID = '4c8e2f6b1a9d4357b0e8d6c5f3a21907'
const RESCUE = `0-rescue-${MACHINE_ID}`
const BOOT = '6e0d9b24-7c31-4a5f-8b12-95f3e7c0a846'
const UUID = 'd2c57f80-3e6a-49b1-a0c4-18e9f5b3d672'
const ARGS = 'crashkernel=auto rhgb quiet'

/** CentOS 7 on BIOS: a menu in one file, to which new-kernel-pkg adds what a new kernel brings. */
export default filesOnly({
  hostname: 'rhel7',
  osRelease: `NAME="CentOS Linux"
VERSION="7 (Core)"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="7"
PRETTY_NAME="CentOS Linux 7 (Core)"
`,
  kernels: [NEWEST, INSTALLED].map(release =>
    kernel(release, {
      build: '#1 SMP Tue Jun 4 14:43:51 UTC 2024',
      compression: 'xz',
      compiledIn: ['xhci_pci', 'xhci_hcd', 'usbcore', 'usb_common'],
    }),
  ),
  bios: true,
  partitions: [
    { use: '/boot', filesystem: 'xfs', uuid: BOOT, mebibytes: 1024 },
    { use: '/', filesystem: 'xfs', uuid: UUID, mebibytes: 235_000 },
  ],
  files: {
    ...dracut.files,
    ...hostonly,
    '/etc/machine-id': `${MACHINE_ID}\n`,
    [`/boot/vmlinuz-${NEWEST}`]: kernelImage(NEWEST),
    [`/boot/vmlinuz-${INSTALLED}`]: kernelImage(INSTALLED),
    [`/boot/vmlinuz-${RESCUE}`]: kernelImage(INSTALLED),
    '/etc/default/grub': `GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="${ARGS}"
GRUB_DISABLE_RECOVERY="true"
`,
    '/boot/grub2/grubenv': grubenv({ saved_entry: title(NEWEST) }),
    '/boot/grub2/grub.cfg': grubCfg({
      program: 'grub2-mkconfig',
      header: `set pager=1\n\n${header('${saved_entry}')}`,
      // A new kernel's entry is a copy of the one that was booted, its id included.
      linux:
        menuEntry(NEWEST, INSTALLED, `${ARGS} LANG=en_US.UTF-8`) +
        menuEntry(INSTALLED, INSTALLED, `${ARGS} LANG=en_US.UTF-8`) +
        menuEntry(RESCUE, RESCUE, ARGS),
    }),
  },
  links: { '/etc/grub2.cfg': '../boot/grub2/grub.cfg', '/etc/sysconfig/grub': '/etc/default/grub' },
  programs: { ...dracut.programs, 'grub2-mkconfig': true, 'grub2-editenv': true, grubby: true },
  install: `${dracut.install}
dracut --force --quiet --no-hostonly /boot/initramfs-${RESCUE}.img ${INSTALLED}`,
  initrd: `/boot/initramfs-${NEWEST}.img`,
  cmdline: `BOOT_IMAGE=/vmlinuz-${NEWEST} root=UUID=${UUID} ro ${ARGS} LANG=en_US.UTF-8`,
  board: { ...guide, firmware: { ...guide.firmware, uefi: false } },
})

function title(release: string): string {
  return `CentOS Linux (${release}) 7 (Core)`
}

function menuEntry(release: string, id: string, args: string): string {
  return entry({
    title: title(release),
    id: `gnulinux-${id}-advanced-${UUID}`,
    marks: `${classes('centos')} --unrestricted`,
    before: [
      'load_video',
      'set gfxpayload=keep',
      'insmod gzio',
      'insmod part_msdos',
      'insmod xfs',
      "set root='hd0,msdos1'",
      `search --no-floppy --fs-uuid --set=root ${BOOT}`,
    ],
    suffix: '16',
    linux: `/vmlinuz-${release} root=UUID=${UUID} ro ${args}`,
    initrd: `/initramfs-${release}.img`,
  })
}
