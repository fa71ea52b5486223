import { cardMates } from '../../host/cards.ts'
import type { Host, PciDevice } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { describe, isDisplay, isPartOfTheBus, slotOf } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'
import { isDriven, isolatingGroupsOf } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import { messagesOf } from '../messages.ts'

/** How the devices are parted: a group goes to one guest as a whole, or to none. */
export function groupFindings(host: Host): Finding[] {
  if (!isDriven(host) && host.iommu.noIommuGroups.length === 0) return []
  const groups = isolatingGroupsOf(host)
  const shared = groups.filter(group => cardsOf(host, group) > 1)
  return [
    ...noIommu(host),
    ...override(host),
    ...shared.map(group => sharedGroup(host, group)),
    ...ungrouped(host),
    {
      stage: 'groups',
      severity: 'ok',
      what: `${groups.length} group${groups.length === 1 ? '' : 's'}, ${groups.length - shared.length} with one card or part of the board each`,
      evidence: '/sys/kernel/iommu_groups',
      next: '',
    },
  ]
}

const endpointsOf = (host: Host, group: number): PciDevice[] =>
  host.devices.filter(device => isEndpoint(device) && ifKnown(device.group) === group)

/** System peripherals (class 08: interrupt controllers, the IOMMU itself) are the board's, and no guest's. */
const isEndpoint = (device: PciDevice): boolean => !isPartOfTheBus(device) && !device.class.startsWith('08')

/** How many cards, or parts of the board, have endpoints in a group. */
function cardsOf(host: Host, group: number): number {
  const first: PciDevice[] = []
  for (const device of endpointsOf(host, group)) {
    const isOneOf = (other: PciDevice) =>
      slotOf(other) === slotOf(device) ||
      cardMates(host, other).includes(device) ||
      cardMates(host, device).includes(other)
    if (!first.some(isOneOf)) first.push(device)
  }
  return first.length
}

/** More of them are a wall, not a list. */
const MOST_NAMED = 4

function sharedGroup(host: Host, group: number): Finding {
  const members = endpointsOf(host, group)
  const named = members.slice(0, MOST_NAMED).map(describe)
  const more = members.length - named.length
  const withDisplay = members.some(isDisplay)
  return {
    stage: 'groups',
    severity: withDisplay ? 'warning' : 'note',
    what: `group ${group} holds more than one card: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    evidence: `/sys/kernel/iommu_groups/${group}/devices`,
    next: 'they go to one guest together, or a card moves to another slot; acs_override parts them without isolation',
  }
}

/** Documentation/driver-api/vfio.rst: no-IOMMU mode gives a device away with all of the host's memory. */
const noIommu = ({ iommu }: Host): Finding[] =>
  iommu.noIommuGroups.length === 0
    ? []
    : [
        {
          stage: 'groups',
          severity: 'problem',
          what: `groups without an IOMMU (${iommu.noIommuGroups.join(', ')}) isolate nothing`,
          evidence: '/sys/kernel/iommu_groups/*/name is vfio-noiommu',
          next: 'do not load vfio with enable_unsafe_noiommu_mode',
        },
      ]

function override(host: Host): Finding[] {
  const { active } = messagesOf(host).acs
  if (active === undefined) return []
  return [
    {
      stage: 'groups',
      severity: 'warning',
      what: 'the ACS override is in effect: groups look parted where the hardware does not isolate',
      evidence: quoted(active),
      next: 'give such devices only to guests that you trust as you trust the host',
    },
  ]
}

/** intel_iommu=igfx_off, or DEFAULT_ON_INTGPU_OFF: the kernel leaves single devices outside. */
function ungrouped(host: Host): Finding[] {
  const outside = host.devices.filter(device => isEndpoint(device) && ifKnown(device.group) === -1)
  if (!isDriven(host) || outside.length === 0) return []
  const named = outside.slice(0, MOST_NAMED).map(describe)
  const more = outside.length - named.length
  return [
    {
      stage: 'groups',
      severity: outside.some(isDisplay) ? 'warning' : 'note',
      what: `in no group, and so not for guests: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      evidence: `/sys/bus/pci/devices/${outside[0]?.address ?? ''} has no iommu_group`,
      next: adviceFor(outside),
    },
  ]
}

function adviceFor(outside: readonly PciDevice[]): string {
  if (outside.some(isIntelGraphics)) return 'intel_iommu=on includes Intel’s own graphics'
  return outside.some(isDisplay) ? 'see what the kernel says of it: journalctl -k -b | grep -i iommu' : ''
}

const isIntelGraphics = (device: PciDevice): boolean => isDisplay(device) && device.vendor === '8086'
