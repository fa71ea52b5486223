import type { KernelDescription, LogLine, MachineDescription } from '../description.ts'
import type { KernelArguments } from './arguments.ts'
import type { RunningSystem } from './boot.ts'
import { acsOverrides } from './groups.ts'

/**
 * The kernel's messages of one boot, in order. `IOMMU enabled` is what the parser of intel_iommu=on says, before it
 * has looked at any hardware (drivers/iommu/intel/iommu.c); that the IOMMU works is what the `ready` lines say.
 */
export function kernelLog(
  machine: MachineDescription,
  args: KernelArguments,
  system: Omit<RunningSystem, 'log'>,
): LogLine[] {
  const { kernel, groups, iommu, binding } = system
  const { table, starting, ready } = machine.iommuLog
  const inGroups = [...groups].map(([at, group]) => `pci 0000:${at}: Adding to iommu group ${group}`)
  const lines: LogLine[] = [
    ...at(0, banner(machine, kernel), `Command line: ${system.cmdline}`),
    ...table.filter(line => line.at === 0),
    ...at(
      0,
      ...argumentMessages(machine, kernel, args),
      `Kernel command line: ${system.cmdline}`,
      unknownParameters(kernel, args),
    ),
    ...table.filter(line => line.at > 0),
    ...at(0.5, ...defaultDomain(iommu.passthrough, args)),
    ...(iommu.units.length > 0 ? [...starting, ...at(GROUPS_AT, ...inGroups), ...ready] : []),
    ...binding.messages.map((text, i) => ({ at: 1.5 + i / 1000, text })),
  ]
  // Stable: lines of one moment stay in the order above.
  return lines.sort((a, b) => a.at - b.at)
}

/** Between the guide's last line about a mapping and the line that ends the initialisation. */
const GROUPS_AT = 1.0386

const at = (seconds: number, ...texts: readonly string[]): LogLine[] =>
  texts.map(text => ({ at: seconds, text }))

const banner = ({ distribution }: MachineDescription, { release, build }: KernelDescription): string =>
  `Linux version ${release} ${distribution.kernelBuilder} ${build}`

function argumentMessages(
  machine: MachineDescription,
  kernel: KernelDescription,
  args: KernelArguments,
): string[] {
  const overrides = acsOverrides(kernel, args)
  return [
    ...(overrides.length > 0
      ? ['Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA']
      : []),
    ...args.all('intel_iommu').flatMap(value => INTEL_ANSWERS[value] ?? []),
    ...args
      .all('amd_iommu')
      .filter(value => !AMD_VALUES.has(value))
      .map(value => `AMD-Vi: Unknown option - '${value}'`),
    ...(args.all('amd_iommu').includes('off') && machine.cpu.vendor === 'AuthenticAMD'
      ? ['AMD-Vi: AMD IOMMU disabled by kernel command line']
      : []),
  ]
}

const INTEL_ANSWERS: Readonly<Record<string, string>> = {
  on: 'DMAR: IOMMU enabled',
  off: 'DMAR: IOMMU disabled',
}

/** drivers/iommu/amd/init.c parse_amd_iommu_options(). */
const AMD_VALUES = new Set(['fullflush', 'force_enable', 'off', 'force_isolation', 'pgtbl_v1', 'pgtbl_v2'])

/** print_unknown_bootoptions() of init/main.c: what neither the kernel nor a module (name with a dot) consumes. */
function unknownParameters(kernel: KernelDescription, args: KernelArguments): string {
  const unknown = args.tokens.filter(
    token => token.startsWith('BOOT_IMAGE=') || (/^pcie_acs_override\b/.test(token) && !kernel.acsOverride),
  )
  return `Unknown kernel command line parameters "${unknown.join(' ')}", will be passed to user space.`
}

function defaultDomain(passthrough: boolean, args: KernelArguments): string[] {
  const why = args.has('iommu.passthrough') || args.has('iommu') ? ' (set via kernel command line)' : ''
  return [
    `iommu: Default domain type: ${passthrough ? 'Passthrough' : 'Translated'}${passthrough ? why : ''}`,
  ]
}
