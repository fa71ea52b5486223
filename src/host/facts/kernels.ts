import type { InstalledKernel, VfioModule, VfioVariant } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
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

/** What of a kernel's configuration decides whether passthrough can work on it. */
const OPTIONS = [
  ...['INTEL_IOMMU', 'INTEL_IOMMU_DEFAULT_ON', 'INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF', 'AMD_IOMMU', 'IRQ_REMAP'],
  ...['IOMMU_DEFAULT_PASSTHROUGH', 'VFIO', 'VFIO_PCI', 'VFIO_PCI_VGA', 'VFIO_IOMMU_TYPE1', 'VFIO_NOIOMMU'],
  ...['IOMMUFD', 'VFIO_DEVICE_CDEV', 'SYSFB_SIMPLEFB', 'FB_EFI', 'DRM_SIMPLEDRM'],
  ...['MODULE_SIG_FORCE', 'SECURITY_LOCKDOWN_LSM'],
]
/** Every kernel that has to do with us has PCI: a configuration without it was not read. */
const PROOF = 'CONFIG_PCI'
const OPTION_LINES = `^(${[PROOF, ...OPTIONS.map(name => `CONFIG_${name}`)].join('|')})=`

/** Below `$root`, for the release `$r`: Debian and others, Fedora, rpm-ostree, Arch with headers, Solus, Clear Linux. */
const CONFIG_FILES = [
  './boot/config-$r',
  './lib/modules/$r/config',
  './usr/lib/modules/$r/config',
  './usr/lib/kernel/config-$r',
  // Solus puts the release's tail first, here as in its kernels' names.
  './usr/lib/kernel/config-*".${r##*.}.${r%.*}"',
  './lib/modules/$r/build/.config',
]

/** Says whose each configuration is, then what stands in them; that of the running kernel may be in memory only. */
const READ_CONFIGS = `cd "\${root:-/}" && { running=; read -r running <./proc/sys/kernel/osrelease; set --
for d in ./lib/modules/*/; do r=\${d%/}; r=\${r##*/}; found=
for f in ${CONFIG_FILES.map(path => (path.includes('*') ? path : `"${path}"`)).join(' ')}; do
[ -r "$f" ] || continue
found=$f; echo "config $r $f"; set -- "$@" "$f"; break
done
[ -z "$found" ] && [ "$r" = "$running" ] && [ -r ./proc/config.gz ] && echo "config $r ./proc/config.gz" &&
gzip -dc <./proc/config.gz | grep -E '${OPTION_LINES}' | sed 's|^|./proc/config.gz:|'
done
[ $# -gt 0 ] && grep -H -E '${OPTION_LINES}' -- "$@"; }`

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
    // Drivers that go before vfio-pci for certain devices: struct pci_device_id with an override (scripts/mod/file2alias.c).
    variants: 'cd "$root/lib/modules" && grep -H "^alias vfio_pci:" -- */modules.alias 2>/dev/null',
    config: READ_CONFIGS,
  },
  parse(out): InstalledKernel[] {
    const configs = readConfigs(linesOf(out.config))
    const aliases = listings(out.variants, 'modules.alias')
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
        config: configs.get(release) ?? unknown('its configuration is not readable'),
        variants: variantsOf(aliases.get(release) ?? []),
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

/** `config RELEASE FILE`, and `FILE:CONFIG_…=…`. */
function readConfigs(lines: readonly string[]): Map<string, Known<Readonly<Record<string, string>>>> {
  const releases = new Map<string, string>()
  const options = new Map<string, [string, string][]>()
  for (const line of lines) {
    const [, release, file] = /^config (\S+) (\S+)$/.exec(line) ?? []
    if (release !== undefined && file !== undefined) releases.set(file, release)
    const [, from = '', name = '', value = ''] = /^(\S+):(CONFIG_\w+)=(.*)$/.exec(line) ?? []
    const owner = releases.get(from)
    if (owner !== undefined) options.set(owner, [...(options.get(owner) ?? []), [name, value]])
  }
  return new Map(
    [...options]
      .filter(([, own]) => own.some(([name]) => name === PROOF))
      .map(([release, own]) => [
        release,
        observed(Object.fromEntries(own.filter(([name]) => name !== PROOF))),
      ]),
  )
}

/** `alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci`; vfio_pci itself matches everything. */
function variantsOf(lines: readonly string[]): VfioVariant[] {
  const variants = lines.flatMap(line => {
    const match = /^alias vfio_pci:v(\*|[0-9A-Fa-f]{8})d(\*|[0-9A-Fa-f]{8})\S* (\S+)\s*$/.exec(line)
    if (match === null) return []
    const [, vendor = '', device = '', module = ''] = match
    return [{ module: moduleName(module), vendor: aliasId(vendor), device: aliasId(device) }]
  })
  const others = variants.filter(({ module }) => module !== 'vfio_pci')
  const nameOf = ({ module, vendor, device }: VfioVariant) => `${module} ${vendor}:${device}`
  return [...new Map(others.map(variant => [nameOf(variant), variant])).values()]
}

const aliasId = (text: string): string => (text === '*' ? '' : text.slice(-4).toLowerCase())

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
