import { z } from 'zod'
import { findInitramfs } from '../backends/initramfs/index.ts'
import { applyChanges } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { moduleName } from '../host/modprobe.ts'
import { isRefusal } from '../refusal.ts'
import { driverName, state } from './arguments.ts'
import { converged, defineModule } from './define.ts'

const args = z.strictObject({
  state,
  modules: z
    .array(driverName)
    .default(['vfio', 'vfio_iommu_type1', 'vfio_virqfd', 'vfio_pci'])
    .describe(
      'modules for the image; those of vfio that no installed kernel has are left out (vfio_virqfd is gone since 6.2)',
    ),
})

export const initramfs_rebuild = defineModule({
  name: 'initramfs_rebuild',
  summary: 'Put the vfio modules into the initramfs and rebuild images that are stale',
  description: `Owns the generator's list of modules (/etc/initramfs-tools/modules) and asks for the images of *all*
installed kernels. An image is stale when, by its content, it does not hold the modules, does not load them, or carries
modprobe.d files other than the host's. It is rebuilt once, at the end of the tasks up to the next reboot, and read back
before any reboot.`,
  args,
  example: `- name: Load vfio early
  initramfs_rebuild:
  notify: reboot`,
  plan(host, { state, modules }) {
    const found = findInitramfs(host)
    if (isRefusal(found)) return { kind: 'blocked', why: found.why, hint: found.hint }
    const { generator } = found
    const wanted = modules.filter(name => existsSomewhere(host, name))
    const edit = state === 'present' ? { add: wanted, remove: [] } : { add: [], remove: modules }
    const changes = generator.edit(host, edit)
    if (isRefusal(changes)) return { kind: 'blocked', why: changes.why, hint: changes.hint }
    const what = state === 'present' ? wanted.join(', ') : `no ${modules.join(', ')}`
    const carried = [...(modules.length > 0 ? [what] : []), "today's modprobe.d"].join(' and ')
    if (changes.length > 0) {
      const stale = generator.images.isStale(applyChanges(host, changes))
      const rebuild = stale === undefined ? {} : { rebuild: ['initramfs'] as const }
      return {
        kind: 'change',
        why: `${what} in ${changes.map(({ path }) => path).join(', ')}`,
        changes,
        ...rebuild,
      }
    }
    const stale = generator.images.isStale(host)
    if (stale !== undefined) return { kind: 'pending', why: stale, needs: 'rebuild', rebuild: ['initramfs'] }
    const count = Object.keys(host.images).length
    return converged(`${count === 1 ? 'the image carries' : `all ${count} images carry`} ${carried}`)
  },
})

/** We only look at vfio's modules; others are the user's word. */
function existsSomewhere(host: Host, name: string): boolean {
  const module = moduleName(name)
  return !module.startsWith('vfio') || host.kernels.some(kernel => kernel.vfio[module]?.is === 'module')
}
