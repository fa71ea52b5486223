import type { KernelDescription, LogLine, MachineDescription } from '../description.ts'
import { KernelArguments } from './arguments.ts'
import { type Binding, bindDrivers, type ModuleSource } from './binding.ts'
import { acsOverrides, iommuGroups, isolation } from './groups.ts'
import { kernelLog } from './kernel_log.ts'

/** What a boot makes of a machine and the files on its disk; /proc, /sys and the log show it. */
export interface RunningSystem {
  readonly bootId: string
  readonly kernel: KernelDescription
  readonly cmdline: string
  readonly iommu: RunningIommu
  /** Slot address → IOMMU group; empty where the IOMMU is off. */
  readonly groups: ReadonlyMap<string, number>
  readonly binding: Binding
  readonly log: readonly LogLine[]
  /** What the loader left in EFI variables, by name. */
  readonly efiVariables: Readonly<Record<string, string>>
}

export interface RunningIommu {
  /** Entries of /sys/class/iommu; none: off. */
  readonly units: readonly string[]
  /** iommu=pt: devices of the host are not translated. */
  readonly passthrough: boolean
}

export interface BootInput {
  readonly bootId: string
  readonly kernel: KernelDescription
  readonly cmdline: string
  readonly initramfs: ModuleSource
  readonly rootFileSystem: ModuleSource
  readonly efiVariables: Readonly<Record<string, string>>
}

export function boot(machine: MachineDescription, input: BootInput): RunningSystem {
  const args = new KernelArguments(input.cmdline)
  const iommu = startIommu(machine, input.kernel, args)
  const isolates = isolation(machine, acsOverrides(input.kernel, args))
  const groups = iommu.units.length > 0 ? iommuGroups(machine, isolates) : new Map<string, number>()
  const binding = bindDrivers(machine, input.kernel, args, groups, [input.initramfs, input.rootFileSystem])
  const system = {
    bootId: input.bootId,
    kernel: input.kernel,
    cmdline: input.cmdline,
    iommu,
    groups,
    binding,
    efiVariables: input.efiVariables,
  }
  return { ...system, log: kernelLog(machine, args, system) }
}

function startIommu(
  machine: MachineDescription,
  kernel: KernelDescription,
  args: KernelArguments,
): RunningIommu {
  const tables = machine.firmware.tables.map(({ signature }) => signature)
  const isOff = args.all('iommu').includes('off')
  const passthrough = args.all('iommu').includes('pt') || args.all('iommu.passthrough').at(-1) === '1'
  if (tables.includes('DMAR') && !isOff && isIntelOn(kernel, args)) return { units: ['dmar0'], passthrough }
  if (tables.includes('IVRS') && !isOff && !args.all('amd_iommu').includes('off'))
    return { units: ['ivhd0'], passthrough }
  return { units: [], passthrough }
}

/** Each value is parsed in turn: the last of on and off is in effect. */
function isIntelOn(kernel: KernelDescription, args: KernelArguments): boolean {
  const last = args.all('intel_iommu').findLast(value => value === 'on' || value === 'off')
  return last === undefined ? kernel.intelIommuDefaultOn : last === 'on'
}
