import type { Bytes } from '../../host/bytes.ts'
import { write } from '../../host/change.ts'
import { sha256 } from '../../host/digest.ts'
import type { Host, Image, InstalledKernel } from '../../host/host.ts'
import { type Known, predicted } from '../../host/known.ts'
import { modprobeFiles, moduleName } from '../../host/modprobe.ts'
import type { Artifact } from '../artifact.ts'
import type { InitramfsGenerator } from './generator.ts'

/** Debian's initramfs-tools: /etc/initramfs-tools/modules and update-initramfs (initramfs-tools(7)). */
export const initramfsTools: InitramfsGenerator = {
  name: 'initramfs-tools',
  listed: host => listedModules(host.files[MODULES_FILE]?.bytes ?? ''),
  edit(host, { add, remove }) {
    const before = host.files[MODULES_FILE]?.bytes ?? ''
    const kept = withoutModules(before, remove)
    const missing = add.filter(name => !listedModules(kept).includes(moduleName(name)))
    const newline = missing.length === 0 || kept === '' || kept.endsWith('\n') ? '' : '\n'
    return write(host, MODULES_FILE, kept + newline + missing.map(name => `${name}\n`).join(''))
  },
  get images() {
    return images
  },
}

export const MODULES_FILE = '/etc/initramfs-tools/modules'
const PACKAGE_LISTS = '/usr/share/initramfs-tools/modules.d/'

const images: Artifact = {
  kind: 'initramfs',
  title: 'the initramfs images',
  rebuild: ['update-initramfs', '-u', '-k', 'all'],
  writes: host => kernelsWithImage(host).map(kernel => `/boot/initrd.img-${kernel.release}`),
  isStale: host =>
    kernelsWithImage(host)
      .map(kernel => staleBecause(host, kernel))
      .find(why => why !== undefined),
  derive(host) {
    const rebuilt = kernelsWithImage(host).map(kernel => [kernel.release, imageFor(host, kernel)] as const)
    return { ...host, images: { ...host.images, ...Object.fromEntries(rebuilt) } }
  },
}

const kernelsWithImage = (host: Host): InstalledKernel[] =>
  host.kernels.filter(kernel => kernel.release in host.images)

/** A module a line, with its options; # starts a comment. */
const listedModules = (bytes: Bytes): string[] =>
  bytes
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0] ?? '')
    .filter(name => name !== '' && !name.startsWith('#'))
    .map(moduleName)

function withoutModules(bytes: Bytes, remove: readonly string[]): Bytes {
  if (remove.length === 0) return bytes
  const gone = new Set(remove.map(moduleName))
  return bytes
    .split(/(?<=\n)/)
    .filter(line => !gone.has(moduleName(line.trim().split(/\s+/)[0] ?? '')))
    .join('')
}

function staleBecause(host: Host, kernel: InstalledKernel): string | undefined {
  const image = host.images[kernel.release]
  if (image === undefined) return undefined
  if (image.is === 'unknown') return `the image of ${kernel.release} cannot be read: ${image.why}`
  const { path, modules, loads, files } = image.value
  const wanted = wantedModules(host, kernel)
  const missing = wanted.find(name => !modules.includes(name))
  if (missing !== undefined) return `${path} does not hold ${missing}`
  const unloaded = listedVfio(host).find(name => !loads.includes(name))
  if (unloaded !== undefined) return `${path} does not load ${unloaded}`
  const unlisted = loads.find(name => !listedVfio(host).includes(name))
  if (unlisted !== undefined) return `${path} still loads ${unlisted}, which is no longer listed`
  const hashes = modprobeHashes(host)
  const changed = Object.keys(hashes).find(file => files[file] !== hashes[file])
  if (changed !== undefined) return `${path} holds ${changed in files ? 'an older' : 'no'} ${changed}`
  const left = Object.keys(files).find(file => file.startsWith('/etc/') && !(file in hashes))
  return left && `${path} still holds ${left}, which is gone from the host`
}

function imageFor(host: Host, kernel: InstalledKernel): Known<Image> {
  const before = host.images[kernel.release]
  const path =
    before?.is !== 'unknown' && before !== undefined
      ? before.value.path
      : `/boot/initrd.img-${kernel.release}`
  return predicted({
    path,
    modules: wantedModules(host, kernel),
    loads: listedVfio(host),
    files: {
      ...(before !== undefined && before.is !== 'unknown' ? others(before.value.files) : {}),
      ...modprobeHashes(host),
    },
  })
}

/** What mkinitramfs copies from elsewhere than /etc is the distribution's, and stays as it was. */
const others = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).filter(([file]) => !file.startsWith('/etc/')))

/** In the order in which mkinitramfs reads its lists: the administrator's, then those of packages. */
function listedVfio(host: Host): string[] {
  const ofPackages = Object.keys(host.files).filter(path => path.startsWith(PACKAGE_LISTS))
  const names = [MODULES_FILE, ...ofPackages.sort()].flatMap(path =>
    listedModules(host.files[path]?.bytes ?? ''),
  )
  return [...new Set(names)].filter(name => name.startsWith('vfio'))
}

/** The listed vfio modules that this kernel has as modules, with those they need. */
function wantedModules(host: Host, kernel: InstalledKernel): string[] {
  const wanted = new Set<string>()
  const visit = (name: string) => {
    const module = kernel.vfio[name]
    if (module === undefined || module.is === 'builtin' || wanted.has(name)) return
    wanted.add(name)
    module.needs.forEach(visit)
  }
  listedVfio(host).forEach(visit)
  return [...wanted].sort()
}

/** mkinitramfs copies the modprobe.d folders, of links only those to regular files; ours are those of /etc. */
const modprobeHashes = (host: Host): Record<string, string> =>
  Object.fromEntries(
    modprobeFiles(host)
      .filter(path => path.startsWith('/etc/') && host.files[path]?.masks === undefined)
      .map(path => [path, sha256(host.files[path]?.bytes ?? '')]),
  )
