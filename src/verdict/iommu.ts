import type { Host } from '../host/host.ts'
import { kernelArgs, keyOf, valuesOf } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'

/** What the IOMMU of this machine is called: in firmware, as ACPI's table, on the kernel command line. */
export const termsOf = (host: Host): (typeof TERMS)[keyof typeof TERMS] => TERMS[host.cpu.vendor]

const TERMS = {
  intel: { name: 'VT-d', tables: ['DMAR'], argument: 'intel_iommu', option: 'CONFIG_INTEL_IOMMU' },
  amd: { name: 'AMD-Vi', tables: ['IVRS'], argument: 'amd_iommu', option: 'CONFIG_AMD_IOMMU' },
  // Its processor is not known by name: whichever table there is will do.
  other: { name: 'VT-d or AMD-Vi', tables: ['DMAR', 'IVRS'], argument: 'iommu', option: '' },
} as const

export const isOffered = (host: Host): boolean =>
  termsOf(host).tables.some(table => host.firmware.tables.includes(table))

/** IOMMU units that the kernel drives (/sys/class/iommu). */
export const unitsOf = (host: Host): readonly string[] => ifKnown(host.iommu.units) ?? []

/** Numbers of the groups that hold PCI devices. */
export const groupsOf = (host: Host): number[] => [
  ...new Set(host.devices.map(device => ifKnown(device.group) ?? -1).filter(group => group >= 0)),
]

export const isolatingGroupsOf = (host: Host): number[] =>
  groupsOf(host).filter(group => !host.iommu.noIommuGroups.includes(group))

/** The kernel drives it. Kernels before 3.17 have groups, and no /sys/class/iommu (sysfs-class-iommu). */
export const isDriven = (host: Host): boolean =>
  unitsOf(host).length > 0 || isolatingGroupsOf(host).length > 0

/** The argument that switches it off: of intel_iommu=on and =off the last counts (intel_iommu_setup()). */
export function offToken(host: Host, line: readonly string[]): string | undefined {
  const tokens = kernelArgs(line)
  const { argument } = termsOf(host)
  const isSwitch = (value: string) => value === 'on' || value === 'off'
  const own = tokens.findLast(token => keyOf(token) === argument && valuesOf(token).some(isSwitch))
  if (own !== undefined && valuesOf(own).findLast(isSwitch) === 'off') return own
  return tokens.find(token => keyOf(token) === 'iommu' && valuesOf(token).includes('off'))
}

/** Whether that kernel switches VT-d on unasked. Debian's have a middle way, which leaves Intel's own graphics out. */
export const isOnByDefault = (host: Host, release: string | undefined): boolean => {
  const kernel = host.kernels.find(one => one.release === release)
  const config = (kernel && ifKnown(kernel.config)) ?? {}
  return DEFAULT_ON.some(option => config[option] === 'y')
}

const DEFAULT_ON = ['CONFIG_INTEL_IOMMU_DEFAULT_ON', 'CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF']
