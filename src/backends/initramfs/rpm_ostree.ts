import { addressRules, RULES_FILE, ruleHashes } from '../../host/address_binding.ts'
import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { moduleName } from '../../host/modprobe.ts'
import { refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, path, tool } from '../evidence.ts'
import type { InitramfsGenerator } from './generator.ts'
import { kernelImages, vfioModulesOf } from './images.ts'

/**
 * Images that come with the operating system's own (rpm-ostree, bootc): making them on the host slows down every update
 * from then on (rpm-ostree(1), initramfs), so that is left to people. Kernel arguments are all that is set here.
 */
export const rpmOstree: InitramfsGenerator = {
  name: 'rpm-ostree',
  evidence: all(any(tool('rpm-ostree'), tool('bootc')), path('/run/ostree-booted')),
  manages: ['dracut'],
  reads: [],
  carries: '',
  listed: host => [...new Set(kernelImages(host).flatMap(({ image }) => [...(ifKnown(image)?.loads ?? [])]))],
  edit(host, { add }) {
    const lacking = firstLacking(host, add.map(moduleName))
    if (lacking === undefined) return []
    return refuse(
      `${lacking}, and this system's images are not made on the host (rpm-ostree): only kernel arguments are set here`,
      `run: rpm-ostree initramfs --enable --arg=--force-drivers --arg="${add.join(' ')}" — it makes every update slower; then reboot and run again`,
    )
  },
  carryRules(host) {
    const wanted = ruleHashes(host)[RULES_FILE]
    const images = kernelImages(host)
    const isCarried = ({ image }: (typeof images)[number]) => ifKnown(image)?.files[RULES_FILE] === wanted
    if (addressRules(host).length === 0 || (images.length > 0 && images.every(isCarried))) return []
    return refuse(
      `a device that is bound by its address needs ${RULES_FILE} in the images, and this system's are not made on the host (rpm-ostree)`,
      'choose all devices of that id, or none, and bind by ids; or write the rule by hand and put it into the images with rpm-ostree initramfs-etc --track=' +
        RULES_FILE,
    )
  },
  images: {
    kind: 'initramfs',
    title: 'the initramfs images',
    isStale: () => undefined,
    rebuild: () => [],
    writes: () => [],
    derive: host => host,
  } satisfies Artifact,
}

/** Judged by content, as everywhere. */
function firstLacking(host: Host, add: readonly string[]): string | undefined {
  const images = kernelImages(host)
  if (add.length > 0 && images.length === 0) return 'no image of an installed kernel was found'
  for (const { path, kernel, image } of images) {
    if (image.is === 'unknown') return `${path} cannot be read (${image.why})`
    const modules = vfioModulesOf(kernel, add)
    const missing = modules.find(name => !image.value.modules.includes(name))
    if (missing !== undefined) return `${path} does not hold ${missing}`
    const unloaded = add.find(name => modules.includes(name) && !image.value.loads.includes(name))
    if (unloaded !== undefined) return `${path} does not load ${unloaded}`
  }
  return undefined
}
