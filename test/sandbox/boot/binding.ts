import type { DeviceDescription, KernelDescription, MachineDescription } from '../description.ts'
import { isAtLeast, isCompiledIn, moduleFiles, moduleName, moduleOfDriver } from '../modules.ts'
import type { KernelArguments } from './arguments.ts'
import type { ModprobeConfiguration } from './modprobe.ts'
import type { OverrideRule } from './udev.ts'

/** A file system that modules are loaded from: the initramfs, then the real root. */
export interface ModuleSource {
  /** Names of the modules it has. */
  readonly modules: ReadonlySet<string>
  readonly modprobe: ModprobeConfiguration
  /** Loaded by name before udev starts: dracut's rd.driver.pre, mkinitcpio's MODULES. */
  readonly loadsFirst: readonly string[]
  /** Loaded by name, after udev's coldplug: initramfs-tools' conf/modules, /etc/modules. */
  readonly loads: readonly string[]
  /** Of its udev rules, those that bind one device by its address. */
  readonly overrides: readonly OverrideRule[]
}

export interface Binding {
  /** Slot address → driver; devices that nothing took are not in it. */
  readonly drivers: ReadonlyMap<string, string>
  /** Slot address → driver_override, where one is set. */
  readonly overrides: ReadonlyMap<string, string>
  /** In the order they were loaded. */
  readonly loaded: readonly string[]
  readonly messages: readonly string[]
}

/**
 * Which driver takes which device: whoever is loaded first. Built-in drivers, then the initramfs, then the real
 * root; in each, udev loads what the devices ask for, and modules that are named come before or after that.
 * (initramfs-tools' init runs scripts/init-top/udev before load_modules(); dracut's and mkinitcpio's load first.)
 */
export function bindDrivers(
  machine: MachineDescription,
  kernel: KernelDescription,
  args: KernelArguments,
  groups: ReadonlyMap<string, number>,
  sources: readonly ModuleSource[],
): Binding {
  const kernelState = new DriverCore(machine, kernel, args, groups)
  kernelState.start()
  for (const source of sources) {
    for (const module of source.loadsFirst) kernelState.modprobe(source, module)
    kernelState.coldplug(source)
    for (const module of source.loads) kernelState.modprobe(source, module)
  }
  return kernelState
}

class DriverCore implements Binding {
  readonly drivers = new Map<string, string>()
  readonly overrides = new Map<string, string>()
  readonly loaded: string[] = []
  readonly messages: string[] = []
  readonly #machine: MachineDescription
  readonly #kernel: KernelDescription
  readonly #args: KernelArguments
  readonly #groups: ReadonlyMap<string, number>

  constructor(
    machine: MachineDescription,
    kernel: KernelDescription,
    args: KernelArguments,
    groups: ReadonlyMap<string, number>,
  ) {
    this.#machine = machine
    this.#kernel = kernel
    this.#args = args
    this.#groups = groups
  }

