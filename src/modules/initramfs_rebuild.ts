import { z } from 'zod'
import { followImages } from '../backends/bootloaders/index.ts'
import { kernelImages } from '../backends/initramfs/images.ts'
import { findInitramfs } from '../backends/initramfs/index.ts'
import { isVfioBuiltInEverywhere } from '../host/builtin_vfio.ts'
import { applyChanges, pathsOf } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { refuseMeasured } from '../host/measured_boot.ts'
import { moduleName } from '../host/modprobe.ts'
import { kernelsLacking, refuseLackingVfio } from '../host/vfio_kernels.ts'
import { isRefusal } from '../refusal.ts'
import { allow, driverName, state } from './arguments.ts'
import { blocked, converged, defineModule } from './define.ts'

const args = z.strictObject({
  state,
  modules: z
    .array(driverName)
    .default(['vfio', 'vfio_iommu_type1', 'vfio_virqfd', 'vfio_pci'])
    .describe(
      'modules for the image; those of vfio that not every installed kernel has are left out (vfio_virqfd is gone since 6.2)',
    ),
  allow,
})

export const initramfs_rebuild = defineModule({
  name: 'initramfs_rebuild',
  summary: 'Put the vfio modules into the initramfs and rebuild images that are stale',
  description: `Owns the generator's list of modules, and asks for the images of *all* installed kernels:

| generator | list | notes |
| --- | --- | --- |
| initramfs-tools | \`/etc/initramfs-tools/modules\` | |
| dracut | \`force_drivers\` in \`/etc/dracut.conf.d/vfio.conf\` | modprobe.d by \`install_items\` where the image is not for this host only |
| mkinitcpio | \`MODULES\` in the file that counts: \`mkinitcpio.conf\`, a drop-in, or the one that a preset names | before every driver of graphics cards in the list; those that the kms hook brings come later by the softdeps of \`vfio_ids\`; adds the modconf hook where it is missing |
| booster | \`modules_force_load\` in \`/etc/booster.yaml\` | takes only module options of modprobe.d |
| rpm-ostree | none: kernel arguments only | nothing to do where the image has the modules; else blocked, with the command to run |

Images made by others (genkernel, tiny-initramfs, …) are refused by name. Which generator made the images is told by
their content.

An image is stale when, by its content, it does not hold the modules, does not load them, or carries modprobe.d files
or rules that bind by address (\`vfio_ids\`) other than the host's. Those rules go on the list of files where the
generator has such a list: \`install_items\` of dracut, \`FILES\` of mkinitcpio. It is rebuilt once, at the end of the tasks up to the next reboot, and read back before any
reboot. Where vfio-pci is compiled into every installed kernel there is nothing to list.

Blocked where an installed kernel has no vfio-pci at all, and where an image cannot be read, with what that takes: it
would be made anew for nothing.`,
  args,
  example: `- name: Load vfio early
  initramfs_rebuild:
  notify: reboot`,
  plan(host, { state, modules, allow }) {
    const found = findInitramfs(host)
    if (isRefusal(found)) return { kind: 'blocked', why: found.why, hint: found.hint }
    const { generator } = found
    if (kernelImages(host).length === 0) return noImages
    const lacking = state === 'present' ? refuseLackingVfio(host) : undefined
    if (lacking !== undefined) return blocked(lacking.why, lacking.hint)
    const wanted = modules.filter(name => isForEveryKernel(host, name))
    const edit = state === 'present' ? { add: wanted, remove: [] } : { add: [], remove: modules }
    const listed = generator.edit(host, edit)
    if (isRefusal(listed)) return { kind: 'blocked', why: listed.why, hint: listed.hint }
    const rules = generator.carryRules(applyChanges(host, listed))
    if (isRefusal(rules)) return { kind: 'blocked', why: rules.why, hint: rules.hint }
    const changes = [...listed, ...rules]
    const what = state === 'present' ? wanted.join(', ') : `no ${modules.join(', ')}`
    const carried = [what, generator.carries].filter(text => text !== '' && text !== 'no ').join(' and ')
    const edited = applyChanges(host, changes)
    const unclear = generator.images.unclear?.(edited)
    if (unclear !== undefined) return blocked(unclear.why, unclear.hint)
    const stale = generator.images.isStale(edited)
    const measured = stale === undefined ? undefined : refuseMeasured(host, allow)
    if (measured !== undefined) return blocked(measured.why, measured.hint)
    const follow = stale === undefined ? [] : followImages(edited, generator.images.writes(edited))
    if (isRefusal(follow)) return blocked(follow.why, follow.hint)
    if (changes.length > 0) {
      const rebuild = stale === undefined ? {} : { rebuild: ['initramfs'] as const }
      return {
        kind: 'change',
        why: `${what || generator.carries} in ${pathsOf(changes).join(', ')}`,
        changes,
        ...rebuild,
      }
    }
    if (stale !== undefined) return { kind: 'pending', why: stale, needs: 'rebuild', rebuild: ['initramfs'] }
    const count = kernelImages(host).length
    const images = count === 1 ? 'the image carries' : `all ${count} images carry`
    const builtIn =
      state === 'present' && wanted.length === 0 && isVfioBuiltInEverywhere(host)
        ? 'vfio-pci is compiled into every kernel here, so that there is nothing to list; '
        : ''
    return converged(`${builtIn}${images} ${carried || 'nothing that is asked for'}`)
  },
})

/** Nothing could be rebuilt, or read back: /boot may not be mounted, or the kernels boot without one. */
const noImages = blocked(
  'no initramfs image of an installed kernel can be seen',
  'mount /boot and the ESP, or leave this task out where the kernels boot without an initramfs',
)

/**
 * One list serves all kernels, and dracut drops what follows a name that one of them does not have; a module that is
 * needed where it does exist (vfio_virqfd before 6.2) comes along as a dependency. Others than vfio's are the user's word.
 */
function isForEveryKernel(host: Host, name: string): boolean {
  const module = moduleName(name)
  const isModule = host.kernels.some(({ bootable, vfio }) => bootable && vfio[module]?.is === 'module')
  return !module.startsWith('vfio') || (isModule && kernelsLacking(host, module).length === 0)
}
