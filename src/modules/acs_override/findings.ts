import { nextBoot } from '../../backends/bootloaders/index.ts'
import { type Group, groupsOf, predictGroups, splitGroups } from '../../host/acs_groups.ts'
import type { Host, InstalledKernel, PciDevice } from '../../host/host.ts'
import { effectiveValues } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { idOf, isBridge, shortAddress } from '../../host/pci.ts'
import { isRefusal } from '../../refusal.ts'
import { acsPatchOf } from '../../verdict/acs_patch.ts'
import type { Finding, Severity } from '../../verdict/finding.ts'

export const KEY = 'pcie_acs_override'

/** What the patch has room for (NUM_ACS_IDS, of which it leaves the last one free). */
export const MOST_IDS = 15

/** What there is to know before it is booted: what is given up, what it would split, and which kernels would lose it. */
export const beforeTheBoot = (host: Host, values: readonly string[]): Finding[] => [
  ...kernelsWithout(host),
  givenUp,
  ...(isBooted(host, values) ? [] : foretold(host, values)),
]

/** Then the groups of today have it in them. */
const isBooted = (host: Host, values: readonly string[]): boolean =>
  values.every(value => effectiveValues(ifKnown(host.cmdline) ?? [], KEY).includes(value))

const givenUp: Finding = {
  stage: 'groups',
  severity: 'warning',
  what: 'the override isolates nothing: devices that it puts into groups of their own can still reach each other past the IOMMU, and so can their guests and the host',
  evidence: 'the patch only has the kernel take missing ACS for granted',
  next: '',
}

/** Each installed kernel may be the one that boots: after an update, or by hand. */
function kernelsWithout(host: Host, severityOf = (_: InstalledKernel): Severity => 'warning'): Finding[] {
  return host.kernels
    .filter(({ bootable }) => bootable)
    .flatMap((kernel): Finding[] => {
      const { is, evidence } = acsPatchOf(host, kernel)
      if (is === 'there' || is === 'usually') return []
      return [
        {
          stage: 'kernel',
          severity: severityOf(kernel),
          what: `with kernel ${kernel.release} the override ${is === 'missing' ? 'has no effect' : 'may have no effect: nothing shows that it carries the patch'}`,
          evidence: `it ${evidence}`,
          next: 'keep a kernel with the patch the default, and compare the groups after each update',
        },
      ]
    })
}

function foretold(host: Host, values: readonly string[]): Finding[] {
  const [today, after] = [groupsOf(host), predictGroups(host, values)]
  if (today.is === 'unknown' || after.is === 'unknown') {
    const why = today.is === 'unknown' ? today.why : after.is === 'unknown' ? after.why : ''
    return [
      {
        stage: 'groups',
        severity: 'note',
        what: 'which groups the override would split cannot be told yet',
        evidence: why,
        next: 'turn the IOMMU on first (iommu_kernel_args, a reboot), and look which groups need it',
      },
    ]
  }
  const splits = splitGroups(today.value, after.value).filter(({ parts }) => matters(host, parts))
  if (splits.length === 0)
    return [
      {
        stage: 'groups',
        severity: 'warning',
        what: `the override would part no devices here with ${values.join(',')}`,
        evidence: 'no group holds devices behind different ports that the override speaks for',
        next: 'leave it out, or name other values',
      },
    ]
  return splits.map(({ group, parts }) => {
    const next = narrower(host, values, group, parts)
    return {
      stage: 'groups',
      // Giving up more than is needed is worth a word even without -v.
      severity: next === '' ? 'note' : 'warning',
      what: `group ${numberOf(host, group)} (${addresses(group)}) would become ${parts.map(inBrackets).join(', ')}`,
      evidence:
        'worked out from the groups of today; a port with an ACS of its own that lacks something stays as it is',
      next,
    }
  })
}

/** Ports do no harm in a group: one that only loses them was as good before. */
const matters = (host: Host, parts: readonly Group[]): boolean =>
  parts.filter(part => part.some(address => isEndpoint(host, address))).length > 1

const isEndpoint = (host: Host, address: string): boolean => {
  const device = deviceAt(host, address)
  return device !== undefined && !isBridge(device)
}

const deviceAt = (host: Host, address: string): PciDevice | undefined =>
  host.devices.find(device => device.address === address)

const numberOf = (host: Host, [first = '']: Group): number | undefined => {
  const device = deviceAt(host, first)
  return device && ifKnown(device.group)
}

const addresses = (group: Group): string => group.map(shortAddress).join(', ')
const inBrackets = (group: Group): string => `(${addresses(group)})`

/** The fewest ids that part a group in the same way, where all ports, or all functions, were asked for. */
function narrower(host: Host, values: readonly string[], group: Group, parts: readonly Group[]): string {
  if (!values.some(value => value === 'downstream' || value === 'multifunction')) return ''
  const devices = group.flatMap(address => deviceAt(host, address) ?? [])
  const candidates = [...new Set(devices.map(device => `id:${idOf(device)}`))]
  const partsLikewise = (ids: readonly string[]) => {
    const after = ifKnown(predictGroups(host, ids))
    const split = after && splitGroups([group], after)[0]?.parts
    return split !== undefined && textOf(split) === textOf(parts)
  }
  if (!partsLikewise(candidates)) return ''
  const enough = candidates.reduce((left, one) => {
    const without = left.filter(id => id !== one)
    return partsLikewise(without) ? without : left
  }, candidates)
  return enough.length > MOST_IDS
    ? ''
    : `for this group values: [${enough.join(', ')}] would do, and gives up less`
}

/** Whether it lasts, and what the reboot that was made for it has brought. */
export const afterTheBoot = (host: Host): Finding[] => [
  ...kernelsWithout(host, ({ release }) => (mayBootNext(host, release) ? 'warning' : 'note')),
  ...brought(host),
]

function mayBootNext(host: Host, release: string): boolean {
  const next = nextBoot(host)
  return isRefusal(next) || next.release === release
}

/** By the groups that the journal has of before. */
function brought(host: Host): Finding[] {
  const { reboot } = host.journal
  const now = ifKnown(groupsOf(host))
  const isFor = reboot?.reasons.some(reason => reason.includes(KEY)) && reboot.bootId !== ifKnown(host.bootId)
  if (reboot?.groups === undefined || now === undefined || !isFor) return []
  const present = new Set(now.flat())
  const before = reboot.groups
    .map(group => group.filter(address => present.has(address)))
    .filter(group => group.length > 0)
  if (before.length === 0) return []
  const splits = splitGroups(before, now)
  const parted = splits.filter(({ parts }) => matters(host, parts))
  const evidence = `${KEY}=${effectiveValues(ifKnown(host.cmdline) ?? [], KEY).join(',')} on the command line of this boot`
  if (parted.length === 0)
    return [
      {
        stage: 'groups',
        severity: 'warning',
        what:
          splits.length === 0
            ? `the groups did not change: all ${before.length} are as they were before the override`
            : 'no devices have come apart: the override has only taken ports out of their groups',
        evidence,
        next: 'name other ports or values, or take the override away (state: absent): it gives up isolation for nothing',
      },
    ]
  return parted.map(({ group, parts }) => ({
    stage: 'groups',
    severity: 'note',
    what: `what was one group (${addresses(group)}) has become ${parts.map(inBrackets).join(', ')}`,
    evidence,
    next: '',
  }))
}

const textOf = (groups: readonly Group[]): string =>
  groups
    .map(group => group.toSorted().join(' '))
    .toSorted()
    .join('; ')
