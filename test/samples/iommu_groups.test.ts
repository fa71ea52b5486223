import { expect, it } from 'vitest'
import { cardMates } from '../../src/host/cards.ts'
import { resolveDevices } from '../../src/host/devices.ts'
import type { Host, PciDevice } from '../../src/host/host.ts'
import { companyOf, inTheWay } from '../../src/host/isolation.ts'
import { ifKnown, observed } from '../../src/host/known.ts'
import { idOf, isBridge, isDisplay, shortAddress, slotOf } from '../../src/host/pci.ts'
import { isRefusal } from '../../src/refusal.ts'
import { selectors } from '../builders.ts'
import { checkConclusion, countOf, type Rule } from './conclusions.ts'
import { sampleSuite, samplesOf } from './index.ts'
import { addressesIn, type Listing, readListing } from './pci_listing.ts'

const groupOf = (device: PciDevice): number => ifKnown(device.group) ?? -1
const groupsOf = (devices: readonly PciDevice[]): number[] => [
  ...new Set(devices.map(groupOf).filter(group => group >= 0)),
]
const gpusOf = ({ host }: Listing): PciDevice[] =>
  host.devices.filter(device => isDisplay(device) && device.vendor !== '1a03')
const at = ({ host }: Listing, address: string): PciDevice => {
  const device = host.devices.find(one => shortAddress(one.address) === address)
  if (device === undefined) throw new Error(`${address} is not listed`)
  return device
}
const shortOnes = (devices: readonly PciDevice[]): string[] =>
  devices.map(device => shortAddress(device.address)).sort()

/** What a playbook chooses that names only this one. */
function chosenBy(host: Host, ...written: readonly unknown[]): readonly PciDevice[] {
  const chosen = resolveDevices(host, selectors(...written))
  if (isRefusal(chosen)) throw new Error(chosen.why)
  return chosen
}

/** As they would be on a running host; listings of groups do not tell drivers. */
const running = (host: Host): Host => ({
  ...host,
  devices: host.devices.map(device => ({
    ...device,
    driver: observed(isBridge(device) ? 'pcieport' : 'its_own'),
  })),
})

/** `01:00.0 10de:13c2 group 1 fn 0/1 -> …`, one for each GPU. */
const GPU =
  /(?<address>[0-9a-f]{2}:[01][0-9a-f]\.[0-7]) (?<id>[0-9a-f]{4}:[0-9a-f]{4}) group (?<group>\d+) fn (?<functions>[\d/]+)(?: \([^[]*groups \[(?<others>[^\]]*)\]\))? -> (?<verdict>[^;]*)/g

