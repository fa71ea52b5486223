import type { Host, NetworkUse, PciDevice } from '../host.ts'
import { type Interlock, listed } from './loss.ts'

/** The cards that carry the default route or the connection of this run, below bonds, bridges and VLANs too. */
export const hostNetwork: Interlock = {
  lock: 'host_network',
  provided: 'this host can be reached in another way',
  about: 'taking',
  lostWithDriver: true,
  find(host, device) {
    const uses = host.network.filter(use => use.devices?.includes(device.address))
    if (uses.length > 0) return { what: `carries ${listed(uses.map(named))}: the host could not be reached` }
    const doubtful = doubtfulUses(host, device)
    return doubtful.length > 0
      ? { what: `may carry ${listed(doubtful.map(named))}, whose card cannot be told` }
      : undefined
  },
}

/** Where the cards of an interface cannot be told (Open vSwitch, a tunnel) every card may be one of them. */
const doubtfulUses = (host: Host, device: PciDevice): readonly NetworkUse[] =>
  isNetwork(device) ? host.network.filter(use => use.devices === undefined) : []

const isNetwork = (device: PciDevice): boolean => device.class.startsWith('02')

const named = ({ interface: name, roles }: NetworkUse): string =>
  `${name}, ${roles.map(role => ROLES[role]).join(' and ')}`

const ROLES = { 'default route': 'the default route', 'this connection': 'our own connection' } as const
