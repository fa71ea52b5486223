import { z } from 'zod'
import { findBootloader } from '../backends/bootloaders/index.ts'
import { type AddressRule, editRules, RULES_FILE } from '../host/address_binding.ts'
import { isVfioBuiltInEverywhere } from '../host/builtin_vfio.ts'
import { resolveDevices } from '../host/devices.ts'
import { refuseEnvironment } from '../host/environment.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { inheritedInterlock, interlock, ownerNotes } from '../host/interlocks/index.ts'
import { effectiveValues } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { keptFromLoading, moduleName } from '../host/modprobe.ts'
import { describe, isVfioDriver } from '../host/pci.ts'
import type { Selector } from '../host/selectors.ts'
import { refuseLackingVfio } from '../host/vfio_kernels.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import * as shared from './arguments.ts'
import { defineModule, type Outcome, refused } from './define.ts'
import {
  BINDINGS,
  type Binding,
  byAddress,
  chooseWays,
  clauseOf,
  idsOf,
  type Way,
} from './vfio_ids/binding_choice.ts'
import { claimedIds, softdeps } from './vfio_ids/options.ts'
import { inEffect, type Writing, writeClaims } from './vfio_ids/places.ts'
import { release } from './vfio_ids/release.ts'

const args = z.strictObject({
  devices: shared.devices,
  state: shared.state,
  bind: z
    .enum(BINDINGS)
    .default('auto')
    .describe(
      'how the devices are told from others: by `ids`, by `address`, or, with `auto`, by ids wherever these take nothing but what was chosen',
    ),
  file: shared.modprobeFile
    .default('/etc/modprobe.d/vfio.conf')
    .describe('where `options vfio-pci ids=` goes when no file has it yet'),
  bootloader: shared.bootloader,
  allow: shared.allowWithDevices,
})

export const vfio_ids = defineModule({
  name: 'vfio_ids',
  summary: 'Claim devices for vfio-pci, by id or by address',
  description: `**By id**, wherever an id is that of chosen devices only. The ids go to both places that vfio-pci reads, and are
kept equal there: \`options vfio-pci ids=\` in /etc/modprobe.d/vfio.conf, and \`vfio-pci.ids=\` on the kernel command
line. The latter silently replaces the former, and is the only one that a vfio-pci compiled into the kernel sees. Ids
that are there already are kept.

**By address**, by a udev rule a device in ${RULES_FILE}, where an id says too much or comes too late:

| when | because |
| --- | --- |
| a device that was not chosen has the same id | ids take every device that has them, the host's own card too |
| a driver that is compiled into a kernel would have the device first (not of displays: blocked) | ids only count when vfio-pci looks for devices, which is later |
| every kernel has a VFIO driver made for the device (mlx5_vfio_pci, …) | only \`driver_override\` leads there |
| the device is an SR-IOV virtual function | it is made later, and its siblings have its id |
| \`bind: address\` asks for it | |

The rule acts while both address and vendor:device are what they were, so that a card which has come to the address is
never taken. It sets \`driver_override\`, loads the driver, unbinds another one that came first, and has the kernel
probe. It must be in the initramfs: let \`initramfs_rebuild\` follow, which reads it back. Blocked where no image can
carry it or run it (booster, rpm-ostree, mkinitcpio without udev or a shell). The plan says which way it takes, and why.

It also writes \`softdep DRIVER pre: vfio-pci\` for the drivers that would take the devices, because initramfs-tools
loads its module list only after udev has loaded every driver in the image, and mkinitcpio's systemd hook does not keep
the order of its list.

Where vfio-pci is compiled into every installed kernel (Ubuntu) modprobe.d has no say in it: nothing is written there,
and the command line or the rule alone claims the devices.

Blocked, with the name of what would be lost and what allows it, where the host needs a device or one of its IOMMU
group: displays, network, disks, and what else the interlocks know; where the driver of a display is compiled into a
kernel and binds first; where modprobe.d or \`module_blacklist=\` keeps vfio-pci from being loaded; and where a card
that is bound by its address has moved to another one.

\`state: absent\` takes these devices' ids and rules away again and leaves others, also those of devices that are gone.`,
  args,
  example: `- name: Claim the card and the USB controller
  vfio_ids:
    devices: ["10de:13c2", "10de:0fbb", "06:00.0"]
  notify: reboot`,
  plan(host, { devices, state, bind, file, allow }) {
    const how = { file, allow }
    const outcome = state === 'present' ? claim(host, devices, bind, how) : release(host, devices, how)
    return isRefusal(outcome) ? refused(outcome) : outcome
  },
})

