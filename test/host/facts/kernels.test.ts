import { describe, expect, it } from 'vitest'
import { kernels } from '../../../src/host/facts/kernels.ts'
import { parsesAnything } from './any_output.ts'

const NOTHING = { releases: '', files: '', packages: '', dependencies: '', builtins: '' }

describe('installed kernels', () => {
  it('know their vfio modules, what those need, and what is compiled in', () => {
    const out = {
      releases: '6.1.0-18-amd64/\n6.8.0-40-generic/\n',
      files: '/boot/vmlinuz-6.8.0-40-generic\n',
      packages: '',
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
        pkgbase: '',
        vfio: {
          vfio: { is: 'module', needs: [] },
          vfio_pci: { is: 'module', needs: ['vfio_pci_core', 'vfio'] },
        },
        builtins: [],
      },
      {
        release: '6.8.0-40-generic',
        bootable: true,
        pkgbase: '',
        vfio: { vfio_pci: { is: 'builtin', needs: [] }, mlx5_vfio_pci: { is: 'module', needs: [] } },
        builtins: ['xhci_pci'],
      },
    ])
  })

  it('a machine without modules has none', () => {
    expect(kernels.parse(NOTHING)).toEqual([])
  })

  it.each([
    ['in /boot', '6.8.0-40-generic', '/boot/vmlinuz-6.8.0-40-generic'],
    ['under an entry token', '6.9.7', '/efi/f3a1/6.9.7/linux'],
    ['as a unified image', '6.9.7', '/boot/efi/EFI/Linux/f3a1-6.9.7.efi'],
    ["in its modules' folder", '6.9.7-200.fc40.x86_64', '/lib/modules/6.9.7-200.fc40.x86_64/vmlinuz'],
    ['on Solus, the tail first', '6.8.2-286.current', '/boot/kernel-com.solus-project.current.6.8.2-286'],
  ])('have a file to boot: %s', (_, release, path) => {
    const parse = (files: string) => kernels.parse({ ...NOTHING, releases: `${release}/\n`, files })
    expect(parse(`${path}\n`)).toMatchObject([{ release, bootable: true }])
    expect(parse('/boot/vmlinuz-5.10.0-8-amd64\n')).toMatchObject([{ release, bootable: false }])
  })

  it("have Arch's file that is named of its package", () => {
    const out = {
      ...NOTHING,
      releases: '6.9.7-arch1-1/\n6.9.7-zen1-1-zen/\n',
      packages: '6.9.7-arch1-1/pkgbase:linux\n6.9.7-zen1-1-zen/pkgbase:linux-zen\n',
      files: '/boot/vmlinuz-linux-zen\n',
    }
    expect(kernels.parse(out)).toMatchObject([
      { release: '6.9.7-arch1-1', bootable: false, pkgbase: 'linux' },
      { release: '6.9.7-zen1-1-zen', bootable: true, pkgbase: 'linux-zen' },
    ])
  })
})

it('any output gives a value', () => {
  parsesAnything(kernels)
})
