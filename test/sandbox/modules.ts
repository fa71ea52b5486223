import type { KernelDescription } from './description.ts'

/**
 * The kernel modules that the sandboxes' machines need, with the paths and dependencies of Debian 12's 6.1 kernel
 * (/lib/modules/6.1.0-*-amd64/modules.dep); SINCE and UNTIL tell what others have. Dependencies that all of them share and that take no device
 * (drm's, sound's) are left out.
 */
export interface ModuleFile {
  /** Below /lib/modules/RELEASE. */
  readonly path: string
  /** Names of the modules that must be loaded before. */
  readonly needs: readonly string[]
}

const MODULES: Readonly<Record<string, ModuleFile>> = {
  ahci: { path: 'kernel/drivers/ata/ahci.ko', needs: ['libahci', 'libata'] },
  libahci: { path: 'kernel/drivers/ata/libahci.ko', needs: ['libata'] },
  libata: { path: 'kernel/drivers/ata/libata.ko', needs: [] },
  nvme: { path: 'kernel/drivers/nvme/host/nvme.ko', needs: ['nvme_core'] },
  nvme_core: { path: 'kernel/drivers/nvme/host/nvme-core.ko', needs: [] },
  e1000e: { path: 'kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko', needs: [] },
  igb: { path: 'kernel/drivers/net/ethernet/intel/igb/igb.ko', needs: ['i2c_algo_bit', 'dca'] },
  i2c_algo_bit: { path: 'kernel/drivers/i2c/algos/i2c-algo-bit.ko', needs: [] },
  dca: { path: 'kernel/drivers/dca/dca.ko', needs: [] },
  xhci_pci: { path: 'kernel/drivers/usb/host/xhci-pci.ko', needs: ['xhci_hcd', 'usbcore', 'usb_common'] },
  xhci_hcd: { path: 'kernel/drivers/usb/host/xhci-hcd.ko', needs: ['usbcore', 'usb_common'] },
  usbcore: { path: 'kernel/drivers/usb/core/usbcore.ko', needs: ['usb_common'] },
  usb_common: { path: 'kernel/drivers/usb/common/usb-common.ko', needs: [] },
  nouveau: { path: 'kernel/drivers/gpu/drm/nouveau/nouveau.ko', needs: ['drm_kms_helper', 'drm'] },
  amdgpu: {
    path: 'kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko',
    needs: ['amd_iommu_v2', 'drm_kms_helper', 'drm'],
  },
  amd_iommu_v2: { path: 'kernel/drivers/iommu/amd/iommu_v2.ko', needs: [] },
  ast: { path: 'kernel/drivers/gpu/drm/ast/ast.ko', needs: ['drm_kms_helper', 'drm'] },
  drm_kms_helper: { path: 'kernel/drivers/gpu/drm/drm_kms_helper.ko', needs: ['drm'] },
  drm: { path: 'kernel/drivers/gpu/drm/drm.ko', needs: [] },
  snd_hda_intel: { path: 'kernel/sound/pci/hda/snd-hda-intel.ko', needs: ['snd_hda_codec'] },
  snd_hda_codec: { path: 'kernel/sound/pci/hda/snd-hda-codec.ko', needs: [] },
  i2c_i801: { path: 'kernel/drivers/i2c/busses/i2c-i801.ko', needs: ['i2c_smbus'] },
  i2c_piix4: { path: 'kernel/drivers/i2c/busses/i2c-piix4.ko', needs: [] },
  i2c_smbus: { path: 'kernel/drivers/i2c/i2c-smbus.ko', needs: [] },
  mei_me: { path: 'kernel/drivers/misc/mei/mei-me.ko', needs: ['mei'] },
  mei: { path: 'kernel/drivers/misc/mei/mei.ko', needs: [] },
  intel_uncore: { path: 'kernel/arch/x86/events/intel/intel-uncore.ko', needs: [] },
  i915: {
    path: 'kernel/drivers/gpu/drm/i915/i915.ko',
    needs: ['i2c_algo_bit', 'drm_kms_helper', 'drm'],
  },
  i2c_nvidia_gpu: { path: 'kernel/drivers/i2c/busses/i2c-nvidia-gpu.ko', needs: [] },
  igc: { path: 'kernel/drivers/net/ethernet/intel/igc/igc.ko', needs: [] },
  r8169: { path: 'kernel/drivers/net/ethernet/realtek/r8169.ko', needs: [] },
  iommufd: { path: 'kernel/drivers/iommu/iommufd/iommufd.ko', needs: [] },
  ccp: { path: 'kernel/drivers/crypto/ccp/ccp.ko', needs: [] },
  k10temp: { path: 'kernel/drivers/hwmon/k10temp.ko', needs: [] },
  irqbypass: { path: 'kernel/virt/lib/irqbypass.ko', needs: [] },
}

