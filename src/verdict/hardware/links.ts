import type { Host, PciDevice, PcieLink } from '../../host/host.ts'
import { describe, isBridge, isDisplay, shortAddress } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'

/**
 * How fast the devices are connected now, against what they can. Judged is a card's own end of each link, ports of
 * switches on the way included: the slot above may be able to do more than the card.
 */
export function linkFindings(host: Host, devices: readonly PciDevice[]): Finding[] {
  const endpoints = devices.filter(device => !isBridge(device))
  const ends = [...new Set(endpoints.flatMap(device => [...switchesAbove(host, device), device]))]
  return ends.flatMap(end => [...narrow(host, end, endpoints), ...slow(end)])
}

/** The first bridge is a port of the root complex: its link is the one of what is below it. */
const switchesAbove = (host: Host, device: PciDevice): PciDevice[] =>
  host.devices.filter(({ address }) => device.bridges.slice(1).includes(address))

function narrow(host: Host, end: PciDevice, endpoints: readonly PciDevice[]): Finding[] {
  const { link } = end
  if (link === undefined || link.width >= link.maxWidth) return []
  const port = host.devices.find(({ address }) => address === end.bridges.at(-1))
  const slot = port?.link !== undefined && port.link.maxWidth <= link.width ? port.link : undefined
  return [
    {
      stage: 'usable',
      severity: link.width * 4 <= link.maxWidth ? 'warning' : 'note',
      what: `${subject(end, endpoints)} runs at PCIe x${link.width}, and it can do x${link.maxWidth}`,
      evidence: `/sys/bus/pci/devices/${end.address}/current_link_width is ${link.width}`,
      next:
        slot === undefined
          ? "seat it anew, or look for what shares its lanes (the board's manual says which slots do)"
          : `its slot (${shortAddress(port?.address ?? '')}) has no more than x${slot.maxWidth}: use another`,
    },
  ]
}

/** Links rest at low speed while nothing is to be done: only a display's is worth a word. */
function slow(end: PciDevice): Finding[] {
  const { link } = end
  if (!isDisplay(end) || link === undefined || link.speed >= link.maxSpeed) return []
  return [
    {
      stage: 'usable',
      severity: 'note',
      what: `${describe(end)} runs at ${rate(link.speed)} and can do ${rate(link.maxSpeed)}: graphics cards slow down while idle`,
      evidence: `/sys/bus/pci/devices/${end.address}/current_link_speed is ${link.speed} GT/s`,
      next: '',
    },
  ]
}

/** A port of a switch is nothing to people: what is behind it is. */
function subject(end: PciDevice, endpoints: readonly PciDevice[]): string {
  if (!isBridge(end)) return describe(end)
  const behind = endpoints.filter(({ bridges }) => bridges.includes(end.address))
  return `the switch at ${shortAddress(end.address)}, above ${behind.slice(0, 2).map(describe).join(', ')}${behind.length > 2 ? ` and ${behind.length - 2} more` : ''},`
}

/** PCI Express Base Specification: one number a generation. */
const GENERATIONS: Readonly<Record<string, string>> = {
  '2.5': 'PCIe 1',
  '5': 'PCIe 2',
  '8': 'PCIe 3',
  '16': 'PCIe 4',
  '32': 'PCIe 5',
  '64': 'PCIe 6',
}

const rate = (speed: PcieLink['speed']): string => {
  const generation = GENERATIONS[String(speed)]
  return generation === undefined ? `${speed} GT/s` : `${speed} GT/s (${generation})`
}
