import { fullAddress } from '../../host/pci.ts'
import { readEach, type Said } from './said.ts'

/** Consecutive complaints about one table of the firmware. */
export interface FirmwareBug {
  readonly lines: readonly string[]
}

/** Bugs of the firmware that concern the IOMMU; ACPI's own (`ACPI BIOS Error (bug)`) are others'. */
export function firmwareBugs(lines: readonly string[]): FirmwareBug[] {
  const events: string[][] = []
  let last = -2
  lines.forEach((line, i) => {
    if (!FIRMWARE_BUG.test(line)) return
    const event = events.at(-1)
    if (event !== undefined && i === last + 1) event.push(line)
    else events.push([line])
    last = i
  })
  return events.map(event => ({ lines: event }))
}

const FIRMWARE_BUG =
  /^(?=.*(?:DMAR|AMD-Vi|IVRS|RMRR|DRHD|IOMMU|remapping)).*\[Firmware Bug\]|Your BIOS is broken[;:].*(?:DMAR|RMRR|DRHD)/

export interface DeviceFault {
  readonly kind: 'DMA' | 'interrupt remapping'
  /** Full PCI address; the kernel leaves the domain out, which then is 0000. */
  readonly device: string
}

/** What the IOMMU stopped while the machine ran, a message each. */
export const deviceFaults = (lines: readonly string[]): Said<DeviceFault>[] =>
  FAULTS.flatMap(({ form, kind }) =>
    readEach(lines, form, ([, device = '']) => ({ kind, device: fullAddress(device) })),
  )

const ADDRESS = '((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])'

/** drivers/iommu/intel/dmar.c dmar_fault_do_one(); drivers/iommu/amd/iommu.c, where newer kernels name the device in front. */
const FAULTS: readonly { readonly form: RegExp; readonly kind: DeviceFault['kind'] }[] = [
  { form: new RegExp(`\\[DMA [^\\]]*\\] Request device \\[${ADDRESS}\\]`, 'i'), kind: 'DMA' },
  {
    form: new RegExp(`\\[INTR-REMAP\\] Request device \\[${ADDRESS}\\]`, 'i'),
    kind: 'interrupt remapping',
  },
  { form: new RegExp(`Event logged \\[[A-Z_]+ device=${ADDRESS}`, 'i'), kind: 'DMA' },
  { form: new RegExp(`${ADDRESS}: AMD-Vi: Event logged \\[(?!.*device=)[A-Z_]+`, 'i'), kind: 'DMA' },
]

/** The unit reports faults, whichever device they are of. */
export const faultReports = (lines: readonly string[]): string[] =>
  lines.filter(line => /DRHD: handling fault status reg/.test(line))

/** Devices that VFIO was refused because the firmware insists on their mappings (drivers/iommu/iommu.c, intel/iommu.c). */
export const rejectedDevices = (lines: readonly string[]): Said<string>[] =>
  readEach(lines, REJECTED, ([, device = '']) => fullAddress(device))

const REJECTED = new RegExp(
  `${ADDRESS}: (?:Firmware has requested this device have a 1:1 IOMMU mapping, rejecting|(?:DMAR: )?Device is ineligible for IOMMU domain attach due to platform RMRR requirement)`,
  'i',
)

/** The firmware keeps the kernel from x2APIC, which costs speed on many CPUs and nothing else. */
export const x2apicOptOut = (lines: readonly string[]): string | undefined =>
  lines.find(line => /x2apic is disabled because BIOS sets x2apic opt out bit/.test(line))

/** Intel's own graphics are left out of the IOMMU: they are in no group. */
export const graphicsExcluded = (lines: readonly string[]): string | undefined =>
  lines.find(line => /Disabling IOMMU for graphics on this chipset/.test(line))
