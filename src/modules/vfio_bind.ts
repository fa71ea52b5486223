import { z } from 'zod'
import { addressRuleOf, RULES_FILE } from '../host/address_binding.ts'
import type { Argv, Change } from '../host/change.ts'
import { resolveDevices } from '../host/devices.ts'
import { refuseEnvironment } from '../host/environment.ts'
import type { Host, InstalledKernel, PciDevice } from '../host/host.ts'
import { isGraphics, programs } from '../host/interlocks/display_in_use.ts'
import { interlock } from '../host/interlocks/index.ts'
import { listed } from '../host/interlocks/loss.ts'
import { inTheWay } from '../host/isolation.ts'
import { effectiveValues } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import type { Lock } from '../host/locks.ts'
import { keptFromLoading, modprobeDirectives, moduleName, vfioIdsDirective } from '../host/modprobe.ts'
import { describe, groupMates, idOf, isVfioDriver, shortAddress } from '../host/pci.ts'
import { variantsFor } from '../host/vfio_kernels.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import type { Finding } from '../verdict/finding.ts'
import { allowWithDevices, devices, state } from './arguments.ts'
import { converged, defineModule, type Outcome, refused } from './define.ts'

export const vfio_bind = defineModule({
  name: 'vfio_bind',
  summary: 'Move idle devices to vfio-pci now, without a reboot',
  description: `Takes the devices from their drivers and gives them to vfio-pci, or to the VFIO driver made for them where
the kernel has one, while the host runs: \`driver_override\`, \`unbind\`, \`drivers_probe\`. It lasts until the next
boot; \`vfio_ids\` is for good. The IOMMU must be on already, and vfio-pci is loaded where it is a module.

A group goes to a guest as a whole: every device of it must be chosen too, have no driver, or be a bridge. Blocked where
the host needs a device or another of its group, and where a program has one open, by its name and the file.

Unbinding runs the driver's own code within the kernel, and a driver may wait there for ever. After \`timeout\` seconds the
host fails, with the names of driver and device; nothing but a reboot clears that. Where a later step fails, the devices
that were moved go back. Each is compared with what was planned first, since addresses move and others may bind, too.

\`state: absent\` takes the override away, and has the kernel choose a driver, once no guest holds the device any more.
Devices that vfio-pci claims by their ids would come back to it: those are blocked, \`vfio_ids\` gives them back.`,
  args: z.strictObject({
    devices,
    state,
    timeout: z
      .number()
      .int()
      .min(1)
      .max(600)
      .default(30)
      .describe('seconds for a driver to let go of a device, and as long again for the other to take it'),
    allow: allowWithDevices,
  }),
  example: `- name: Hand the card over now
  vfio_bind:
    devices: ["10de:13c2"]`,
  plan(host, { devices, state, timeout, allow }) {
    const chosen = resolveDevices(host, devices)
    if (isRefusal(chosen)) return refused(chosen)
    const unclear = chosen
      .flatMap(device => [device.driver, device.group])
      .find(fact => fact.is === 'unknown')
    if (unclear?.is === 'unknown') return { kind: 'unknown', why: unclear.why }
    return state === 'present' ? take(host, chosen, timeout, allow) : giveBack(host, chosen, timeout)
  },
})

function take(host: Host, chosen: readonly PciDevice[], timeout: number, allow: readonly Lock[]): Outcome {
  const refusal =
    refuseEnvironment(host) ??
    interlock(host, chosen, { allow }) ??
    refuseGroups(host, chosen) ??
    refuseInUse(host, chosen, allow)
  if (refusal !== undefined) return refused(refusal)
  const left = chosen.filter(device => !hasVfio(device))
  if (left.length === 0)
    return converged(listed(chosen.map(device => `${describe(device)} on ${driverOf(device)}`)))
  const kernel = host.kernels.find(({ release }) => release === ifKnown(host.kernel))
  if (kernel === undefined)
    return { kind: 'unknown', why: 'which kernel runs, and so whether it has vfio-pci, cannot be told' }
  const lacking = refuseKernel(host, kernel)
  if (lacking !== undefined) return refused(lacking)
  // A card's audio follows its display (include/drm/drm_audio_component.h): the last function goes first.
  const moves = left.toReversed().map(device => ({ device, to: vfioDriverFor(kernel, device) }))
  return {
    kind: 'change',
    why: `${listed(moves.toReversed().map(moveText))}, until the next boot (vfio_ids is for good)`,
    changes: [
      ...loads(
        host,
        kernel,
        moves.map(({ to }) => to),
      ),
      ...moves.map(move => bind(move, timeout)),
    ],
    findings: left.flatMap(interfacesLost),
  }
}

interface Move {
  readonly device: PciDevice
  readonly to: string
}

const bind = ({ device, to }: Move, timeout: number): Change => ({
  kind: 'bind',
  address: device.address,
  id: idOf(device),
  from: driverOf(device),
  to,
  timeout,
})

const moveText = ({ device, to }: Move): string =>
  `${describe(device)} from ${driverOf(device) || 'no driver'} to ${to || "the kernel's own choice"}`

const driverOf = (device: PciDevice): string => ifKnown(device.driver) ?? ''
const hasVfio = (device: PciDevice): boolean => isVfioDriver(driverOf(device))