const RULES: readonly Rule<Listing>[] = [
  {
    phrase: /(\d+) groups, (\d+) devices/,
    check({ host }, [, groups, devices]) {
      expect(host.devices.length).toBe(Number(devices))
      expect(groupsOf(host.devices).length).toBe(Number(groups))
    },
  },
  {
    phrase: new RegExp(GPU.source),
    check(listing) {
      for (const { groups: said = {} } of listing.sample.conclusion.matchAll(GPU))
        checkGpu(listing, { address: '', id: '', group: '', functions: '', others: '', verdict: '', ...said })
    },
  },
  {
    phrase: /one card over (\d+) groups; a tool must still take all (\d+) functions/,
    check(listing, [, groups, functions]) {
      const cards = gpusOf(listing).map(gpu => chosenBy(listing.host, gpu.address))
      const card = cards.find(one => groupsOf(one).length === Number(groups))
      expect(card?.length).toBe(Number(functions))
    },
  },
  {
    // By id the other one goes too; an address takes only its own card.
    phrase: /two GPUs with the same id|TWO IDENTICAL GPUs/i,
    check(listing) {
      const [twins = []] = [...Map.groupBy(gpusOf(listing), idOf).values()].filter(same => same.length > 1)
      expect(twins.length).toBeGreaterThan(1)
      for (const twin of twins) {
        expect(chosenBy(listing.host, idOf(twin))).toEqual(expect.arrayContaining([...twins]))
        expect(chosenBy(listing.host, twin.address).filter(isDisplay)).toEqual([twin])
      }
    },
  },
  {
    phrase: /two different (\w+) GPUs in one group|not separable|Group (\d+) that holds both GPUs/i,
    check(listing) {
      const together = [...Map.groupBy(gpusOf(listing), groupOf).values()]
      expect(together.some(gpus => gpus.length > 1)).toBe(true)
    },
  },
  {
    phrase: /chipset \+ GPU \+ NIC all in group (\d+)/,
    check({ host }, [, group]) {
      const members = host.devices.filter(device => groupOf(device) === Number(group))
      for (const code of ['03', '02', '0106'])
        expect(members.some(device => device.class.startsWith(code))).toBe(true)
    },
  },
  {
    phrase: /([0-9a-f:]+)\.(\d)-\.(\d) sit in the APU slot but are/,
    check(listing, [, slot, first, last]) {
      const apu = listing.host.devices.filter(
        device => isDisplay(device) && shortAddress(slotOf(device)) === slot,
      )
      expect(apu.length).toBe(1)
      const mates = apu.flatMap(device => cardMates(listing.host, device))
      const functions = mates.map(mate => Number(mate.address.at(-1)))
      expect(functions.filter(one => one >= Number(first) && one <= Number(last))).toEqual([])
    },
  },
  {
    phrase:
      /card's own switch ports \(([^)]+)\) are part of the card; the \w+ (\S+) is what breaks isolation/,
    check(listing, [, ports = '', culprit = '']) {
      const group = groupOf(at(listing, culprit))
      const gpu = gpusOf(listing).find(device => groupOf(device) === group)
      expect(gpu).toBeDefined()
      if (gpu === undefined) return
      const company = companyOf(listing.host, gpu, chosenBy(listing.host, gpu.address))
      expect(shortOnes(company.bridges)).toEqual(ports.split(', '))
      expect(shortOnes(company.endpoints)).toEqual([culprit])
    },
  },
  {
    phrase: /ASPEED BMC VGA/,
    applies: ({ bytes }) => bytes.includes('[1a03:'),
    check({ host }) {
      const bmc = chosenBy(host, { class: 'display', vendor: 'aspeed' })
      expect(bmc.every(isDisplay)).toBe(true)
      const others = chosenBy(host, { class: 'display', not: { vendor: 'aspeed' } })
      expect(others.filter(device => bmc.includes(device))).toEqual([])
    },
  },
  {
    phrase: /(\d+) GPUs/,
    check: (listing, [, count]) => expect(gpusOf(listing).length).toBeGreaterThanOrEqual(Number(count)),
  },
  {
    phrase: /names hold brackets (.*): take the LAST/,
    check(listing, [, examples = '']) {
      for (const [, name = ''] of examples.matchAll(/"([^"]+)"/g)) {
        const named = listing.listed.filter(({ description }) => description.includes(name))
        expect(named.length).toBeGreaterThan(0)
        for (const { device, description } of named) expect(description).toContain(`[${idOf(device)}]`)
      }
    },
  },
  {
    phrase: /(\w\w):\* listed before (\w\w):\*/,
    check({ host }, [, first = '', second = '']) {
      const buses = host.devices.map(({ address }) => address.split(':')[1] ?? '')
      expect(buses.indexOf(first)).toBeGreaterThanOrEqual(0)
      expect(buses.indexOf(first)).toBeLessThan(buses.indexOf(second))
    },
  },
  {
    // Groups that a reader does not find are unknown, and not none.
    phrase: /NON-STANDARD|tab form|Markdown|never report 0 groups|author-edited/i,
    check({ host, sample }) {
      expect(host.devices.filter(({ group }) => ifKnown(group) === -1)).toEqual([])
      if (TELLS_GROUPS.test(sample.bytes)) expect(groupsOf(host.devices).length).toBeGreaterThan(0)
    },
  },
]

