import type { Holder } from '../host.ts'
import { defineFact, fileLines, lastAddressIn, lastPart, linesOf, linkLines } from './fact.ts'

/** Files below /dev that belong to one device each: not nvidiactl, /dev/vfio/vfio or /dev/snd/seq, which are everybody's. */
const DEVICE_FILES =
  '/dev/(dri/(card|renderD)[0-9]+|nvidia[0-9]+|fb[0-9]+|snd/[a-zA-Z]+C[0-9]+.*|nvme[0-9].*|vfio/(devices/vfio|noiommu-)?[0-9]+)'

/**
 * Who would lose a device: programs that have its file in /dev open (proc_pid_fd(5)). One listing for all processes
 * and a filter; names are read for the few that it finds. A user other than root sees his own only. Our own
 * processes open none.
 */
export const holders = defineFact({
  commands: {
    // With a second folder ls says whose each list is, were there one process only.
    open: `ls -ln "$root/proc/self/fd" "$root"/proc/[0-9]*/fd 2>/dev/null | awk '
/^\\/.*:$/ { n = split($0, part, "/"); pid = part[n - 1]; next }
pid ~ /^[0-9]+$/ && match($0, / -> ${DEVICE_FILES.replaceAll('/', '\\/')}$/) {
  path = substr($0, RSTART + 4)
  if (!((pid, path) in seen)) { seen[pid, path] = 1; print pid, path }
}' | while read -r pid path; do
name=; read -r name <"$root/proc/$pid/comm"; printf '%s\\n' "open $pid $path $name"
case $path in /dev/vfio/[0-9n]*)
group=\${path##*[!0-9]}
for d in "$root/sys/kernel/iommu_groups/$group/devices/"*; do echo "member $group \${d##*/}"; done;;
esac
done`,
    nodes:
      'cd "$root/sys/class" && ls -ld -- drm/card[0-9]* drm/renderD* graphics/fb[0-9]* sound/*C[0-9]* nvme/* block/nvme* vfio-dev/* 2>/dev/null',
    nvidia: 'cd "$root/proc/driver/nvidia/gpus" && grep -H "Device Minor" -- */information 2>/dev/null',
  },
  parse(out): Holder[] {
    const nodes = new Map(linkLines(out.nodes).map(({ path, target }) => [path, lastAddressIn(target)]))
    const nvidia = new Map(
      fileLines(out.nvidia).map(({ path, text }) => [
        /\d+\s*$/.exec(text)?.[0].trim() ?? '',
        (path.split('/')[0] ?? '').toLowerCase(),
      ]),
    )
    const members = linesOf(out.open).flatMap(line => {
      const [, group, address] = /^member (\d+) (\S+:\S+)$/.exec(line) ?? []
      return group === undefined || address === undefined ? [] : [{ group, address }]
    })
    const devicesOf = (path: string): readonly string[] => {
      const group = /^\/dev\/vfio\/(?:noiommu-)?(\d+)$/.exec(path)?.[1]
      if (group !== undefined)
        return members.filter(member => member.group === group).map(({ address }) => address)
      const minor = /^\/dev\/nvidia(\d+)$/.exec(path)?.[1]
      const device = minor === undefined ? nodes.get(classPath(path)) : nvidia.get(minor)
      return device === undefined ? multipathDevices(path, nodes) : [device]
    }
    const holders = linesOf(out.open).flatMap(line => {
      const [, pid, path, process] = /^open (\d+) (\S+) (.*)$/.exec(line) ?? []
      if (pid === undefined || path === undefined || process === undefined) return []
      return devicesOf(path).map(device => ({ device, path, process: printable(process), pid: Number(pid) }))
    })
    const idOf = ({ device, path, pid }: Holder) => `${device} ${path} ${pid}`
    return [...new Map(holders.map(holder => [idOf(holder), holder])).values()]
  },
})

/** Processes name themselves (prctl(2), PR_SET_NAME), with any bytes. */
const printable = (name: string): string => name.replaceAll(/[^ -~]/g, '?')

/** /dev/dri/card0 → drm/card0, as /sys/class has it. */
function classPath(path: string): string {
  const name = lastPart(path)
  if (path.startsWith('/dev/dri/')) return `drm/${name}`
  if (path.startsWith('/dev/snd/')) return `sound/${name}`
  if (path.startsWith('/dev/vfio/devices/')) return `vfio-dev/${name}`
  if (path.startsWith('/dev/fb')) return `graphics/${name}`
  return /^nvme\d+$/.test(name) ? `nvme/${name}` : `block/${name}`
}

/** nvme0n1p2 of native multipath has no hardware of its own, but paths to it: nvme0c1n1 (drivers/nvme/host/multipath.c). */
function multipathDevices(path: string, nodes: ReadonlyMap<string, string | undefined>): string[] {
  const [, subsystem, namespace] = /^\/dev\/nvme(\d+)n(\d+)/.exec(path) ?? []
  if (subsystem === undefined) return []
  const isPath = new RegExp(`^block/nvme${subsystem}c\\d+n${namespace}$`)
  return [...nodes].flatMap(([node, device]) => (isPath.test(node) && device !== undefined ? [device] : []))
}
