import { nextBoot } from '../backends/bootloaders/index.ts'
import { isRefusal } from '../refusal.ts'
import { addressRuleOf } from './address_binding.ts'
import type { Host, InstalledKernel, Menu, PciDevice } from './host.ts'
import { effectiveValues, kernelArgs, keyOf } from './kernel_args.ts'
import { foreseen, ifKnown, type Known, predicted, unknown } from './known.ts'
import {
  isBlacklisted,
  keptFromLoading,
  loadsVfioFirst,
  modprobeDirectives,
  moduleName,
  vfioIdsDirective,
} from './modprobe.ts'
import { moduleOf, nativeModules } from './native_drivers.ts'
import { idOf, isVfioDriver } from './pci.ts'

/**
 * What the machine will look like after a reboot. Honest: what it works out is marked predicted, and what only the
 * machine can tell stays unknown until it has booted.
 */
export function boot(host: Host): Host {
  const choice = nextBoot(host)
  const cmdline: Host['cmdline'] = isRefusal(choice) ? unknown(choice.why) : predicted(choice.cmdline)
  const kernel: Known<string> = isRefusal(choice) ? unknown(choice.why) : predicted(choice.release)
  const next: Host = {
    ...host,
    bootId: unknown('every boot has its own'),
    kernel,
    cmdline,
    log: unknown('the next boot writes its own log'),
    driverModules: unknown('it depends on what the next boot loads'),
    ansible: ansibleAfterBoot(host.ansible),
    menus: mapValues(host.menus, menu => foreseen(afterOneBoot(menu))),
    // The loader takes its order for one boot away when it has read it.
    firmware: { ...host.firmware, loaderEntries: { ...host.firmware.loaderEntries, oneShot: '' } },
  }
  const regroups = groupingChanges(host, next)
  return {
    ...next,
    iommu: {
      ...host.iommu,
      units: regroups ? unknown('the next boot sets the IOMMU up anew') : foreseen(host.iommu.units),
    },
    devices: host.devices.map(device => ({
      ...device,
      group: regroups ? unknown('groups are made at the next boot') : foreseen(device.group),
      driver: driverAfterBoot(host, next, device),
      driverOverride: overrideAfterBoot(host, device),
    })),
  }
}

function ansibleAfterBoot(known: Host['ansible']): Host['ansible'] {
  if (known.is === 'unknown') return known
  return predicted({
    ...known.value,
    memory: unknown('what the kernel leaves of the memory is for the next boot to show'),
    ipv4: unknown('which address it gets is for the next boot to show'),
  })
}

/** GRUB takes next_entry away before it boots that entry. */
function afterOneBoot(menu: Known<Menu>): Known<Menu> {
  if (menu.is === 'unknown' || menu.value.once === undefined) return menu
  const { once: _, ...standing } = menu.value
  return { ...menu, value: standing }
}

const mapValues = <T>(values: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))

/** Arguments that decide whether there are groups, and which. */
const GROUPING = new Set(['intel_iommu', 'amd_iommu', 'iommu', 'pcie_acs_override', 'pci'])

/** Asking for an IOMMU that is on already, for every device, changes no group. */
const ASKS_FOR_IT = new Set(['intel_iommu=on', 'amd_iommu=on'])

const allGrouped = (host: Host): boolean =>
  (ifKnown(host.iommu.units)?.length ?? 0) > 0 &&
  host.devices.every(device => (ifKnown(device.group) ?? -1) >= 0)

function groupingChanges(before: Host, after: Host): boolean {
  const asks = allGrouped(before) ? ASKS_FOR_IT : new Set<string>()
  const line = (host: Host) => {
    const tokens = ifKnown(host.cmdline)
    return (
      tokens &&
      kernelArgs(tokens)
        .filter(token => GROUPING.has(keyOf(token)) && !asks.has(token))
        .join(' ')
    )
  }
  return (
    line(before) !== line(after) ||
    line(after) === undefined ||
    ifKnown(before.kernel) !== ifKnown(after.kernel)
  )
}