const TELLS_GROUPS = /\bgroups?\W{0,4}\d|\biommu_groups\/\d/i

type Said = Readonly<Record<'address' | 'id' | 'group' | 'functions' | 'others' | 'verdict', string>>

function checkGpu(listing: Listing, said: Said): void {
  const { host } = listing
  const gpu = at(listing, said.address)
  expect(idOf(gpu)).toBe(said.id)
  expect(groupOf(gpu)).toBe(Number(said.group))
  const slot = host.devices.filter(device => slotOf(device) === slotOf(gpu))
  const here = slot.filter(device => groupOf(device) === groupOf(gpu))
  expect(
    here
      .map(({ address }) => address.at(-1))
      .sort()
      .join('/'),
  ).toBe(said.functions)
  const elsewhere = groupsOf(slot.filter(device => !here.includes(device))).sort((a, b) => a - b)
  expect(elsewhere.join(', ')).toBe(said.others ?? '')
  const chosen = chosenBy(host, gpu.address)
  const verdict = companySaid(said.verdict)
  if (verdict === undefined) return
  const company = companyOf(host, gpu, chosen)
  expect({
    endpoints: firstOf(company.endpoints),
    bridges: firstOf(company.bridges),
  }).toEqual(verdict)
  const live = running(host)
  const problems = inTheWay(live, at({ ...listing, host: live }, said.address), chosenBy(live, gpu.address))
  expect(firstOf(problems)).toEqual(verdict.endpoints)
}

/**
 * `isolated`, `not isolated: bridges A,B share …`, `NOT isolated: other endpoints A,B and bridges C,D`; undefined where
 * it says more, or something else.
 */
function companySaid(verdict: string): { endpoints: string[]; bridges: string[] } | undefined {
  if (!/^\s*(?:isolated\W*$|not isolated: (?:other endpoints|bridges) [0-9a-f])/i.test(verdict))
    return undefined
  const list = (pattern: RegExp): string[] =>
    (pattern.exec(verdict)?.[1] ?? '').split(',').filter(Boolean).sort()
  return { endpoints: list(/endpoints ([0-9a-f:.,]+)/), bridges: list(/bridges ([0-9a-f:.,]+)/) }
}

/** A conclusion names no more than four of a kind. */
const firstOf = (devices: readonly PciDevice[]): string[] => shortOnes(devices).slice(0, 4)

sampleSuite('IOMMU groups of real hosts', () => {
  const samples = samplesOf('iommu-groups')
  const listings = samples.map(readListing)

  it('all are read', () => {
    const devices = listings.flatMap(({ host }) => host.devices)
    const groups = listings.flatMap(({ host }) => groupsOf(host.devices))
    const gpus = samples.flatMap(({ conclusion }) => [...conclusion.matchAll(GPU)])
    console.log(
      `iommu-groups: ${samples.length} listings, ${groups.length} groups, ${devices.length} devices, ${gpus.length} verdicts on GPUs; ${countOf(RULES, samples)}`,
    )
    const unread = listings.filter(
      ({ host, sample }) => TELLS_GROUPS.test(sample.bytes) && groupsOf(host.devices).length === 0,
    )
    expect(unread.filter(({ host }) => host.devices.length > 0)).toEqual([])
  })

  it.each(listings)(
    '$sample.name: every device is read, with the id and class it is listed with',
    listing => {
      expect(listing.host.devices.map(({ address }) => address).sort()).toEqual(
        addressesIn(listing.sample.bytes).sort(),
      )
      for (const { device, line } of listing.listed) {
        if (/\[[0-9a-f]{4}:[0-9a-f]{4}\]/i.test(line))
          expect(line.toLowerCase()).toContain(`[${idOf(device)}]`)
        if (/\[[0-9a-f]{4}\]/i.test(line))
          expect(line.toLowerCase()).toContain(`[${device.class.slice(0, 4)}]`)
      }
    },
  )

  it.each(listings)('$sample.name: what the conclusion says of it is so', listing => {
    checkConclusion(RULES, listing.sample, listing)
  })
})
