import { filesOnly, kernel, kernelImage, ROOT_UUID } from '../distributions/files_only.ts'
import { dracut, hostonly } from '../distributions/generators.ts'
import { grubenv } from '../show/installed.ts'

/** Its checksum is that of kernel and initramfs together. */
interface Deployment {
  readonly version: string
  readonly release: string
  readonly checksum: string
}

const NEW: Deployment = {
  version: '40.20240612.0',
  release: '6.8.11-300.fc40.x86_64',
  checksum: '3c1f5e9a7d2b8046fe31c9a4d5b7086e2f9c4a1b6d8e7350912fae4c6b8d0573',
}
const OLD: Deployment = {
  version: '40.20240518.0',
  release: '6.8.9-300.fc40.x86_64',
  checksum: '9e0b47d2c6a85f13b7d4e2c09a6f8135d0c7b2e4f6918a3d5c0e7f1b24869ad3',
}

const folder = ({ checksum }: Deployment): string => `/ostree/fedora-${checksum}`
const line = ({ checksum }: Deployment): string =>
  `rhgb quiet root=UUID=${ROOT_UUID} rootflags=subvol=root rw ostree=/ostree/boot.1/fedora/${checksum}/0`
const image = (deployment: Deployment): string =>
  `/boot${folder(deployment)}/initramfs-${deployment.release}.img`

const entry = (
  deployment: Deployment,
  index: number,
): string => `title Fedora Linux ${deployment.version} (Silverblue) (ostree:${index})
version ${2 - index}
options ${line(deployment)}
linux ${folder(deployment)}/vmlinuz-${deployment.release}
initrd ${folder(deployment)}/initramfs-${deployment.release}.img
`

const fedoraKernel = (release: string) =>
  kernel(release, {
    build: '#1 SMP PREEMPT_DYNAMIC Mon May 27 14:53:33 UTC 2024',
    compression: 'xz',
    compiledIn: ['xhci_pci', 'xhci_hcd', 'usbcore', 'usb_common', 'ahci', 'libahci', 'libata'],
  })

/** Fedora Silverblue 40 with an update behind it: GRUB with a file for each deployment, and images made by Fedora. */
export default filesOnly({
  hostname: 'silverblue',
  osRelease: `NAME="Fedora Linux"
VERSION="${NEW.version} (Silverblue)"
ID=fedora
VERSION_ID=40
VERSION_CODENAME=""
PLATFORM_ID="platform:f40"
PRETTY_NAME="Fedora Linux ${NEW.version} (Silverblue)"
VARIANT="Silverblue"
VARIANT_ID=silverblue
OSTREE_VERSION='${NEW.version}'
`,
  kernels: [fedoraKernel(NEW.release), fedoraKernel(OLD.release)],
  partitions: [
    { use: '/boot/efi', filesystem: 'vfat', uuid: 'B5F1-7E20', mebibytes: 600 },
    { use: '/boot', filesystem: 'ext4', uuid: '6a8d1f4e-0c57-4b92-8e3a-d1f7c2b5904e', mebibytes: 1024 },
    { use: '/', filesystem: 'ext4', uuid: ROOT_UUID, mebibytes: 940_000 },
  ],
  files: {
    ...dracut.files,
    ...hostonly,
    '/run/ostree-booted': '',
    '/etc/machine-id': 'c0a94d7e52b84f1f9d3e6b1a7f2c8055\n',
    '/etc/default/grub': `GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="rhgb quiet"
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
`,
    '/boot/grub2/grubenv': grubenv({ boot_success: '1' }),
    '/boot/grub2/grub.cfg': `set timeout=5
### BEGIN /etc/grub.d/10_linux ###
insmod part_gpt
insmod ext2
search --no-floppy --fs-uuid --set=root 6a8d1f4e-0c57-4b92-8e3a-d1f7c2b5904e
insmod blscfg
blscfg
### END /etc/grub.d/10_linux ###
### BEGIN /etc/grub.d/15_ostree ###
### END /etc/grub.d/15_ostree ###
`,
    '/boot/loader.1/entries/ostree-2.conf': entry(NEW, 0),
    '/boot/loader.1/entries/ostree-1.conf': entry(OLD, 1),
    [`/usr/lib/modules/${NEW.release}/vmlinuz`]: kernelImage(NEW.release),
    [`/boot${folder(NEW)}/vmlinuz-${NEW.release}`]: kernelImage(NEW.release),
    [`/boot${folder(OLD)}/vmlinuz-${OLD.release}`]: kernelImage(OLD.release),
  },
  links: { '/boot/loader': 'loader.1' },
  programs: {
    ...dracut.programs,
    grubby: true,
    'grub2-mkconfig': true,
    'grub2-editenv': true,
    bootctl: true,
    'kernel-install': '#!/bin/sh\n',
    'rpm-ostree': `#!/bin/sh\n[ "$1" = kargs ] && echo '${line(NEW)}'\n`,
  },
  // A deployment has its own kernel's modules only.
  install: `${[NEW, OLD].map(one => `dracut --force --no-hostonly --quiet ${image(one)} ${one.release}`).join('\n')}
rm -r usr/lib/modules/${OLD.release}`,
  initrd: image(NEW),
  cmdline: `BOOT_IMAGE=(hd0,gpt2)${folder(NEW)}/vmlinuz-${NEW.release} ${line(NEW)}`,
})
