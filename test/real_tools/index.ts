/** Which tests here run a distribution's own program on files that we have edited, and of which adapter they speak. */
export const REAL_TOOLS: readonly RealTool[] = [
  { program: 'grub-mkconfig', drives: 'GRUB', test: 'grub_mkconfig.test.ts' },
  { program: 'grub-editenv', drives: 'GRUB', test: 'grub_editenv.test.ts' },
  { program: 'kernel-install', drives: 'systemd-boot', test: 'kernel_install.test.ts' },
  { program: 'bootctl', drives: 'systemd-boot', test: 'bootctl.test.ts' },
  { program: "systemd's stub, objcopy, sbsign", drives: 'UKI', test: 'uki.test.ts' },
  { program: 'dracut', drives: 'dracut', test: 'dracut.test.ts' },
  { program: 'mkinitramfs', drives: 'initramfs-tools', test: 'mkinitramfs.test.ts' },
  { program: 'mkrlconf', drives: 'rEFInd', test: 'mkrlconf.test.ts' },
  { program: 'u-boot-update', drives: 'syslinux', test: 'u_boot_update.test.ts' },
  { program: "GRUB's grub-syslinux2cfg", drives: 'syslinux', test: 'grub_syslinux2cfg.test.ts' },
]

export interface RealTool {
  readonly program: string
  /** The adapter's name. */
  readonly drives: string
  readonly test: string
}
