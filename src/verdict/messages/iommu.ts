import { fullAddress, isAddress } from '../../host/pci.ts'
import { firstOf, readEach, type Said } from './said.ts'

/** Whether the messages tell of an IOMMU at work. */
export type IommuTold =
  | { readonly is: 'set up' | 'off'; readonly line: string }
  /** An argument was read, which is printed before any hardware is looked at. */
  | { readonly is: 'asked for'; readonly line: string }
  /** From the first message of the boot on nothing tells of one. */
  | { readonly is: 'absent' }
  /** The first messages are gone, and nothing can be concluded from what is missing. */
  | { readonly is: 'not told' }

export function iommuTold(lines: readonly string[], truncated: boolean): IommuTold {
  const setUp = firstOf(lines, SET_UP)
  if (setUp !== undefined) return { is: 'set up', line: setUp }
  const off = firstOf(lines, OFF)
  if (off !== undefined) return { is: 'off', line: off }
  if (!truncated) return { is: 'absent' }
  const asked = askedFor(lines)
  return asked === undefined ? { is: 'not told' } : { is: 'asked for', line: asked }
}

/**
 * Printed once the hardware is set up or at work, the plainest first (drivers/iommu/{intel,amd}, drivers/iommu/iommu.c).
 * Kernels before 4.x say `PCI-DMA: Intel(R) …`, `IOMMU 0 0x…: using …` and `Adding device … to group N`.
 */
const SET_UP: readonly RegExp[] = [
  /Intel\(R\) Virtualization Technology for Directed I\/O/,
  /AMD-Vi: Using global IVHD EFR/,
  /AMD-Vi: (?:\S+ )?Found IOMMU/,
  /AMD-Vi: IOMMU performance counters supported/,
  /AMD-Vi: Extended features/,
  /AMD-Vi: Initialized for Passthrough Mode/,
  /arm-smmu(?:-v3)?[ .]\S+: .*(?:probing hardware|SMMUv[123]|ias \d+-bit)/,
  /: Adding to iommu group \d+/,
  /Adding device \S+ to (?:iommu )?group \d+/i,
  /IOMMU \d+ 0x[0-9a-f]+: using (?:Queued|Register based) invalidation/i,
  /^DMAR: dmar\d+: Using (?:Queued|Register based) invalidation/i,
  /^IOMMU: Setting (?:RMRR|identity map)/,
  /AMD-Vi: (?:Event logged \[|Lazy IO\/TLB flushing enabled)/,
  /DMAR.*Request device \[/,
  // Said of a device that is being attached to a domain.
  /requested this device have a 1:1 IOMMU mapping|ineligible for IOMMU domain attach/,
]

/** What says that there is none, or that it stays off. */
const OFF: readonly RegExp[] = [
  /DMAR: IOMMU disabled|Intel-IOMMU: disabled/,
  /DMAR: No DMAR devices found/i,
  /AMD-Vi: (?:AMD )?IOMMU disabled/i,
  /AMD-Vi: .*(?:IVRS table (?:not found|checksum)|Failed to allocate)/i,
]

/** The parser of the argument speaks before any hardware is looked at. */
export const askedFor = (lines: readonly string[]): string | undefined => firstOf(lines, [ASKED])

/** intel_iommu_setup() reads `intel_iommu=on`, also on AMD's machines; the older wording is of kernels before 4.x. */
const ASKED = /DMAR: IOMMU enabled|Intel-IOMMU: enabled/

export type IommuVendor = 'intel' | 'amd' | 'arm'

/** Whose IOMMU the messages are about; those of an argument that was read, or of AMD's IOMMUv2 driver, are nobody's. */
export const vendorTold = (lines: readonly string[]): Said<IommuVendor> | undefined =>
  VENDORS.flatMap(({ vendor, form }) => {
    const line = lines.find(one => form.test(one) && !ANYBODYS.test(one))
    return line === undefined ? [] : [{ value: vendor, line }]
  })[0]

const VENDORS: readonly { readonly vendor: IommuVendor; readonly form: RegExp }[] = [
  { vendor: 'amd', form: /AMD-Vi:|ACPI: IVRS / },
  {
    vendor: 'intel',
    form: /\bDMAR(?:-IR)?: |^dmar: |ACPI: DMAR |Virtualization Technology for Directed I\/O/,
  },
  { vendor: 'arm', form: /arm-smmu|^Linux version \S*(?:aarch64|arm64)/ },
]

const ANYBODYS = /IOMMU enabled|IOMMU disabled|IOMMUv2|AMD-Vi: Unknown option/

export type DomainType = 'Passthrough' | 'Translated'

/** How the host's own devices are mapped; later kernels add who chose it. */
export const defaultDomain = (lines: readonly string[]): Said<DomainType> | undefined =>
  readEach(lines, /iommu: Default domain type: (Passthrough|Translated)\b/, ([, type]) =>
    type === 'Passthrough' || type === 'Translated' ? type : undefined,
  ).at(-1)

export interface GroupMember {
  /** A full PCI address, or the name of a device of the board. */
  readonly device: string
  readonly group: number
}

export const groupMembers = (lines: readonly string[]): GroupMember[] =>
  readEach(lines, GROUPED, ([, device = '', group = '', oldDevice = device, oldGroup = group]) => ({
    device: isAddress(oldDevice) ? fullAddress(oldDevice) : oldDevice,
    group: Number(oldGroup),
  })).map(({ value }) => value)

const GROUPED = /(\S+): Adding to iommu group (\d+)|Adding device (\S+) to (?:iommu )?group (\d+)/i
