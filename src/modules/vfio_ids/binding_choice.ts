import { addressRuleOf, movedRule, RULES_FILE } from '../../host/address_binding.ts'
import type { Host, InstalledKernel, PciDevice } from '../../host/host.ts'
import { lossesOf, sharedIds } from '../../host/interlocks/index.ts'
import { builtinRival } from '../../host/native_drivers.ts'
import { describe, idOf, isDisplay, shortAddress } from '../../host/pci.ts'
import { variantsFor } from '../../host/vfio_kernels.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import { plainId } from './options.ts'

/** How a device comes to its driver. */
export type Way = ById | ByAddress

interface ById {
  readonly by: 'ids'
  readonly device: PciDevice
}

export interface ByAddress {
  readonly by: 'address'
  readonly device: PciDevice
  /** vfio-pci, or a variant of it that is made for this device. */
  readonly driver: string
  /** A clause that follows "because". */
  readonly because: string
}

export const BINDINGS = ['auto', 'ids', 'address'] as const
export type Binding = (typeof BINDINGS)[number]

/**
 * By ids where they say just what is meant: that is in effect from the first moment, and needs nothing in the image but
 * the module. By address where an id says too much or comes too late. `claimed`: the ids that vfio-pci has already.
 */
export function chooseWays(
  host: Host,
  chosen: readonly PciDevice[],
  bind: Binding,
  claimed: readonly string[],
): readonly Way[] | Refusal {
  const refusal =
    refuseMoved(host) ??
    (bind === 'ids' ? refuseSharedIds(host, chosen) : undefined) ??
    chosen.map(device => refuseRival(host, device, bind)).find(found => found !== undefined)
  if (refusal !== undefined) return refusal
  const ways = chosen.map(device => wayOf(host, chosen, device, bind))
  const together = ways.map(way => likeItsTwin(way, ways, host))
  return refuseClaimedTwin(host, chosen, together, claimed) ?? together
}

/** The ids that are to be claimed: those that were, without devices that are now bound by address alone, and ours. */
export function idsOf(ways: readonly Way[], claimed: readonly string[]): readonly string[] {
  const addressed = new Set(byAddress(ways).map(({ device }) => idOf(device)))
  const kept = claimed.filter(id => !addressed.has(plainId(id)))
  const ours = ways.flatMap(({ by, device }) => (by === 'ids' ? [idOf(device)] : []))
  return [...new Set([...kept, ...ours])]
}

export const byAddress = (ways: readonly Way[]): readonly ByAddress[] =>
  ways.filter(way => way.by === 'address')

/** `08:00.0 by its address, because its id 1234:1111 is also that of 00:01.0 VGA controller` */
export const clauseOf = ({ device, because }: ByAddress): string =>
  `${shortAddress(device.address)} by its address, because ${because}`

function wayOf(host: Host, chosen: readonly PciDevice[], device: PciDevice, bind: Binding): Way {
  const variant = bind === 'ids' ? undefined : variantFor(host, device)
  const because =
    bind === 'ids' ? undefined : (reasonFor(host, chosen, device, variant) ?? STANDING[bind](host, device))
  return because === undefined
    ? { by: 'ids', device }
    : { by: 'address', device, driver: variant ?? 'vfio-pci', because }
}

/** What was bound so stays so: another task may know more devices, or fewer. */
const STANDING: Readonly<
  Record<Exclude<Binding, 'ids'>, (host: Host, device: PciDevice) => string | undefined>
> = {
  auto: (host, device) => (addressRuleOf(host, device) ? 'it is bound so already' : undefined),
  address: () => 'bind: address asks for it',
}

function reasonFor(
  host: Host,
  chosen: readonly PciDevice[],
  device: PciDevice,
  variant: string | undefined,
): string | undefined {
  if (variant !== undefined) return `${variant} is the VFIO driver made for it`
  // drivers/pci/iov.c: made long after vfio-pci has looked for its ids, or taken by those of all its siblings.
  if (device.physicalFunction !== undefined)
    return `it is a virtual function of ${shortAddress(device.physicalFunction)}, which may have others of the same id`
  const twin = sharedIds(host, chosen).get(device)?.[0]
  if (twin !== undefined) return `its id ${idOf(device)} is also that of ${nameOf(twin)}`
  const rival = rivalOf(host, device)
  return (
    rival &&
    `${rival.module} is compiled into kernel ${rival.kernel.release} and comes before ids are looked at`
  )
}

