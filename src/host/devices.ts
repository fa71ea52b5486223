import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { cardMates } from './cards.ts'
import type { Host, PciDevice } from './host.ts'
import { ifKnown, observed } from './known.ts'
import { moduleName } from './modprobe.ts'
import { moduleOf, nativeModules } from './native_drivers.ts'
import { describe, groupMates, idOf, isPartOfTheBus, isVfioDriver, slotOf } from './pci.ts'
import type { Selector } from './selectors.ts'

/** What to make of a vendor:device id that no device of the host has: its claim may outlive a card that was taken out. */
export type GoneIds = 'refused' | 'passed over'

/**
 * The devices that selectors choose on this host, in the order of the bus, with what comes along: the rest of a graphics
 * card, or of the IOMMU group. Refused where a selector chooses nothing, or more than it may.
 */
export function resolveDevices(
  host: Host,
  selectors: readonly Selector[],
  goneIds: GoneIds = 'refused',
): readonly PciDevice[] | Refusal {
  const chosen = new Set<string>()
  for (const selector of selectors) {
    const found = resolveOne(host, selector, goneIds)
    if (isRefusal(found)) return found
    for (const { address } of found) chosen.add(address)
  }
  return host.devices.filter(device => chosen.has(device.address))
}

/** The ids among them that stand for themselves, whether or not a device has them. */
export const idsNamed = (selectors: readonly Selector[]): string[] => [
  ...new Set(selectors.flatMap(selector => (isPlainId(selector) ? (selector.id ?? []) : []))),
]

function isPlainId({ id, text, atMost, functions, group, ...others }: Selector): boolean {
  return id !== undefined && Object.values(others).every(property => property === undefined)
}

function resolveOne(host: Host, selector: Selector, goneIds: GoneIds): readonly PciDevice[] | Refusal {
  const found = host.devices.filter(device => matches(host, device, selector))
  if (found.length === 0)
    return goneIds === 'passed over' && isPlainId(selector)
      ? []
      : refuse(`no device ${selector.text} on this host`, whatThereIs(host, selector))
  const { atMost } = selector
  if (atMost !== undefined && found.length > atMost)
    return refuse(
      `${selector.text} chooses ${found.length} devices on this host, and at most ${atMost} is allowed`,
      `it chooses ${found.map(describe).join(', ')}: name one of them, or narrow it down`,
    )
  const lost = lostToVfio(host, selector, found)
  if (lost !== undefined) return lost
  const mates = selector.functions === 'card' ? found.flatMap(device => cardMates(host, device)) : []
  const cards = [...found, ...mates]
  const all = selector.group === 'whole' ? withGroups(host, selector, cards) : cards
  return isRefusal(all) ? all : all.filter(device => !isLeftOut(host, device, selector))
}

/** Whether a selector chooses a device, on its own: without what comes along. */
export const matches = (host: Host, device: PciDevice, selector: Selector): boolean =>
  PROPERTIES.every(holds => holds(host, device, selector)) && !isLeftOut(host, device, selector)

const isLeftOut = (host: Host, device: PciDevice, { not = [] }: Selector): boolean =>
  not.some(left => matches(host, device, left))

/** Each holds where the selector does not speak of it. */
const PROPERTIES: readonly ((host: Host, device: PciDevice, selector: Selector) => boolean)[] = [
  // A bridge that was named is refused with a reason; nobody means one who says "everything of Intel's".
  (_, device, { address, id }) => address !== undefined || id !== undefined || !isPartOfTheBus(device),
  (_, device, { address }) => address === undefined || device.address === address,
  (_, device, { slot }) => slot === undefined || slotOf(device) === slot,
  (_, device, { id }) => id === undefined || idOf(device) === id,
  (_, device, { classes }) => classes === undefined || classes.some(code => device.class.startsWith(code)),
  (_, device, { vendors }) => vendors === undefined || vendors.includes(device.vendor),
  (_, device, { bootVga }) => bootVga === undefined || device.bootVga === bootVga,
  (_, device, { sriov }) => sriov === undefined || SRIOV[sriov](device),
  (host, device, { driver }) => driver === undefined || isDriverOf(host, device, driver),
]

const SRIOV = {
  pf: (device: PciDevice): boolean => (device.sriov?.total ?? 0) > 0,
  vf: (device: PciDevice): boolean => device.physicalFunction !== undefined,
} satisfies Record<NonNullable<Selector['sriov']>, (device: PciDevice) => boolean>

