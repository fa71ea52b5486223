import type { Host, PciDevice } from '../../src/host/host.ts'
import { type Known, observed, unknown } from '../../src/host/known.ts'
import { aDevice, aHost } from '../builders.ts'
import type { Sample } from './index.ts'

/**
 * Devices as people post them: lspci with any of -n, -nn, -k and -v, and the listings of IOMMU groups that circulate as
 * shell loops round it. No input of the program, which reads sysfs; only the way in for samples.
 */
export interface ListedDevice {
  readonly device: PciDevice
  /** The line it stands on. */
  readonly line: string
  /** What stands behind the class, with the id. */
  readonly description: string
  /** `Kernel modules:` of lspci -k. */
  readonly modules: readonly string[]
}

export interface Listing {
  readonly sample: Sample
  /** The last of each address: people post the same device before and after. */
  readonly listed: readonly ListedDevice[]
  /** A host that has these devices and no others. */
  readonly host: Host
}

export function readListing(sample: Sample): Listing {
  const read = entriesIn(linesOf(sample.bytes)).map(listedOf)
  const listed = [...new Map(read.map(one => [one.device.address, one])).values()]
  return { sample, listed, host: aHost({ devices: listed.map(({ device }) => device) }) }
}

const ADDRESS = '(?<![\\w.:])(?:[0-9a-f]{4,5}:)?[0-9a-f]{2}:[01][0-9a-f]\\.[0-7](?![\\w.:])'
const full = (address: string): string => (address.length === 7 ? `0000:${address}` : address)

/** Every address in the text, however it is laid out: what a reader must not miss. */
export const addressesIn = (bytes: string): string[] => [
  ...new Set(
    [...linesOf(bytes).join('\n').matchAll(new RegExp(ADDRESS, 'gi'))].map(([text]) =>
      full(text.toLowerCase()),
    ),
  ),
]

