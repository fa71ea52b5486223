import type { BindingOwner } from '../host.ts'
import { defineFact, linesOf } from './fact.ts'

/**
 * Others that decide which driver a device gets, by what they leave on the host. Only the lines in question leave it:
 * definitions of guests may hold passwords.
 */
export const owners = defineFact({
  commands: {
    // driverctl(8): BUS-DEVICE, in old versions DEVICE.
    driverctl:
      'cd "$root/etc/driverctl.d" && for f in *; do d=; read -r d <"$f"; [ -n "$d" ] && echo "$f $d"; done',
    // https://libvirt.org/formatdomain.html#host-device-assignment: one element a line, as libvirt writes its own files.
    libvirt: `cd "$root/etc/libvirt/qemu" && set -- *.xml && [ -f "$1" ] && awk '
function attribute(name) {
  if (!match($0, name "=[\\047\\"][0-9a-zA-Z]+")) return "0"
  return substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2)
}
FNR == 1 { inside = 0; source = 0 }
/<(hostdev|interface)[ >]/ { inside = /type=[\\047"](pci|hostdev)[\\047"]/ && /managed=[\\047"]yes[\\047"]/ }
/<source[ >]/ { source = 1 }
inside && source && /<address / && /bus=/ {
  print attribute("domain"), attribute("bus"), attribute("slot"), attribute("function"), FILENAME
}
/<\\/source>/ { source = 0 }
/<\\/(hostdev|interface)>/ { inside = 0; source = 0 }
' "$@"`,
    // qm.conf(5): what follows the first [ belongs to snapshots. Of a cluster's guests only those on this node.
    proxmox: `cd "$root/etc/pve/qemu-server" && set -- *.conf && [ -f "$1" ] && awk '
FNR == 1 { current = 1 }
/^\\[/ { current = 0 }
current && /^hostpci[0-9]+:/ { print FILENAME, $0 }' "$@"`,
    mapping: `[ -r "$root/etc/pve/mapping/pci.cfg" ] && {
v=; read -r v <"$root/proc/sys/kernel/hostname"; echo "node $v"
grep -E '^[^[:blank:]#]|^[[:blank:]]+map .*path=' "$root/etc/pve/mapping/pci.cfg"; }`,
    // NVIDIA's operator mounts its driver and notes its validations there; of AMD's only the logs of its pods are left.
    operators: `for p in /run/nvidia/validations /run/nvidia/driver '/var/log/pods/kube-amd-gpu_*' '/var/log/pods/openshift-amd-gpu_*'; do
for f in "$root"$p; do [ -e "$f" ] && echo "\${f#"$root"}" && break; done
done`,
  },
  parse: (out): BindingOwner[] => [
    ...linesOf(out.driverctl).flatMap(driverctlOwner),
    ...withoutRepeats(linesOf(out.libvirt).flatMap(libvirtOwner)),
    ...withoutRepeats(
      linesOf(out.proxmox).flatMap(line => proxmoxOwners(line, readMapping(linesOf(out.mapping)))),
    ),
    ...linesOf(out.operators)
      .filter(line => line.startsWith('/'))
      .slice(0, 1)
      .map((path): BindingOwner => ({ owner: 'GPU operator', device: '', driver: '', evidence: path })),
  ],
})

const withoutRepeats = (owners: readonly BindingOwner[]): BindingOwner[] => [
  ...new Map(owners.map(owner => [`${owner.device} ${owner.evidence}`, owner])).values(),
]

function driverctlOwner(line: string): BindingOwner[] {
  const [, file = '', driver = ''] = /^(\S+) (\S+)$/.exec(line) ?? []
  const device = addressOf(file.replace(/^pci-/, ''))
  if (device === undefined) return []
  return [{ owner: 'driverctl', device, driver, evidence: `/etc/driverctl.d/${file}: ${driver}` }]
}

function libvirtOwner(line: string): BindingOwner[] {
  const [, file = ''] = /^(?:\S+ ){4}(.+)$/.exec(line) ?? []
  const numbers = line.split(' ').slice(0, 4)
  if (file === '' || !numbers.every(text => /^(0x[0-9a-f]{1,8}|\d{1,8})$/i.test(text))) return []
  const [domain = '', bus = '', slot = '', func = ''] = numbers.map((text, i) =>
    Number(text)
      .toString(16)
      .padStart(DIGITS[i] ?? 0, '0'),
  )
  const device = addressOf(`${domain}:${bus}:${slot}.${func}`)
  if (device === undefined) return []
  return [
    { owner: 'libvirt', device, driver: 'vfio-pci', evidence: `/etc/libvirt/qemu/${file}: managed='yes'` },
  ]
}

/** Of domain, bus, slot and function. */
const DIGITS = [4, 2, 2, 1]

/** `101.conf hostpci0: 0000:01:00,pcie=1`, `host=…` or `mapping=…` for the address; several with `;` between. */
function proxmoxOwners(line: string, mapping: ReadonlyMap<string, readonly string[]>): BindingOwner[] {
  const [, file = '', key = '', value = ''] = /^(\S+) (hostpci\d+): *(\S.*)$/.exec(line) ?? []
  const parts = value.split(',').map(part => part.trim())
  const mapped = parts.find(part => part.startsWith('mapping='))?.slice('mapping='.length)
  const host = parts.find(part => part.startsWith('host='))?.slice('host='.length) ?? parts[0] ?? ''
  const addresses = mapped === undefined ? host.split(';') : (mapping.get(mapped) ?? [])
  return addresses
    .flatMap(address => addressOf(address.trim()) ?? [])
    .map(device => ({
      owner: 'Proxmox VE',
      device,
      driver: 'vfio-pci',
      evidence: `/etc/pve/qemu-server/${file}: ${key}: ${mapped === undefined ? device : `mapping=${mapped}`}`,
    }))
}

/** Sections `NAME` with lines `map id=…,node=pve1,path=0000:01:00.0;…`: a cluster's file, of which this node's lines count. */
function readMapping(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const node = (lines[0]?.startsWith('node ') ? lines[0].slice('node '.length) : '').split('.')[0]
  const found = new Map<string, readonly string[]>()
  let name = ''
  for (const line of lines.slice(1)) {
    const map = /^\s+map (.*)$/.exec(line)?.[1]
    if (/^\S/.test(line)) name = line.trim()
    const field = (key: string) => new RegExp(`(?:^|,)${key}=([^,]*)`).exec(map ?? '')?.[1]?.trim()
    if (map === undefined || field('node') !== node) continue
    found.set(name, [...(found.get(name) ?? []), ...(field('path') ?? '').split(';')])
  }
  return found
}

/** With its domain; a slot without its function stays one. */
function addressOf(text: string): string | undefined {
  const [, domain = '0000', rest] =
    /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?)$/.exec(text.toLowerCase()) ?? []
  return rest === undefined ? undefined : `${domain}:${rest}`
}
