import { isRefusedForItsRegions } from '../isolation.ts'
import { ifKnown } from '../known.ts'
import type { Interlock } from './loss.ts'

/**
 * Firmware insists on memory that a device reaches at the same address under every driver (Intel's RMRR, AMD's unity
 * map): a `direct` line in the group's reserved_regions. VFIO cannot keep to that and refuses the group
 * (drivers/iommu/iommu.c, drivers/iommu/intel/iommu.c); `direct-relaxable`, of USB and graphics, does no harm.
 */
export const reservedRegions: Interlock = {
  lock: undefined,
  provided: '',
  about: 'group',
  lostWithDriver: false,
  find(host, device) {
    const group = ifKnown(device.group)
    return group !== undefined && group >= 0 && isRefusedForItsRegions(host, group)
      ? {
          what: `has memory that the firmware insists on (RMRR, "direct" in /sys/kernel/iommu_groups/${group}/reserved_regions): VFIO refuses its group`,
          instead:
            'use another slot or another device; some makers let it be switched off in BIOS/UEFI (HPE: "HP Shared Memory features")',
        }
      : undefined
  },
}
