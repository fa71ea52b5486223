import type { DeviceDescription, KernelDescription, MachineDescription } from '../description.ts'
import type { KernelArguments } from './arguments.ts'

/**
 * IOMMU group of every device, by the kernel's own algorithm: pci_device_group() in drivers/iommu/iommu.c.
 * @param isolates whether traffic from or through a device must pass the IOMMU (pci_acs_enabled()).
 */
export function iommuGroups(
  machine: MachineDescription,
  isolates: (device: DeviceDescription) => boolean,
): Map<string, number> {
  const groups = new Map<string, number>()
  let next = 0
  for (const device of machine.devices) {
    // The AMD IOMMU's own function is not translated by itself.
    if (device.class === IOMMU_CLASS) continue
    const bridges = bridgesAbove(machine, device)
    const [nearest] = bridges
    // One bridge on the way up that lets peers talk past the IOMMU is enough.
    const joined =
      nearest === undefined || bridges.every(isolates)
        ? groupOfSlot(machine, device, groups, isolates)
        : groups.get(nearest.at)
    groups.set(device.at, joined ?? next++)
  }
  return groups
}

const IOMMU_CLASS = '080600'

/** Nearest first. */
export function bridgesAbove(machine: MachineDescription, device: DeviceDescription): DeviceDescription[] {
  const bridge = machine.devices.find(({ at }) => at === device.behind)
  return bridge === undefined ? [] : [bridge, ...bridgesAbove(machine, bridge)]
}

/** Functions of one slot can reach each other unless each has ACS (get_pci_function_alias_group()). */
function groupOfSlot(
  machine: MachineDescription,
  device: DeviceDescription,
  groups: ReadonlyMap<string, number>,
  isolates: (device: DeviceDescription) => boolean,
): number | undefined {
  if (isolates(device)) return undefined
  const functions = functionsOfSlot(machine, device).filter(other => !isolates(other))
  return functions.map(({ at }) => groups.get(at)).find(group => group !== undefined)
}

const slotOf = ({ at }: DeviceDescription): string => at.replace(/\.\d$/, '')
const functionsOfSlot = (machine: MachineDescription, device: DeviceDescription): DeviceDescription[] =>
  machine.devices.filter(other => slotOf(other) === slotOf(device))

/** What ACS, the kernel's quirks and pcie_acs_override= together say of a device (pcie_acs_overrides() of the patch). */
export function isolation(
  machine: MachineDescription,
  overrides: readonly string[],
): (device: DeviceDescription) => boolean {
  return device =>
    device.acs === true ||
    overrides.includes(`id:${device.id}`) ||
    (overrides.includes('downstream') && device.port !== undefined) ||
    (overrides.includes('multifunction') &&
      device.port === undefined &&
      functionsOfSlot(machine, device).length > 1)
}

/** The patch parses each occurrence; a kernel without it knows no such parameter. */
export const acsOverrides = (kernel: KernelDescription, args: KernelArguments): string[] =>
  kernel.acsOverride ? args.all('pcie_acs_override') : []
