import type { DefaultIpv4 } from '../../ansible_evidence.ts'
import { linesOf } from '../fact.ts'

/** `ip route get`, `ip addr show` and sysfs of the way out (ip-route(8), ip-address(8)); undefined: there is none. */
export function readRoute(text: string): DefaultIpv4 | undefined {
  const [route = '', ...lines] = linesOf(text)
  const words = route.split(/\s+/)
  if (words[0] !== '8.8.8.8') return undefined
  const after = (word: string): string | undefined => {
    const at = words.indexOf(word)
    return at < 0 ? undefined : words[at + 1]
  }
  const address = after('src')
  const known = { interface: after('dev'), address, gateway: after('via') }
  const own = lines.map(line => line.trim().split(/\s+/)).find(line => isOf(line, address))
  return own === undefined ? present(known) : present({ ...known, ...subnetOf(own), ...linkOf(lines) })
}

const isOf = (words: readonly string[], address: string | undefined): boolean =>
  words[0] === 'inet' && address !== undefined && words[1]?.split('/')[0] === address

/** A point-to-point address has no prefix of its own. */
function subnetOf(words: readonly string[]): Partial<DefaultIpv4> {
  const [, addressed = '', brd, broadcast = ''] = words
  const [address = '', prefix = '32'] = addressed.split('/')
  const ones = Number(prefix)
  const mask = ones === 0 ? 0 : (0xffffffff << (32 - ones)) >>> 0
  return {
    prefix,
    netmask: dotted(mask),
    network: dotted((numberOf(address) & mask) >>> 0),
    broadcast: addressed.includes('/') && brd === 'brd' ? broadcast : '',
    alias: words.at(-1),
  }
}

function linkOf(lines: readonly string[]): Partial<DefaultIpv4> {
  const told = (name: string) =>
    lines
      .find(line => line.startsWith(`${name} `))
      ?.slice(name.length + 1)
      .trim()
  const mtu = told('mtu')
  const form = ['bonding', 'bridge'].find(one => lines.includes(one))
  return {
    macaddress: told('address'),
    mtu: mtu !== undefined && /^\d{1,9}$/.test(mtu) ? Number(mtu) : undefined,
    type: form ?? TYPES[told('type') ?? ''] ?? 'unknown',
  }
}

/** include/uapi/linux/if_arp.h, in Ansible's words (network/linux.py, INTERFACE_TYPE). */
const TYPES: Readonly<Record<string, string>> = {
  '1': 'ether',
  '32': 'infiniband',
  '512': 'ppp',
  '772': 'loopback',
  '65534': 'tunnel',
}

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
const dotted = (address: number): string => [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff).join('.')

/** Without what was not told. */
const present = (values: DefaultIpv4): DefaultIpv4 =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
