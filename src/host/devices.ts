import { type Refusal, refuse } from '../refusal.ts'
import type { Host, PciDevice } from './host.ts'
import { fullAddress, idOf, isAddress, listDevices } from './pci.ts'

/** The devices that `vendor:device` ids and PCI addresses name on this host; what names nothing is refused. */
export function resolveDevices(host: Host, selectors: readonly string[]): readonly PciDevice[] | Refusal {
  const chosen = new Set<PciDevice>()
  for (const selector of selectors) {
    const found = host.devices.filter(device => matches(device, selector))
    if (found.length === 0)
      return refuse(`no device ${selector} on this host`, `it has ${listDevices(host) || 'no PCI devices'}`)
    for (const device of found) chosen.add(device)
  }
  return host.devices.filter(device => chosen.has(device))
}

export function matches(device: PciDevice, selector: string): boolean {
  return isAddress(selector)
    ? device.address === fullAddress(selector)
    : idOf(device) === selector.toLowerCase()
}
