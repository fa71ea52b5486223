import type { InstalledKernel, VfioModule } from '../host.ts'
import { moduleName } from '../modprobe.ts'
import { defineFact, linesOf } from './fact.ts'

const KERNEL_FILES = [
  '/boot/vmlinuz-*',
  '/boot/kernel-*',
  '/boot/bzImage-*',
  '/boot/*/*/linux',
  '/boot/*/*/vmlinuz*',
  '/boot/*/*/kernel-*',
  '/efi/*/*/linux',
  '/boot/efi/*/*/linux',
  '/boot/efi/*/*/vmlinuz*',
  '/boot/efi/*/*/kernel-*',
  '/boot/EFI/Linux/*.efi',
  '/efi/EFI/Linux/*.efi',
  '/boot/efi/EFI/Linux/*.efi',
  '/lib/modules/*/vmlinuz',
  '/usr/lib/kernel/com.solus-project.*',
]

/** Every installed kernel, booted or not: what a later boot brings must be right too. modules.dep(5). */
export const kernels = defineFact({
  commands: {
    releases: 'cd "$root/lib/modules" && ls -1d -- */ 2>/dev/null',
    // In /boot, under an entry's token on the ESP or in /boot, within an ostree deployment, in the modules' folder, or
    // where clr-boot-manager takes it from.
    files: `cd "\${root:-/}" && for f in ${KERNEL_FILES.map(path => `.${path}`).join(' ')}; do [ -f "$f" ] && echo "\${f#.}"; done`,
    packages: 'cd "$root/lib/modules" && grep -H "" -- */pkgbase 2>/dev/null',
    dependencies:
      'cd "$root/lib/modules" && grep -H -E "^(kernel|updates)/.*vfio[^/:]*:" -- */modules.dep 2>/dev/null',
    builtins:
      'cd "$root/lib/modules" && grep -H -E "/(vfio|gpu|usb/host|nvme/host|ata|net/ethernet|sound/pci)/" -- */modules.builtin 2>/dev/null',
  },
  parse(out): InstalledKernel[] {
    const dependencies = listings(out.dependencies, 'modules.dep')
    const builtins = listings(out.builtins, 'modules.builtin')
    const files = linesOf(out.files)
    const packages = listings(out.packages, 'pkgbase')
    return linesOf(out.releases).map(folder => {
      const release = folder.replace(/\/$/, '')
      const pkgbase = packages.get(release)?.[0] ?? ''
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
        bootable: files.some(path => isKernelFile(path, release, pkgbase)),
        pkgbase,
        vfio,
        builtins: built.filter(name => !isVfio(name)),
      }
    })
  },
})

/** Solus puts the release's tail first: kernel-com.solus-project.current.6.8.2-286 is 6.8.2-286.current. */
function isKernelFile(path: string, release: string, pkgbase: string): boolean {
  const [version = '', kind = ''] = /^(.*)\.([a-z]+)$/.exec(release)?.slice(1) ?? []
  return (
    path.includes(release) ||
    (kind !== '' && path.endsWith(`.${kind}.${version}`)) ||
    (pkgbase !== '' && path.endsWith(`/vmlinuz-${pkgbase}`))
  )
}

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
