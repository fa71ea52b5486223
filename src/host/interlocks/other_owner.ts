import type { BindingOwner, Host, PciDevice } from '../host.ts'
import { isDisplay, isVfioDriver, slotOf } from '../pci.ts'
import type { Found, Interlock } from './loss.ts'

/**
 * Somebody else gives the device to another driver, at every boot or all the time: two would pull at it. Who only hands
 * it to guests (libvirt, Proxmox VE) wants what we want, and is no loss (owner_notes.ts).
 */
export const otherOwner: Interlock = {
  lock: 'other_owner',
  provided: 'it may be taken from them',
  about: 'taking',
  lostWithDriver: true,
  find(host, device) {
    const rival = ownersOf(host, device).find(owner => !isVfioDriver(owner.driver) && RIVALS[owner.owner])
    return rival && RIVALS[rival.owner]?.(rival, device)
  },
}

/** The owners that speak of a device, by its address, its slot, or all devices of their kind. */
export const ownersOf = (host: Host, device: PciDevice): readonly BindingOwner[] =>
  host.owners.filter(({ owner, device: about }) =>
    about === ''
      ? owner !== 'GPU operator' || isDisplay(device) || device.class.startsWith('12')
      : about === device.address || about === slotOf(device),
  )

/** Its binding may be that of a guest which runs just now. */
export const isLent = (host: Host, device: PciDevice): boolean =>
  ownersOf(host, device).some(({ owner }) => owner === 'libvirt' || owner === 'Proxmox VE')

const RIVALS: Partial<Record<BindingOwner['owner'], (owner: BindingOwner, device: PciDevice) => Found>> = {
  driverctl: ({ driver, evidence }, device) => ({
    what: `is given to ${driver === 'none' || driver === '' ? 'no driver' : driver} by driverctl at every boot (${evidence})`,
    instead: `take that back: driverctl unset-override ${device.address}`,
  }),
  'GPU operator': ({ driver, evidence }) => ({
    what: `is managed by a GPU operator of Kubernetes${driver === '' ? '' : `, which gives it to ${driver}`} (${evidence})`,
    instead: 'let the operator bind it, or take this node out of its hands',
  }),
}
