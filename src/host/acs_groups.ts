import type { Host, PciDevice } from './host.ts'
import { ifKnown, type Known, predicted, unknown } from './known.ts'
import { idOf, isBridge, slotOf } from './pci.ts'

/** Addresses of the devices that are in one IOMMU group. */
export type Group = readonly string[]

/** Who is together with whom: numbers change between boots, this only where the kernel sees other isolation. */
export function groupsOf(host: Host): Known<readonly Group[]> {
  const hidden = host.devices.find(({ group }) => group.is === 'unknown')
  if (hidden?.group.is === 'unknown') return unknown(hidden.group.why)
  const grouped = host.devices.filter(device => groupOf(device) >= 0)
  if (grouped.length === 0) return unknown('the IOMMU is off, so that there are no groups to split yet')
  const byNumber = Map.groupBy(grouped, groupOf)
  return predicted([...byNumber.values()].map(members => members.map(({ address }) => address)))
}

/**
 * The groups that `pcie_acs_override=` with these values would make of today's: what drivers/iommu/iommu.c
 * pci_device_group() does where pcie_acs_overrides() of the patch speaks for devices that have no ACS of their own.
 *
 * The override only splits. Which devices are isolated without it is told by today's groups, and where they do not tell
 * it none is taken to be: what is foretold to be apart may come out together (a port that has ACS, and not all of it,
 * is beyond the override), but for that not the other way round.
 */
export function predictGroups(host: Host, values: readonly string[]): Known<readonly Group[]> {
  const today = groupsOf(host)
  if (today.is === 'unknown') return today
  const topology = new Topology(host)
  const overridden = (device: PciDevice) => topology.isOverridden(device, values)
  const explained = topology.groups(() => false)
  const foretold = topology.groups(overridden)
  return predicted(
    today.value.flatMap(group =>
      // Grouped for reasons that are not in our facts (DMA aliases): left as it is.
      partsOf(group, explained).length === 1 ? partsOf(group, foretold) : [group],
    ),
  )
}

/** The groups of `before` that have come apart, each with what has become of it. */
export function splitGroups(
  before: readonly Group[],
  after: readonly Group[],
): { group: Group; parts: Group[] }[] {
  const leaders = new Map(after.flatMap(group => group.map(address => [address, group[0] ?? ''] as const)))
  return before
    .map(group => ({ group, parts: partsOf(group, leaders) }))
    .filter(({ parts }) => parts.length > 1)
}

function partsOf(group: Group, leaders: ReadonlyMap<string, string>): Group[] {
  return [...Map.groupBy(group, address => leaders.get(address)).values()]
}

const groupOf = (device: PciDevice): number => ifKnown(device.group) ?? -1

/** Ports are what pcieport drives; the patch never speaks for legacy devices, which other bridges are. */
type Kind = 'root or downstream port' | 'upstream port' | 'legacy bridge' | 'endpoint' | 'legacy device'

class Topology {
  readonly #host: Host
  readonly #byAddress: ReadonlyMap<string, PciDevice>
  readonly #slots: ReadonlyMap<string, readonly PciDevice[]>
  readonly #behind: ReadonlyMap<string, readonly PciDevice[]>
  readonly #isolating: ReadonlySet<PciDevice>

  constructor(host: Host) {
    this.#host = host
    this.#byAddress = new Map(host.devices.map(device => [device.address, device]))
    this.#slots = Map.groupBy(host.devices, slotOf)
    this.#behind = Map.groupBy(host.devices, ({ bridges }) => bridges.at(-1) ?? '')
    this.#isolating = new Set(host.devices.filter(device => this.#isolatesToday(device)))
  }

  isOverridden(device: PciDevice, values: readonly string[]): boolean {
    const kind = this.#kind(device)
    if (kind.startsWith('legacy')) return false
    if (values.some(value => value.toLowerCase() === `id:${idOf(device)}`)) return true
    if (kind === 'root or downstream port') return values.includes('downstream')
    return values.includes('multifunction') && this.#functions(device).length > 1
  }

  /** Address → the first address of its group; bridges come before what is behind them, as in the kernel's scan. */
  groups(overridden: (device: PciDevice) => boolean): ReadonlyMap<string, string> {
    const leaders = new Map<string, string>()
    const isolates = (device: PciDevice) => overridden(device) || this.#isolating.has(device)
    const byDepth = this.#host.devices
      .filter(device => groupOf(device) >= 0)
      .toSorted((a, b) => a.bridges.length - b.bridges.length)
    for (const device of byDepth)
      leaders.set(device.address, this.#joins(device, leaders, isolates) ?? device.address)
    return leaders
  }

  #joins(
    device: PciDevice,
    leaders: ReadonlyMap<string, string>,
    isolates: (device: PciDevice) => boolean,
  ): string | undefined {
    const above = this.#bridgesOf(device)
    const parent = above.at(-1)
    const isOpen =
      above.some(bridge => !isolates(bridge)) || (parent && this.#kind(parent) === 'legacy bridge')
    if (parent !== undefined && isOpen) return leaders.get(parent.address)
    if (isolates(device)) return undefined
    const open = this.#functions(device).filter(other => other !== device && !isolates(other))
    return open.map(({ address }) => leaders.get(address)).find(leader => leader !== undefined)
  }

  /** Told by today's groups: what is behind a bridge that isolates is not in the bridge's group. */
  #isolatesToday(device: PciDevice): boolean {
    const behind = (this.#behind.get(device.address) ?? []).filter(other => groupOf(other) >= 0)
    if (behind.length > 0)
      return behind.some(other => groupOf(other) !== groupOf(device)) || this.#mayIsolate(device)
    const others = this.#functions(device).filter(other => other !== device)
    return others.every(other => groupOf(other) !== groupOf(device))
  }

  /** pci_acs_enabled(): a single function's upstream port has no peers; what is above it hides whether it isolates. */
  #mayIsolate(device: PciDevice): boolean {
    const above = this.#bridgesOf(device)
    const isHidden = above.some(bridge => groupOf(bridge) === groupOf(device))
    return isHidden && this.#kind(device) === 'upstream port' && this.#functions(device).length === 1
  }

  #kind(device: PciDevice): Kind {
    const parent = this.#bridgesOf(device).at(-1)
    if (isBridge(device) && device.class.startsWith('0604')) {
      if (ifKnown(device.driver) !== 'pcieport') return 'legacy bridge'
      const isBelowPort = parent !== undefined && this.#kind(parent) === 'root or downstream port'
      return isBelowPort ? 'upstream port' : 'root or downstream port'
    }
    // Of the root complex's own functions only some are on PCI Express; those show a link.
    const isExpress =
      parent === undefined ? device.link !== undefined : this.#kind(parent) !== 'legacy bridge'
    return isExpress ? 'endpoint' : 'legacy device'
  }

  #bridgesOf(device: PciDevice): PciDevice[] {
    return device.bridges.flatMap(address => this.#byAddress.get(address) ?? [])
  }

  #functions(device: PciDevice): readonly PciDevice[] {
    return this.#slots.get(slotOf(device)) ?? []
  }
}
