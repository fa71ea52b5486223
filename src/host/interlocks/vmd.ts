import type { Host, PciDevice } from '../host.ts'
import { ifKnown } from '../known.ts'
import { idOf, isBridge, shortAddress } from '../pci.ts'
import { type Interlock, listed } from './loss.ts'

/** Intel VMD: disks in a PCI domain of the controller's own, whose requests all carry the controller's address. */
export const behindVmd: Interlock = {
  lock: undefined,
  provided: '',
  about: 'taking',
  lostWithDriver: false,
  find: (_, device) =>
    isBehindVmd(device)
      ? { what: 'is behind Intel VMD, where vfio-pci cannot take a device', instead: SWITCH_OFF }
      : undefined,
}

export const vmdController: Interlock = {
  lock: undefined,
  provided: '',
  about: 'taking',
  lostWithDriver: true,
  find: (host, device) =>
    isController(device)
      ? { what: `is an Intel VMD controller: ${goesWith(host)}`, instead: SWITCH_OFF }
      : undefined,
}

const SWITCH_OFF =
  'switch VMD off in BIOS/UEFI (it may be called Intel RST or RAID), if the host boots without it'

/** The VMD driver numbers its domains from 10000 (hex), beyond what ACPI can (drivers/pci/controller/vmd.c). */
const isBehindVmd = (device: PciDevice): boolean => Number.parseInt(device.address, 16) > 0xffff

const isController = (device: PciDevice): boolean =>
  ifKnown(device.driver) === 'vmd' || CONTROLLERS.has(idOf(device))

/** vmd_ids of drivers/pci/controller/vmd.c. */
const CONTROLLERS: ReadonlySet<string> = new Set(
  ['201d', '28c0', '467f', '4c3d', 'a77f', '7d0b', 'ad0b', '9a0b', 'b60b', 'b06f'].map(id => `8086:${id}`),
)

function goesWith(host: Host): string {
  const behind = host.devices.filter(one => isBehindVmd(one) && !isBridge(one))
  const named = behind.length === 0 ? 'what is' : listed(behind.map(one => shortAddress(one.address)))
  return `${named} behind it would go with it`
}
