import { filesOnly, kernel, kernelImage, ROOT_UUID } from '../distributions/files_only.ts'
import { initramfsConf, initramfsTools } from '../distributions/generators.ts'

const [NEW, OLD] = ['6.9.3-76060903-generic', '6.8.0-76060800daily20240311-generic']
const OPTIONS = ['quiet', 'loglevel=0', 'systemd.show_status=false', 'splash']
const FOLDER = `/EFI/Pop_OS-${ROOT_UUID}`
const LINE = `root=UUID=${ROOT_UUID} ro ${OPTIONS.join(' ')}`

const entry = (kernel: string, initrd: string): string => `title Pop!_OS
linux ${FOLDER}/${kernel}
initrd ${FOLDER}/${initrd}
options ${LINE}
`

const defaults = {
  kernel_options: ['quiet', 'splash'],
  esp_path: '/boot/efi',
  setup_loader: false,
  manage_mode: false,
  force_update: false,
  live_mode: false,
  config_rev: 3,
}
const user = { ...defaults, kernel_options: OPTIONS, setup_loader: true, manage_mode: true }

/** As Ubuntu's: vfio compiled in, and Intel's IOMMU on. */
const popKernel = (release: string, build: string) =>
  kernel(release, { build, vfio: 'builtin', intelIommuDefaultOn: true })

/** Pop!_OS 22.04 as its installer sets it up on UEFI; kernelstub copies the two newest kernels to the ESP. */
export default filesOnly({
  hostname: 'pop-os',
  osRelease: `NAME="Pop!_OS"
VERSION="22.04 LTS"
ID=pop
ID_LIKE="ubuntu debian"
PRETTY_NAME="Pop!_OS 22.04 LTS"
VERSION_ID="22.04"
VERSION_CODENAME=jammy
UBUNTU_CODENAME=jammy
LOGO=distributor-logo-pop-os
`,
  kernels: [
    popKernel(NEW, '#202405300957~1721174657~22.04~abb7c06 SMP PREEMPT_DYNAMIC Wed J'),
    popKernel(OLD, '#202403110203~1715181801~22.04~aba43ee SMP PREEMPT_DYNAMIC W'),
  ],
  files: {
    ...initramfsTools.files,
    ...initramfsConf('most'),
    // json.dump() ends no line.
    '/etc/kernelstub/configuration': JSON.stringify({ default: defaults, user }, undefined, 2),
    '/etc/modprobe.d/blacklist-framebuffer.conf': 'blacklist nvidiafb\nblacklist radeonfb\n',
    '/boot/efi/loader/loader.conf': 'default Pop_OS-current\n',
    '/boot/efi/loader/entries/Pop_OS-current.conf': entry('vmlinuz.efi', 'initrd.img'),
    '/boot/efi/loader/entries/Pop_OS-oldkern.conf': entry('vmlinuz-previous.efi', 'initrd.img-previous'),
    '/boot/efi/loader/entries/Recovery-9A3C-51E1.conf': `title Pop!_OS Recovery
linux /EFI/Recovery-9A3C-51E1/vmlinuz.efi
initrd /EFI/Recovery-9A3C-51E1/initrd.gz
options  boot=casper hostname=recovery userfullname=Recovery username=recovery live-media-path=/casper-9A3C-51E1 live-media=/dev/disk/by-partuuid/5d2e0b34-8f1c-4a67-9b60-0c7d3e5f1a28 noprompt
`,
    '/boot/efi/EFI/systemd/systemd-bootx64.efi': 'MZ',
    [`/boot/efi${FOLDER}/vmlinuz.efi`]: kernelImage(NEW),
    [`/boot/efi${FOLDER}/vmlinuz-previous.efi`]: kernelImage(OLD),
    [`/boot/efi${FOLDER}/cmdline`]: `initrd=${FOLDER.replaceAll('/', '\\')}\\initrd.img ${LINE}\n`,
    [`/boot/vmlinuz-${NEW}`]: kernelImage(NEW),
    [`/boot/vmlinuz-${OLD}`]: kernelImage(OLD),
  },
  links: {
    '/boot/vmlinuz': `vmlinuz-${NEW}`,
    '/boot/vmlinuz.old': `vmlinuz-${OLD}`,
    '/boot/initrd.img': `initrd.img-${NEW}`,
    '/boot/initrd.img.old': `initrd.img-${OLD}`,
  },
  programs: {
    ...initramfsTools.programs,
    bootctl: true,
    'kernel-install': '#!/bin/sh\n',
    kernelstub: '#!/bin/sh\n',
  },
  install: `${initramfsTools.install}
cp -p boot/initrd.img-${NEW} boot/efi${FOLDER}/initrd.img
cp -p boot/initrd.img-${OLD} boot/efi${FOLDER}/initrd.img-previous`,
  initrd: `/boot/efi${FOLDER}/initrd.img`,
  cmdline: `initrd=${FOLDER.replaceAll('/', '\\')}\\initrd.img ${LINE}`,
  efiVariables: {
    LoaderInfo: 'systemd-boot 249.11-0ubuntu3.12pop0',
    LoaderEntrySelected: 'Pop_OS-current.conf',
  },
})
