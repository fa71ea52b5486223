import { cardMates } from '../host/cards.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { lossesOf } from '../host/interlocks/index.ts'
import { companyOf, inTheWay } from '../host/isolation.ts'
import { ifKnown } from '../host/known.ts'
import { classOf, idOf, isPartOfTheBus, isVfioDriver, shortAddress } from '../host/pci.ts'

/** Something that a guest might be given: a graphics card with all its functions, or one device of another kind. */
export interface Candidate {
  readonly kind: string
  /** Addresses, the one that names it first. */
  readonly devices: readonly string[]
  /**
   * `ready`: VFIO has it. `free`: it could be passed through as things are. `possible`: once the IOMMU is on, which may
   * show company in its group. `not`: `obstacles` stand in the way.
   */
  readonly state: 'ready' | 'free' | 'possible' | 'not'
  readonly obstacles: readonly Obstacle[]
  /** Addresses of what else is in its IOMMU group and would have to go to the same guest. */
  readonly company: readonly string[]
  /** What to write below `devices:` of a playbook, as YAML on one line. */
  readonly selector: string
}

export interface Obstacle {
  /** Address of the device that it is about: one of the candidate's, or of its company. */
  readonly device: string
  /** A clause whose subject is the device. */
  readonly what: string
  /** The name that `allow:` accepts it by; null where nothing does. */
  readonly allow: string | null
}

/** In bus order. */
export function candidatesOf(host: Host): Candidate[] {
  const cards = host.devices
    .filter(device => ['graphics card', 'accelerator'].includes(kindOf(device) ?? ''))
    .map(device => [device, ...cardMates(host, device)])
  const onCards = new Set(cards.flatMap(([, ...mates]) => mates))
  const all = host.devices.flatMap(device => {
    const kind = kindOf(device)
    if (kind === undefined || onCards.has(device)) return []
    const unit = cards.find(([first]) => first === device) ?? [device]
    return [candidate(host, kind, unit)]
  })
  return all.filter(one => spokesman(one, all) === one)
}

/** Devices that can only go together are one candidate, which the graphics among them stand for, or the first. */
function spokesman(one: Candidate, all: readonly Candidate[]): Candidate {
  if (one.company.length === 0) return one
  const alike = all.filter(other => wholeOf(other) === wholeOf(one))
  return alike.find(({ kind }) => kind === 'graphics card') ?? alike[0] ?? one
}

const wholeOf = ({ devices, company }: Candidate): string => [...devices, ...company].sort().join(' ')

/** The number of its IOMMU group; undefined where it has none that isolates it. */
export function groupOf(host: Host, device: PciDevice): number | undefined {
  const group = ifKnown(device.group)
  const isOne = group !== undefined && group >= 0 && !host.iommu.noIommuGroups.includes(group)
  return isOne ? group : undefined
}

/** By class (include/linux/pci_ids.h), the longest first; what is in no row is the board's own, and stays. */
const KINDS: readonly (readonly [code: string, kind: string])[] = [
  ['0108', 'NVMe disk'],
  ['01', 'disk controller'],
  ['02', 'network card'],
  ['03', 'graphics card'],
  ['04', 'sound or video device'],
  ['0b40', 'accelerator'],
  ['0c00', 'FireWire controller'],
  ['0c03', 'USB controller'],
  ['0d', 'wireless card'],
  ['12', 'accelerator'],
]

const kindOf = (device: PciDevice): string | undefined =>
  KINDS.find(([code]) => device.class.startsWith(code))?.[1]

function candidate(host: Host, kind: string, unit: readonly PciDevice[]): Candidate {
  const [first] = unit
  const company = companyOfAll(host, unit)
  const obstacles = [...obstaclesOf(host, unit, company)]
  return {
    kind,
    devices: unit.map(({ address }) => address),
    state: stateOf(host, unit, obstacles),
    obstacles,
    company: company.map(({ address }) => address),
    selector: first === undefined ? '' : selectorOf(host, first, company),
  }
}

function stateOf(host: Host, unit: readonly PciDevice[], obstacles: readonly Obstacle[]): Candidate['state'] {
  if (obstacles.length > 0) return 'not'
  if (unit.some(device => groupOf(host, device) === undefined)) return 'possible'
  const isReady = unit.every(
    device => isVfioDriver(ifKnown(device.driver) ?? '') && inTheWay(host, device, unit).length === 0,
  )
  return isReady ? 'ready' : 'free'
}

/** What would go along: the rest of a group in which anything else has a driver, VFIO's too; bridges stay. */
function companyOfAll(host: Host, unit: readonly PciDevice[]): PciDevice[] {
  const members = unit
    .filter(device => groupOf(host, device) !== undefined)
    .map(device => companyOf(host, device, unit).endpoints)
    .filter(endpoints => endpoints.some(isDriven))
  return [...new Set(members.flat())].filter(device => !isPartOfTheBus(device))
}

const isDriven = (device: PciDevice): boolean => !['', 'pci-stub'].includes(ifKnown(device.driver) ?? '')

function* obstaclesOf(
  host: Host,
  unit: readonly PciDevice[],
  company: readonly PciDevice[],
): Generator<Obstacle> {
  for (const device of [...unit, ...company])
    for (const { what, lock } of lossesOf(host, device))
      yield { device: device.address, what, allow: lock ?? null }
  for (const device of new Set(unit.flatMap(one => inTheWay(host, one, unit))))
    if (isPartOfTheBus(device)) yield stays(device)
  const isOn = host.devices.some(device => groupOf(host, device) !== undefined)
  for (const device of unit)
    if (isOn && groupOf(host, device) === undefined)
      yield { device: device.address, what: 'is in no IOMMU group, though others are', allow: null }
}

const stays = (device: PciDevice): Obstacle => ({
  device: device.address,
  what: `is the ${classOf(device)} in the same IOMMU group, on ${ifKnown(device.driver)}: it stays with the host`,
  allow: null,
})

/** By id where no other device has it, since addresses move when a card is added; else by address. */
function selectorOf(host: Host, first: PciDevice, company: readonly PciDevice[]): string {
  const isUnique = host.devices.filter(device => idOf(device) === idOf(first)).length === 1
  const name = isUnique ? idOf(first) : shortAddress(first.address)
  if (company.length === 0) return `'${name}'`
  return `{${isUnique ? 'id' : 'address'}: '${name}', group: whole}`
}
