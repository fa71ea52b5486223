import { shortAddress } from '../pci.ts'
import { type Interlock, listed } from './loss.ts'

/**
 * A physical function whose virtual functions exist: vfio-pci answers -EBUSY (drivers/vfio/pci/vfio_pci_core.c), and
 * they go with its driver. Nothing can allow it: whoever made them is asked to take them away.
 */
export const virtualFunctions: Interlock = {
  lock: undefined,
  provided: '',
  about: 'taking',
  lostWithDriver: true,
  find(host, device) {
    const count = device.sriov?.vfs ?? 0
    if (count <= 0) return undefined
    const functions = host.devices.filter(one => one.physicalFunction === device.address)
    const which = functions.length > 0 ? ` (${listed(functions.map(one => shortAddress(one.address)))})` : ''
    return {
      what: `has ${count} virtual function${count === 1 ? '' : 's'}${which}: the kernel does not give it to vfio-pci while they exist, and they would go with its driver`,
      instead: `choose virtual functions in its place, or let what made them take them away: echo 0 > /sys/bus/pci/devices/${device.address}/sriov_numvfs`,
    }
  },
}
