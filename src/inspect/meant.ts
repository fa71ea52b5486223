import { addressRuleOf } from '../host/address_binding.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { effectiveValues, kernelArgs } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { modprobeDirectives, vfioIdsDirective } from '../host/modprobe.ts'
import { idOf, isPartOfTheBus, isVfioDriver } from '../host/pci.ts'

/**
 * The devices that somebody wants VFIO to have: it has them, or the configuration names them. No playbook says here which
 * ones are chosen, and a device that was meant for VFIO and is on another driver is what people come to ask about.
 */
export function meantForVfio(host: Host): PciDevice[] {
  const ids = claimedIds(host)
  return host.devices.filter(
    device =>
      !isPartOfTheBus(device) &&
      (isVfioDriver(ifKnown(device.driver) ?? '') ||
        isVfioDriver(device.driverOverride) ||
        addressRuleOf(host, device) !== undefined ||
        ids.has(idOf(device))),
  )
}

/** Subvendor and class may follow vendor:device (drivers/vfio/pci/vfio_pci.c, ids). */
function claimedIds(host: Host): ReadonlySet<string> {
  const onLine = effectiveValues(kernelArgs(ifKnown(host.cmdline) ?? []), 'vfio-pci.ids')
  const inFiles = vfioIdsDirective(modprobeDirectives(host))?.ids ?? []
  return new Set([...onLine, ...inFiles].map(id => id.toLowerCase().split(':', 2).join(':')))
}
