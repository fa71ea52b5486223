import { expect, it } from 'vitest'
import { cardMates } from '../../src/host/cards.ts'
import { resolveDevices } from '../../src/host/devices.ts'
import type { PciDevice } from '../../src/host/host.ts'
import { ifKnown } from '../../src/host/known.ts'
import { modprobeDirectives, parseModprobe, vfioIdsDirective } from '../../src/host/modprobe.ts'
import { describe, idOf, isBridge, isDisplay, isVfioDriver, shortAddress } from '../../src/host/pci.ts'
import { isRefusal } from '../../src/refusal.ts'
import { selectors, withFiles } from '../builders.ts'
import { checkConclusion, countOf, type Rule } from './conclusions.ts'
import { type Sample, sampleSuite, samplesOf } from './index.ts'
import { addressesIn, type ListedDevice, type Listing, readListing } from './pci_listing.ts'

const displaysOf = ({ host }: Listing): PciDevice[] => host.devices.filter(isDisplay)
const driversOf = (devices: readonly PciDevice[]): (string | undefined)[] =>
  devices.map(device => ifKnown(device.driver))
const hasId = (device: PciDevice): boolean => /^[0-9a-f]{4}:[0-9a-f]{4}$/.test(idOf(device))
const listedAt = ({ listed }: Listing, address: string): ListedDevice => {
  const found = listed.find(({ device }) => shortAddress(device.address) === address)
  if (found === undefined) throw new Error(`${address} is not listed`)
  return found
}

function chosenBy({ host }: Listing, ...written: readonly unknown[]): readonly PciDevice[] {
  const chosen = resolveDevices(host, selectors(...written))
  if (isRefusal(chosen)) throw new Error(chosen.why)
  return chosen
}

const tellsDrivers = ({ bytes }: Sample): boolean => /Kernel driver in use:/.test(bytes)

