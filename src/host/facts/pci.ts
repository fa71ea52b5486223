import type { Bar, PciDevice, PcieLink } from '../host.ts'
import { type Known, observed } from '../known.ts'
import {
  addressesIn,
  defineFact,
  fileLines,
  lastAddressIn,
  lastPart,
  linesOf,
  linkLines,
  pathLines,
} from './fact.ts'

const ATTRIBUTES = [
  ...['vendor', 'device', 'class', 'boot_vga', 'subsystem_vendor', 'subsystem_device'],
  ...['current_link_speed', 'current_link_width', 'max_link_speed', 'max_link_width'],
  ...['reset_method', 'sriov_totalvfs'],
]

/**
 * Read under the device's lock (drivers/pci/pci-sysfs.c, iov.c), which a driver that hangs in its unbinding keeps: the
 * look would hang with it. Left out for as long as the boot lasts in which a bind of ours has met one.
 */
const LOCKED = ['driver_override', 'sriov_numvfs']

const paths = (names: readonly string[]): string => names.map(name => `*/${name}`).join(' ')

/** Links, and folders that are only there where a device is in VFIO's hand or can be divided among guests. */
const BELOW = [
  ...['driver', 'iommu_group', 'physfn', 'vfio-dev'],
  ...['mdev_supported_types', 'nvidia/creatable_vgpu_types'],
]

/** sysfs, not lspci: three processes for all devices (Documentation/ABI/testing/sysfs-bus-pci). */
export const pci = defineFact({
  commands: {
    attributes: `h= b=; read -r h <"$state/hung"; read -r b <"$root/proc/sys/kernel/random/boot_id"
cd "$root/sys/bus/pci/devices" || return
if [ -n "$h" ] && [ "$h" = "$b" ]; then grep -s -H "" -- ${paths(ATTRIBUTES)}
else grep -s -H "" -- ${paths([...ATTRIBUTES, ...LOCKED])}; fi`,
    links: `cd "$root/sys/bus/pci/devices" && ls -ld -- * ${paths(BELOW)} 2>/dev/null`,
    nodes:
      'cd "$root/sys/class" && ls -ld -- drm/card[0-9] drm/card[0-9][0-9] net/* nvme/* sound/card* 2>/dev/null',
    // Windows of displays and accelerators only: of others nobody asks, and the files are long.
    windows: `cd "$root/sys/bus/pci/devices" && for d in *; do
c=; read -r c <"$d/class"; case $c in 0x03* | 0x12*) ;; *) continue;; esac
[ -r "$d/resource" ] && while read -r line; do echo "$d $line"; done <"$d/resource"
done`,
  },
  parse(out): PciDevice[] {
    const attributes = new Map(fileLines(out.attributes).map(({ path, text }) => [path, text.trim()]))
    const links = new Map(linkLines(out.links).map(({ path, target }) => [path, target]))
    const folders = new Set(pathLines(out.links))
    const nodes = Map.groupBy(linkLines(out.nodes), ({ target }) => lastAddressIn(target))
    const windows = Map.groupBy(linesOf(out.windows), line => line.split(' ', 1)[0])
    const addresses = [...links.keys()].filter(path => !path.includes('/')).sort()
    return addresses.map(address => {
      const attribute = (name: string) => attributes.get(`${address}/${name}`)
      const has = (name: string) => folders.has(`${address}/${name}`)
      const group = links.get(`${address}/iommu_group`)
      const override = attribute('driver_override') ?? ''
      const physical = links.get(`${address}/physfn`)
      return {
        address,
        vendor: hex(attribute('vendor')),
        device: hex(attribute('device')),
        class: hex(attribute('class')),
        bootVga: attribute('boot_vga') === '1',
        bridges: addressesIn(links.get(address) ?? '').slice(0, -1),
        driver: observed(lastPart(links.get(`${address}/driver`) ?? '')),
        group: observed(group === undefined ? -1 : Number.parseInt(lastPart(group), 10)),
        driverOverride: override === '(null)' ? '' : override,
        subsystem: idOf(attribute('subsystem_vendor'), attribute('subsystem_device')),
        nodes: (nodes.get(address) ?? []).map(({ path }) => lastPart(path)).sort(),
        link: linkOf(attribute),
        bars: barsOf((windows.get(address) ?? []).map(line => line.slice(address.length + 1))),
        resetMethods: attribute('reset_method')?.split(/\s+/).filter(Boolean),
        sriov: sriovOf(attribute),
        physicalFunction: physical === undefined ? undefined : lastPart(physical),
        vfioDev: has('vfio-dev'),
        mediated: has('mdev_supported_types') || has('nvidia/creatable_vgpu_types'),
      }
    })
  },
})

/** Driver name → module: the driver is called xhci_hcd, the module xhci_pci. */
export const driverModules = defineFact({
  commands: { links: 'cd "$root/sys/bus/pci/drivers" && ls -ld -- */module 2>/dev/null' },
  parse: ({ links }): Known<Record<string, string>> =>
    observed(
      Object.fromEntries(
        linkLines(links).map(({ path, target }) => [path.split('/')[0] ?? '', lastPart(target)]),
      ),
    ),
})

type Attributes = (name: string) => string | undefined

const hex = (text: string | undefined): string => (text ?? '').replace(/^0x/, '').toLowerCase()

/** 0000:0000 is what a card without one reads as. */
function idOf(vendor: string | undefined, device: string | undefined): string {
  const id = `${hex(vendor)}:${hex(device)}`
  return /^[0-9a-f]{4}:[0-9a-f]{4}$/.test(id) && id !== '0000:0000' ? id : ''
}

/** `8.0 GT/s PCIe` and `Unknown`; a device that is switched off answers with ones, which is 63 lanes. */
function linkOf(attribute: Attributes): PcieLink | undefined {
  const link = {
    speed: Number.parseFloat(attribute('current_link_speed') ?? ''),
    width: Number.parseInt(attribute('current_link_width') ?? '', 10),
    maxSpeed: Number.parseFloat(attribute('max_link_speed') ?? ''),
    maxWidth: Number.parseInt(attribute('max_link_width') ?? '', 10),
  }
  const isTold = Object.values(link).every(value => value > 0) && link.width < 63 && link.maxWidth < 63
  return isTold ? link : undefined
}

function sriovOf(attribute: Attributes): PciDevice['sriov'] {
  const [total, vfs] = [attribute('sriov_totalvfs'), attribute('sriov_numvfs')].map(text =>
    Number.parseInt(text ?? '', 10),
  )
  if (total === undefined || vfs === undefined) return undefined
  return total > 0 && vfs >= 0 ? { total, vfs } : undefined
}

/** Of include/linux/ioport.h. */
const IORESOURCE_MEM = 0x200n
const IORESOURCE_PREFETCH = 0x2000n
/** The seventh line is the expansion ROM; bridges have more. */
const BARS = 6

/** `START END FLAGS`, zeros where a BAR is not used or is the upper half of the one before it. */
const barsOf = (lines: readonly string[]): Bar[] =>
  lines.slice(0, BARS).flatMap((line, index) => {
    const match = /^(0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16})\s*$/i.exec(line)
    if (match === null) return []
    const [start = 0n, end = 0n, flags = 0n] = match.slice(1).map(BigInt)
    if ((flags & IORESOURCE_MEM) === 0n || end <= start) return []
    return [{ index, size: Number(end - start + 1n), prefetchable: (flags & IORESOURCE_PREFETCH) !== 0n }]
  })
