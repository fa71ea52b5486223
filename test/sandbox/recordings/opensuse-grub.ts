import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { dracut } from '../distributions/generators.ts'
import { classes, entry, grubCfg, header, submenu } from '../distributions/grub_cfg.ts'
import { grubenv } from '../show/installed.ts'

const RELEASES = ['6.4.0-150600.23.25-default', '6.4.0-150600.21-default'] as const
const UUID = 'a94d1c70-5e2b-4f86-b3a9-7c0e18d6f245'
const ARGS = 'splash=silent mitigations=auto quiet security=apparmor'
const [NEWEST] = RELEASES

/** openSUSE Leap 15.6 on btrfs with bootable snapshots: GRUB at /boot/grub2, whose entries have a variable for them. */
export default filesOnly({
  hostname: 'opensuse-grub',
  osRelease: `NAME="openSUSE Leap"
VERSION="15.6"
ID="opensuse-leap"
ID_LIKE="suse opensuse"
VERSION_ID="15.6"
PRETTY_NAME="openSUSE Leap 15.6"
`,
  kernels: RELEASES.map(release =>
    kernel(release, { compression: 'zst', compiledIn: ['xhci_hcd', 'usbcore', 'usb_common'] }),
  ),
  partitions: [
    { use: '/boot/efi', filesystem: 'vfat', uuid: 'E4F7-19AB', mebibytes: 512 },
    { use: '/', filesystem: 'btrfs', uuid: UUID, mebibytes: 940_000 },
  ],
  files: {
    ...dracut.files,
    '/usr/lib/dracut/dracut.conf.d/01-dist.conf': `# SUSE specific dracut settings
hostonly="yes"
hostonly_cmdline="yes"
compress="xz -0 --check=crc32 --memlimit-compress=50%"
`,
    ...Object.fromEntries(RELEASES.map(release => [`/boot/vmlinuz-${release}`, kernelImage(release)])),
    '/etc/default/grub': `# If you change this file, run 'grub2-mkconfig -o /boot/grub2/grub.cfg' afterwards to update
# /boot/grub2/grub.cfg.

# Uncomment to set your own custom distributor. If you leave it unset or empty, the default
# policy is to determine the value from /etc/os-release
GRUB_DISTRIBUTOR=
GRUB_DEFAULT=saved
GRUB_HIDDEN_TIMEOUT=0
GRUB_HIDDEN_TIMEOUT_QUIET=true
GRUB_TIMEOUT=8
GRUB_CMDLINE_LINUX_DEFAULT="${ARGS}"
GRUB_CMDLINE_LINUX=""

# Uncomment to enable BadRAM filtering, modify to suit your needs
# This works with Linux (no patch required) and with any kernel that obtains
# the memory map information from GRUB (GNU Mach, kernel of FreeBSD ...)
# GRUB_BADRAM="0x01234567,0xfefefefe,0x89abcdef,0xefefefef"
GRUB_TERMINAL="gfxterm"
GRUB_GFXMODE="auto"
GRUB_BACKGROUND=
GRUB_THEME=/boot/grub2/themes/openSUSE/theme.txt
SUSE_BTRFS_SNAPSHOT_BOOTING="true"
GRUB_USE_LINUXEFI="true"
GRUB_DISABLE_OS_PROBER="false"
GRUB_ENABLE_CRYPTODISK="n"
GRUB_CMDLINE_XEN_DEFAULT="vga=gfx-1024x768x16"
`,
    '/boot/grub2/grubenv': grubenv({ saved_entry: 'openSUSE Leap 15.6' }),
    '/boot/grub2/grub.cfg': grubCfg({
      program: 'grub2-mkconfig',
      header: `set btrfs_relative_path="y"\nexport btrfs_relative_path\n${header('${saved_entry}', LOAD())}if [ -n "$extra_cmdline" ]; then
  submenu "Bootable snapshot #$snapshot_num" {
    menuentry "If OK, run 'snapper rollback' and reboot." { true; }
  }
fi
`,
      linux: menu(),
      end: `
### BEGIN /etc/grub.d/80_suse_btrfs_snapshot ###
if [ -f  "/.snapshots/grub-snapshot.cfg" ]; then
  source "/.snapshots/grub-snapshot.cfg"
fi
### END /etc/grub.d/80_suse_btrfs_snapshot ###
`,
    }),
    '/boot/efi/EFI/opensuse/grub.cfg': `set btrfs_relative_path="yes"
search --fs-uuid --set=root ${UUID}
set prefix=(\${root})/boot/grub2
source "\${prefix}/grub.cfg"
`,
    '/boot/efi/EFI/opensuse/grubx64.efi': 'MZ',
    '/boot/efi/EFI/opensuse/shim.efi': 'MZ',
  },
  programs: { ...dracut.programs, 'grub2-mkconfig': true, 'grub2-editenv': true },
  // Its dracut calls images so by itself.
  install: RELEASES.map(release => `dracut --force --quiet /boot/initrd-${release} ${release}`).join('\n'),
  initrd: `/boot/initrd-${NEWEST}`,
  // extra_cmdline is empty but in a snapshot.
  cmdline: `BOOT_IMAGE=/boot/vmlinuz-${NEWEST} root=UUID=${UUID} ${ARGS}`,
})

/** grub2-btrfs-05-grub2-mkconfig.patch. */
function LOAD(): string {
  return `if [ -f \${config_directory}/grubenv ]; then
  load_env -f \${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
  load_env
fi

if [ "\${env_block}" ] ; then
  set env_block="(\${root})\${env_block}"
  export env_block
  load_env -f "\${env_block}"
fi

`
}

/** The variable stands at the end of GRUB_CMDLINE_LINUX, which is empty: hence two blanks before it. */
function menu(): string {
  const one = (release: string, title: string, kind: string, tail: string, mark = '') =>
    entry({
      title,
      id: `gnulinux-${kind}-${UUID}`,
      marks: `${mark} ${classes('opensuse')}`,
      before: [
        'load_video',
        'set gfxpayload=keep',
        'insmod gzio',
        'insmod part_gpt',
        'insmod btrfs',
        `search --no-floppy --fs-uuid --set=root ${UUID}`,
        `echo\t'Loading Linux ${release} ...'`,
      ],
      linux: `/boot/vmlinuz-${release} root=UUID=${UUID} ${tail}`,
      initrd: `/boot/initrd-${release}`,
    })
  const os = 'openSUSE Leap 15.6'
  const advanced = RELEASES.flatMap((release, i) => [
    one(
      release,
      `${os}, with Linux ${release}`,
      `${release}-advanced`,
      ` \${extra_cmdline} ${ARGS}`,
      `--hotkey=${2 * i + 2}`,
    ),
    one(
      release,
      `${os}, with Linux ${release} (recovery mode)`,
      `${release}-recovery`,
      'single  ${extra_cmdline}',
      `--hotkey=${2 * i + 3}`,
    ),
  ])
  return (
    one(NEWEST, os, 'simple', ` \${extra_cmdline} ${ARGS}`) +
    submenu(`Advanced options for ${os}`, `gnulinux-advanced-${UUID}`, advanced, '--hotkey=1 ')
  )
}
