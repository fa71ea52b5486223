import type { Host, PciDevice } from './host.ts'
import { ifKnown } from './known.ts'
import { groupMates, isBridge, isDisplay, isVfioDriver } from './pci.ts'

/** Who is in a device's IOMMU group besides what was chosen: a group goes to a guest as a whole, or not at all. */
export interface Company {
  readonly endpoints: readonly PciDevice[]
  /** They stay with the host, and do no harm while theirs is pcieport or no driver. */
  readonly bridges: readonly PciDevice[]
}

export function companyOf(host: Host, device: PciDevice, chosen: readonly PciDevice[]): Company {
  const others = groupMates(host, device).filter(mate => !chosen.includes(mate))
  return { endpoints: others.filter(mate => !isBridge(mate)), bridges: others.filter(isBridge) }
}

/** Members that keep the group of a device from being viable for VFIO now, bridges with drivers of their own among them. */
export const inTheWay = (host: Host, device: PciDevice, chosen: readonly PciDevice[]): PciDevice[] =>
  groupMates(host, device).filter(mate => !chosen.includes(mate) && needsItsDriver(mate))

// drivers/vfio/group.c and driver_managed_dma: pcieport does no DMA of its own, so a port may keep it.
const needsItsDriver = (mate: PciDevice): boolean => {
  const driver = ifKnown(mate.driver) ?? ''
  return driver !== '' && driver !== 'pcieport' && driver !== 'pci-stub' && !isVfioDriver(driver)
}

/**
 * Firmware insists on memory of the group (a `direct` region), and VFIO is refused. Kernels before 5.3 call the regions of
 * USB and graphics on Intel's machines direct, too, and let them pass (drivers/iommu/intel-iommu.c
 * device_is_rmrr_locked()); newer ones call them direct-relaxable.
 */
export function isRefusedForItsRegions(host: Host, group: number): boolean {
  if (!host.iommu.directGroups.includes(group)) return false
  const members = host.devices.filter(one => ifKnown(one.group) === group && !isBridge(one))
  const areRelaxable =
    members.length > 0 && members.every(one => isDisplay(one) || one.class.startsWith('0c03'))
  return host.cpu.vendor !== 'intel' || !areRelaxable
}
