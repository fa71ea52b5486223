import { addressRuleOf } from '../address_binding.ts'
import type { Host, PciDevice } from '../host.ts'
import { ifKnown } from '../known.ts'
import { isDisplay, isVfioDriver } from '../pci.ts'
import type { Interlock } from './loss.ts'

/**
 * A host without any display shows no boot menu and no passphrase prompt. A display stays when the host keeps it: an
 * integrated GPU and the display of a BMC (ASPEED, Matrox G200) do as well as a card, with a driver or without.
 */
export const lastDisplay: Interlock = {
  lock: 'last_display',
  provided: 'ssh or a serial console reaches this host without a display',
  about: 'taking',
  lostWithDriver: true,
  find: (host, device, taken) =>
    showsPictures(device) && !host.devices.some(other => !isAmong(taken, other) && stays(host, other))
      ? { what: lastOf(host, device, taken) }
      : undefined,
}

const isAmong = (devices: readonly PciDevice[], device: PciDevice): boolean =>
  devices.some(({ address }) => address === device.address)

/** One that is bound by its address goes with the next boot, if it has not gone yet. */
const stays = (host: Host, device: PciDevice): boolean =>
  showsPictures(device) &&
  !isVfioDriver(ifKnown(device.driver) ?? '') &&
  addressRuleOf(host, device) === undefined

/**
 * 3D controllers (0302) have no connectors, and neither have virtual functions. A GPU that is not VGA may have some
 * (0380): an integrated one is that where a card is the boot display.
 */
const showsPictures = (device: PciDevice): boolean =>
  isDisplay(device) && !device.class.startsWith('0302') && device.physicalFunction === undefined

/** Who counts more displays in the machine wants to know what becomes of them. */
function lastOf(host: Host, device: PciDevice, taken: readonly PciDevice[]): string {
  const others = host.devices.filter(other => other.address !== device.address && showsPictures(other))
  if (others.some(other => isAmong(taken, other) && stays(host, other)))
    return 'is a display of this host, and all of them would go'
  return `is the last display of this host${others.length > 0 ? ': vfio-pci has the others' : ''}`
}
