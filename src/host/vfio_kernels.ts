import { type Refusal, refuse } from '../refusal.ts'
import type { Host, InstalledKernel, PciDevice } from './host.ts'
import { moduleName } from './modprobe.ts'

/** Kernels that can be booted and have no such module of vfio, compiled in or not. */
export const kernelsLacking = (host: Host, name: string): InstalledKernel[] =>
  host.kernels.filter(({ bootable, vfio }) => bootable && vfio[moduleName(name)] === undefined)

/** Debian's cloud kernels have none of vfio: one beside others may be the one that boots. */
export function refuseLackingVfio(host: Host): Refusal | undefined {
  const [kernel] = kernelsLacking(host, 'vfio_pci')
  return (
    kernel &&
    refuse(
      `kernel ${kernel.release} has no vfio-pci`,
      'install a full kernel (not a cloud one), or remove this one',
    )
  )
}

/**
 * The modules of VFIO that a kernel has for this very device, the best first: fewest wildcards, as libvirt chooses
 * (virPCIDeviceFindBestVFIOVariant()). They bind by override alone (include/linux/pci.h, PCI_ID_F_VFIO_DRIVER_OVERRIDE).
 */
export const variantsFor = ({ variants }: InstalledKernel, device: PciDevice): string[] =>
  variants
    .filter(one => one.vendor === device.vendor && (one.device === '' || one.device === device.device))
    .toSorted((a, b) => b.device.length - a.device.length)
    .map(({ module }) => module)
