import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { mkinitcpio, preset } from '../distributions/generators.ts'
import { archDesktop } from '../machines/cezanne.ts'

const RELEASE = '6.10.10-arch1-1'
const UUID = '5b1e7f0c-6a94-4c1a-8d36-0e9b7c2f4a85'
const LINE = `root=UUID=${UUID} rw quiet`

/** Arch Linux with rEFInd 0.13 on an ESP at /boot, which leaves no name: refind-install and mkrlconf have written its files. */
export default filesOnly({
  hostname: 'arch-refind',
  osRelease: 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
  kernels: [kernel(RELEASE, { compression: 'zst', pkgbase: 'linux', intelIommuDefaultOn: true })],
  partitions: archDesktop.disk.partitions,
  files: {
    ...mkinitcpio.files,
    ...preset('linux'),
    [`/usr/lib/modules/${RELEASE}/pkgbase`]: 'linux\n',
    [`/usr/lib/modules/${RELEASE}/vmlinuz`]: kernelImage(RELEASE),
    '/boot/vmlinuz-linux': kernelImage(RELEASE),
    '/boot/refind_linux.conf': `"Boot with standard options"  "${LINE}"
"Boot to single-user mode"    "${LINE} single"
"Boot with minimal options"   "ro root=/dev/nvme0n1p2"
`,
    '/boot/EFI/refind/refind.conf': `#
# refind.conf
# Configuration file for the rEFInd boot menu
#

# Timeout in seconds for the main menu screen.
timeout 20

# Normally, when the timeout period has passed, rEFInd boots the
# default_selection. If the following option is uncommented, though,
# rEFInd shuts down instead.
#shutdown_after_timeout

use_nvram false

# Which types of boot loaders to search, and in what order to display them.
#scanfor internal,external,optical,manual

# Kernels of Arch have names without a version, which an initrd has as well.
extra_kernel_version_strings "linux-hardened,linux-rt-lts,linux-rt,linux-zen,linux-lts,linux"

#default_selection 1
#default_selection Microsoft

# A sample entry, which is disabled:
menuentry "Arch Linux" {
    icon     /EFI/refind/icons/os_arch.png
    volume   "Arch Linux"
    loader   /boot/vmlinuz-linux
    initrd   /boot/initramfs-linux.img
    options  "root=PARTUUID=5028fa50-0079-4c40-b240-abfaf28693ea rw add_efi_memmap"
    submenuentry "Boot using fallback initramfs" {
        initrd /boot/initramfs-linux-fallback.img
    }
    disabled
}
`,
    '/boot/EFI/refind/refind_x64.efi': 'MZ',
  },
  programs: mkinitcpio.programs,
  install: mkinitcpio.install,
  initrd: '/boot/initramfs-linux.img',
  // rEFInd names the initramfs that it has found.
  cmdline: `${LINE} initrd=\\initramfs-linux.img`,
  board: archDesktop,
})
