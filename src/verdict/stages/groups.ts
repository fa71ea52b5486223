import type { PciDevice } from '../../host/host.ts'
import { inTheWay, isRefusedForItsRegions } from '../../host/isolation.ts'
import { ifKnown } from '../../host/known.ts'
import { describe, isBridge, isDisplay, shortAddress } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'
import { unremapped } from '../interrupts.ts'
import { groupsOf, isDriven, isolatingGroupsOf, unitsOf } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import {
  findingsOf,
  type Judge,
  type Judged,
  judged,
  type Subject,
  type Untold,
  unknownStage,
  untold,
} from './stage.ts'

const say = findingsOf('groups')

/** Whether the kernel has made groups, and whether those of the chosen devices hold nothing that the host needs. */
export const groups: Judge = subject => {
  const { host, chosen } = subject
  if (host.iommu.units.is === 'unknown') return unknownStage('groups', `the IOMMU: ${host.iommu.units.why}`)
  const off = noGroups(subject)
  const found = [
    ...(off === undefined ? chosen.flatMap(device => troubleOf(subject, device)) : [off]),
    ...overrides(subject),
    ...incidents(subject),
    ...remapping(subject),
  ]
  return groupsJudged(subject, found)
}

function groupsJudged(subject: Subject, found: readonly (Finding | Untold)[]): Judged {
  const { host, chosen } = subject
  const own = [...new Set(chosen.map(device => ifKnown(device.group)))].join(', ')
  const says =
    chosen.length === 0
      ? `the IOMMU is on: ${[...unitsOf(host), `${groupsOf(host).length} groups`].join(', ')}`
      : `${own.includes(',') ? 'groups' : 'group'} ${own} ${own.includes(',') ? 'hold' : 'holds'} only ${chosen.map(describe).join(', ')}`
  // Where no boot makes other groups, what is in them now is what will be in them.
  const settled = isDriven(host) && chosen.every(({ group }) => (ifKnown(group) ?? -1) >= 0)
  return judged('groups', subject, found, { says, evidence: '/sys/kernel/iommu_groups' }, { settled })
}

/** Units alone are not enough: they may be there for interrupts only. */
function noGroups({ host, chosen, messages }: Subject): Finding | undefined {
  const isUnclear = host.devices.some(({ group }) => group.is === 'unknown')
  if (isolatingGroupsOf(host).length > 0 || (unitsOf(host).length > 0 && isUnclear)) return undefined
  // That theirs isolates nothing is said of each chosen device.
  if (chosen.length > 0 && groupsOf(host).length > 0) return undefined
  const truncated = messages === undefined || messages.truncated ? ' (the log of this boot is truncated)' : ''
  return say.problem(
    `the IOMMU is off: ${unitsOf(host).length > 0 ? `${unitsOf(host).join(', ')} is driven, but no device is in a group` : 'the kernel drives no unit'}${truncated}`,
    evidenceOf(messages),
    'look at the kernel log: journalctl -k -b | grep -e DMAR -e AMD-Vi',
  )
}

function evidenceOf(messages: Subject['messages']): string {
  const told = messages?.iommu
  if (told?.is === 'off' || told?.is === 'set up') return `/sys/class/iommu; ${quoted(told.line)}`
  const asked = messages?.iommuAskedFor
  return asked === undefined
    ? '/sys/class/iommu and /sys/kernel/iommu_groups'
    : `/sys/class/iommu; ${quoted(asked)}, which only tells that an argument was read`
}

