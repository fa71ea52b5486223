import type { Host, InstalledKernel, PciDevice } from '../../host/host.ts'
import { effectiveValues } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { shortAddress } from '../../host/pci.ts'
import { type AcsPatch, acsPatchOf, PATCHED_KERNELS } from '../acs_patch.ts'
import type { Finding, Severity } from '../finding.ts'
import { isDriven, termsOf } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import { messagesOf } from '../messages.ts'

/**
 * What each kernel that can be booted brings for passthrough, the running one or not: an update or another choice in the
 * loader's menu must not be a surprise. Kernels of which the same is so are named together.
 */
export function kernelFindings(host: Host): Finding[] {
  const bootable = host.kernels.filter(kernel => kernel.bootable)
  const traits = (bootable.length > 0 ? bootable : host.kernels).flatMap(kernel =>
    CHECKS.flatMap(check => check(host, kernel).map(trait => ({ kernel, trait }))),
  )
  const alike = Map.groupBy(traits, ({ trait: { severity, says, next } }) => `${severity} ${says} ${next}`)
  return [
    ...[...alike.values()].flatMap(group => told(group)),
    ...overrideIgnored(host),
    ...defaultDomain(host),
  ]
}

/** Something that is so of a kernel. */
interface Trait {
  readonly severity: Severity
  /** Goes behind its name. */
  readonly says: string
  /** Goes behind the path of its modules, or stands alone. */
  readonly evidence: { readonly below: string } | { readonly is: string }
  readonly next: string
}

type Check = (host: Host, kernel: InstalledKernel) => Trait[]

function told(group: readonly { kernel: InstalledKernel; trait: Trait }[]): Finding[] {
  const [first] = group
  if (first === undefined) return []
  const names = group.map(({ kernel }) => kernel.release)
  const { severity, says, evidence, next } = first.trait
  const folder = names.length === 1 ? names[0] : '*'
  return [
    {
      stage: 'kernel',
      severity,
      what: `kernel${names.length === 1 ? '' : 's'} ${shortened(names)}: ${says}`,
      evidence:
        'is' in evidence ? evidence.is : `/lib/modules/${folder}${evidence.below && `/${evidence.below}`}`,
      next,
    },
  ]
}

/** A machine of many years has many kernels. */
const MOST_NAMED = 3

const shortened = (names: readonly string[]): string =>
  names.length > MOST_NAMED
    ? `${names.slice(0, MOST_NAMED - 1).join(', ')} and ${names.length - MOST_NAMED + 1} more`
    : names.join(', ')

/** It is what runs now, or the only one there is. */
const matters = (host: Host, kernel: InstalledKernel): boolean =>
  kernel.release === ifKnown(host.kernel) || host.kernels.filter(({ bootable }) => bootable).length === 1

/** Whether `CONFIG_x` is y or m; undefined where the configuration cannot be read. */
function configured(kernel: InstalledKernel, option: string): boolean | undefined {
  const config = ifKnown(kernel.config)
  return config === undefined ? undefined : ['y', 'm'].includes(config[option] ?? '')
}

const vfioPci: Check = (host, kernel) => {
  const found = kernel.vfio.vfio_pci
  if (found === undefined)
    return [
      {
        severity: matters(host, kernel) ? 'problem' : 'warning',
        says: 'no vfio-pci',
        evidence: { below: 'modules.dep and modules.builtin name none' },
        next: 'install a full kernel (Debian has its cloud kernels without), or remove this one',
      },
    ]
  return found.is === 'builtin'
    ? [
        {
          severity: 'note',
          says: 'vfio-pci is compiled in: the kernel command line has a say in it, modprobe.d has none',
          evidence: { below: 'modules.builtin' },
          next: '',
        },
      ]
    : [{ severity: 'ok', says: 'vfio-pci is a module', evidence: { below: 'modules.dep' }, next: '' }]
}

/** The container of a guest's memory: type 1, or iommufd, which newer QEMU can use in its place. */
const container: Check = (_, kernel) => {
  if (kernel.vfio.vfio_pci === undefined || kernel.vfio.vfio_iommu_type1 !== undefined) return []
  const iommufd = kernel.vfio.iommufd !== undefined || configured(kernel, 'CONFIG_IOMMUFD') === true
  return [
    {
      severity: iommufd ? 'note' : 'warning',
      says: `no vfio_iommu_type1${iommufd ? ', but iommufd in its place' : ''}`,
      evidence: { below: 'modules.dep and modules.builtin name none' },
      next: iommufd
        ? 'give QEMU -object iommufd there, which older versions do not know'
        : 'install a full kernel',
    },
  ]
}

/** Folded into vfio in 6.2; whoever still names it to dracut or mkinitcpio gets an image without the rest. */
const virqfd: Check = (_, kernel) =>
  kernel.vfio.vfio_virqfd?.is === 'module'
    ? [
        {
          severity: 'ok',
          says: 'vfio_virqfd is a module of its own, as before Linux 6.2',
          evidence: { below: 'modules.dep' },
          next: '',
        },
      ]
    : []

