import type { Host, PciDevice } from './host.ts'
import { isDisplay, slotOf } from './pci.ts'

/**
 * The other functions of the graphics card that a display or accelerator function is on: its audio, USB and UCSI. They
 * go to a guest together, also where an ACS override has put each into a group of its own. None for any other device:
 * the ports of a network card are given away one by one.
 */
export function cardMates(host: Host, device: PciDevice): PciDevice[] {
  if (!isGraphics(device)) return []
  return host.devices.filter(
    other =>
      other.address !== device.address &&
      (isOnSameSlot(other, device) || isAudioBehindSameSwitch(host, other, device)),
  )
}

const isGraphics = (device: PciDevice): boolean => isDisplay(device) || device.class.startsWith('12')

const isOnSameSlot = (other: PciDevice, device: PciDevice): boolean =>
  slotOf(other) === slotOf(device) &&
  COMPANIONS.some(code => other.class.startsWith(code)) &&
  (other.vendor === device.vendor || isOfCard(other))

// The slot of an AMD APU holds the SoC's own USB, audio and PSP too: theirs is vendor 1022, the graphics' 1002. What is
// on the root bus is the board's.
const isOfCard = (other: PciDevice): boolean => other.bridges.length > 0 && other.vendor !== '1022'

const AUDIO = ['0401', '0403', '0480']
/** Audio, USB, and the serial bus of UCSI (NVIDIA's Turing, AMD's Navi). */
const COMPANIONS = [...AUDIO, '0c03', '0c80']

/**
 * Intel Arc carries a PCIe switch of its own, with the graphics and the audio behind a downstream port each: they share
 * its upstream port, the last bridge but one. A root port or somebody else's switch is no part of the card.
 */
function isAudioBehindSameSwitch(host: Host, other: PciDevice, device: PciDevice): boolean {
  if (other.vendor !== device.vendor || !AUDIO.some(code => other.class.startsWith(code))) return false
  if (hasGraphics(host, slotOf(other))) return false
  const upstream = upstreamPortOf(device)
  if (upstream === undefined || upstream !== upstreamPortOf(other)) return false
  return host.devices.some(bridge => bridge.address === upstream && bridge.vendor === device.vendor)
}

/** Of the switch that a device is right behind; the first bridge is a port of the root complex. */
const upstreamPortOf = ({ bridges }: PciDevice): string | undefined =>
  bridges.length > 2 ? bridges.at(-2) : undefined

/** Then the audio there belongs to those graphics, as on a card with two GPUs. */
const hasGraphics = (host: Host, slot: string): boolean =>
  host.devices.some(device => slotOf(device) === slot && isGraphics(device))
