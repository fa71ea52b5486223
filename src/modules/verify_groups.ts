import { z } from 'zod'
import { resolveDevices } from '../host/devices.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import { describe, groupMates, isVfioDriver, shortAddress } from '../host/pci.ts'
import { isRefusal } from '../refusal.ts'
import { devices } from './arguments.ts'
import { blocked, converged, defineModule, type Outcome, untilBoot } from './define.ts'

export const verify_groups = defineModule({
  name: 'verify_groups',
  summary: 'Prove that the groups of the chosen devices hold nothing else that matters',
  description: `The IOMMU group is what is given to a guest. Every device in it must be chosen too, or have no driver, or
one that does no DMA for the host: pcieport, pci-stub, a vfio driver. Otherwise QEMU refuses the group as not viable.`,
  args: z.strictObject({ devices }),
  example: `- name: Prove that the devices are isolated
  verify_groups:
    devices: ["10de:13c2", "10de:0fbb"]`,
  plan(host, { devices }) {
    const chosen = resolveDevices(host, devices)
    if (isRefusal(chosen)) return { kind: 'blocked', why: chosen.why, hint: chosen.hint }
    const bad = chosen.map(device => problemOf(host, device, chosen)).find(problem => problem !== undefined)
    if (bad !== undefined) return bad
    const groups = [...new Set(chosen.map(device => ifKnown(device.group)))]
    const foreseen = chosen.some(device => device.group.is === 'predicted')
    return (foreseen ? untilBoot : converged)(
      `${groups.length === 1 ? 'group' : 'groups'} ${groups.join(', ')} hold${groups.length === 1 ? 's' : ''} only ${chosen.map(describe).join(', ')}`,
    )
  },
})

function problemOf(host: Host, device: PciDevice, chosen: readonly PciDevice[]): Outcome | undefined {
  if (device.group.is === 'unknown')
    return { kind: 'unknown', why: `the group of ${describe(device)}: ${device.group.why}` }
  const group = device.group.value
  if (group < 0)
    return blocked(`${describe(device)} is in no IOMMU group`, 'the IOMMU is off: verify_dmesg says why')
  if (host.iommu.noIommuGroups.includes(group))
    return blocked(
      `group ${group} of ${describe(device)} is a no-IOMMU group, which isolates nothing`,
      'do not load vfio with enable_unsafe_noiommu_mode',
    )
  const others = groupMates(host, device).filter(mate => !chosen.includes(mate) && needsItsDriver(mate))
  const [first, ...rest] = others
  if (first === undefined) return undefined
  const more = rest.length > 0 ? ` and ${rest.map(mate => shortAddress(mate.address)).join(', ')}` : ''
  return blocked(
    `group ${group} of ${describe(device)} also holds ${describe(first)}, on ${ifKnown(first.driver)}${more}`,
    'choose these too and give them to the same guest, use another slot, or separate the groups with acs_override',
  )
}

// drivers/vfio/group.c and driver_managed_dma: pcieport does no DMA of its own, so a port may keep it.
const needsItsDriver = (mate: PciDevice): boolean => {
  const driver = ifKnown(mate.driver) ?? ''
  return driver !== '' && driver !== 'pcieport' && driver !== 'pci-stub' && !isVfioDriver(driver)
}
