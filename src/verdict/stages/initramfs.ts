import { kernelImages } from '../../backends/initramfs/images.ts'
import { findInitramfs } from '../../backends/initramfs/index.ts'
import { addressRuleOf } from '../../host/address_binding.ts'
import type { Host, Image, InstalledKernel } from '../../host/host.ts'
import type { Known } from '../../host/known.ts'
import { loadsVfioFirst, modprobeDirectives } from '../../host/modprobe.ts'
import { nativeModules } from '../../host/native_drivers.ts'
import { isRefusal } from '../../refusal.ts'
import type { Finding } from '../finding.ts'
import {
  asSeriousAs,
  bootable,
  findingsOf,
  type Judge,
  judged,
  type Subject,
  type Untold,
  unknownStage,
  untold,
  withoutDevices,
} from './stage.ts'

const say = findingsOf('initramfs')
const REBUILD = 'let initramfs_rebuild see to it, then reboot'

/** Whether the image of every kernel brings vfio-pci before the devices' own drivers, with today's configuration. */
export const initramfs: Judge = subject => {
  const { host, chosen } = subject
  if (chosen.length === 0) return withoutDevices('initramfs')
  // Rules that bind by address belong into every image, whether vfio-pci is compiled in or not.
  const isByAddress = chosen.some(device => addressRuleOf(host, device) !== undefined)
  const needs = ({ vfio }: InstalledKernel) =>
    vfio.vfio_pci?.is === 'module' || (vfio.vfio_pci !== undefined && isByAddress)
  if (!bootable(host).some(needs) && bootable(host).length > 0)
    return judged('initramfs', subject, [], {
      says: 'vfio-pci is compiled into every kernel, so that no image has to bring it',
      evidence: 'modules.builtin in /lib/modules/*',
    })
  const images = kernelImages(host).filter(({ kernel }) => needs(kernel))
  if (images.length === 0)
    return unknownStage('initramfs', 'no initramfs image of an installed kernel can be seen')
  const generator = findInitramfs(host)
  const unclear = isRefusal(generator) ? undefined : generator.generator.images.unclear?.(host)
  const found = [
    ...images.flatMap(image => troubleOf(subject, image)),
    ...(unclear === undefined ? [] : [untold(unclear.why)]),
  ]
  const paths = images.map(({ path }) => path)
  return judged(
    'initramfs',
    subject,
    found.map(one => ('untold' in one ? one : asSeriousAs(subject, one))),
    {
      says: `${paths.length === 1 ? 'the image brings' : `all ${paths.length} images bring`} ${images.some(takesModule) ? 'vfio-pci, and ' : ''}what is configured today`,
      evidence: paths.join(', '),
    },
  )
}

const takesModule = ({ kernel }: Pick<KernelImage, 'kernel'>): boolean =>
  kernel.vfio.vfio_pci?.is === 'module'

interface KernelImage {
  readonly path: string
  readonly kernel: InstalledKernel
  readonly image: Known<Image>
}

/** Each image is judged by itself: one that is made anew does not make the others so. */
function troubleOf(subject: Subject, { path, kernel, image }: KernelImage): (Finding | Untold)[] {
  if (image.is === 'unknown') return [untold(`${path} cannot be read: ${image.why}`)]
  const { modules, loads } = image.value
  const isModule = takesModule({ kernel })
  const of = `${path} (kernel ${kernel.release})`
  if (isModule && !modules.includes('vfio_pci'))
    return [
      say.problem(
        `${of} does not hold vfio-pci, so that any driver is faster than it`,
        `vfio modules in it: ${modules.join(', ') || 'none'}`,
        REBUILD,
      ),
    ]
  const stale = staleBecause(subject.host, path, image)
  if (stale !== undefined) return [stale]
  const faster = isModule ? driversBefore(subject) : []
  if (loads.includes('vfio_pci') || faster.length === 0) return []
  return [
    say.warning(
      `${of} holds vfio-pci and does not load it: ${faster.join(', ')} may be faster`,
      `modules that its init loads by name: ${loads.join(', ') || 'none of vfio'}`,
      REBUILD,
    ),
  ]
}

/** By the content of the image: what the generator would make today is not what is in it. */
function staleBecause(host: Host, path: string, image: Known<Image>): Finding | undefined {
  const found = findInitramfs(host)
  if (isRefusal(found)) return undefined
  const { generator } = found
  const why = generator.images.isStale({ ...host, images: { [path]: image } })
  return why === undefined
    ? undefined
    : say.problem(
        `an image is older than the configuration: ${why}`,
        `its content, compared with what ${generator.name} would make today`,
        REBUILD,
      )
}

/** Native drivers that no softdep makes wait for vfio-pci; a rule that binds by address takes the device back from any. */
function driversBefore({ host, chosen }: Subject): string[] {
  const directives = modprobeDirectives(host)
  const byId = chosen.filter(device => addressRuleOf(host, device) === undefined)
  const natives = new Set(byId.flatMap(device => nativeModules(host, device)))
  return [...natives].filter(module => loadsVfioFirst(directives, module) === undefined)
}