const nameOf = (device: PciDevice): string => describe(device).replace(/ \[[^\]]*\]$/, '')

/** Two of one id are bound in one way: its id would take both. */
function likeItsTwin(way: Way, ways: readonly Way[], host: Host): Way {
  if (way.by === 'address') return way
  const twin = byAddress(ways).find(({ device }) => idOf(device) === idOf(way.device))
  return twin === undefined
    ? way
    : {
        by: 'address',
        device: way.device,
        driver: variantFor(host, way.device) ?? 'vfio-pci',
        because: `${shortAddress(twin.device.address)} has the same id and is bound by its address`,
      }
}

/** Only where every kernel that can be booted has it. */
function variantFor(host: Host, device: PciDevice): string | undefined {
  const [first = [], ...others] = host.kernels
    .filter(({ bootable }) => bootable)
    .map(kernel => variantsFor(kernel, device))
  return first.find(module => others.every(modules => modules.includes(module)))
}

function rivalOf(host: Host, device: PciDevice): { module: string; kernel: InstalledKernel } | undefined {
  return host.kernels
    .filter(({ bootable }) => bootable)
    .flatMap(kernel => {
      const module = builtinRival(host, kernel, device)
      return module === undefined ? [] : [{ module, kernel }]
    })[0]
}

/** A graphics driver that has a card from the first moment does not let go of it without harm: no rule can help. */
function refuseRival(host: Host, device: PciDevice, bind: Binding): Refusal | undefined {
  if (bind !== 'ids' && !isDisplay(device)) return undefined
  const rival = rivalOf(host, device)
  return (
    rival &&
    refuse(
      `${rival.module} is compiled into kernel ${rival.kernel.release} and takes ${describe(device)} before vfio-pci can`,
      `${isDisplay(device) ? 'bind it at run time' : 'bind it by its address (bind: address)'}, or boot a kernel that has the driver as a module`,
    )
  )
}

function refuseSharedIds(host: Host, chosen: readonly PciDevice[]): Refusal | undefined {
  const [shared] = sharedIds(host, chosen)
  const [device, [twin]] = shared ?? [undefined, []]
  if (device === undefined || twin === undefined) return undefined
  const loss = lossesOf(host, twin)[0]
  return refuse(
    `${idOf(device)} is also the id of ${describe(twin)}, which was not chosen${loss === undefined ? '' : ` and ${loss.what}`}`,
    'bind: ids would take both: choose both, or leave bind: ids out, and it is bound by its address',
  )
}

/** An id that stands there takes the twin as well: whether that is meant is not for us to say. */
function refuseClaimedTwin(
  host: Host,
  chosen: readonly PciDevice[],
  ways: readonly Way[],
  claimed: readonly string[],
): Refusal | undefined {
  const shared = sharedIds(host, chosen)
  for (const { device } of byAddress(ways)) {
    const twin = shared.get(device)?.[0]
    if (twin === undefined || !claimed.some(id => plainId(id) === idOf(device))) continue
    return refuse(
      `vfio-pci claims ${idOf(device)} by its id already, and with it ${describe(twin)}, which was not chosen`,
      `choose both, or give the id back first: vfio_ids with state: absent and devices: ["${idOf(device)}"]`,
    )
  }
  return undefined
}

function refuseMoved(host: Host): Refusal | undefined {
  const moved = movedRule(host)
  if (moved === undefined) return undefined
  const { rule, now } = moved
  const where = host.devices.filter(device => idOf(device) === rule.id)
  const found =
    where.length === 0
      ? `and no device has that id any more`
      : `and ${rule.id} is at ${where.map(({ address }) => shortAddress(address)).join(', ')}`
  return refuse(
    `${RULES_FILE} binds ${rule.id} at ${shortAddress(rule.address)}, where ${describe(now)} is now, ${found}: cards have moved`,
    `give the old address back (vfio_ids with state: absent and devices: ["${shortAddress(rule.address)}"]), then choose by where the card is`,
  )
}
