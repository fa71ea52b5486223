import { type Refusal, refuse } from '../refusal.ts'
import type { Host, NetworkUse, PciDevice } from './host.ts'
import { ifKnown } from './known.ts'
import {
  describe,
  groupMates,
  idOf,
  isBridge,
  isDisplay,
  isStorage,
  isVfioDriver,
  shortAddress,
} from './pci.ts'

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

/**
 * The same for ids that somebody has left in modprobe.d or on the command line. They may have had no effect so far
 * (overridden, or another driver was faster), and get it when ours are written beside them.
 */
export function inheritedInterlock(
  host: Host,
  chosen: readonly PciDevice[],
  ids: readonly string[],
): Refusal | undefined {
  const claimed = new Set(ids.map(id => id.split(':', 2).join(':')))
  const taken = host.devices.filter(
    device =>
      claimed.has(idOf(device)) && !chosen.includes(device) && !isVfioDriver(ifKnown(device.driver) ?? ''),
  )
  const loss =
    taken.flatMap(device => lossesOf(host, device))[0] ??
    (taken.some(isDisplay) ? lastDisplay(host, [...taken, ...chosen]) : undefined)
  if (loss === undefined) return undefined
  return refuse(
    `${idOf(loss.device)} is claimed for vfio-pci already, without effect so far; it is the id of ${describe(loss.device)}, which ${loss.what}`,
    `take it out where it stands: grep -r ${idOf(loss.device)} /etc/modprobe.d /etc/default/grub*`,
  )
}

// Other bridges (0680, an NVSwitch) are endpoints; these have another header type, or are the board's own.
const isPartOfTheBus = (device: PciDevice): boolean => isBridge(device) || device.class.startsWith('0601')

/** What the host would lose with this device, if it is given away or its driver is blacklisted. */
export function lossesOf(host: Host, device: PciDevice): Loss[] {
  const display: Loss[] = device.bootVga
    ? [{ device, what: 'is the boot display: the console would go dark' }]
    : []
  const network = host.network
    .filter(use => use.devices?.includes(device.address))
    .map(use => ({
      device,
      what: `carries ${use.interface}, ${rolesOf(use)}: the host could not be reached`,
    }))
  const storage = host.storage
    .filter(use => use.devices?.includes(device.address))
    .map(use => ({
      device,
      what: `is the controller of ${use.use} (${use.source}): the host would ${BOOTS_FROM.has(use.use) ? 'not boot' : 'come up without it, or stop on its way'}`,
    }))
  return [...display, ...network, ...storage, ...doubts(host, device)]
}

/** Where disks (ZFS) or cards (Open vSwitch) cannot be told, every device of their kind may be one of them. */
function doubts(host: Host, device: PciDevice): Loss[] {
  const disks = isStorage(device) ? host.storage.filter(use => use.devices === undefined) : []
  const cards = isNetwork(device) ? host.network.filter(use => use.devices === undefined) : []
  return [
    ...cards.map(use => `may carry ${use.interface}, ${rolesOf(use)}, whose card cannot be told`),
    ...disks.map(use => `may hold ${use.use} (${use.source}), whose disks cannot be told`),
  ].map(what => ({ device, what }))
}

const isNetwork = (device: PciDevice): boolean => device.class.startsWith('02')

/** Of others systemd waits for those in fstab, and goes to emergency mode without them (systemd.mount(5), nofail). */
const BOOTS_FROM: ReadonlySet<string> = new Set(['/', '/boot', '/boot/efi', '/efi', '/usr', '/var', 'swap'])

const rolesOf = (use: NetworkUse): string => use.roles.map(role => ROLES[role]).join(' and ')
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