/** The driver that has it; of a device that vfio-pci or none has, one that would: a later run must find it again. */
function isDriverOf(host: Host, device: PciDevice, wanted: string): boolean {
  const driver = ifKnown(device.driver) ?? ''
  if (!isGivenAway(driver))
    return moduleName(driver) === moduleName(wanted) || isOfModule(host, driver, wanted)
  return nativesOf(host, device).some(module => isOfModule(host, wanted, module))
}

const isGivenAway = (driver: string): boolean =>
  driver === '' || driver === 'pci-stub' || isVfioDriver(driver)

/** Users call a driver by its own name, as lspci does, or by its module's. */
const isOfModule = (host: Host, driver: string, module: string): boolean =>
  [driver, moduleOf(host, driver)].some(name => moduleName(name) === moduleName(module))

/** What would take it by its kind, whatever has it now. */
const nativesOf = (host: Host, device: PciDevice): string[] =>
  nativeModules(host, { ...device, driver: observed('') })

/** Once vfio-pci has a device, its driver is only known for kinds that are commonly given away. */
function lostToVfio(host: Host, selector: Selector, found: readonly PciDevice[]): Refusal | undefined {
  const { driver } = selector
  if (driver === undefined) return undefined
  const given = found.find(device => !isDriverOf(host, { ...device, driver: observed('') }, driver))
  if (given === undefined) return undefined
  return refuse(
    `${selector.text} chooses ${describe(given)}, and could not find it again: nothing tells that ${driver} is its driver once vfio-pci has it`,
    'choose it by class and vendor, by id or by address',
  )
}

function withGroups(
  host: Host,
  selector: Selector,
  devices: readonly PciDevice[],
): readonly PciDevice[] | Refusal {
  const hidden = devices.find(device => device.group.is === 'unknown')
  if (hidden?.group.is === 'unknown')
    return {
      ...refuse(
        `the group of ${describe(hidden)}, which ${selector.text} chooses: ${hidden.group.why}`,
        TWO_RUNS,
      ),
      until: 'boot',
    }
  const alone = devices.find(device => (ifKnown(device.group) ?? -1) < 0)
  if (alone !== undefined)
    return refuse(
      `${describe(alone)}, which ${selector.text} chooses, is in no IOMMU group yet: what its group holds cannot be told`,
      TWO_RUNS,
    )
  const mates = devices.flatMap(device => groupMates(host, device))
  return [...devices, ...mates.filter(mate => !isPartOfTheBus(mate))]
}

const TWO_RUNS =
  'the IOMMU must be on before a whole group can be chosen: leave group: whole out of a first run, which turns it on'

/** What the host has that comes near to what was asked for. */
function whatThereIs(host: Host, selector: Selector): string {
  const devices = host.devices.filter(device => !isPartOfTheBus(device))
  const near = NEARNESS.map(isNear => devices.filter(device => isNear(device, selector)))
  const told = [...near, devices].find(some => some.length > 0) ?? []
  if (told.length === 0) return 'it has no PCI devices'
  const names = told.slice(0, TOLD).map(device => describeFor(device, selector))
  return `it has ${names.join(', ')}${told.length > TOLD ? ` and ${told.length - TOLD} more` : ''}`
}

const TOLD = 12

/** By the first that holds of any device: the same kind, then the same place, then the same maker. */
const NEARNESS: readonly ((device: PciDevice, selector: Selector) => boolean)[] = [
  (device, { classes = [] }) => classes.some(code => device.class.startsWith(code)),
  (device, { classes = [] }) => classes.some(code => device.class.startsWith(code.slice(0, 2))),
  (device, { address, slot = address?.replace(/\.[0-7]$/, '') }) => slotOf(device) === slot,
  (device, { vendors = [], id = '' }) => [...vendors, id.split(':')[0]].includes(device.vendor),
]

/** With what else was asked for. */
function describeFor(device: PciDevice, { driver, bootVga }: Selector): string {
  const on =
    driver !== undefined && device.driver.is !== 'unknown' ? ` on ${device.driver.value || 'no driver'}` : ''
  const display = bootVga !== undefined && device.bootVga ? ', the boot display' : ''
  return `${describe(device)}${on}${display}`
}
