import type { InstalledKernel, VfioModule } from '../host.ts'
import { moduleName } from '../modprobe.ts'
import { defineFact, linesOf } from './fact.ts'

/** Every installed kernel, booted or not: what a later boot brings must be right too. modules.dep(5). */
export const kernels = defineFact({
  commands: {
    releases: 'cd "$root/lib/modules" && ls -1d -- */ 2>/dev/null',
    bootable: 'cd "$root/boot" && ls -1d -- vmlinuz-* 2>/dev/null',
    dependencies:
      'cd "$root/lib/modules" && grep -H -E "^(kernel|updates)/.*vfio[^/:]*:" -- */modules.dep 2>/dev/null',
    builtins:
      'cd "$root/lib/modules" && grep -H -E "/(vfio|gpu|usb/host|nvme/host|ata|net/ethernet|sound/pci)/" -- */modules.builtin 2>/dev/null',
  },
  parse(out): InstalledKernel[] {
    const dependencies = listings(out.dependencies, 'modules.dep')
    const builtins = listings(out.builtins, 'modules.builtin')
    const bootable = linesOf(out.bootable).map(name => name.replace(/^vmlinuz-/, ''))
    return linesOf(out.releases).map(folder => {
      const release = folder.replace(/\/$/, '')
      const built = (builtins.get(release) ?? []).map(nameOf)
      const vfio: Record<string, VfioModule> = {}
      for (const name of built.filter(isVfio)) vfio[name] = { is: 'builtin', needs: [] }
      for (const line of dependencies.get(release) ?? []) {
        const [module, needs] = line.split(':')
        vfio[nameOf(module ?? '')] = {
          is: 'module',
          needs: (needs ?? '').split(/\s+/).filter(Boolean).map(nameOf).filter(isVfio),
        }
      }
      return {
        release,
        bootable: bootable.includes(release),
        vfio,
        builtins: built.filter(name => !isVfio(name)),
      }
    })
  },
})

/** `RELEASE/FILE:line` → lines by release. */
function listings(bytes: string, file: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of linesOf(bytes)) {
    const at = line.indexOf(`/${file}:`)
    if (at < 0) continue
    const release = line.slice(0, at)
    found.set(release, [...(found.get(release) ?? []), line.slice(at + file.length + 2)])
  }
  return found
}

/** kernel/drivers/vfio/pci/vfio-pci.ko.xz → vfio_pci */
const nameOf = (path: string): string => moduleName((path.split('/').at(-1) ?? '').replace(/\.ko.*$/, ''))
const isVfio = (name: string): boolean => name.includes('vfio')
