import { describe, expect, it, test } from 'vitest'
import type { Host, InstalledKernel } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { kernelFindings } from '../../../src/verdict/hardware/kernel.ts'
import { aDevice, withCmdline, withDevices, withLog } from '../../builders.ts'
import { dark } from '../subjects.ts'
import { aDesktop, told, wholly } from './machines.ts'

/** The desktop with these kernels beside the one that runs. */
const beside = (...others: Partial<InstalledKernel>[]): Host => {
  const host = aDesktop()
  const [running] = host.kernels
  if (running === undefined) throw new Error('a host without a kernel')
  return {
    ...host,
    kernels: [running, ...others.map((other, i) => ({ ...running, release: `6.${i}.0`, ...other }))],
  }
}
/** The desktop with its one kernel otherwise. */
const running = (differing: Partial<InstalledKernel>): Host => {
  const host = aDesktop()
  return { ...host, kernels: host.kernels.map(kernel => ({ ...kernel, ...differing })) }
}
const findings = (host: Host) => kernelFindings(host).filter(({ severity }) => severity !== 'ok')

test('a kernel with all that is needed has nothing to be told', () => {
  expect(kernelFindings(aDesktop()).map(({ what }) => what)).toEqual([
    'kernel 6.12.0: vfio-pci is a module',
    'kernel 6.12.0: VT-d is switched on without an argument',
  ])
})

describe('of each kernel that can be booted is told', () => {
  test.each<[string, Host, string[]]>([
    [
      'that the one that runs has no vfio-pci',
      running({ vfio: {} }),
      [
        'kernel, problem',
        'kernel 6.12.0: no vfio-pci',
        '/lib/modules/6.12.0/modules.dep and modules.builtin name none',
        'install a full kernel (Debian has its cloud kernels without), or remove this one',
      ],
    ],
    [
      'that another has none',
      beside({ release: '6.12.0-cloud', vfio: {} }),
      [
        'kernel, warning',
        'kernel 6.12.0-cloud: no vfio-pci',
        '/lib/modules/6.12.0-cloud/modules.dep and modules.builtin name none',
        'install a full kernel (Debian has its cloud kernels without), or remove this one',
      ],
    ],
    [
      'that vfio-pci is compiled in',
      running({
        vfio: { vfio_pci: { is: 'builtin', needs: [] }, vfio_iommu_type1: { is: 'builtin', needs: [] } },
      }),
      [
        'kernel, note',
        'kernel 6.12.0: vfio-pci is compiled in: the kernel command line has a say in it, modprobe.d has none',
        '/lib/modules/6.12.0/modules.builtin',
        '',
      ],
    ],
    [
      'that nothing holds a guest’s memory',
      running({ vfio: { vfio_pci: { is: 'module', needs: [] } } }),
      [
        'kernel, warning',
        'kernel 6.12.0: no vfio_iommu_type1',
        '/lib/modules/6.12.0/modules.dep and modules.builtin name none',
        'install a full kernel',
      ],
    ],
    [
      'that only iommufd holds it',
      running({
        vfio: { vfio_pci: { is: 'module', needs: [] } },
        config: observed({ CONFIG_IOMMUFD: 'm', CONFIG_INTEL_IOMMU: 'y', CONFIG_IRQ_REMAP: 'y' }),
      }),
      [
        'kernel, note',
        'kernel 6.12.0: no vfio_iommu_type1, but iommufd in its place',
        '/lib/modules/6.12.0/modules.dep and modules.builtin name none',
        'give QEMU -object iommufd there, which older versions do not know',
      ],
    ],
    [
      'that it is built without VT-d',
      running({ config: observed({ CONFIG_AMD_IOMMU: 'y', CONFIG_IRQ_REMAP: 'y' }) }),
      [
        'kernel, problem',
        'kernel 6.12.0: built without VT-d',
        'CONFIG_INTEL_IOMMU is not set in its configuration',
        'install the distribution’s own kernel, or remove this one',
      ],
    ],
    [
      'that it leaves Intel’s own graphics out',
      running({
        config: observed({
          CONFIG_INTEL_IOMMU: 'y',
          CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: 'y',
          CONFIG_IRQ_REMAP: 'y',
        }),
      }),
      [
        'kernel, note',
        "kernel 6.12.0: VT-d is switched on without an argument, except for Intel's own graphics",
        'CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y in its configuration',
        'intel_iommu=on includes them',
      ],
    ],
    [
      'that it is built without interrupt remapping',
      running({ config: observed({ CONFIG_INTEL_IOMMU: 'y' }) }),
      [
        'kernel, warning',
        'kernel 6.12.0: built without interrupt remapping, and VFIO refuses devices because of that',
        'CONFIG_IRQ_REMAP is not set in its configuration',
        'install the distribution’s own kernel, or remove this one',
      ],
    ],
    [
      'that its configuration cannot be read, where it is not the one that runs with the IOMMU on',
      beside({ config: unknown('its configuration is not readable') }),
      [
        'kernel, note',
        'kernel 6.0.0: support for VT-d cannot be told',
        'its configuration is not readable',
        '',
      ],
    ],
    [
      'that VFIO has a driver of its own for a device',
      withDevices(
        running({ variants: [{ module: 'mlx5_vfio_pci', vendor: '15b3', device: '101e' }] }),
        aDevice({ id: '15b3:101e', address: '0000:03:00.2', class: '020000' }),
      ),
      [
        'kernel, note',
        "kernel 6.12.0: mlx5_vfio_pci is VFIO's own driver for 03:00.2",
        '/lib/modules/6.12.0/modules.alias',
        '',
      ],
    ],
  ])('%s', (_, host, finding) => {
    expect(findings(host).map(wholly)).toEqual([finding])
  })

  it('the same of several at once, and of many how many', () => {
    expect(told(kernelFindings(beside({ vfio: {} }, { vfio: {} })))).toEqual([
      'warning: kernels 6.0.0, 6.1.0: no vfio-pci',
    ])
    const many = beside(...Array.from({ length: 9 }, () => ({ vfio: {} })))
    expect(told(kernelFindings(many))).toEqual(['warning: kernels 6.0.0, 6.1.0 and 7 more: no vfio-pci'])
  })

  it('nothing of one that cannot be booted', () => {
    expect(told(kernelFindings(beside({ vfio: {}, bootable: false })))).toEqual([])
  })

  it('that vfio_virqfd is a module of its own in one, and not in another', () => {
    const vfio = { ...aDesktop().kernels[0]?.vfio, vfio_virqfd: { is: 'module', needs: [] } } as const
    expect(kernelFindings(beside({ release: '6.1.0-44', vfio })).map(({ what }) => what)).toContain(
      'kernel 6.1.0-44: vfio_virqfd is a module of its own, as before Linux 6.2',
    )
  })
})

