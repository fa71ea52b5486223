import { type Refusal, refuse } from '../refusal.ts'
import type { Host, PciDevice } from './host.ts'
import { describe, groupMates, idOf, isBridge, isDisplay, isStorage, shortAddress } from './pci.ts'

/** What the host would lose with a device, each with the fact that says so. */
interface Loss {
  readonly device: PciDevice
  readonly what: string
}

/**
 * Refuses to take what the host lives on: its display, the network we came over, its disks. People have lost each
 * of these to tools that bind ids without looking. Looks through the whole IOMMU group, because a group is assigned
 * as one; not where `groupsWillChange`, since an ACS override that is on its way makes others.
 */
export function interlock(
  host: Host,
  chosen: readonly PciDevice[],
  groupsWillChange: boolean,
): Refusal | undefined {
  const mates = groupsWillChange
    ? []
    : chosen
        .flatMap(device => groupMates(host, device))
        .filter(device => !chosen.includes(device) && !isBridge(device))
  const bridge = chosen.find(isPartOfTheBus)
  if (bridge !== undefined)
    return refuse(
      `${describe(bridge)} is a bridge: it belongs to the bus, and vfio-pci does not take it`,
      'choose the devices behind it',
    )
  const own = chosen.flatMap(device => lossesOf(host, device))[0] ?? lastDisplay(host, chosen)
  if (own !== undefined)
    return refuse(
      `${describe(own.device)} ${own.what}`,
      'choose another device; this one stays with the host',
    )
  const shared =
    mates.flatMap(device => lossesOf(host, device))[0] ?? lastDisplay(host, [...mates, ...chosen])
  if (shared !== undefined) {
    const device = chosen.find(one => groupMates(host, one).includes(shared.device))
    return refuse(
      `${device ? shortAddress(device.address) : 'a chosen device'} is in one IOMMU group with ${describe(shared.device)}, which ${shared.what}`,
      'a group goes to a guest as a whole: move the card to another slot, or separate the groups with acs_override',
    )
  }
  return sharedId(host, chosen)
}

// Other bridges (0680, an NVSwitch) are endpoints; these have another header type, or are the board's own.
const isPartOfTheBus = (device: PciDevice): boolean => isBridge(device) || device.class.startsWith('0601')

/** What the host would lose with this device, if it is given away or its driver is blacklisted. */
export function lossesOf(host: Host, device: PciDevice): Loss[] {
  const display: Loss[] = device.bootVga
    ? [{ device, what: 'is the boot display: the console would go dark' }]
    : []
  const network = host.network
    .filter(use => use.devices.includes(device.address))
    .map(use => ({
      device,
      what: `carries ${use.interface}, ${use.roles.map(role => ROLES[role]).join(' and ')}: the host could not be reached`,
    }))
  const storage = host.storage
    .filter(use => use.devices?.includes(device.address))
    .map(use => ({
      device,
      what: `is the controller of ${use.use} (${use.source}): the host would not boot`,
    }))
  // Where a file system's disks cannot be told (ZFS), every storage controller may be one of them.
  const unclear = host.storage.find(use => use.devices === undefined)
  const doubtful =
    unclear !== undefined && isStorage(device)
      ? [{ device, what: `may hold ${unclear.use} (${unclear.source}), whose disks cannot be told` }]
      : []
  return [...display, ...network, ...storage, ...doubtful]
}

const ROLES = { 'default route': 'the default route', 'this connection': 'our own connection' } as const

function lastDisplay(host: Host, chosen: readonly PciDevice[]): Loss | undefined {
  const displays = host.devices.filter(isDisplay)
  const taken = chosen.find(isDisplay)
  const left = displays.filter(device => !chosen.includes(device))
  return taken !== undefined && left.length === 0
    ? { device: taken, what: 'is the last display of this host' }
    : undefined
}

/** Ids take every device that has them, the host's own identical card too (drivers/vfio/pci/vfio_pci.c). */
function sharedId(host: Host, chosen: readonly PciDevice[]): Refusal | undefined {
  for (const device of chosen) {
    const twin = host.devices.find(other => idOf(other) === idOf(device) && !chosen.includes(other))
    if (twin === undefined) continue
    const loss = lossesOf(host, twin)[0]
    return refuse(
      `${idOf(device)} is also the id of ${describe(twin)}, which was not chosen${loss === undefined ? '' : ` and ${loss.what}`}`,
      'vfio-pci binds by id here, and would take both: choose both, or neither',
    )
  }
  return undefined
}
