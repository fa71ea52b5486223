import type { Host, PciDevice } from '../../host/host.ts'
import { type Loss, lossesOf, ownerNotes } from '../../host/interlocks/index.ts'
import { describe, isBridge } from '../../host/pci.ts'
import type { Finding, Severity } from '../finding.ts'
import { isGpu, isManagementDisplay } from './gpu.ts'

/**
 * What stands between a device and a guest: what VFIO refuses, what the host would lose, who else decides about it. Of
 * chosen devices all of it; else of graphics cards, and of others only what no choice could be made of.
 */
export function deviceFindings(host: Host, chosen: readonly PciDevice[] | undefined): Finding[] {
  const devices = (chosen ?? host.devices).filter(device => !isBridge(device))
  const isWanted = (device: PciDevice) =>
    chosen !== undefined || (isGpu(device) && !isManagementDisplay(device))
  const obstacles = devices.flatMap(device =>
    distinct(lossesOf(host, device))
      .filter(loss => isWanted(device) || !isHostsOwn(loss))
      .map(loss => obstacle(loss, chosen !== undefined)),
  )
  const isNamed = (device: PciDevice) =>
    host.owners.some(owner => owner.device && device.address.startsWith(owner.device))
  return [
    ...obstacles,
    ...ownerNotes(
      host,
      devices.filter(device => isWanted(device) || isNamed(device)),
    ),
  ]
}

/** That the host uses its own disks, network and display is no finding of devices nobody spoke of. */
const isHostsOwn = ({ lock }: Loss): boolean =>
  lock !== undefined && lock !== 'vgpu' && lock !== 'other_owner'

/** Who hears that it is the last display need not hear that it is the boot display. */
const distinct = (losses: readonly Loss[]): readonly Loss[] =>
  losses.some(({ lock }) => lock === 'last_display')
    ? losses.filter(({ lock }) => lock !== 'boot_display')
    : losses

function obstacle(loss: Loss, isChosen: boolean): Finding {
  const { device, lock, what, instead, provided } = loss
  return {
    stage: lock === undefined ? 'usable' : 'driver',
    severity: severityOf(loss, isChosen),
    what: `${describe(device)} ${what}`,
    evidence: EVIDENCE[lock ?? 'none'] ?? `/sys/bus/pci/devices/${device.address}`,
    next:
      lock === undefined
        ? instead
        : `it stays with the host; allow: [${lock}] gives it away, where ${provided}`,
  }
}

/** Nobody has said yet that they want to give it away: then what cannot be is a warning, and the host's use is a note. */
function severityOf(loss: Loss, isChosen: boolean): Severity {
  if (loss.lock === undefined) return isChosen ? 'problem' : 'warning'
  return isChosen || !isHostsOwn(loss) ? 'warning' : 'note'
}

const EVIDENCE: Readonly<Record<string, string>> = {
  boot_display: 'boot_vga of the device is 1',
  last_display: 'no other display in /sys/bus/pci/devices is left to the host',
  display_in_use: '/proc/*/fd',
  host_network: '/sys/class/net, and the routes',
  host_disks: '/proc/self/mountinfo, /proc/swaps',
}