/** Without colours, line ends of Windows, the marks of comments, quotations and lists, and what was typed to get them. */
const linesOf = (bytes: string): string[] =>
  bytes
    .replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '')
    .split(/\r?\n/)
    .map(line => line.replace(/^\s*(?:[#>|│├└─*-]+\s*)*/u, '').trim())
    .filter(line => !/\blspci\b|\/sys\/bus\/pci\//.test(line))

interface Entry {
  readonly address: string
  readonly group: number | undefined
  readonly line: string
  /** What stands before and behind the address. */
  readonly before: string
  readonly text: string
  readonly body: string[]
}

const GROUP_ALONE = /^(?:iommu[ _-]*)?group\s*[:#]?\s*(\d+)\s*:?[\s#=*-]*$/i
const DEVICE = new RegExp(`^(.*?)(${ADDRESS})\\s*(.*)$`, 'i')

function entriesIn(lines: readonly string[]): Entry[] {
  const entries: Entry[] = []
  let group: number | undefined
  for (const line of lines) {
    const device = DEVICE.exec(line)
    const alone = IN_BODY.test(line) ? null : GROUP_ALONE.exec(line)
    if (device !== null) {
      const [, before = '', address = '', text = ''] = device
      entries.push({
        address: full(address.toLowerCase()),
        group: groupIn(before) ?? group,
        line,
        before,
        text,
        body: [],
      })
    } else if (alone !== null) group = Number(alone[1])
    else if (line !== '') entries.at(-1)?.body.push(line)
  }
  return entries
}

/** `IOMMU Group 15`, `(15)`, `/sys/kernel/iommu_groups/15/devices/` before an address. */
function groupIn(before: string): number | undefined {
  const number = /groups?\W*(\d+)/i.exec(before)?.[1] ?? /^\W*(\d+)\W*$/.exec(before)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** As lspci -v tells it of one device (pciutils, ls-vpd and ls-caps: `IOMMU group: 15`, earlier among the flags). */
const IN_BODY = /\bIOMMU group:? (\d+)$/

function listedOf({ address, group, line, before, text, body }: Entry): ListedDevice {
  const { code, description } = classIn(text)
  const told = body.map(one => IN_BODY.exec(one)?.[1]).find(number => number !== undefined)
  const inGroup = told === undefined ? group : Number(told)
  const device: PciDevice = {
    ...aDevice({ address, id: idIn(text) ?? idIn(before) ?? ':', class: code }),
    group: inGroup === undefined ? unknown('the listing tells no group') : observed(inGroup),
    driver: driverIn(body),
  }
  const modules = bodyValue(body, 'Kernel modules')
  return { device, line, description, modules: modules?.split(/[\s,]+/).filter(Boolean) ?? [] }
}

/** The last one: names have brackets too, and what follows the id is no vendor:device. Without brackets with lspci -n. */
function idIn(text: string): string | undefined {
  const ids = [...text.matchAll(/\[([0-9a-f]{4}:[0-9a-f]{4})\]/gi)].map(([, id = '']) => id)
  return (
    ids.at(-1) ?? /^(?:Class )?[0-9a-f]{4}: ([0-9a-f]{4}:[0-9a-f]{4})\b/i.exec(text)?.[1]
  )?.toLowerCase()
}

function classIn(text: string): { code: string; description: string } {
  const coded = /^([^:[\]]*?)\s*\[(?:Class )?([0-9a-f]{4})\]:?\s*(.*)$/i.exec(text)
  if (coded !== null) return { code: `${coded[2]?.toLowerCase()}00`, description: coded[3] ?? '' }
  const bare = /^(?:Class )?([0-9a-f]{4}):\s*(.*)$/i.exec(text)
  if (bare !== null) return { code: `${bare[1]?.toLowerCase()}00`, description: bare[2] ?? '' }
  const name = CLASS_NAMES.find(one => text.toLowerCase().startsWith(one.toLowerCase())) ?? ''
  const code = CLASSES[name] ?? ''
  return { code: code === '' ? '' : `${code}00`, description: text.slice(name.length).replace(/^:?\s*/, '') }
}

/** Names of pci.ids, as lspci prints them without -n. */
const CLASSES: Readonly<Record<string, string>> = {
  'VGA compatible controller': '0300',
  '3D controller': '0302',
  'Display controller': '0380',
  'Audio device': '0403',
  'Multimedia audio controller': '0401',
  'Multimedia video controller': '0400',
  'Multimedia controller': '0480',
  'USB controller': '0c03',
  'Serial bus controller': '0c80',
  'Host bridge': '0600',
  'ISA bridge': '0601',
  'PCI bridge': '0604',
  'CardBus bridge': '0607',
  Bridge: '0680',
  SMBus: '0c05',
  'FireWire (IEEE 1394)': '0c00',
  'IPMI Interface': '0c07',
  IOMMU: '0806',
  PIC: '0800',
  'DMA controller': '0801',
  'SD Host controller': '0805',
  'System peripheral': '0880',
  'SCSI storage controller': '0100',
  'IDE interface': '0101',
  'RAID bus controller': '0104',
  'SATA controller': '0106',
  'Serial Attached SCSI controller': '0107',
  'Non-Volatile memory controller': '0108',
  'Mass storage controller': '0180',
  'Ethernet controller': '0200',
  'Infiniband controller': '0207',
  'Network controller': '0280',
  'RAM memory': '0500',
  'Memory controller': '0580',
  'Serial controller': '0700',
  'Communication controller': '0780',
  'Co-processor': '0b40',
  'Encryption controller': '1080',
  'Performance counters': '1101',
  'Signal processing controller': '1180',
  'Processing accelerators': '1200',
  'Non-Essential Instrumentation': '1300',
  'Unassigned class': 'ff00',
}
const CLASS_NAMES = Object.keys(CLASSES)

/** A device with nothing below it may have been cut off there: then its driver is not known. */
function driverIn(body: readonly string[]): Known<string> {
  if (body.length === 0) return unknown('the listing tells no driver')
  const driver = bodyValue(body, 'Kernel driver in use')
  const isTold = driver !== undefined || body.some(line => /^(Subsystem|Kernel modules):/.test(line))
  return isTold ? observed(driver ?? '') : unknown('the listing tells no driver')
}

const bodyValue = (body: readonly string[], name: string): string | undefined =>
  body
    .find(line => line.startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim()
