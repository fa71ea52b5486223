import { filesOnly, kernel, kernelImage, ROOT_UUID } from '../distributions/files_only.ts'
import { initramfsConf, initramfsTools } from '../distributions/generators.ts'

const RELEASE = '6.1.0-18-amd64'
const LINE = `root=UUID=${ROOT_UUID} ro quiet`

/** Debian 12 without UEFI, with a menu of EXTLINUX that somebody wrote by hand. */
export default filesOnly({
  hostname: 'extlinux',
  osRelease: `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
ID=debian
`,
  kernels: [kernel(RELEASE)],
  bios: true,
  partitions: [{ use: '/', filesystem: 'ext4', uuid: ROOT_UUID, mebibytes: 940_000 }],
  files: {
    ...initramfsTools.files,
    ...initramfsConf('most'),
    [`/boot/vmlinuz-${RELEASE}`]: kernelImage(RELEASE),
    '/boot/extlinux/extlinux.conf': `DEFAULT debian
TIMEOUT 50
PROMPT 1

LABEL debian
  MENU LABEL Debian GNU/Linux 12
  LINUX /boot/vmlinuz-${RELEASE}
  INITRD /boot/initrd.img-${RELEASE}
  APPEND ${LINE}

LABEL rescue
  MENU LABEL Debian GNU/Linux 12 (recovery mode)
  LINUX /boot/vmlinuz-${RELEASE}
  INITRD /boot/initrd.img-${RELEASE}
  APPEND root=UUID=${ROOT_UUID} ro single
`,
  },
  programs: initramfsTools.programs,
  install: initramfsTools.install,
  initrd: `/boot/initrd.img-${RELEASE}`,
  cmdline: `BOOT_IMAGE=/boot/vmlinuz-${RELEASE} ${LINE} initrd=/boot/initrd.img-${RELEASE}`,
})
