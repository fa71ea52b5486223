import type { ImageName } from './image/recipes.ts'

/** Of each image: the file that its initramfs is booted from, and what a rebuild writes. */
export const IMAGE_PATHS: Record<ImageName, { readonly booted: RegExp; readonly generated: RegExp }> = {
  grub: {
    booted: /^\/boot\/initrd\.img-/,
    generated: /^\/(boot\/grub\/grub\.cfg|boot\/initrd\.img-[^/]+|var\/lib\/initramfs-tools\/.+)$/,
  },
  'grub-dracut': {
    booted: /^\/boot\/initrd\.img-/,
    generated: /^\/boot\/(grub\/grub\.cfg|initrd\.img-[^/]+)$/,
  },
  'systemd-boot': {
    booted: /^\/boot\/efi\/[0-9a-f]{32}\/[^/]+\/initrd\.img-/,
    // kernel-install copies the kernel too, and runs depmod.
    generated:
      /^\/(boot\/initrd\.img-[^/]+|boot\/efi\/[0-9a-f]{32}\/.+|boot\/efi\/loader\/entries\/[^/]+\.conf|(usr\/)?lib\/modules\/[^/]+\/modules\..+|var\/lib\/initramfs-tools\/.+)$/,
  },
  uki: {
    booted: /^\/boot\/efi\/EFI\/Linux\/[^/]+\.efi$/,
    generated: /^\/boot\/efi\/EFI\/Linux\/[^/]+\.efi$/,
  },
}
