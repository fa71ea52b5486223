import type { Host, InstalledKernel, PciDevice } from './host.ts'
import { ifKnown } from './known.ts'
import { moduleName } from './modprobe.ts'
import { isVfioDriver } from './pci.ts'

/**
 * The modules that would take a device if vfio-pci did not: the one that drives it now, and those known for its
 * class and vendor, since a device that is on vfio-pci already no longer shows its own. Module names, underscored.
 */
export function nativeModules(host: Host, device: PciDevice): string[] {
  const driver = ifKnown(device.driver) ?? ''
  const current =
    driver === '' || isVfioDriver(driver) || driver === 'pci-stub' ? [] : [moduleOf(host, driver)]
  const known = KNOWN.filter(
    row => device.class.startsWith(row.class) && (row.vendor === undefined || row.vendor === device.vendor),
  )
  return [...new Set([...current, ...known.flatMap(row => row.modules)])]
}

/** The module that holds a driver: xhci_hcd is in xhci_pci. */
export const moduleOf = (host: Host, driver: string): string =>
  moduleName(ifKnown(host.driverModules)?.[driver] ?? MODULE_OF[moduleName(driver)] ?? driver)

/**
 * Where the names differ (drivers/usb/host/xhci-pci.c, drivers/i2c/busses/i2c-nvidia-gpu.c): sysfs only tells of a module
 * that is loaded, and nothing of a driver that is compiled in.
 */
const MODULE_OF: Readonly<Record<string, string>> = { xhci_hcd: 'xhci_pci', nvidia_gpu: 'i2c_nvidia_gpu' }

/** PCI class (include/linux/pci_ids.h) and vendor → modules whose alias tables match (lib/modules/…/modules.alias). */
const KNOWN: readonly {
  readonly class: string
  readonly vendor?: string
  readonly modules: readonly string[]
}[] = [
  { class: '03', vendor: '10de', modules: ['nouveau', 'nvidia', 'nvidiafb', 'nova_core'] },
  { class: '03', vendor: '1002', modules: ['amdgpu', 'radeon'] },
  { class: '03', vendor: '8086', modules: ['i915', 'xe'] },
  { class: '0403', modules: ['snd_hda_intel'] },
  { class: '0c0330', modules: ['xhci_pci'] },
  { class: '0c0320', modules: ['ehci_pci'] },
  { class: '0c0310', modules: ['ohci_pci'] },
  { class: '0c0300', modules: ['uhci_hcd'] },
  { class: '0c80', vendor: '10de', modules: ['i2c_nvidia_gpu'] },
  { class: '0108', modules: ['nvme'] },
]

/** Modules that drive what is commonly given to guests. */
export const KNOWN_DRIVERS: readonly string[] = [...new Set(KNOWN.flatMap(row => row.modules))]

/** All that may take NVIDIA's cards, or comes with what does. */
export const NVIDIA_MODULES: readonly string[] = [
  'nouveau',
  'nvidia',
  'nvidia_drm',
  'nvidia_modeset',
  'nvidia_uvm',
  'nvidia_peermem',
  'nvidiafb',
  'nova_core',
  'nova_drm',
]

/** Linked before usb/, so a built-in vfio-pci comes first there; all others come before it (drivers/Makefile). */
const LINKED_AFTER_VFIO = ['xhci_pci', 'ehci_pci', 'ohci_pci', 'uhci_hcd']

/** A native driver compiled into the kernel that binds before vfio-pci can; undefined where there is none. */
export function builtinRival(host: Host, kernel: InstalledKernel, device: PciDevice): string | undefined {
  const builtin = nativeModules(host, device).filter(module => kernel.builtins.includes(module))
  const vfioBuiltin = kernel.vfio.vfio_pci?.is === 'builtin'
  return builtin.find(module => !(vfioBuiltin && LINKED_AFTER_VFIO.includes(module)))
}
