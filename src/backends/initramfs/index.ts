import type { Host, Image } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import { booster } from './booster.ts'
import { dracut } from './dracut.ts'
import type { InitramfsGenerator } from './generator.ts'
import { initramfsTools } from './initramfs_tools.ts'
import { mkinitcpio } from './mkinitcpio.ts'
import { rpmOstree } from './rpm_ostree.ts'

/** One line each. */
export const GENERATORS: readonly InitramfsGenerator[] = [
  initramfsTools,
  dracut,
  mkinitcpio,
  booster,
  rpmOstree,
]

/** Known, and not driven: their images are made in ways of their own. Program → name. */
const REFUSED: Readonly<Record<string, string>> = {
  genkernel: 'genkernel',
  tinyinitramfs: 'tiny-initramfs',
  mkinitfs: 'mkinitfs (Alpine)',
  'mkinitramfs-ll': 'mkinitramfs-ll',
  ugrd: 'ugrd',
}

/** The generator of this host's images, or why none can be used. */
export function findInitramfs(
  host: Host,
): { readonly generator: InitramfsGenerator; readonly evidence: string } | Refusal {
  const installed = GENERATORS.flatMap(generator => {
    const evidence = generator.evidence.find(host)
    return evidence === undefined ? [] : [{ generator, evidence: evidence.says }]
  })
  // An rpm-ostree system has dracut, too.
  const managed = installed.flatMap(({ generator }) => generator.manages ?? [])
  const found = installed.filter(({ generator }) => !managed.includes(generator.name))
  // Two may be installed: the content of the images tells which one is in use.
  const makers = new Set(Object.values(host.images).flatMap(image => makerOf(ifKnown(image)) ?? []))
  const [first, second] =
    found.length > 1 ? found.filter(({ generator }) => makers.has(generator.name)) : found
  const other = Object.keys(REFUSED).find(tool => host.tools.includes(tool))
  const isOthers = other !== undefined && first !== undefined && !makers.has(first.generator.name)
  if (first !== undefined && second === undefined && !isOthers) return first
  if (found.length > 1 && (other === undefined || second !== undefined))
    return refuse(
      `more than one initramfs generator is installed (${found.map(({ generator }) => generator.name).join(', ')}), and the images do not tell which one makes them`,
      'remove those that are not used, then run again',
    )
  if (other !== undefined)
    return refuse(
      `the initramfs of this machine is made by ${REFUSED[other]} (${other} is installed), which vfio-run does not drive`,
      'put the vfio modules into the image by hand, or leave this host out with --limit',
    )
  return refuse(
    `no initramfs generator was found (${GENERATORS.map(({ name }) => name).join(', ')})`,
    'install the one that your distribution uses, then run again',
  )
}

const makerOf = (image: Image | undefined): string | undefined => image?.madeBy || undefined

export const INITRAMFS_TOOLS = [
  ...new Set([...GENERATORS.flatMap(({ evidence }) => evidence.tools), ...Object.keys(REFUSED)]),
]
export const INITRAMFS_PATHS = [...new Set(GENERATORS.flatMap(({ evidence }) => evidence.paths))]
export const INITRAMFS_FILES = [...new Set(GENERATORS.flatMap(({ reads }) => reads))]
