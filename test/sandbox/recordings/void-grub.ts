import { filesOnly, kernel, kernelImage, ROOT_UUID } from '../distributions/files_only.ts'
import { dracut } from '../distributions/generators.ts'
import { grubCfg, header, LOAD_VIDEO, upstreamMenu } from '../distributions/grub_cfg.ts'

const RELEASE = '6.6.46_1'
const OLDER = '6.6.44_1'

/** Void Linux: runit, dracut for any machine, and GRUB's update-grub. */
export default filesOnly({
  hostname: 'void-grub',
  osRelease: 'NAME="Void"\nID="void"\nPRETTY_NAME="Void Linux"\nHOME_URL="https://voidlinux.org/"\n',
  kernels: [kernel(RELEASE, { compression: 'zst' }), kernel(OLDER, { compression: 'zst' })],
  files: {
    ...dracut.files,
    [`/boot/vmlinuz-${RELEASE}`]: kernelImage(RELEASE),
    [`/boot/vmlinuz-${OLDER}`]: kernelImage(OLDER),
    // No GRUB_CMDLINE_LINUX in it.
    '/etc/default/grub': `#
# Configuration file for GRUB.
#
GRUB_DEFAULT=0
#GRUB_HIDDEN_TIMEOUT=0
#GRUB_HIDDEN_TIMEOUT_QUIET=false
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="Void"
GRUB_CMDLINE_LINUX_DEFAULT="loglevel=4"
# Uncomment to use basic console
#GRUB_TERMINAL_INPUT="console"
# Uncomment to disable graphical terminal
#GRUB_TERMINAL_OUTPUT=console
#GRUB_BACKGROUND=/usr/share/void-artwork/splash.png
`,
    '/boot/grub/grub.cfg': grubCfg({
      program: 'grub-mkconfig',
      header: header('0'),
      linux: upstreamMenu({
        os: 'Void GNU/Linux',
        name: 'void',
        uuid: ROOT_UUID,
        releases: [RELEASE, OLDER],
        initrd: release => `/boot/initramfs-${release}.img`,
        before: LOAD_VIDEO,
        args: ' loglevel=4',
        recovery: 'single ',
      }),
    }),
    '/boot/efi/EFI/void/grubx64.efi': 'MZ',
  },
  programs: { ...dracut.programs, 'grub-mkconfig': true, 'update-grub': true },
  install: dracut.install,
  initrd: `/boot/initramfs-${RELEASE}.img`,
  cmdline: `BOOT_IMAGE=/boot/vmlinuz-${RELEASE} root=UUID=${ROOT_UUID} ro loglevel=4`,
})
