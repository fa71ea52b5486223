import type { Host } from './host.ts'

/**
 * Ubuntu since 20.04: vfio-pci is compiled into every kernel that can be booted. Nothing loads it, so that `options` and
 * `softdep` of modprobe.d have nobody to read them, and no list of an initramfs needs it; vfio-pci.ids= on the command
 * line counts. (modules.builtin; CONFIG_VFIO_PCI=y.)
 */
export function isVfioBuiltInEverywhere(host: Host): boolean {
  const kernels = host.kernels.filter(({ bootable }) => bootable)
  return kernels.length > 0 && kernels.every(({ vfio }) => vfio.vfio_pci?.is === 'builtin')
}
