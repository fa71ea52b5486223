import type { StorageUse } from '../host.ts'
import { addressesIn, defineFact, fileLines, linesOf, linkLines } from './fact.ts'

const MOUNTS = ['/', '/boot', '/boot/efi', '/efi', '/usr']

/** The PCI devices that the host's own file systems and swap hang on: mountinfo (proc_pid_mountinfo(5)) and sysfs. */
export const storage = defineFact({
  commands: {
    mounts:
      'grep -E "^[0-9]+ [0-9]+ [0-9]+:[0-9]+ [^ ]+ (/|/boot|/boot/efi|/efi|/usr) " "$root/proc/self/mountinfo"',
    swaps: 'cat "$root/proc/swaps"',
    blocks: 'cd "$root/sys/class/block" && ls -ld -- * */slaves/* 2>/dev/null',
    numbers: 'cd "$root/sys/class/block" && grep -H "" -- */dev 2>/dev/null',
  },
  parse(out): StorageUse[] {
    const links = linkLines(out.blocks)
    const blocks = new Map(
      links.filter(({ path }) => !path.includes('/')).map(({ path, target }) => [path, target]),
    )
    const slaves = (name: string) =>
      links
        .filter(({ path }) => path.startsWith(`${name}/slaves/`))
        .map(({ path }) => path.split('/').at(-1) ?? '')
    const byNumber = new Map(
      fileLines(out.numbers).map(({ path, text }) => [text.trim(), path.split('/')[0] ?? '']),
    )
    const devicesOf = (name: string, seen: readonly string[] = []): string[] => {
      if (seen.includes(name)) return []
      const own = addressesIn(blocks.get(name) ?? '')
      return [...own, ...slaves(name).flatMap(slave => devicesOf(slave, [...seen, name]))]
    }
    const use = (what: string, source: string, block: string | undefined): StorageUse => {
      const devices = block === undefined ? [] : [...new Set(devicesOf(block))]
      return { use: what, source, devices: devices.length > 0 ? devices : undefined }
    }
    const mounts = linesOf(out.mounts).flatMap(line => {
      const [before, after] = line.split(' - ')
      const fields = before?.split(' ') ?? []
      const [type, source] = after?.split(' ') ?? []
      const at = fields[4] ?? ''
      if (!MOUNTS.includes(at) || type === 'tmpfs' || type === 'autofs') return []
      // btrfs has an anonymous device number: its source names the disk.
      const block = byNumber.get(fields[2] ?? '') ?? nameOf(source ?? '', blocks)
      return [use(at, source ?? '', block)]
    })
    const swaps = linesOf(out.swaps).flatMap(line => {
      const [source, type] = line.split(/\s+/)
      return type === 'partition' && !/\/zram\d+$/.test(source ?? '')
        ? [use('swap', source ?? '', nameOf(source ?? '', blocks))]
        : []
    })
    return [...mounts, ...swaps]
  },
})

function nameOf(source: string, blocks: ReadonlyMap<string, string>): string | undefined {
  const name = source.replace(/^\/dev\//, '')
  return blocks.has(name) ? name : undefined
}
