import { ruleHashes } from '../../host/address_binding.ts'
import type { Bytes } from '../../host/bytes.ts'
import { write } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { moduleName } from '../../host/modprobe.ts'
import type { Refusal } from '../../refusal.ts'
import { tool } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { InitramfsGenerator } from './generator.ts'
import { imagesOf, modprobeHashes, softdepsOf, vfioModulesOf } from './images.ts'

export const MODULES_FILE = '/etc/initramfs-tools/modules'
const PROXMOX_ESPS = '/etc/kernel/proxmox-boot-uuids'
const PACKAGE_LISTS = '/usr/share/initramfs-tools/modules.d/'

/** Debian's initramfs-tools: /etc/initramfs-tools/modules and update-initramfs (initramfs-tools(7)). */
export const initramfsTools: InitramfsGenerator = {
  name: 'initramfs-tools',
  evidence: tool('update-initramfs'),
  reads: [MODULES_FILE, `${PACKAGE_LISTS}*`],
  carries: "today's modprobe.d",
  listed: host => listedModules(host.files[MODULES_FILE]?.bytes ?? ''),
  edit(host, { add, remove }) {
    const refusal = refuseLists(host)
    if (refusal !== undefined) return refusal
    const before = host.files[MODULES_FILE]?.bytes ?? ''
    const kept = withoutModules(before, remove)
    const missing = add.filter(name => !listedModules(kept).includes(moduleName(name)))
    // No file that says nothing: where there is none, and nothing to list.
    if (missing.length === 0 && kept === before) return []
    const newline = missing.length === 0 || kept === '' || kept.endsWith('\n') ? '' : '\n'
    return write(host, MODULES_FILE, kept + newline + missing.map(name => `${name}\n`).join(''))
  },
  // udev's hook copies all of /etc/udev/rules.d that /usr/lib has no namesake of (hooks/udev).
  carryRules: () => [],
  images: {
    ...imagesOf({
      rebuild: () => [['update-initramfs', '-u', '-k', 'all']],
      wants(host, kernel) {
        const modules = vfioModulesOf(kernel, listedVfio(host))
        const brings = softdepsOf(kernel, modules)
        return {
          modules,
          brings,
          loads: listedVfio(host),
          files: { ...modprobeHashes(host), ...ruleHashes(host) },
        }
      },
    }),
    // Proxmox's hook copies images, entries and menus to its ESPs, whatever loader boots from them.
    restoredBy: host => (PROXMOX_ESPS in host.files ? [['proxmox-boot-tool', 'refresh']] : []),
  },
}

/** mkinitramfs takes what stands on a line to the letter. A package's list is only read, and for vfio alone. */
function refuseLists(host: Host): Refusal | undefined {
  const ofPackages = packageLists(host).filter(path => /vfio/.test(host.files[path]?.bytes ?? ''))
  return [MODULES_FILE, ...ofPackages]
    .map(path => refuseText(host, path))
    .find(refusal => refusal !== undefined)
}

const packageLists = (host: Host): string[] =>
  Object.keys(host.files)
    .filter(path => path.startsWith(PACKAGE_LISTS))
    .sort()

/** A module a line, with its options; # starts a comment. */
function listedModules(bytes: Bytes): string[] {
  return bytes
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0] ?? '')
    .filter(name => name !== '' && !name.startsWith('#'))
    .map(moduleName)
}

function withoutModules(bytes: Bytes, remove: readonly string[]): Bytes {
  if (remove.length === 0) return bytes
  const gone = new Set(remove.map(moduleName))
  return bytes
    .split(/(?<=\n)/)
    .filter(line => !gone.has(moduleName(line.trim().split(/\s+/)[0] ?? '')))
    .join('')
}

/** In the order in which mkinitramfs reads its lists: the administrator's, then those of packages. */
function listedVfio(host: Host): string[] {
  const names = [MODULES_FILE, ...packageLists(host)].flatMap(path =>
    listedModules(host.files[path]?.bytes ?? ''),
  )
  return [...new Set(names)].filter(name => name.startsWith('vfio'))
}
