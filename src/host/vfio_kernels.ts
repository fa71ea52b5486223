import { type Refusal, refuse } from '../refusal.ts'
import type { Host, InstalledKernel } from './host.ts'
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
