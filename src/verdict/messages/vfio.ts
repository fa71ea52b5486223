import { fullAddress, isAddress } from '../../host/pci.ts'
import { readEach, type Said } from './said.ts'

/** vendor:device that vfio-pci was given; printed after a failed probe too, so that it proves nothing more. */
export const registeredIds = (lines: readonly string[]): Said<string>[] =>
  readEach(lines, /vfio_pci: add \[([0-9a-f]{4}:[0-9a-f]{4})\[/i, ([, id = '']) => id.toLowerCase())

export interface ProbeFailure {
  readonly driver: string
  /** Full PCI address, or the device's name. */
  readonly device: string
  /** As the kernel has it: -22. */
  readonly error: number
}

/** drivers/base/dd.c call_driver_probe(); kernels from 6.10 on name the driver behind the device. */
export const probeFailures = (lines: readonly string[]): Said<ProbeFailure>[] => [
  ...readEach(
    lines,
    /(\S+): probe of (\S+) failed with error (-?\d+)/,
    ([, driver = '', device = '', error]) => failure(driver, device, error),
  ),
  ...readEach(
    lines,
    /(\S+): probe with driver (\S+) failed with error (-?\d+)/,
    ([, device = '', driver = '', error]) => failure(driver, device, error),
  ),
]

const failure = (driver: string, device: string, error: string | undefined): ProbeFailure => ({
  driver,
  device: isAddress(device) ? fullAddress(device) : device,
  error: Number(error),
})

export interface HeldBar {
  readonly device: string
  readonly bar: number
}

/** Somebody else has the memory of a device that vfio-pci wants to hand out (drivers/pci/pci.c). */
export const heldBars = (lines: readonly string[]): Said<HeldBar>[] =>
  readEach(
    lines,
    /vfio-pci (\S+): BAR (\d+)(?:: can't reserve| \[[^\]]*\]: can't reserve)/,
    ([, device = '', bar]) =>
      isAddress(device) ? { device: fullAddress(device), bar: Number(bar) } : undefined,
  )

export interface BadRom {
  readonly driver: string
  readonly device: string
  /** As read in the place of 0xaa55. */
  readonly got: string
}

/** drivers/pci/rom.c pci_get_rom_size(). */
export const badRoms = (lines: readonly string[]): Said<BadRom>[] =>
  readEach(
    lines,
    /(\S+) (\S+): Invalid PCI ROM header signature: expecting 0xaa55, got (0x[0-9a-f]+)/i,
    ([, driver = '', device = '', got = '']) =>
      isAddress(device) ? { driver, device: fullAddress(device), got } : undefined,
  )

/** Modules that a configuration names and this kernel does not have, each once. */
export const missingModules = (lines: readonly string[]): Said<string>[] =>
  readEach(lines, /Failed to find module '([^']+)'/, ([, module = '']) => module).filter(
    ({ value }, i, all) => all.findIndex(one => one.value === value) === i,
  )

/** Who runs this machine, where it is a virtual one. */
export const hypervisor = (lines: readonly string[]): Said<string> | undefined =>
  readEach(lines, /^Hypervisor detected: (.+)$/, ([, name = '']) => name)[0]