describe('the ACS override patch', () => {
  const ENABLED = 'Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA'
  const IGNORED =
    'Unknown kernel command line parameters "pcie_acs_override=downstream", will be passed to user space.'
  const acs = (host: Host) => kernelFindings(host).filter(({ what }) => /ACS|acs/.test(what))

  test.each<[string, Host, string[][]]>([
    [
      'is in the kernel whose symbols have it',
      aDesktop({ acsPatch: observed(true) }),
      [
        [
          'kernel, note',
          'kernel 6.12.0: with the ACS override patch',
          'it has the symbol pcie_acs_override (/proc/kallsyms)',
          '',
        ],
      ],
    ],
    [
      'is not in the kernel whose symbols have none of it',
      aDesktop({ acsPatch: observed(false) }),
      [
        [
          'kernel, ok',
          'kernel 6.12.0: without the ACS override patch',
          'it has no symbol pcie_acs_override (/proc/kallsyms)',
          '',
        ],
      ],
    ],
    [
      'is in the kernel that warns of it',
      withLog(aDesktop(), [ENABLED]),
      [['kernel, note', 'kernel 6.12.0: with the ACS override patch', `it says "${ENABLED}"`, '']],
    ],
    [
      'is usual in kernels of some names, and of one that does not run that is all there is to tell',
      beside({ release: '6.8.12-4-pve' }),
      [
        [
          'kernel, note',
          'kernel 6.8.12-4-pve: usually with the ACS override patch, going by the name; it shows once it runs',
          '/lib/modules/6.8.12-4-pve',
          '',
        ],
      ],
    ],
    [
      'is missing where its argument is set and nobody reads it',
      withCmdline(withLog(aDesktop(), [IGNORED]), 'pcie_acs_override=downstream'),
      [
        [
          'kernel, ok',
          'kernel 6.12.0: without the ACS override patch',
          `it says ${JSON.stringify(IGNORED).replaceAll('\\', '')}`,
          '',
        ],
        [
          'command line, warning',
          'pcie_acs_override=downstream is set, and the running kernel does not carry the patch',
          `it says ${JSON.stringify(IGNORED).replaceAll('\\', '')}`,
          'boot a kernel that has it (Proxmox, Zen, Liquorix, CachyOS, linux-vfio, TrueNAS), or take it away',
        ],
      ],
    ],
  ])('%s', (_, host, expected) => {
    expect(acs(host).map(wholly)).toEqual(expected)
  })

  it.each(['6.9.7-zen1-1-zen', '6.12.5-2-cachyos', '6.11.2-1-liquorix-amd64', '6.6.44-production+truenas'])(
    'is usual in %s',
    release => {
      expect(told(acs(beside({ release })))).toHaveLength(1)
    },
  )
})

test('iommu=pt is told as what it is', () => {
  const line = 'iommu: Default domain type: Passthrough (set via kernel command line)'
  expect(findings(withLog(aDesktop(), [line])).map(wholly)).toEqual([
    [
      'command line, note',
      "the host's own devices bypass the IOMMU (iommu=pt): for speed, and not needed for guests",
      `the kernel says "${line}"`,
      '',
    ],
  ])
})

test('an unreadable configuration of the kernel that runs with the IOMMU on is no matter', () => {
  expect(findings(running({ config: unknown('its configuration is not readable') }))).toEqual([])
  const off = dark(running({ config: unknown('its configuration is not readable') }))
  expect(told(kernelFindings(off))).toEqual(['note: kernel 6.12.0: support for VT-d cannot be told'])
})
