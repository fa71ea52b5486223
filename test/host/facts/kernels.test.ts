import { describe, expect, it } from 'vitest'
import { kernels } from '../../../src/host/facts/kernels.ts'
import { parsesAnything } from './any_output.ts'

describe('installed kernels', () => {
  it('know their vfio modules, what those need, and what is compiled in', () => {
    const out = {
      releases: '6.1.0-18-amd64/\n6.8.0-40-generic/\n',
      bootable: 'vmlinuz-6.8.0-40-generic\n',
      dependencies: [
        '6.1.0-18-amd64/modules.dep:kernel/drivers/vfio/vfio.ko:',
        '6.1.0-18-amd64/modules.dep:kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/drivers/vfio/pci/vfio-pci-core.ko.xz kernel/virt/lib/irqbypass.ko kernel/drivers/vfio/vfio.ko',
        '6.8.0-40-generic/modules.dep:kernel/drivers/vfio/pci/mlx5/mlx5-vfio-pci.ko.zst: kernel/drivers/net/mlx5_core.ko.zst',
      ].join('\n'),
      builtins: [
        '6.8.0-40-generic/modules.builtin:kernel/drivers/vfio/pci/vfio-pci.ko',
        '6.8.0-40-generic/modules.builtin:kernel/drivers/usb/host/xhci-pci.ko',
      ].join('\n'),
    }
    expect(kernels.parse(out)).toEqual([
      {
        release: '6.1.0-18-amd64',
        bootable: false,
        vfio: {
          vfio: { is: 'module', needs: [] },
          vfio_pci: { is: 'module', needs: ['vfio_pci_core', 'vfio'] },
        },
        builtins: [],
      },
      {
        release: '6.8.0-40-generic',
        bootable: true,
        vfio: { vfio_pci: { is: 'builtin', needs: [] }, mlx5_vfio_pci: { is: 'module', needs: [] } },
        builtins: ['xhci_pci'],
      },
    ])
  })

  it('a machine without modules has none', () => {
    expect(kernels.parse({ releases: '', bootable: '', dependencies: '', builtins: '' })).toEqual([])
  })
})

it('any output gives a value', () => {
  parsesAnything(kernels)
})
