import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addressRuleOf, RULES_FILE } from '../../src/host/address_binding.ts'
import { boot } from '../../src/host/boot.ts'
import { resolveDevices } from '../../src/host/devices.ts'
import type { Host, PciDevice } from '../../src/host/host.ts'
import { DEVICE_LOCKS } from '../../src/host/locks.ts'
import { idOf } from '../../src/host/pci.ts'
import { initramfs_rebuild } from '../../src/modules/initramfs_rebuild.ts'
import { claimedIds } from '../../src/modules/vfio_ids/options.ts'
import { vfio_ids } from '../../src/modules/vfio_ids.ts'
import { isRefusal } from '../../src/refusal.ts'
import { type PlannedCall, planTasks } from '../../src/runner/plan.ts'
import { aDevice, selectors } from '../builders.ts'
import { recordedHosts } from '../hosts/index.ts'
import { EFFORT } from './effort.ts'

/** Cards and controllers in pairs of one id, which come and go between the runs of tasks that claim some of them. */
const POOL: readonly PciDevice[] = [
  ...['0000:7a:00', '0000:7b:00'].flatMap((slot, n) => [
    aDevice({ address: `${slot}.0`, driver: 'nouveau', group: 70 + n, bridges: ['0000:00:1c.0'] }),
    aDevice({
      address: `${slot}.1`,
      id: '10de:0fbb',
      class: '040300',
      driver: 'snd_hda_intel',
      group: 70 + n,
      bridges: ['0000:00:1c.0'],
    }),
  ]),
  ...['0000:7c:00.0', '0000:7d:00.0'].map((address, n) =>
    aDevice({ address, id: '1b21:2142', class: '0c0330', driver: 'xhci_hcd', group: 72 + n }),
  ),
  aDevice({ address: '0000:7e:00.0', id: '144d:a808', class: '010802', driver: 'nvme', group: 74 }),
]
const CHOICES = [...POOL.map(({ address }) => address), '10de:13c2', '1b21:2142']
const WHERE = POOL.map((_, n) => n)
// The others have claims of their own to begin with.
const HOSTS = recordedHosts().filter(({ name }) => !/ready|guide/.test(name))

const aStep = fc.record({
  devices: fc.uniqueArray(fc.constantFrom(...CHOICES), { minLength: 1, maxLength: 3 }),
  state: fc.constantFrom('present', 'present', 'absent'),
  bind: fc.constantFrom('auto', 'auto', 'ids', 'address'),
  there: fc.subarray(WHERE, { minLength: 2 }),
})
type Step = typeof aStep extends fc.Arbitrary<infer T> ? T : never

const tasks = (args: Partial<Omit<Step, 'there'>>): PlannedCall[] => [
  { module: vfio_ids, args: vfio_ids.args.parse({ ...args, allow: DEVICE_LOCKS }) },
  { module: initramfs_rebuild, args: initramfs_rebuild.args.parse({}) },
]

it('claims of devices that come and go: the chosen ones and no others, once, and back again', () => {
  const story = fc.tuple(
    fc.constantFrom(...HOSTS.map(({ name }) => name)),
    fc.array(aStep, { minLength: 1, maxLength: 5 }),
  )
  fc.assert(
    fc.property(story, ([name, steps]) => {
      const first = HOSTS.find(one => one.name === name)?.host
      if (first === undefined) return
      const last = steps.reduce((host, step) => run(withPool(host, step.there), step), first)
      const everything = [...last.devices.filter(isOfPool).map(({ address }) => address), ...IDS]
      const left = planTasks(last, tasks({ devices: everything, state: 'absent' }).slice(0, 1)).predicted
      expect(left.files[RULES_FILE]).toEqual(first.files[RULES_FILE])
      expect(modprobeOf(left)).toEqual(modprobeOf(first))
    }),
    { numRuns: 60 * EFFORT },
  )
}, 600_000)

const IDS = [...new Set(POOL.map(idOf))]
const isOfPool = (device: PciDevice): boolean => POOL.some(({ address }) => address === device.address)
const modprobeOf = ({ files }: Host) =>
  Object.entries(files).filter(([path]) => path.startsWith('/etc/modprobe.d/'))

/** These of the pool, as they are where they were there already. */
function withPool(host: Host, there: readonly number[]): Host {
  const own = POOL.filter((_, n) => there.includes(n)).map(
    device => host.devices.find(({ address }) => address === device.address) ?? device,
  )
  return { ...host, devices: [...host.devices.filter(device => !isOfPool(device)), ...own] }
}

function run(host: Host, { there: _, ...args }: Step): Host {
  const calls = tasks(args)
  const { outcomes, predicted } = planTasks(host, calls)
  if (outcomes.some(({ kind }) => kind === 'blocked' || kind === 'unknown')) return host
  const named = args.devices.flatMap(one => {
    const found = resolveDevices(host, selectors(one), 'passed over')
    return isRefusal(found) ? [] : found.map(({ address }) => address)
  })
  const toldOfTwins = outcomes.flatMap(({ findings = [] }) => findings.map(({ what }) => what)).join()
  for (const device of predicted.devices.filter(isOfPool)) {
    if (toldOfTwins.includes(device.address.slice('0000:'.length))) continue
    const wanted = named.includes(device.address) ? args.state === 'present' : isClaimed(host, device)
    expect([device.address, isClaimed(predicted, device)]).toEqual([device.address, wanted])
  }
  const booted = boot(predicted)
  for (const one of [predicted, booted]) {
    const again = planTasks(one, calls)
    expect(again.changes).toEqual([])
    expect(again.outcomes.filter(({ kind }) => kind === 'blocked' || kind === 'change')).toEqual([])
  }
  return booted
}

function isClaimed(host: Host, device: PciDevice): boolean {
  const ids = claimedIds(host)
  return (!isRefusal(ids) && ids.includes(idOf(device))) || addressRuleOf(host, device) !== undefined
}
