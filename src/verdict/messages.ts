import type { Host, KernelLog } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import * as args from './messages/arguments.ts'
import * as faults from './messages/faults.ts'
import { type RemappingTold, remappingTold } from './messages/interrupts.ts'
import * as iommu from './messages/iommu.ts'
import type { Said } from './messages/said.ts'
import * as vfio from './messages/vfio.ts'

/**
 * What the kernel's messages of one boot say of IOMMU, isolation and VFIO, in the wordings of kernels from 3.x on. They
 * explain a verdict and never make it. Total: what is not understood says nothing.
 */
export interface KernelMessages {
  /** The first messages are gone: what is missing proves nothing. */
  readonly truncated: boolean
  readonly iommu: iommu.IommuTold
  /** `IOMMU enabled`, which only tells that an argument was read. */
  readonly iommuAskedFor: string | undefined
  readonly vendor: Said<iommu.IommuVendor> | undefined
  readonly interruptRemapping: RemappingTold
  readonly defaultDomain: Said<iommu.DomainType> | undefined
  /** A member a message; groups as that boot numbered them. */
  readonly members: readonly iommu.GroupMember[]
  readonly firmwareBugs: readonly faults.FirmwareBug[]
  readonly faults: readonly Said<faults.DeviceFault>[]
  /** `handling fault status reg`: there are faults, whichever device they are of. */
  readonly faultReports: readonly string[]
  /** Full PCI addresses that VFIO was refused for their reserved regions. */
  readonly rejected: readonly Said<string>[]
  readonly x2apicOptOut: string | undefined
  readonly graphicsExcluded: string | undefined
  readonly commandLine: readonly string[] | undefined
  readonly acs: { readonly requested: readonly string[]; readonly active: string | undefined }
  readonly unknownParameters: Said<args.UnknownParameters> | undefined
  readonly unknownAmdOption: string | undefined
  readonly registeredIds: readonly Said<string>[]
  readonly probeFailures: readonly Said<vfio.ProbeFailure>[]
  readonly heldBars: readonly Said<vfio.HeldBar>[]
  readonly badRoms: readonly Said<vfio.BadRom>[]
  readonly missingModules: readonly Said<string>[]
  readonly hypervisor: Said<string> | undefined
}

export function readMessages({ lines, truncated }: Pick<KernelLog, 'lines' | 'truncated'>): KernelMessages {
  const commandLine = args.printedCommandLine(lines)
  const unknownParameters = args.unknownParameters(lines)
  return {
    truncated,
    iommu: iommu.iommuTold(lines, truncated),
    iommuAskedFor: iommu.askedFor(lines),
    vendor: iommu.vendorTold(lines),
    interruptRemapping: remappingTold(lines),
    defaultDomain: iommu.defaultDomain(lines),
    members: iommu.groupMembers(lines),
    firmwareBugs: faults.firmwareBugs(lines),
    faults: faults.deviceFaults(lines),
    faultReports: faults.faultReports(lines),
    rejected: faults.rejectedDevices(lines),
    x2apicOptOut: faults.x2apicOptOut(lines),
    graphicsExcluded: faults.graphicsExcluded(lines),
    commandLine,
    acs: {
      requested: args.acsRequested(commandLine ?? unknownParameters?.value.all),
      active: args.acsActive(lines),
    },
    unknownParameters,
    unknownAmdOption: args.unknownAmdOption(lines),
    registeredIds: vfio.registeredIds(lines),
    probeFailures: vfio.probeFailures(lines),
    heldBars: vfio.heldBars(lines),
    badRoms: vfio.badRoms(lines),
    missingModules: vfio.missingModules(lines),
    hypervisor: vfio.hypervisor(lines),
  }
}

/** Of this boot; where none were seen nothing, as where their beginning is lost. */
export const messagesOf = ({ log }: Pick<Host, 'log'>): KernelMessages =>
  readMessages(ifKnown(log) ?? { lines: [], truncated: true })

/** How many groups the messages tell of. */
export const groupCount = ({ members }: KernelMessages): number =>
  new Set(members.map(({ group }) => group)).size
