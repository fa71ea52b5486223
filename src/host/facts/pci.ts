import type { Iommu, PciDevice } from '../host.ts'
import { type Known, observed } from '../known.ts'
import { addressesIn, defineFact, fileLines, linesOf, linkLines } from './fact.ts'

/** sysfs, not lspci: two processes for all devices (Documentation/ABI/testing/sysfs-bus-pci). */
export const pci = defineFact({
  commands: {
    attributes:
      'cd "$root/sys/bus/pci/devices" && grep -H "" -- */vendor */device */class */boot_vga */driver_override 2>/dev/null',
    links: 'cd "$root/sys/bus/pci/devices" && ls -ld -- * */driver */iommu_group 2>/dev/null',
  },
  parse(out): PciDevice[] {
    const attributes = new Map(fileLines(out.attributes).map(({ path, text }) => [path, text.trim()]))
    const links = new Map(linkLines(out.links).map(({ path, target }) => [path, target]))
    const addresses = [...links.keys()].filter(path => !path.includes('/')).sort()
    return addresses.map(address => {
      const attribute = (name: string) => attributes.get(`${address}/${name}`) ?? ''
      const group = links.get(`${address}/iommu_group`)
      const override = attribute('driver_override')
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

/** Documentation/ABI/testing/sysfs-class-iommu, sysfs-kernel-iommu_groups. */
export const iommu = defineFact({
  commands: {
    units: 'ls -1 "$root/sys/class/iommu"',
    names: 'cd "$root/sys/kernel/iommu_groups" && grep -H "" -- */name 2>/dev/null',
  },
  parse: (out): Iommu => ({
    units: observed(linesOf(out.units)),
    noIommuGroups: fileLines(out.names)
      .filter(({ text }) => text.trim() === 'vfio-noiommu')
      .map(({ path }) => Number.parseInt(path, 10)),
  }),
})

const hex = (text: string): string => text.replace(/^0x/, '').toLowerCase()
const lastPart = (path: string): string => path.split('/').at(-1) ?? ''
