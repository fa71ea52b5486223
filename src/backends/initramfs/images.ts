import type { Argv } from '../../host/change.ts'
import { sha256 } from '../../host/digest.ts'
import type { Host, Image, InstalledKernel } from '../../host/host.ts'
import { type Known, predicted } from '../../host/known.ts'
import { modprobeFiles } from '../../host/modprobe.ts'
import { kernelAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { isOfOtherSnapshot } from '../bootloaders/sdbootutil.ts'
import { readPresets } from './mkinitcpio_presets.ts'

/** What an image must hold, of what our sources reach. */
export interface WantedContent {
  /** vfio modules, underscored, sorted. */
  readonly modules: readonly string[]
  /** Further ones that come along with these; nothing is amiss where one does not. */
  readonly brings?: readonly string[]
  /** vfio modules that its init loads by name, underscored, in order. */
  readonly loads: readonly string[]
  /** sha256 of each modprobe.d file and of the rules that bind by address, by their paths on the host. */
  readonly files: Readonly<Record<string, string>>
}

interface Generated {
  readonly rebuild: (host: Host) => readonly Argv[]
  readonly wants: (host: Host, kernel: InstalledKernel, path: string) => WantedContent | Refusal
}

/** The images of all installed kernels as one artifact: judged by their content, never by their age. */
export const imagesOf = ({ rebuild, wants }: Generated): Artifact => ({
  kind: 'initramfs',
  title: 'the initramfs images',
  rebuild,
  writes: host => kernelImages(host).map(({ path }) => path),
  isStale: host =>
    kernelImages(host)
      .map(({ path, kernel, image }) => staleBecause(path, kernel, image, wants(host, kernel, path)))
      .find(why => why !== undefined),
  unclear: host =>
    kernelImages(host)
      .map(({ path, kernel, image }) => unclearBecause(path, kernel, image, wants(host, kernel, path)))
      .find(refusal => refusal !== undefined),
  derive(host) {
    const rebuilt = kernelImages(host).map(({ path, kernel, image }) => {
      const wanted = wants(host, kernel, path)
      if (isRefusal(wanted)) return [path, image] as const
      const { modules, brings = [], loads, files } = wanted
      const held = [...new Set([...modules, ...brings])].sort()
      const made: Image = { path, release: kernel.release, madeBy: '', modules: held, loads, files }
      return [path, predicted(remade(image, made))] as const
    })
    return { ...host, images: { ...host.images, ...Object.fromEntries(rebuilt) } }
  },
})

/**
 * Those of kernels that are installed; a rescue image is nobody's, and neither is one whose content is of a kernel that
 * is not installed: another system's on the same ESP, or what a removed kernel left. Only a preset says otherwise:
 * mkinitcpio makes that path of whatever kernel its package has now.
 */
export function kernelImages(host: Host): { path: string; kernel: InstalledKernel; image: Known<Image> }[] {
  const found = Object.entries(host.images).filter(([path]) => !isOfOtherSnapshot(host, path))
  const presets = readPresets(host)
  const named = isRefusal(presets) ? [] : presets.flatMap(({ images }) => images)
  return found.flatMap(([path, image]) => {
    const release = image.is === 'unknown' ? '' : image.value.release
    const isOurs = release === '' || named.includes(path)
    const kernel =
      host.kernels.find(one => one.release === release) ?? (isOurs ? kernelAt(host, path) : undefined)
    return kernel === undefined ? [] : [{ path, kernel, image }]
  })
}

function unclearBecause(
  path: string,
  kernel: InstalledKernel,
  image: Known<Image>,
  wanted: WantedContent | Refusal,
): Refusal | undefined {
  if (isRefusal(wanted)) return wanted
  if (image.is !== 'unknown' || isIndifferent(kernel, wanted)) return undefined
  return refuse(
    `${path} cannot be read, so that nothing shows what it carries: ${image.why}`,
    "see to that, then run again: reading it takes cpio or bsdtar, the program it is packed with (zstd, xz, lz4 …), room in /var/tmp, and none of dracut's squash module in it",
  )
}

/** Whatever is in the image: with vfio-pci compiled in no module of it, and no file of ours, can be. */
const isIndifferent = (kernel: InstalledKernel, { modules, loads, files }: WantedContent): boolean =>
  kernel.vfio.vfio_pci?.is === 'builtin' && modules.length + loads.length + Object.keys(files).length === 0

function staleBecause(
  path: string,
  kernel: InstalledKernel,
  image: Known<Image>,
  wanted: WantedContent | Refusal,
): string | undefined {
  if (isRefusal(wanted)) return wanted.why
  if (image.is === 'unknown')
    return isIndifferent(kernel, wanted) ? undefined : `${path} cannot be read: ${image.why}`
  const { modules, loads, files } = image.value
  const missing = wanted.modules.find(name => !modules.includes(name))
  if (missing !== undefined) return `${path} does not hold ${missing}`
  const unloaded = wanted.loads.find(name => !loads.includes(name))
  if (unloaded !== undefined) return `${path} does not load ${unloaded}`
  const unlisted = loads.find(name => !wanted.loads.includes(name))
  if (unlisted !== undefined) return `${path} still loads ${unlisted}, which is no longer listed`
  const changed = Object.keys(wanted.files).find(file => files[file] !== wanted.files[file])
  if (changed !== undefined) return `${path} holds ${changed in files ? 'an older' : 'no'} ${changed}`
  const left = Object.keys(files).find(file => file.startsWith('/etc/') && !(file in wanted.files))
  return left && `${path} still holds ${left}, which is gone from the host`
}

/** What a generator copies from elsewhere than /etc is the distribution's, and stays as it was. */
function remade(before: Known<Image>, made: Image): Image {
  if (before.is === 'unknown') return made
  const others = Object.entries(before.value.files).filter(([file]) => !file.startsWith('/etc/'))
  return {
    ...made,
    madeBy: before.value.madeBy,
    files: { ...Object.fromEntries(others), ...made.files },
  }
}

/**
 * vfio names the driver of the IOMMU as its softdep (drivers/vfio/vfio_main.c, MODULE_SOFTDEP): modprobe
 * --show-depends tells of it, which mkinitramfs asks, and dracut-install and mkinitcpio take it along, too.
 */
export const softdepsOf = (kernel: InstalledKernel, modules: readonly string[]): string[] =>
  modules.includes('vfio') ? vfioModulesOf(kernel, ['vfio_iommu_type1']) : []

/** The vfio modules among the listed that this kernel has as modules, with those they need. */
export function vfioModulesOf(kernel: InstalledKernel, listed: readonly string[]): string[] {
  const wanted = new Set<string>()
  const visit = (name: string) => {
    const module = kernel.vfio[name]
    if (module === undefined || module.is === 'builtin' || wanted.has(name)) return
    wanted.add(name)
    module.needs.forEach(visit)
  }
  listed.forEach(visit)
  return [...wanted].sort()
}

/** Generators copy the modprobe.d folders, of links only those to regular files; ours are those of /etc. */
export const modprobeHashes = (host: Host): Record<string, string> =>
  Object.fromEntries(
    modprobeFiles(host)
      .filter(path => path.startsWith('/etc/') && host.files[path]?.masks === undefined)
      .map(path => [path, sha256(host.files[path]?.bytes ?? '')]),
  )