const iommuSupport: Check = (host, kernel) => {
  const { name, argument, option } = termsOf(host)
  if (host.cpu.vendor === 'other') return []
  if (kernel.config.is === 'unknown') {
    if (isDriven(host) && kernel.release === ifKnown(host.kernel)) return []
    return [
      {
        severity: 'note',
        says: `support for ${name} cannot be told`,
        evidence: { is: kernel.config.why },
        next: '',
      },
    ]
  }
  const evidence = { is: `${option} in its configuration` }
  if (!configured(kernel, option))
    return [
      {
        severity: matters(host, kernel) ? 'problem' : 'warning',
        says: `built without ${name}`,
        evidence: { is: `${option} is not set in its configuration` },
        next: 'install the distribution’s own kernel, or remove this one',
      },
    ]
  // Documentation/admin-guide/kernel-parameters.txt, amd_iommu: on wherever there is an IVRS table.
  if (host.cpu.vendor === 'amd' || configured(kernel, 'CONFIG_INTEL_IOMMU_DEFAULT_ON'))
    return [{ severity: 'ok', says: `${name} is switched on without an argument`, evidence, next: '' }]
  return configured(kernel, 'CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF')
    ? [
        {
          severity: 'note',
          says: `${name} is switched on without an argument, except for Intel's own graphics`,
          evidence: { is: 'CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y in its configuration' },
          next: `${argument}=on includes them`,
        },
      ]
    : [
        {
          severity: 'ok',
          says: `${name} is switched on where ${argument}=on asks for it`,
          evidence,
          next: '',
        },
      ]
}

const interruptSupport: Check = (_, kernel) =>
  configured(kernel, 'CONFIG_IRQ_REMAP') === false
    ? [
        {
          severity: 'warning',
          says: 'built without interrupt remapping, and VFIO refuses devices because of that',
          evidence: { is: 'CONFIG_IRQ_REMAP is not set in its configuration' },
          next: 'install the distribution’s own kernel, or remove this one',
        },
      ]
    : []

/** Drivers of VFIO's for certain devices; drivers/vfio/pci/*. */
const variants: Check = (host, kernel) =>
  kernel.variants.flatMap(({ module, vendor, device }) => {
    const fits = host.devices.filter(
      one => (vendor === '' || one.vendor === vendor) && (device === '' || one.device === device),
    )
    if (vendor === '' || fits.length === 0) return []
    return [
      {
        severity: 'note',
        says: `${module} is VFIO's own driver for ${addresses(fits)}`,
        evidence: { below: 'modules.alias' },
        next: '',
      },
    ]
  })

const addresses = (devices: readonly PciDevice[]): string =>
  devices.map(({ address }) => shortAddress(address)).join(', ')

const acsPatch: Check = (host, kernel) => {
  const { is, evidence } = acsPatchOf(host, kernel)
  const says = ACS_PATCH[is]
  if (says === undefined) return []
  const shows = is === 'usually' ? { below: '' } : { is: `it ${evidence}` }
  return [{ severity: is === 'missing' ? 'ok' : 'note', says, evidence: shows, next: '' }]
}

const ACS_PATCH: Readonly<Record<AcsPatch['is'], string | undefined>> = {
  there: 'with the ACS override patch',
  missing: 'without the ACS override patch',
  usually: 'usually with the ACS override patch, going by the name; it shows once it runs',
  unknown: undefined,
}

const CHECKS: readonly Check[] = [
  vfioPci,
  container,
  virqfd,
  iommuSupport,
  interruptSupport,
  variants,
  acsPatch,
]

/** Set, and nobody reads it. */
function overrideIgnored(host: Host): Finding[] {
  const values = effectiveValues(ifKnown(host.cmdline) ?? [], 'pcie_acs_override')
  const running = ifKnown(host.kernel)
  const patch = running === undefined ? undefined : acsPatchOf(host, { release: running })
  if (values.length === 0 || patch?.is !== 'missing') return []
  return [
    {
      stage: 'command line',
      severity: 'warning',
      what: `pcie_acs_override=${values.join(',')} is set, and the running kernel does not carry the patch`,
      evidence: `it ${patch.evidence}`,
      next: `boot a kernel that has it (${PATCHED_KERNELS}), or take it away`,
    },
  ]
}

/** drivers/iommu/iommu.c iommu_subsys_init(); it is about the host's own devices, a guest's are always translated. */
function defaultDomain(host: Host): Finding[] {
  const domain = messagesOf(host).defaultDomain
  if (domain?.value !== 'Passthrough') return []
  return [
    {
      stage: 'command line',
      severity: 'note',
      what: "the host's own devices bypass the IOMMU (iommu=pt): for speed, and not needed for guests",
      evidence: quoted(domain.line),
      next: '',
    },
  ]
}
