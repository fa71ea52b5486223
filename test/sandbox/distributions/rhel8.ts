import type { Distribution } from '../distribution.ts'
import { commandLine, entryName, fedora40, newest, redHatDisk } from './fedora.ts'

/**
 * RHEL 8 and its likes: the entries say `options $kernelopts $tuned_params`, and the arguments are in GRUB's
 * environment block. Editing an entry or /etc/default/grub alone changes nothing.
 */
export const rhel8: Distribution = {
  ...fedora40,
  kernelBuilder:
    '(mockbuild@iad1-prod-build001.bld.equ.rockylinux.org) (gcc version 8.5.0 20210514 (Red Hat 8.5.0-22) (GCC))',
  disk: machine =>
    redHatDisk(machine, {
      osRelease: OS_RELEASE,
      efiFolder: 'rocky',
      title: release => `Rocky Linux (${release}) 8.10 (Green Obsidian)`,
      rescueTitle: 'Rocky Linux (0-rescue-%ID%) 8.10 (Green Obsidian)',
      initrd: ' $tuned_initrd',
      options: () => '$kernelopts $tuned_params',
      environment: machine => ({
        saved_entry: entryName(newest(machine)),
        kernelopts: commandLine(machine).replace(' ro ', ' ro crashkernel=auto '),
        boot_success: '0',
      }),
      grubDefault: GRUB_DEFAULT,
      entryEnd: version => `id rocky-20240528160113-${version}
grub_users $grub_users
grub_arg --unrestricted
grub_class kernel
`,
      more: () => ({}),
    }),
}

const OS_RELEASE = `NAME="Rocky Linux"
VERSION="8.10 (Green Obsidian)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="8.10"
PLATFORM_ID="platform:el8"
PRETTY_NAME="Rocky Linux 8.10 (Green Obsidian)"
`

const GRUB_DEFAULT = `GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="crashkernel=auto rhgb quiet"
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
`
