import { ifKnown } from '../known.ts'
import type { Interlock } from './loss.ts'

/**
 * A GPU that its own driver divides among guests (mediated devices, NVIDIA vGPU, Intel GVT-g): on vfio-pci it goes to
 * one guest as a whole, and the others lose theirs (Documentation/driver-api/vfio-mediated-device.rst).
 */
export const vgpu: Interlock = {
  lock: 'vgpu',
  provided: 'no guest needs its virtual GPUs any longer',
  about: 'taking',
  lostWithDriver: true,
  find(host, device) {
    const driver = ifKnown(device.driver) || 'its driver'
    if (host.mediatedParents.includes(device.address))
      return {
        what: `has virtual GPUs that ${driver} has made of it (mediated devices): they would go with it`,
      }
    return device.mediated
      ? { what: `is set up for virtual GPUs, which only ${driver} can make of it` }
      : undefined
  },
}