function troubleOf(subject: Subject, device: PciDevice): (Finding | Untold)[] {
  const { host, messages } = subject
  if (device.group.is === 'unknown') return [untold(`the group of ${describe(device)}: ${device.group.why}`)]
  const group = device.group.value
  if (group < 0)
    return [
      say.problem(
        `${describe(device)} is in no IOMMU group`,
        messages?.graphicsExcluded === undefined
          ? `there is no link /sys/bus/pci/devices/${device.address}/iommu_group`
          : quoted(messages.graphicsExcluded),
        isDisplay(device) && device.vendor === '8086'
          ? 'boot with intel_iommu=on and without igfx_off, and choose another display for the host; some chipsets leave it out in any case'
          : 'see that the kernel lists it: journalctl -k -b | grep "Adding to iommu group"',
      ),
    ]
  if (host.iommu.noIommuGroups.includes(group))
    return [
      say.problem(
        `group ${group} of ${describe(device)} is a no-IOMMU group, which isolates nothing`,
        `/sys/kernel/iommu_groups/${group}/name`,
        'do not load vfio with enable_unsafe_noiommu_mode',
      ),
    ]
  const found = [reserved(subject, device, group), company(subject, device, group)]
  return found.flatMap(one => one ?? [])
}

/** A `direct` line in reserved_regions; the kernel refuses such a group to VFIO (iommu_group_claim_dma_owner()). */
function reserved({ host, messages }: Subject, device: PciDevice, group: number): Finding | undefined {
  const refused = messages?.rejected.find(({ value }) => value === device.address)
  if (!isRefusedForItsRegions(host, group) && refused === undefined) return undefined
  return say.problem(
    `the firmware insists on memory of its own for ${describe(device)}, and the kernel gives such a device to no guest`,
    refused === undefined
      ? `a direct region in /sys/kernel/iommu_groups/${group}/reserved_regions`
      : quoted(refused.line),
    'look in BIOS/UEFI for what uses it (remote management, RAID, shared memory of HP’s iLO), or choose another device',
  )
}

function company({ host, chosen }: Subject, device: PciDevice, group: number): Finding | undefined {
  const [first, ...rest] = inTheWay(host, device, chosen)
  if (first === undefined) return undefined
  const more = rest.length > 0 ? ` and ${rest.map(mate => shortAddress(mate.address)).join(', ')}` : ''
  return say.problem(
    `group ${group} of ${describe(device)} also holds ${describe(first)}, on ${ifKnown(first.driver)}${more}`,
    `/sys/kernel/iommu_groups/${group}/devices`,
    isBridge(first)
      ? `a port does no harm on pcieport, or on no driver: blacklist ${ifKnown(first.driver)}, if nothing else needs it`
      : 'choose these too and give them to the same guest (group: whole takes all that is in it), use another slot, or separate the groups with acs_override',
  )
}

/** Groups that were split by the override look like isolation, and are none. */
const overrides = ({ messages }: Subject): Finding[] =>
  messages?.acs.active === undefined
    ? []
    : [
        say.warning(
          'the ACS override splits groups that the hardware does not isolate',
          quoted(messages.acs.active),
          'trust such a guest as you trust the host: it can reach the memory of what was in its group',
        ),
      ]

/** What the IOMMU stopped or refused, of whichever device; what concerns chosen ones is said of them. */
function incidents({ chosen, messages }: Subject): Finding[] {
  if (chosen.length > 0 || messages === undefined) return []
  const { faults, faultReports, rejected } = messages
  const devices = [...new Set(faults.map(({ value }) => shortAddress(value.device)))].join(', ')
  const line = faults[0]?.line ?? faultReports[0]
  return [
    ...(line === undefined
      ? []
      : [
          say.warning(
            `the IOMMU has stopped accesses${devices === '' ? '' : ` of ${devices}`}`,
            quoted(line),
            'a driver or the firmware’s tables let a device reach where it may not: look for newer firmware',
          ),
        ]),
    ...rejected.map(one =>
      say.warning(
        `${shortAddress(one.value)} cannot go to a guest: the firmware insists on memory of its own for it`,
        quoted(one.line),
        'choose another device',
      ),
    ),
  ]
}

/** Of the chosen devices `usable` asks for it. */
function remapping({ host, chosen, messages }: Subject): Finding[] {
  const trouble = chosen.length > 0 ? undefined : unremapped(host, messages?.interruptRemapping)
  return trouble === undefined ? [] : [say.warning(trouble.what, trouble.evidence, trouble.next)]
}