function refuseGroups(host: Host, chosen: readonly PciDevice[]): Refusal | undefined {
  for (const device of chosen) {
    const group = ifKnown(device.group) ?? -1
    if (group < 0)
      return refuse(
        `${describe(device)} is in no IOMMU group: vfio-pci refuses it`,
        'the IOMMU is off: verify_dmesg says why, and iommu_kernel_args turns it on for the next boot',
      )
    if (host.iommu.noIommuGroups.includes(group))
      return refuse(
        `group ${group} of ${describe(device)} is a no-IOMMU group, which isolates nothing`,
        'do not load vfio with enable_unsafe_noiommu_mode',
      )
    const others = inTheWay(host, device, chosen)
    if (others.length > 0)
      return refuse(
        `group ${group} of ${describe(device)} also holds ${listed(others.map(mate => `${describe(mate)}, on ${driverOf(mate)}`))}`,
        'a group goes to one guest as a whole: take these too (`group: whole`), use another slot, or separate them with acs_override',
      )
  }
  return undefined
}

/** Whoever has it open hangs the unbinding, or loses what it works on. */
function refuseInUse(host: Host, chosen: readonly PciDevice[], allow: readonly Lock[]): Refusal | undefined {
  for (const device of chosen.filter(one => !hasVfio(one))) {
    const holders = host.holders.filter(
      one => one.device === device.address && !(allow.includes('display_in_use') && isGraphics(one)),
    )
    if (holders.length > 0)
      return refuse(
        `${describe(device)} is in use: ${programs(holders)}`,
        'end them, or have them use another device, then run again',
      )
  }
  return undefined
}

function refuseKernel(host: Host, kernel: InstalledKernel): Refusal | undefined {
  if (kernel.vfio.vfio_pci === undefined)
    return refuse(
      `the running kernel ${kernel.release} has no vfio-pci`,
      'boot a full kernel (not a cloud one), then run again',
    )
  const kept = isLoaded(host, kernel, 'vfio-pci')
    ? undefined
    : keptFromLoading(host, kernel, ifKnown(host.cmdline) ?? [])
  return kept && refuse(`${kept.by} keeps ${kept.module} from being loaded`, 'take that away, then run again')
}

const vfioDriverFor = (kernel: InstalledKernel, device: PciDevice): string =>
  variantsFor(kernel, device)[0] ?? 'vfio-pci'

function loads(host: Host, kernel: InstalledKernel, drivers: readonly string[]): Change[] {
  return [...new Set(drivers)]
    .filter(driver => !isLoaded(host, kernel, driver))
    .map((driver): Change => {
      const argv: Argv = ['modprobe', driver]
      return { kind: 'run', argv, reason: `${driver} is not loaded`, edits: [] }
    })
}

const isLoaded = (host: Host, kernel: InstalledKernel, driver: string): boolean =>
  kernel.vfio[moduleName(driver)]?.is === 'builtin' || driver in (ifKnown(host.driverModules) ?? {})

/** What carries the default route or our connection is refused; of others we do not know whether anybody counts on them. */
const interfacesLost = (device: PciDevice): Finding[] =>
  device.class.startsWith('02')
    ? device.nodes.map(name => ({
        stage: 'driver',
        severity: 'warning',
        what: `the network interface ${name} goes with ${describe(device)}`,
        evidence: `/sys/class/net/${name}`,
        next: 'see that nothing on the host uses it',
      }))
    : []

function giveBack(host: Host, chosen: readonly PciDevice[], timeout: number): Outcome {
  const ours = chosen.filter(device => hasVfio(device) || isVfioDriver(device.driverOverride))
  if (ours.length === 0)
    return converged(
      listed(chosen.map(device => `${describe(device)} on ${driverOf(device) || 'no driver'}`)),
    )
  const refusal = refuseHeld(host, ours) ?? refuseClaimed(host, ours)
  if (refusal !== undefined) return refused(refusal)
  const moves = ours.map(device => ({ device, to: '' }))
  const isRuled = ours.some(device => addressRuleOf(host, device) !== undefined)
  return {
    kind: 'change',
    why: `${listed(moves.map(moveText))}${isRuled ? `, until the next boot: ${RULES_FILE} binds again what it names (vfio_ids with state: absent is for good)` : ''}`,
    changes: moves.map(move => bind(move, timeout)),
  }
}

/** Who has a group open has all of its devices. */
function refuseHeld(host: Host, ours: readonly PciDevice[]): Refusal | undefined {
  for (const device of ours) {
    const group = [device, ...groupMates(host, device)].map(({ address }) => address)
    const holders = host.holders.filter(
      one => group.includes(one.device) && one.path.startsWith('/dev/vfio/'),
    )
    if (holders.length > 0)
      return refuse(
        `a guest has ${describe(device)}: ${programs(holders)}`,
        'shut the guest down, or detach the device from it, then run again',
      )
  }
  return undefined
}

function refuseClaimed(host: Host, ours: readonly PciDevice[]): Refusal | undefined {
  const onLine = effectiveValues(ifKnown(host.cmdline) ?? [], 'vfio-pci.ids')
  const inFile = vfioIdsDirective(modprobeDirectives(host))
  const claims = [
    { ids: onLine, by: 'vfio-pci.ids= on the command line of this boot' },
    ...(inFile && onLine.length === 0 ? [{ ids: inFile.ids, by: inFile.directive.path }] : []),
  ]
  for (const device of ours) {
    const claim = claims.find(({ ids }) => ids.some(id => id.toLowerCase().startsWith(idOf(device))))
    if (claim !== undefined)
      return refuse(
        `${shortAddress(device.address)} would come back to vfio-pci: ${claim.by} claims ${idOf(device)} for it`,
        'give it back with vfio_ids (state: absent) and a reboot',
      )
  }
  return undefined
}
