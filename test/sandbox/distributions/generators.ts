import type { Programs } from '../bin.ts'

/** What makes initramfs images: its stand-ins, the configuration it comes with, and the command that makes them all. */
export interface Generator {
  readonly programs: Programs
  readonly files: Readonly<Record<string, string>>
  readonly install: string
}

export const initramfsTools: Generator = {
  programs: { 'update-initramfs': true, mkinitramfs: true, lsinitramfs: true, unmkinitramfs: true },
  files: {
    '/etc/initramfs-tools/modules': `# List of modules that you want to include in your initramfs.
# They will be loaded at boot time in the order below.
#
# Syntax:  module_name [args ...]
#
# You must run update-initramfs(8) to effect this change.
#
# Examples:
#
# raid1
# sd_mod
`,
    '/etc/initramfs-tools/update-initramfs.conf': `#
# Configuration file for update-initramfs(8)
#

#
# update_initramfs [ yes | all | no ]
#
# Default is yes
# If set to all update-initramfs will update all initramfs
# If set to no disables any update to initramfs beside kernel upgrade

update_initramfs=yes

#
# backup_initramfs [ yes | no ]
#
# Default is no
# If set to no leaves no .bak backup files.

backup_initramfs=no
`,
  },
  install: 'update-initramfs -c -k all',
}

export const initramfsConf = (modules: 'most' | 'list'): Readonly<Record<string, string>> => ({
  '/etc/initramfs-tools/initramfs.conf': `#
# initramfs.conf
# Configuration file for mkinitramfs(8). See initramfs.conf(5).
#
# Note that configuration options from this file can be overridden
# by config files in the /etc/initramfs-tools/conf.d directory.

#
# MODULES: [ most | netboot | dep | list ]
#
# most - Add most filesystem and all harddrive drivers.
#
# dep - Try and guess which modules to load.
#
# netboot - Add the base modules, network modules, but skip block devices.
#
# list - Only include modules from the 'additional modules' list
#

MODULES=${modules}

BUSYBOX=auto
KEYMAP=n
COMPRESS=zstd
DEVICE=
NFSROOT=auto
RUNSIZE=10%
FSTYPE=auto
`,
})

/** Its choice of hostonly is the distribution's, in /usr/lib/dracut/dracut.conf.d. */
export const dracut: Generator = {
  programs: { dracut: true, lsinitrd: true },
  files: {
    '/etc/dracut.conf': `# PUT YOUR CONFIG IN separate files
# in /etc/dracut.conf.d named "<name>.conf"
# SEE man dracut.conf(5) for options
`,
  },
  install: 'dracut --force --regenerate-all --quiet',
}

export const hostonly: Readonly<Record<string, string>> = {
  '/usr/lib/dracut/dracut.conf.d/01-dist.conf': `# Fedora's and RHEL's choice of what dracut leaves open
hostonly="yes"
i18n_default_font="eurlatgr"
early_microcode="yes"
`,
}

/** With examples in its comments, as the packaged configuration has them; each kernel needs a preset besides. */
export const mkinitcpio: Generator = {
  programs: { mkinitcpio: true, lsinitcpio: true },
  files: {
    '/etc/mkinitcpio.conf': `# vim:set ft=sh
# MODULES
# Loaded before any hook runs. For example:
#     MODULES=(usbhid xhci_hcd)
MODULES=()

# BINARIES
# Programs that the image holds besides; what they link to comes along.
BINARIES=()

# FILES
# Taken as they are, without any parsing.
FILES=()

# HOOKS
# What the image is made of, in this order. For example:
##   This setup loads all pata, sata, scsi, usb and virtio modules.
#    HOOKS=(base udev modconf block filesystems fsck)
HOOKS=(base udev autodetect microcode modconf kms keyboard keymap consolefont block filesystems fsck)

# COMPRESSION
#COMPRESSION="zstd"
`,
  },
  install: 'mkinitcpio -P',
}

/** What the package of a kernel brings: /etc/mkinitcpio.d/NAME.preset. */
export const preset = (name: string): Readonly<Record<string, string>> => ({
  [`/etc/mkinitcpio.d/${name}.preset`]: `# mkinitcpio preset file for the '${name}' package

#ALL_config="/etc/mkinitcpio.conf"
ALL_kver="/boot/vmlinuz-${name}"

PRESETS=('default' 'fallback')

#default_config="/etc/mkinitcpio.conf"
default_image="/boot/initramfs-${name}.img"
#default_uki="/efi/EFI/Linux/arch-${name}.efi"
#default_options="--splash /usr/share/systemd/bootctl/splash-arch.bmp"

#fallback_config="/etc/mkinitcpio.conf"
fallback_image="/boot/initramfs-${name}-fallback.img"
#fallback_uki="/efi/EFI/Linux/arch-${name}-fallback.efi"
fallback_options="-S autodetect"
`,
})
