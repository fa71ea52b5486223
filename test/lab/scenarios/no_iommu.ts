import { CHOSEN } from '../devices.ts'
import type { Scenario } from '../lab.ts'
import { isRefused } from './refusals.ts'

/** No DMAR and no IVRS table: what a machine looks like whose firmware has VT-d switched off. */
export const noIommu: Scenario = {
  name: 'no-iommu',
  summary: 'a machine whose firmware offers no IOMMU is refused, and told how to get one',
  machine: 'no-iommu',
  async run(lab, machine) {
    const vars = { vfio_devices: CHOSEN.map(device => device.id) }
    await isRefused(lab, machine, {
      title: 'no IOMMU in firmware',
      names: /virtual machine.*without an IOMMU/s,
      vars,
    })
  },
}
