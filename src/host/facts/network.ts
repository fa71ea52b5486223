import type { NetworkUse } from '../host.ts'
import { addressesIn, defineFact, linesOf, linkLines } from './fact.ts'

/** sshd tells its children who is connected; sudo takes it away, so the parents are asked (sshd(8), proc(5)). */
const CONNECTION = `c=\${SSH_CONNECTION:-}; p=$PPID
while [ -z "$c" ] && [ "\${p:-0}" -gt 1 ]; do
  c=$(tr '\\000' '\\n' <"/proc/$p/environ" | sed -n 's/^SSH_CONNECTION=//p')
  n=; while read -r k v; do [ "$k" = PPid: ] && n=$v; done <"/proc/$p/status"; p=$n
done
echo "$c"`

/** The interfaces this host cannot do without, down to their PCI devices, through bonds, bridges and VLANs. */
export const network = defineFact({
  commands: {
    route: 'cat "$root/proc/net/route"',
    route6: 'grep -E "^0{32} 00 " "$root/proc/net/ipv6_route"',
    address6: 'cat "$root/proc/net/if_inet6"',
    links: 'cd "$root/sys/class/net" && ls -ld -- * */lower_* */master 2>/dev/null',
    connection: CONNECTION,
  },
  parse(out): NetworkUse[] {
    const links = linkLines(out.links)
    const lower = (name: string) =>
      links
        .filter(({ path }) => path.startsWith(`${name}/lower_`))
        .map(({ path }) => path.slice(name.length + '/lower_'.length))
    const masters = new Map(
      links
        .filter(({ path }) => path.endsWith('/master'))
        .map(({ path, target }) => [path.slice(0, -'/master'.length), target.split('/').at(-1)]),
    )
    const membersOf = (master: string) =>
      [...masters].filter(([, one]) => one === master).map(([member]) => member)
    const devicesOf = (name: string, seen: readonly string[] = []): string[] => {
      if (seen.includes(name)) return []
      const own = addressesIn(links.find(({ path }) => path === name)?.target ?? '')
      const below = [...new Set([...lower(name), ...membersOf(name)])]
      return [...own, ...below.flatMap(one => devicesOf(one, [...seen, name]))]
    }
    /** A port without a card (a tap) reaches the world through the other ports of what it is enslaved to. */
    const reachedBy = (name: string): readonly string[] | undefined => {
      const own = devicesOf(name)
      const devices = own.length > 0 ? own : devicesOf(masters.get(name) ?? '')
      return devices.length > 0 ? [...new Set(devices)] : undefined
    }
    const routes = linesOf(out.route).slice(1).map(readRoute)
    const defaults = [
      ...routes
        .filter(({ destination, mask }) => destination === 0 && mask === 0)
        .map(route => route.interface),
      ...linesOf(out.route6).map(line => line.split(/\s+/).at(-1) ?? ''),
    ].filter(isInterface)
    const connections = connectionInterfaces(out.connection.trim(), routes, out.address6)
    return [...new Set([...defaults, ...connections])].map(name => ({
      interface: name,
      roles: [
        ...(defaults.includes(name) ? (['default route'] as const) : []),
        ...(connections.includes(name) ? (['this connection'] as const) : []),
      ],
      devices: reachedBy(name),
    }))
  },
})

interface Route {
  readonly interface: string
  readonly destination: number
  readonly mask: number
}

/** /proc/net/route: hexadecimal, in the byte order of the machine (x86: little-endian). */
function readRoute(line: string): Route {
  const fields = line.split(/\s+/)
  const number = (hex: string | undefined) =>
    Number.parseInt((hex ?? '').match(/../g)?.reverse().join('') ?? '0', 16)
  return { interface: fields[0] ?? '', destination: number(fields[1]), mask: number(fields[7]) }
}

/** `CLIENT PORT SERVER PORT`: the interfaces that hold the server's address and that lead to the client. */
function connectionInterfaces(connection: string, routes: readonly Route[], address6: string): string[] {
  if (connection === '') return []
  const [client, , server] = connection.split(' ')
  const found = [server, client].flatMap(address => {
    if (address === undefined) return []
    const v4 = /(?:^|:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
    if (v4 !== null) return longestMatch(v4.slice(1, 5).map(Number), routes)
    const hex = expand6(address)
    return linesOf(address6)
      .filter(line => line.startsWith(hex))
      .map(line => line.split(/\s+/).at(-1) ?? '')
  })
  return [...new Set(found)].filter(isInterface)
}

/** Routes that lead nowhere are lo's, or in IPv4 nobody's: `*`. */
const isInterface = (name: string): boolean => name !== '' && name !== 'lo' && name !== '*'

function longestMatch(octets: readonly number[], routes: readonly Route[]): string[] {
  if (octets[0] === 127) return []
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const fits = routes.filter(({ destination, mask }) => (address & mask) >>> 0 === destination)
  const best = fits.sort((a, b) => b.mask - a.mask)[0]
  return best === undefined ? [] : [best.interface]
}

/** fe80::1%eth0 → 32 hexadecimal digits, as /proc/net/if_inet6 writes addresses. */
function expand6(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':')).map(group => group.padStart(4, '0'))
  const front = groups(head)
  const back = groups(tail ?? '')
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0000')
  return [...front, ...zeros, ...back].join('')
}
