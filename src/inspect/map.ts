import { findBootloader } from '../backends/bootloaders/index.ts'
import { findInitramfs } from '../backends/initramfs/index.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import { classOf, idOf, isBridge } from '../host/pci.ts'
import { isRefusal } from '../refusal.ts'
import { type Candidate, candidatesOf, groupOf } from './candidates.ts'
import { nameOf, type PciNames } from './pci_names.ts'
import { type Standing, standingOf } from './standing.ts'

/**
 * What a host has for guests, and what stands in the way: the passthrough map. Plain values, so that it can be printed as
 * JSON; null where a thing is not known, '' where there is none.
 */
export interface HostMap {
  readonly machine: MachineSummary
  /** The program that boots it, with what says so; null, and why, where that cannot be told. */
  readonly bootloader: string | null
  readonly bootloaderEvidence: string
  /** What makes its initramfs images. */
  readonly initramfs: string | null
  readonly standing: Standing
  /** IOMMU groups in ascending order; none while the IOMMU is off. Numbers change between boots. */
  readonly groups: readonly { readonly number: number; readonly devices: readonly string[] }[]
  /** In bus order, bridges too. */
  readonly devices: readonly MappedDevice[]
  /** What a guest might be given, the whole of a graphics card as one; in bus order. */
  readonly candidates: readonly Candidate[]
}

export interface MachineSummary {
  readonly hostname: string
  readonly vendor: string
  readonly product: string
  readonly board: string
  readonly firmwareVersion: string
  readonly cpu: string
  readonly arch: string
  readonly os: string
  /** `uname -r`. */
  readonly kernel: string | null
  /** Seen as root; others cannot see kernel messages, images, and files that only root may read. */
  readonly seenAsRoot: boolean
}

export interface MappedDevice {
  /** domain:bus:slot.function */
  readonly address: string
  /** vendor:device */
  readonly id: string
  /** What it is by its class, `VGA controller`. */
  readonly kind: string
  /** From pci.ids; '' where nothing has it. */
  readonly name: string
  /** '' where none is bound. */
  readonly driver: string | null
  /** null: in no IOMMU group. */
  readonly group: number | null
  /** It belongs to the bus, and is never given away. */
  readonly bridge: boolean
}

/** `names`: from the list of the machine we run on, for what the host's own does not have. Total. */
export function passthroughMap(host: Host, names: PciNames = {}): HostMap {
  const candidates = candidatesOf(host)
  const allNames = { ...names, ...ifKnown(host.pciNames) }
  const loader = findBootloader(host)
  const generator = findInitramfs(host)
  return {
    machine: summaryOf(host),
    bootloader: isRefusal(loader) ? null : loader.loader.name,
    bootloaderEvidence: isRefusal(loader) ? loader.why : loader.evidence,
    initramfs: isRefusal(generator) ? null : generator.generator.name,
    standing: standingOf(host, candidates),
    groups: groupsOf(host),
    devices: host.devices.map(device => mapped(host, device, allNames)),
    candidates,
  }
}

const summaryOf = (host: Host): MachineSummary => ({
  hostname: host.hostname,
  vendor: host.machine.vendor,
  product: host.machine.product,
  board: host.machine.board,
  firmwareVersion: host.machine.firmwareVersion,
  cpu: host.cpu.model,
  arch: host.arch,
  os: host.os.name,
  kernel: ifKnown(host.kernel) ?? null,
  seenAsRoot: host.uid === 0,
})

const mapped = (host: Host, device: PciDevice, names: PciNames): MappedDevice => ({
  address: device.address,
  id: idOf(device),
  kind: classOf(device),
  name: nameOf(device, names),
  driver: ifKnown(device.driver) ?? null,
  group: groupOf(host, device) ?? null,
  bridge: isBridge(device),
})

function groupsOf(host: Host): HostMap['groups'] {
  const numbered = host.devices.flatMap(device => {
    const number = groupOf(host, device)
    return number === undefined ? [] : [{ number, address: device.address }]
  })
  return [...Map.groupBy(numbered, ({ number }) => number)]
    .map(([number, members]) => ({ number, devices: members.map(({ address }) => address) }))
    .sort((a, b) => a.number - b.number)
}
