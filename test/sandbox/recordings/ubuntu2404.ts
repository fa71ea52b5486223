import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { initramfsConf, initramfsTools } from '../distributions/generators.ts'
import { classes, entry, grubCfg, header, submenu } from '../distributions/grub_cfg.ts'
import { amd } from '../machines/amd.ts'

const RELEASES = ['6.8.0-45-generic', '6.8.0-41-generic'] as const
const [NEWEST] = RELEASES
const UUID = 'f31b8a64-2c9e-4d07-95a8-6b0d4e7c1f39'
const CRASH = 'crashkernel=2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M'
const ARGS = ` quiet splash ${CRASH}`

/** Ubuntu 24.04 as its desktop installer leaves it, and kdump-tools: vfio-pci is compiled into its kernels, and so is the IOMMU's default. */
export default filesOnly({
  hostname: 'ubuntu2404',
  osRelease: `PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.1 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
`,
  kernels: RELEASES.map(release =>
    kernel(release, {
      build: '#45-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug 30 12:02:04 UTC 2024',
      intelIommuDefaultOn: true,
      vfio: 'builtin',
      compression: 'zst',
      compiledIn: ['usbcore', 'usb_common', 'xhci_hcd', 'libata', 'iommufd'],
    }),
  ),
  partitions: [
    { use: '/boot/efi', filesystem: 'vfat', uuid: '7BD2-03E6', mebibytes: 1075 },
    { use: '/', filesystem: 'ext4', uuid: UUID, mebibytes: 952_000 },
  ],
  files: {
    ...initramfsTools.files,
    ...initramfsConf('most'),
    '/etc/modules': '# /etc/modules is obsolete and has been replaced by /etc/modules-load.d/.\n',
    ...Object.fromEntries(RELEASES.map(release => [`/boot/vmlinuz-${release}`, kernelImage(release)])),
    '/etc/default/grub': `# If you change this file, run 'update-grub' afterwards to update
# /boot/grub/grub.cfg.
# For full documentation of the options in this file, see:
#   info -f grub -n 'Simple configuration'

GRUB_DEFAULT=0
GRUB_TIMEOUT_STYLE=hidden
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=\`( . /etc/os-release; echo \${NAME:-Ubuntu} ) 2>/dev/null || echo Ubuntu\`
GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
GRUB_CMDLINE_LINUX=""
`,
    '/etc/default/grub.d/init-select.cfg':
      '# This file does nothing and will be removed in a later release.\n',
    '/etc/default/grub.d/kdump-tools.cfg': `GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT ${CRASH}"\n`,
    '/etc/modprobe.d/blacklist-framebuffer.conf':
      '# Framebuffer drivers are generally buggy and poorly-supported\nblacklist nvidiafb\nblacklist radeonfb\n',
    '/boot/grub/grub.cfg': grubCfg({
      program: 'grub-mkconfig',
      header: header('0'),
      linux: GFX_MODE() + menu(),
      after: `
### BEGIN /etc/grub.d/30_uefi-firmware ###
if [ "$grub_platform" = "efi" ]; then
	fwsetup --is-supported
	if [ "$?" = 0 ]; then
		menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
			fwsetup
		}
	fi
fi
### END /etc/grub.d/30_uefi-firmware ###
`,
    }),
    '/boot/efi/EFI/ubuntu/grub.cfg': `search.fs_uuid ${UUID} root \nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n`,
    '/boot/efi/EFI/ubuntu/shimx64.efi': 'MZ',
  },
  programs: { ...initramfsTools.programs, 'update-grub': true, 'grub-mkconfig': true },
  install: initramfsTools.install,
  initrd: `/boot/initrd.img-${NEWEST}`,
  // It boots in graphics mode, where vt_handoff is set.
  cmdline: `BOOT_IMAGE=/boot/vmlinuz-${NEWEST} root=UUID=${UUID} ro quiet splash ${CRASH} vt.handoff=7`,
  board: amd,
})

/** Ubuntu's 10_linux with `splash`: who starts in graphics mode takes the console over from there. */
function GFX_MODE(): string {
  return `function gfxmode {
	set gfxpayload="\${1}"
	if [ "\${1}" = "keep" ]; then
		set vt_handoff=vt.handoff=7
	else
		set vt_handoff=
	fi
}
if [ "\${recordfail}" != 1 ]; then
  set linux_gfx_mode=keep
else
  set linux_gfx_mode=text
fi
export linux_gfx_mode
`
}

function menu(): string {
  const one = (release: string, title: string, kind: string, gfx: readonly string[], tail: string) =>
    entry({
      title,
      id: `gnulinux-${kind}-${UUID}`,
      marks: classes('ubuntu'),
      before: [
        'recordfail',
        'load_video',
        ...gfx,
        'insmod gzio',
        'if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi',
        'insmod part_gpt',
        'insmod ext2',
        `search --no-floppy --fs-uuid --set=root ${UUID}`,
      ],
      linux: `/boot/vmlinuz-${release} root=UUID=${UUID} ro ${tail}`,
      initrd: `/boot/initrd.img-${release}`,
    })
  const usual = ['gfxmode $linux_gfx_mode']
  const advanced = RELEASES.flatMap(release => [
    one(release, `Ubuntu, with Linux ${release}`, `${release}-advanced`, usual, `${ARGS} $vt_handoff`),
    one(
      release,
      `Ubuntu, with Linux ${release} (recovery mode)`,
      `${release}-recovery`,
      [],
      'recovery nomodeset dis_ucode_ldr ',
    ),
  ])
  return (
    one(NEWEST, 'Ubuntu', 'simple', usual, `${ARGS} $vt_handoff`) +
    submenu('Advanced options for Ubuntu', `gnulinux-advanced-${UUID}`, advanced)
  )
}