const VFIO_MODULES: Readonly<Record<string, ModuleFile>> = {
  vfio: { path: 'kernel/drivers/vfio/vfio.ko', needs: ['iommufd'] },
  vfio_virqfd: { path: 'kernel/drivers/vfio/vfio_virqfd.ko', needs: [] },
  vfio_iommu_type1: { path: 'kernel/drivers/vfio/vfio_iommu_type1.ko', needs: ['vfio'] },
  vfio_pci_core: {
    path: 'kernel/drivers/vfio/pci/vfio-pci-core.ko',
    needs: ['vfio_virqfd', 'irqbypass', 'vfio'],
  },
  vfio_pci: {
    path: 'kernel/drivers/vfio/pci/vfio-pci.ko',
    needs: ['vfio_pci_core', 'vfio_virqfd', 'irqbypass', 'vfio'],
  },
}

/** Files of drivers that every x86 kernel of Debian has compiled in. */
const BUILTIN = [
  'kernel/drivers/pci/pcie/pcieportdrv.ko',
  'kernel/drivers/tty/serial/8250/8250_pci.ko',
  'kernel/fs/efivarfs/efivarfs.ko',
]

/** PCI driver → its module, where the two are not called the same. `undefined`: compiled in. */
const MODULE_OF_DRIVER: Readonly<Record<string, string | undefined>> = {
  pcieport: undefined,
  xhci_hcd: 'xhci_pci',
  i801_smbus: 'i2c_i801',
  piix4_smbus: 'i2c_piix4',
  skl_uncore: 'intel_uncore',
  'nvidia-gpu': 'i2c_nvidia_gpu',
  'vfio-pci': 'vfio_pci',
}

export const moduleOfDriver = (driver: string): string | undefined =>
  driver in MODULE_OF_DRIVER ? MODULE_OF_DRIVER[driver] : driver

/** Module files of a kernel by name, as its own version and configuration have them. */
export function moduleFiles(kernel: KernelDescription): Readonly<Record<string, ModuleFile>> {
  const files = Object.entries(modulesOf(kernel)).filter(([name]) => !isCompiledIn(kernel, name))
  const suffix = kernel.compression === undefined ? '' : `.${kernel.compression}`
  return Object.fromEntries(
    files.map(([name, { path, needs }]) => [
      name,
      { path: path + suffix, needs: needs.filter(need => !isCompiledIn(kernel, need)) },
    ]),
  )
}

export const builtinFiles = (kernel: KernelDescription): readonly string[] => [
  ...BUILTIN,
  ...Object.entries(modulesOf(kernel))
    .filter(([name]) => isCompiledIn(kernel, name))
    .map(([, { path }]) => path),
]

export const isCompiledIn = (kernel: KernelDescription, module: string): boolean =>
  (kernel.compiledIn?.includes(module) ?? false) || (kernel.vfio === 'builtin' && module in VFIO_MODULES)

/** Modules of later kernels, and those that became part of others: the first version without them. */
const SINCE: Readonly<Record<string, Version>> = { vfio_pci_core: [5, 15], iommufd: [6, 2] }
const UNTIL: Readonly<Record<string, Version>> = { vfio_virqfd: [6, 2], amd_iommu_v2: [6, 7] }

function modulesOf(kernel: KernelDescription): Readonly<Record<string, ModuleFile>> {
  const exists = (name: string) =>
    isAtLeast(kernel, SINCE[name] ?? [0, 0]) && !isAtLeast(kernel, UNTIL[name] ?? [99, 0])
  const all = { ...MODULES, ...VFIO_MODULES }
  const found = Object.entries(all).filter(([name]) => exists(name))
  return Object.fromEntries(
    found.map(([name, { path, needs }]) => [name, { path, needs: needs.filter(exists) }]),
  )
}

type Version = readonly [major: number, minor: number]

/** By its release: 6.8.5-301.fc40.x86_64. */
export function isAtLeast({ release }: KernelDescription, [major, minor]: Version): boolean {
  const [a = 0, b = 0] = release.split(/[.-]/).map(Number)
  return a > major || (a === major && b >= minor)
}

/** kernel/drivers/vfio/pci/vfio-pci.ko → vfio_pci */
export const moduleName = (path: string): string =>
  path
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
