import { type Refusal, refuse } from '../../refusal.ts'
import type { Host, PciDevice } from '../host.ts'
import { ifKnown } from '../known.ts'
import type { Lock } from '../locks.ts'
import { describe, groupMates, idOf, isBridge, isPartOfTheBus, isVfioDriver, shortAddress } from '../pci.ts'
import { bootDisplay } from './boot_display.ts'
import { denylist } from './denylist.ts'
import { displayInUse } from './display_in_use.ts'
import { hostDisks } from './host_disks.ts'
import { hostNetwork } from './host_network.ts'
import { lastDisplay } from './last_display.ts'
import { forbiddenBy, hintOf, type Interlock, type Loss } from './loss.ts'
import { isLent, otherOwner } from './other_owner.ts'
import { reservedRegions } from './reserved_regions.ts'
import { vgpu } from './vgpu.ts'
import { virtualFunctions } from './virtual_functions.ts'
import { behindVmd, vmdController } from './vmd.ts'

export { forbiddenBy, hintOf, type Loss } from './loss.ts'
export { ownerNotes } from './owner_notes.ts'

/** What can never be comes first: nobody should allow one loss and then read that it was for nothing. */
const INTERLOCKS: readonly Interlock[] = [
  behindVmd,
  vmdController,
  denylist,
  reservedRegions,
  virtualFunctions,
  bootDisplay,
  lastDisplay,
  displayInUse,
  hostNetwork,
  hostDisks,
  vgpu,
  otherOwner,
]

interface InterlockOptions {
  /** The losses that the user accepts, by name; tpm_unlock and its like are no device's and say nothing here. */
  readonly allow: readonly Lock[]
  /** An ACS override is on its way: today's groups are not those of the next boot. */
  readonly groupsWillChange?: boolean
}

/**
 * Refuses to take what the host lives on, and what no guest could use. People have lost their display, their network
 * and their disks to tools that bind ids without looking. Looks through the whole IOMMU group, because a group is
 * assigned as one. What VFIO has already is not taken once more: it passes, with `allow` or without, so that a later run
 * is not refused for what an earlier one was allowed; but not where it may only be lent to a guest.
 */
export function interlock(
  host: Host,
  chosen: readonly PciDevice[],
  { allow, groupsWillChange = false }: InterlockOptions,
): Refusal | undefined {
  const bridge = chosen.find(isPartOfTheBus)
  if (bridge !== undefined)
    return refuse(
      `${describe(bridge)} is a bridge: it belongs to the bus, and vfio-pci does not take it`,
      'choose the devices behind it',
    )
  const forbidden = forbiddenBy(allow)
  const sure = groupsWillChange ? INTERLOCKS.filter(({ about }) => about !== 'group') : INTERLOCKS
  const own = chosen.flatMap(device => lossesWith(host, device, chosen, sure)).find(forbidden)
  if (own !== undefined) return refuse(`${describe(own.device)} ${own.what}`, hintOf(own, own.instead))
  const mates = groupsWillChange ? [] : matesOf(host, chosen)
  const taken = [...chosen, ...mates]
  const shared = mates.flatMap(device => lossesWith(host, device, taken, LOST_WITH_DRIVER)).find(forbidden)
  return shared && refuse(inOneGroup(host, chosen, shared), hintOf(shared, SEPARATE))
}

/**
 * The same for ids that somebody has left in modprobe.d or on the command line. They may have had no effect so far
 * (overridden, or another driver was faster), and get it when ours are written beside them.
 */
export function inheritedInterlock(
  host: Host,
  chosen: readonly PciDevice[],
  ids: readonly string[],
  { allow }: InterlockOptions,
): Refusal | undefined {
  const claimed = new Set(ids.map(id => id.split(':', 2).join(':')))
  const inherited = host.devices.filter(
    device => claimed.has(idOf(device)) && !chosen.includes(device) && !hasVfio(device),
  )
  const taken = [...inherited, ...chosen]
  const loss = inherited
    .flatMap(device => lossesWith(host, device, taken, INTERLOCKS))
    .find(forbiddenBy(allow))
  return (
    loss &&
    refuse(
      `${idOf(loss.device)} is claimed for vfio-pci already, without effect so far; it is the id of ${describe(loss.device)}, which ${loss.what}`,
      hintOf(
        loss,
        `take it out where it stands: grep -r ${idOf(loss.device)} /etc/modprobe.d /etc/default/grub*`,
      ),
    )
  )
}

/** What the host would lose with this device alone, and why no guest could have it; every reason. */
export const lossesOf = (host: Host, device: PciDevice): Loss[] =>
  lossesWith(host, device, [device], INTERLOCKS)

/** Ids take every device that has them (drivers/vfio/pci/vfio_pci.c): the twins of each that were not chosen. */
export function sharedIds(
  host: Host,
  chosen: readonly PciDevice[],
): ReadonlyMap<PciDevice, readonly PciDevice[]> {
  const twins = (device: PciDevice) =>
    host.devices.filter(other => idOf(other) === idOf(device) && !chosen.includes(other))
  return new Map(
    chosen.flatMap(device => {
      const found = twins(device)
      return found.length > 0 ? [[device, found] as const] : []
    }),
  )
}

/** What of that comes with the loss of its driver alone, though no guest gets the device. */
export const lossesWithDriver = (host: Host, device: PciDevice): Loss[] =>
  lossesWith(host, device, [device], LOST_WITH_DRIVER)

const LOST_WITH_DRIVER = INTERLOCKS.filter(({ lostWithDriver }) => lostWithDriver)

const lossesWith = (
  host: Host,
  device: PciDevice,
  taken: readonly PciDevice[],
  interlocks: readonly Interlock[],
): Loss[] =>
  interlocks.flatMap(({ lock, provided, about, find }) => {
    const found = about === 'taking' && isTaken(host, device) ? undefined : find(host, device, taken)
    return found === undefined ? [] : [{ device, lock, provided, instead: ANOTHER, ...found }]
  })

const ANOTHER = 'choose another device'
const SEPARATE =
  'a group goes to a guest as a whole: move the card to another slot, or separate the groups with acs_override'

const hasVfio = (device: PciDevice): boolean => isVfioDriver(ifKnown(device.driver) ?? '')

/** For good: what libvirt or Proxmox VE has taken for a guest that runs comes back when it stops, or with a reboot. */
const isTaken = (host: Host, device: PciDevice): boolean => hasVfio(device) && !isLent(host, device)

/** Who else is in the groups of these; bridges stay with the host. */
const matesOf = (host: Host, chosen: readonly PciDevice[]): PciDevice[] => [
  ...new Set(
    chosen
      .flatMap(device => groupMates(host, device))
      .filter(device => !chosen.includes(device) && !isBridge(device)),
  ),
]

function inOneGroup(host: Host, chosen: readonly PciDevice[], { device, what }: Loss): string {
  const one = chosen.find(each => groupMates(host, each).includes(device))
  return `${one ? shortAddress(one.address) : 'a chosen device'} is in one IOMMU group with ${describe(device)}, which ${what}`
}