const RULES: readonly Rule<Listing>[] = [
  {
    phrase: /\ball on vfio-pci|\bvfio-pci in use|bound to vfio-pci|controller on vfio-pci/,
    applies: tellsDrivers,
    check({ host, sample }) {
      const drivers = driversOf(host.devices).filter(driver => driver !== undefined)
      const isAll = /\ball on vfio-pci/.test(sample.conclusion)
      expect(isAll ? drivers.every(isVfioDriver) : drivers.some(isVfioDriver)).toBe(true)
    },
  },
  {
    phrase: /\b(nouveau|nvidia|amdgpu|radeon|i915) in use/,
    applies: tellsDrivers,
    check: (listing, [, driver]) => expect(driversOf(displaysOf(listing))).toContain(driver),
  },
  {
    phrase: /without "driver in use" \(([^)]+)\) = no driver bound/,
    check(listing, [, address = '']) {
      const { device, modules } = listedAt(listing, address)
      expect(device.driver).toMatchObject({ is: 'observed', value: '' })
      expect(modules.length).toBeGreaterThan(0)
    },
  },
  {
    // A program that goes by ids must not make any up.
    phrase: /ids absent|no ids|without ids/,
    check: ({ host }) => expect(host.devices.filter(hasId)).toEqual([]),
  },
  {
    phrase: /bare numbers "([0-9a-f]{4}): ([0-9a-f]{4}:[0-9a-f]{4})"/,
    check(listing, [, code = '', id = '']) {
      const found = chosenBy(listing, { class: code, id, functions: 'only' })
      expect(found.length).toBeGreaterThan(0)
    },
  },
  {
    // Not those of subsystems, which have lines of their own.
    phrase: /\b[0-9a-f]{4}:[0-9a-f]{4}\b/,
    check({ host, listed, sample }) {
      const named = [...sample.conclusion.matchAll(/\b[0-9a-f]{4}:[0-9a-f]{4}\b/g)].map(([id]) => id)
      const ofDevices = named.filter(id => listed.some(({ line }) => line.includes(id)))
      expect(host.devices.map(idOf)).toEqual(expect.arrayContaining(ofDevices))
    },
  },
  {
    phrase: /two (?:GPUs|VGA controllers)|both GPUs/,
    check: listing => expect(displaysOf(listing).length).toBeGreaterThanOrEqual(2),
  },
  {
    phrase: /both GPUs are "([^"]+)"/,
    check(listing) {
      expect(displaysOf(listing).every(device => device.class.startsWith('0300'))).toBe(true)
    },
  },
  {
    phrase: /drivers listed/,
    check: listing => expect(driversOf(displaysOf(listing))).not.toContain(undefined),
  },
  {
    phrase: /vendor must come from ([0-9a-f]{4})/,
    check: (listing, [, vendor = '']) =>
      expect(chosenBy(listing, { class: 'display', vendor }).length).toBeGreaterThan(0),
  },
  {
    phrase: /class code \[([0-9a-f]{4})\] missing, id still last bracket/,
    check(listing, [, code = '']) {
      expect(displaysOf(listing).map(device => device.class.slice(0, 4))).toContain(code)
      expect(displaysOf(listing).every(hasId)).toBe(true)
    },
  },
  {
    phrase: /space-separated|driver line after modules line/,
    check(listing) {
      const told = listing.listed.filter(({ modules }) => modules.length > 0)
      expect(told.length).toBeGreaterThan(0)
      for (const { device, modules } of told) {
        expect(modules.join()).toMatch(/^[\w,-]+$/)
        expect(ifKnown(device.driver)).not.toBe('')
      }
      if (/space-separated/.test(listing.sample.conclusion))
        expect(told.some(({ modules }) => modules.length > 1)).toBe(true)
    },
  },
  {
    phrase: /ids inside comments must NOT be read as configuration/,
    check({ host, sample }) {
      expect(host.devices.some(hasId)).toBe(true)
      const configured = withFiles(host, { '/etc/modprobe.d/sample.conf': sample.bytes })
      expect(vfioIdsDirective(modprobeDirectives(configured))?.ids).toEqual(
        vfioIdsDirective(parseModprobe('', sample.bytes.replaceAll(/^\s*#.*$/gm, '')))?.ids,
      )
    },
  },
  {
    phrase: /(\d+) functions \([^)]*\).*all (?:four|of them) belong to the card/,
    check(listing, [, count]) {
      const cards = displaysOf(listing).map(device => [device, ...cardMates(listing.host, device)])
      expect(cards.map(card => card.length)).toContain(Number(count))
    },
  },
  {
    phrase: /class ([0-9a-f]{4}) "Bridge" .*IS an endpoint/,
    check(listing, [, code = '']) {
      const found = chosenBy(listing, { class: code })
      expect(found.length).toBeGreaterThan(0)
      expect(found.some(isBridge)).toBe(false)
    },
  },
  {
    phrase: /class ([0-9a-f]{4}) 3D controller/,
    check(listing, [, code = '']) {
      expect(code).toBe('0302')
      expect(chosenBy(listing, { class: '3d' }).filter(isDisplay)).toEqual(
        chosenBy(listing, { class: 'display', functions: 'only' }),
      )
    },
  },
  {
    phrase: /module (\w+) only listed/,
    check({ listed }, [, module = '']) {
      const lists = listed.filter(({ modules }) => modules.includes(module))
      expect(lists.length).toBeGreaterThan(0)
      expect(driversOf(lists.map(({ device }) => device))).not.toContain(module)
    },
  },
  {
    phrase: /(3D controller|APU VGA) at ([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/,
    check(listing) {
      for (const [, kind, address = ''] of listing.sample.conclusion.matchAll(
        /(3D controller|APU VGA) at ([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/g,
      ))
        expect(listedAt(listing, address).device.class).toMatch(kind === '3D controller' ? /^0302/ : /^0300/)
    },
  },
  {
    phrase: /moved (\S+) -> (\S+):/,
    check(listing, [, before = '', now = '']) {
      expect(isDisplay(listedAt(listing, now).device)).toBe(true)
      expect(displaysOf(listing).map(device => shortAddress(device.address))).not.toContain(before)
    },
  },
  {
    phrase: /"DeviceName: ([^"]+)" .* must not be used as the device name/,
    check({ listed, sample }, [, name = '']) {
      expect(sample.bytes).toContain(name)
      for (const { device, description } of listed) {
        expect(description).not.toContain(name)
        expect(describe(device)).not.toContain(name)
      }
    },
  },
  {
    phrase: /take last \[hhhh:hhhh\]/,
    check: listing => expect(displaysOf(listing).every(hasId)).toBe(true),
  },
  {
    // What was cut off is unknown, and not "no driver".
    phrase: /unrelated PCI bridge header without its body/,
    check({ host }) {
      const last = host.devices.at(-1)
      expect(last && isBridge(last)).toBe(true)
      expect(last?.driver.is).toBe('unknown')
    },
  },
]

sampleSuite('lspci of real hosts', () => {
  const samples = samplesOf('lspci')
  const listings = samples.map(readListing)

  it('all are read', () => {
    const devices = listings.flatMap(({ host }) => host.devices)
    console.log(
      `lspci: ${samples.length} listings, ${devices.length} devices, ${devices.filter(isDisplay).length} of them displays, ${devices.filter(hasId).length} with ids; ${countOf(RULES, samples)}`,
    )
    const unread = listings.filter(({ host }) => host.devices.length === 0)
    expect(unread.filter(({ sample }) => addressesIn(sample.bytes).length > 0)).toEqual([])
  })

  it.each(listings)('$sample.name: every device is read, and what is a display is one', listing => {
    expect(listing.host.devices.map(({ address }) => address).sort()).toEqual(
      addressesIn(listing.sample.bytes).sort(),
    )
    for (const { device, line } of listing.listed)
      expect(isDisplay(device), line).toBe(
        /(VGA compatible|3D|Display) controller(:| \[)|\.\d (Class )?03[0-9a-f]{2}:/i.test(line),
      )
  })

  it.each(listings)('$sample.name: a display is chosen by its address, its class and its id', listing => {
    for (const display of displaysOf(listing)) {
      expect(chosenBy(listing, display.address)).toContain(display)
      expect(chosenBy(listing, { class: 'display' })).toContain(display)
      if (hasId(display)) expect(chosenBy(listing, idOf(display))).toContain(display)
    }
  })

  it.each(listings)('$sample.name: what the conclusion says of it is so', listing => {
    checkConclusion(RULES, listing.sample, listing)
  })
})
