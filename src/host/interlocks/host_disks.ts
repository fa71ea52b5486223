import type { Host, PciDevice, StorageUse } from '../host.ts'
import { isStorage } from '../pci.ts'
import { type Interlock, listed } from './loss.ts'

/** The controllers of what is mounted or swapped to, and of the pools, volume groups and arrays of this host. */
export const hostDisks: Interlock = {
  lock: 'host_disks',
  provided: 'this host boots and works without these disks',
  about: 'taking',
  lostWithDriver: true,
  find(host, device) {
    const uses = host.storage.filter(use => use.devices?.includes(device.address))
    if (uses.length > 0)
      return { what: `is the controller of ${listed(uses.map(named))}: the host would ${fateOf(uses)}` }
    const doubtful = doubtfulUses(host, device)
    return doubtful.length > 0
      ? { what: `may hold ${listed(doubtful.map(named))}, whose disks cannot be told` }
      : undefined
  },
}

/** Where the disks of a file system cannot be told (some pools, the network) every controller may have one of them. */
const doubtfulUses = (host: Host, device: PciDevice): readonly StorageUse[] =>
  isStorage(device) ? host.storage.filter(use => use.devices === undefined) : []

const named = ({ use, source }: StorageUse): string => (source === '' ? use : `${use} (${source})`)

const fateOf = (uses: readonly StorageUse[]): string =>
  uses.some(({ use }) => BOOTS_FROM.has(use)) ? 'not boot' : 'come up without it, or stop on its way'

/** Of others systemd waits for those in fstab, and goes to emergency mode without them (systemd.mount(5), nofail). */
const BOOTS_FROM: ReadonlySet<string> = new Set([
  '/',
  '/sysroot',
  '/boot',
  '/boot/efi',
  '/efi',
  '/usr',
  '/var',
  'swap',
])
