import type { Host, PciDevice } from './host.ts'
import { ifKnown } from './known.ts'

/** domain:bus:slot.function; the domain has five digits behind Intel VMD (10000:01:00.0). */
const ADDRESS = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i
const ID = /^[0-9a-f]{4}:[0-9a-f]{4}$/i

export const isVendorDevice = (text: string): boolean => ID.test(text)
export const isAddress = (text: string): boolean => ADDRESS.test(text)

/** `02:00.0` → `0000:02:00.0`. */
export function fullAddress(text: string): string {
  const address = text.toLowerCase()
  return address.split(':').length === 2 ? `0000:${address}` : address
}

/** As lspci prints it: the domain is left out where it is 0000. */
export const shortAddress = (address: string): string => address.replace(/^0000:/, '')
export const idOf = (device: PciDevice): string => `${device.vendor}:${device.device}`
/** bus:slot, what the functions of one card share. */
export const slotOf = ({ address }: Pick<PciDevice, 'address'>): string => address.replace(/\.[0-7]$/, '')

/** PCI class codes (include/linux/pci_ids.h) that this program speaks of. */
const CLASS_NAMES: Readonly<Record<string, string>> = {
  '00ff': 'unclassified device',
  '0100': 'SCSI controller',
  '0101': 'IDE controller',
  '0104': 'RAID controller',
  '0106': 'SATA controller',
  '0107': 'SAS controller',
  '0108': 'NVMe controller',
  '0180': 'storage controller',
  '0200': 'Ethernet controller',
  '0207': 'InfiniBand controller',
  '0280': 'network controller',
  '0300': 'VGA controller',
  '0302': '3D controller',
  '0380': 'display controller',
  '0400': 'video device',
  '0401': 'audio device',
  '0403': 'audio device',
  '0480': 'multimedia device',
  '0500': 'memory controller',
  '0580': 'memory controller',
  '0600': 'host bridge',
  '0601': 'ISA bridge',
  '0604': 'PCI bridge',
  '0680': 'bridge',
  '0700': 'serial port',
  '0780': 'communication controller',
  '0806': 'IOMMU',
  '0880': 'system peripheral',
  '0b40': 'coprocessor',
  '0c00': 'FireWire controller',
  '0c03': 'USB controller',
  '0c05': 'SMBus',
  '0c80': 'serial bus controller',
  '0d80': 'wireless controller',
  '1080': 'encryption controller',
  '1101': 'performance counter',
  '1180': 'signal processor',
  '1200': 'accelerator',
  '1300': 'instrumentation',
}

export const classOf = (device: PciDevice): string =>
  CLASS_NAMES[device.class.slice(0, 4)] ?? `device of class ${device.class.slice(0, 4)}`

/** `02:00.0 VGA controller [10de:13c2]` */
export const describe = (device: PciDevice): string =>
  `${shortAddress(device.address)} ${classOf(device)} [${idOf(device)}]`

export const isDisplay = (device: PciDevice): boolean => device.class.startsWith('03')
export const isStorage = (device: PciDevice): boolean => device.class.startsWith('01')
/** Host bridges, PCI bridges: they never leave the host and need no vfio driver while theirs is pcieport or none. */
export const isBridge = (device: PciDevice): boolean =>
  device.class.startsWith('0600') || device.class.startsWith('0604')
/** These and the ISA bridge, which is the board's own; other bridges (0680, an NVSwitch) are endpoints. */
export const isPartOfTheBus = (device: PciDevice): boolean =>
  isBridge(device) || device.class.startsWith('0601')

/** The other members of a device's IOMMU group; none where the group is not known. */
export function groupMates(host: Host, device: PciDevice): readonly PciDevice[] {
  const group = ifKnown(device.group)
  if (group === undefined || group < 0) return []
  return host.devices.filter(other => other.address !== device.address && ifKnown(other.group) === group)
}

/** vfio-pci or one of its variant drivers, by the names of modules and drivers alike (mlx5_vfio_pci, hisi-acc-vfio-pci). */
export const isVfioDriver = (driver: string): boolean => /(?:^|[-_])vfio[-_]pci$/.test(driver)