function driverAfterBoot(now: Host, next: Host, device: PciDevice): Known<string> {
  const kernel = next.kernels.find(one => one.release === ifKnown(next.kernel))
  const driver = ifKnown(device.driver)
  if (kernel === undefined || driver === undefined)
    return unknown('the kernel of the next boot cannot be told')
  if (device.physicalFunction !== undefined)
    return unknown('a virtual function is not there before somebody has made it')
  const rule = addressRuleOf(next, device)
  if (rule !== undefined) return boundByAddress(next, kernel, rule.driver)
  if (claimedIds(next).includes(idOf(device))) return claimed(now, next, kernel, device)
  if (isVfioDriver(driver)) return unknown('which driver takes it back is for the next boot to show')
  const directives = modprobeDirectives(next)
  if (driver !== '' && isBlacklisted(directives, moduleOf(now, driver)) !== undefined) {
    return unknown(`${driver} is blacklisted, and another driver may take it`)
  }
  const free =
    driver === ''
      ? nativeModules(now, device).filter(module => isBlacklisted(directives, module) === undefined)
      : []
  return free.length > 0 ? unknown(`${free.join(' or ')} may take it`) : foreseen(device.driver)
}

/** Overrides live in memory. Who else has set one may set it again: driverctl does, as its rule says. */
function overrideAfterBoot(host: Host, device: PciDevice): string {
  const isOthers = host.owners.some(
    ({ owner, device: owned }) => owner === 'driverctl' && owned === device.address,
  )
  return addressRuleOf(host, device)?.driver ?? (isOthers ? device.driverOverride : '')
}

/** The command line's ids replace those of modprobe.d (drivers/vfio/pci/vfio_pci.c, modprobe(8)). */
function claimedIds(host: Host): string[] {
  const line = kernelArgs(ifKnown(host.cmdline) ?? [])
  const ids = line.some(token => keyOf(token) === 'vfio_pci.ids')
    ? effectiveValues(line, 'vfio-pci.ids')
    : (vfioIdsDirective(modprobeDirectives(host))?.ids ?? [])
  return ids.map(id => id.toLowerCase())
}

function claimed(now: Host, next: Host, kernel: InstalledKernel, device: PciDevice): Known<string> {
  const doubt = whyNotVfio(next, kernel, 'vfio-pci')
  if (doubt !== undefined) return unknown(doubt)
  if (kernel.vfio.vfio_pci?.is === 'builtin') return predicted('vfio-pci')
  const directives = modprobeDirectives(next)
  const rivals = nativeModules(now, device).filter(
    module =>
      isBlacklisted(directives, module) === undefined && loadsVfioFirst(directives, module) === undefined,
  )
  return rivals.length === 0
    ? predicted('vfio-pci')
    : unknown(`${rivals.join(' or ')} may be faster than vfio-pci`)
}

/** The rule unbinds whoever was faster, so that nobody has to be. */
function boundByAddress(next: Host, kernel: InstalledKernel, driver: string): Known<string> {
  const doubt = whyNotVfio(next, kernel, driver)
  return doubt === undefined ? predicted(driver) : unknown(doubt)
}

function whyNotVfio(next: Host, kernel: InstalledKernel, driver: string): string | undefined {
  const vfio = kernel.vfio[moduleName(driver)]
  if (vfio === undefined) return `kernel ${kernel.release} has no ${driver}`
  const table = next.cpu.vendor === 'amd' ? 'IVRS' : 'DMAR'
  if (!next.firmware.tables.includes(table)) return 'without an IOMMU vfio-pci refuses it'
  if (vfio.is === 'builtin') return undefined
  const kept = keptFromLoading(next, kernel, ifKnown(next.cmdline) ?? [])
  return kept && `${kept.by} keeps ${kept.module} from being loaded`
}
