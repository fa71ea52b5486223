import { type AddressRule, addressRules, editRules } from '../../host/address_binding.ts'
import { idsNamed, resolveDevices } from '../../host/devices.ts'
import type { Host, PciDevice } from '../../host/host.ts'
import { describe, idOf, isVfioDriver, shortAddress, slotOf } from '../../host/pci.ts'
import type { Selector } from '../../host/selectors.ts'
import { isRefusal, type Refusal } from '../../refusal.ts'
import type { Finding } from '../../verdict/finding.ts'
import type { Outcome } from '../define.ts'
import { withFindings } from '../verdict_outcome.ts'
import { claimedIds, plainId, withoutSoftdeps } from './options.ts'
import { inEffect, type Writing, writeClaims } from './places.ts'

/**
 * Takes away the ids and rules of these devices, and no others. What was bound can be given back though its device is gone;
 * an address where nothing is or was has nothing to give back.
 */
export function release(host: Host, selectors: readonly Selector[], how: Writing): Outcome | Refusal {
  const rules = addressRules(host)
  const isBound = (selector: Selector) => rules.some(rule => isNamed(host, rule, selector))
  const before = claimedIds(host)
  if (isRefusal(before)) return before
  const absent = selectors.find(one => isPlain(one) && !isThere(host, one) && !isBound(one))
  const chosen = resolveDevices(
    host,
    selectors.filter(selector => !isPlain(selector) || isThere(host, selector)),
    'passed over',
  )
  if (isRefusal(chosen)) return chosen
  const isRuled = (device: PciDevice) => rules.some(({ address }) => address === device.address)
  const hasTwin = (device: PciDevice) =>
    host.devices.some(other => idOf(other) === idOf(device) && !chosen.includes(other))
  const gone = new Set([
    ...chosen.filter(device => !isRuled(device) || !hasTwin(device)).map(idOf),
    ...idsNamed(selectors),
  ])
  const ids = before.filter(id => !gone.has(plainId(id)))
  const orphans = absent === undefined ? [] : orphansOf(host, absent, ids)
  const isGone = (rule: AddressRule) =>
    chosen.some(({ address }) => address === rule.address) ||
    selectors.some(selector => isNamed(host, rule, selector))
  const left = rules.filter(rule => !isGone(rule))
  const what =
    ids.length + left.length === 0
      ? 'vfio-pci claims nothing'
      : `vfio-pci claims only ${[...ids, ...left.map(({ address }) => shortAddress(address))].join(', ')}`
  const claims = {
    ids,
    lines: ids.length + left.length === 0 ? [withoutSoftdeps(how.file)] : [],
    rules: editRules(host, [], isGone),
    needsRules: false,
    what,
  }
  const outcome = writeClaims(host, claims, how)
  if (isRefusal(outcome)) return outcome
  if (outcome.kind === 'change') {
    const shared = host.devices.filter(device => hadIdOf(before, gone, device) && !chosen.includes(device))
    return withFindings(outcome, [...orphans, ...shared.filter(device => !isRuled(device)).map(goesAlong)])
  }
  if (outcome.kind !== 'converged') return withFindings(outcome, orphans)
  const given = [...new Set([...gone, ...chosen.map(idOf)])].join(', ')
  const inForce = inEffect(
    chosen.filter(device => !ids.map(plainId).includes(idOf(device))),
    (_, driver) => !isVfioDriver(driver),
    `${what}: ${given === '' ? `no ${selectors.map(({ text }) => text).join(', ')} on this host` : `${given} given back`}`,
  )
  return withFindings(inForce, orphans)
}

/** A device that is gone may have been claimed by its id, which its address does not tell any more. */
function orphansOf(host: Host, { text, id }: Selector, claimed: readonly string[]): Finding[] {
  const orphans = claimed.filter(one => host.devices.every(device => idOf(device) !== plainId(one)))
  if (id !== undefined || orphans.length === 0) return []
  return [
    {
      stage: 'driver',
      severity: 'warning',
      what: `no device ${text} on this host, and vfio-pci claims ${orphans.join(', ')}, which no device here has`,
      evidence: 'the ids of vfio-pci in modprobe.d and on the kernel command line',
      next: `if that was it, give it back by its id: devices: ["${plainId(orphans[0] ?? '')}"]`,
    },
  ]
}

/** Its id was claimed and is given back. */
const hadIdOf = (before: readonly string[], gone: ReadonlySet<string>, device: PciDevice): boolean =>
  gone.has(idOf(device)) && before.some(id => plainId(id) === idOf(device))

const goesAlong = (device: PciDevice): Finding => ({
  stage: 'driver',
  severity: 'warning',
  what: `${describe(device)} goes back to its own driver too: it was claimed by the same id`,
  evidence: `vfio-pci's ids hold ${idOf(device)}`,
  next: 'choose it in a vfio_ids task of its own behind this one, which binds it by its address',
})

/**
 * What a selector says by itself, whether or not the device is there. The rest of a card that is gone goes along with the
 * function that was named, as it came along with it.
 */
function isNamed(host: Host, rule: AddressRule, selector: Selector): boolean {
  const { address, slot, id, functions } = selector
  if (!isPlain(selector)) return false
  if (rule.address === address || rule.id === id) return true
  if (slot !== undefined) return slotOf(rule) === slot
  const isGone = host.devices.every(device => device.address !== rule.address)
  return functions === 'card' && isGone && address !== undefined && slotOf(rule) === slotOf({ address })
}

/** An address, a slot or an id and nothing else. */
const isPlain = ({ text, functions, group, atMost, address, slot, id, ...others }: Selector): boolean =>
  [address, slot, id].filter(one => one !== undefined).length === 1 &&
  Object.values(others).every(one => one === undefined)

const isThere = (host: Host, { address, slot, id }: Selector): boolean =>
  host.devices.some(device => device.address === address || slotOf(device) === slot || idOf(device) === id)