function claim(host: Host, selectors: readonly Selector[], bind: Binding, how: Writing): Outcome | Refusal {
  const elsewhere = refuseEnvironment(host)
  if (elsewhere !== undefined) return elsewhere
  const chosen = resolveDevices(host, selectors)
  if (isRefusal(chosen)) return chosen
  const refusal =
    interlock(host, chosen, { allow: how.allow, groupsWillChange: groupsWillChange(host) }) ??
    unbindable(host)
  if (refusal !== undefined) return refusal
  const before = claimedIds(host)
  if (isRefusal(before)) return before
  const ways = chooseWays(host, chosen, bind, before)
  if (isRefusal(ways)) return ways
  const ids = idsOf(ways, before)
  const inherited = inheritedInterlock(host, chosen, ids, { allow: how.allow })
  if (inherited !== undefined) return inherited
  const addressed = byAddress(ways)
  // A device that is bound by its id from now on needs no rule.
  const isGone = (rule: AddressRule) =>
    ways.some(({ by, device }) => by === 'ids' && device.address === rule.address)
  const claims = {
    ids,
    lines: softdeps(host, chosen, how.file),
    rules: editRules(host, addressed, isGone),
    needsRules: addressed.length > 0,
    what: claimOf(host, ids, ways),
  }
  const outcome = writeClaims(host, claims, how)
  if (isRefusal(outcome)) return outcome
  const notes = ownerNotes(host, chosen)
  const answer = outcome.kind === 'converged' ? inEffect(chosen, isOnItsDriver(ways), haveOf(ways)) : outcome
  return notes.length > 0 ? { ...answer, findings: notes } : answer
}

/** What is claimed, each way, and why by address. */
function claimOf(host: Host, ids: readonly string[], ways: readonly Way[]): string {
  const all = ids.length > 0 ? [`${ids.join(', ')}${isVfioBuiltInEverywhere(host) ? BUILT_IN : ''}`] : []
  return `vfio-pci claims ${[...all, ...byAddress(ways).map(clauseOf)].join('; ')}`
}

const BUILT_IN =
  ' (it is compiled into every kernel here, so that only the command line counts and modprobe.d cannot)'

const driverOf = (way: Way): string => (way.by === 'address' ? way.driver : 'vfio-pci')

const isOnItsDriver =
  (ways: readonly Way[]) =>
  (device: PciDevice, driver: string): boolean => {
    const way = ways.find(one => one.device === device)
    return way?.by === 'address' ? moduleName(driver) === moduleName(way.driver) : isVfioDriver(driver)
  }

const haveOf = (ways: readonly Way[]): string =>
  [...Map.groupBy(ways, driverOf)]
    .map(([driver, own]) => `${driver} has ${own.map(({ device }) => describe(device)).join(', ')}`)
    .join('; ')

/** An override that is configured and not yet booted: today's groups are not those of the next boot. */
function groupsWillChange(host: Host): boolean {
  const found = findBootloader(host)
  if (isRefusal(found)) return false
  const configured = found.loader.configured(host)
  if (isRefusal(configured)) return false
  const values = (tokens: readonly string[]) => effectiveValues(tokens, 'pcie_acs_override').join()
  return values(configured) !== values(ifKnown(host.cmdline) ?? [])
}

function unbindable(host: Host): Refusal | undefined {
  const lacking = refuseLackingVfio(host)
  if (lacking !== undefined) return lacking
  const cmdline = configuredLine(host)
  for (const kernel of host.kernels.filter(kernel => kernel.bootable)) {
    const kept = keptFromLoading(host, kernel, cmdline)
    if (kept !== undefined)
      return refuse(
        `${kept.by} keeps ${kept.module} from being loaded: without it no device can go to a guest`,
        'take it out, then run again',
      )
  }
  return undefined
}

/** None where there is no loader to ask, which is refused further on. */
function configuredLine(host: Host): readonly string[] {
  const found = findBootloader(host)
  const configured = isRefusal(found) ? found : found.loader.configured(host)
  return isRefusal(configured) ? [] : configured
}