  start(): void {
    for (const device of this.#machine.devices) {
      if (device.driver === undefined) continue
      const module = moduleOfDriver(device.driver)
      if (module === undefined || isCompiledIn(this.#kernel, module))
        this.drivers.set(device.at, device.driver)
    }
    // Compiled in, it sees neither modprobe.d nor its softdeps.
    if (this.#kernel.vfio === 'builtin') this.#startVfio([])
  }

  coldplug(source: ModuleSource): void {
    for (const device of this.#machine.devices) {
      this.#runRules(source, device)
      const module = device.driver === undefined ? undefined : moduleOfDriver(device.driver)
      if (module === undefined || this.drivers.has(device.at)) continue
      // `blacklist` stops only this: being loaded for an alias.
      if (
        source.modprobe.isBlacklisted(module) ||
        this.#args.all('modprobe.blacklist').map(moduleName).includes(module)
      )
        continue
      this.modprobe(source, module)
    }
  }

  /** A rule's program runs before the modules are loaded that 80-drivers.rules asks for. */
  #runRules(source: ModuleSource, device: DeviceDescription): void {
    const rule = source.overrides.find(({ at, id }) => at === device.at && id === device.id)
    if (rule === undefined) return
    this.overrides.set(device.at, rule.driver)
    this.modprobe(source, rule.driver)
    const isThere = this.loaded.includes(moduleName(rule.driver)) || this.#kernel.vfio === 'builtin'
    if (!isThere || this.drivers.get(device.at) === rule.driver) return
    this.drivers.delete(device.at)
    this.#offerToVfio(device)
  }

  modprobe(source: ModuleSource, name: string): void {
    const module = moduleName(name)
    if (this.loaded.includes(module) || !source.modules.has(module) || source.modprobe.isDisabled(module))
      return
    if (this.#args.last('module_blacklist')?.map(moduleName).includes(module)) {
      this.messages.push(`Module ${module} is blacklisted`)
      return
    }
    for (const before of source.modprobe.loadedBefore(module)) this.modprobe(source, before)
    for (const needed of moduleFiles(this.#kernel)[module]?.needs ?? []) this.modprobe(source, needed)
    this.loaded.push(module)
    this.#initialise(module, source)
  }

  #initialise(module: string, source: ModuleSource): void {
    if (module === 'vfio') this.messages.push('VFIO - User Level meta-driver version: 0.3')
    if (module === 'amd_iommu_v2' && this.#machine.cpu.vendor !== 'AuthenticAMD')
      this.messages.push(NOT_A_BUG)
    if (module === 'vfio_pci') this.#startVfio(source.modprobe.options('vfio_pci'))
    else this.#bind(device => device.driver !== undefined && moduleOfDriver(device.driver) === module)
  }

  /** modprobe puts the command line's parameters after those of modprobe.d, and of a string the last one counts. */
  #startVfio(options: readonly string[]): void {
    const configured = options
      .findLast(option => option.startsWith('ids='))
      ?.slice('ids='.length)
      .replaceAll('"', '')
    const ids = this.#args.last('vfio-pci.ids') ?? configured?.split(',').filter(Boolean) ?? []
    // vfio_pci_fill_ids(): each id makes the driver probe, and is announced whether that succeeded or not.
    for (const id of ids) {
      for (const device of this.#machine.devices)
        if (device.id === id.toLowerCase()) this.#offerToVfio(device)
      this.messages.push(`vfio_pci: add [${id}[ffffffff:ffffffff]] class 0x000000/00000000`)
    }
  }

  #offerToVfio(device: DeviceDescription): void {
    if (this.drivers.has(device.at) || !this.#mayBind(device, 'vfio-pci')) return
    // vfio-pci binds type 0 headers that have an IOMMU group, else -EINVAL.
    if (device.class.startsWith('0604') || !this.#groups.has(device.at)) {
      this.messages.push(this.#probeFailed(device))
      return
    }
    this.drivers.set(device.at, 'vfio-pci')
    if (device.class.startsWith('0300')) {
      this.messages.push(
        `vfio-pci 0000:${device.at}: vgaarb: changed VGA decodes: olddecodes=io+mem,decodes=none:owns=none`,
      )
    }
  }

  /** drivers/pci/pci-driver.c, pci_match_device(): with an override set only that driver binds. */
  #mayBind({ at }: DeviceDescription, driver: string): boolean {
    return (this.overrides.get(at) ?? driver) === driver
  }

  /** Reworded in 6.9 (drivers/base/dd.c). */
  #probeFailed({ at }: DeviceDescription): string {
    return isAtLeast(this.#kernel, [6, 9])
      ? `vfio-pci 0000:${at}: probe with driver vfio-pci failed with error -22`
      : `vfio-pci: probe of 0000:${at} failed with error -22`
  }

  #bind(matches: (device: DeviceDescription) => boolean): void {
    for (const device of this.#machine.devices) {
      if (device.driver === undefined || this.drivers.has(device.at) || !this.#mayBind(device, device.driver))
        continue
      if (matches(device)) this.drivers.set(device.at, device.driver)
    }
  }
}

/** Printed by amdgpu's dependency on machines with an Intel CPU: `grep AMD-Vi` proves nothing. */
const NOT_A_BUG = 'AMD-Vi: AMD IOMMUv2 functionality not available on this system - This is not a bug.'
