import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { kernels } from '../../../src/host/facts/kernels.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const NOTHING = {
  releases: '',
  files: '',
  packages: '',
  dependencies: '',
  builtins: '',
  variants: '',
  config: '',
}
const UNREADABLE = { is: 'unknown', why: 'its configuration is not readable' }

describe('installed kernels', () => {
  it('know their vfio modules, what those need, and what is compiled in', () => {
    const out = {
      ...NOTHING,
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
        config: UNREADABLE,
        variants: [],
      },
      {
        release: '6.8.0-40-generic',
        bootable: true,
        pkgbase: '',
        vfio: { vfio_pci: { is: 'builtin', needs: [] }, mlx5_vfio_pci: { is: 'module', needs: [] } },
        builtins: ['xhci_pci'],
        config: UNREADABLE,
        variants: [],
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

describe('the configuration of each kernel', () => {
  const config = (text: string) =>
    kernels.parse({ ...NOTHING, releases: '6.8.0/\n', config: text })[0]?.config

  it('has the options that matter and are set', () => {
    const lines = [
      'config 6.8.0 ./boot/config-6.8.0',
      './boot/config-6.8.0:CONFIG_PCI=y',
      './boot/config-6.8.0:CONFIG_INTEL_IOMMU=y',
      './boot/config-6.8.0:CONFIG_VFIO=m',
    ]
    expect(config(lines.join('\n'))).toEqual({
      is: 'observed',
      value: { CONFIG_INTEL_IOMMU: 'y', CONFIG_VFIO: 'm' },
    })
  })

  it.each([
    ['where there is none', ''],
    ['where nothing of it could be unpacked', 'config 6.8.0 ./proc/config.gz\n'],
    ['where it is cut before an option that all have', 'config 6.8.0 ./x\n./x:CONFIG_VFIO=m\n'],
    ["where it is another kernel's", 'config 6.9.0 ./x\n./x:CONFIG_PCI=y\n'],
  ])('is not known %s', (_, text) => {
    expect(config(text)).toEqual(UNREADABLE)
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    const text = (vfio: string) =>
      `CONFIG_64BIT=y\nCONFIG_PCI=y\n# CONFIG_IOMMUFD is not set\nCONFIG_VFIO=${vfio}\n`
    const modules = (...releases: readonly string[]) =>
      Object.fromEntries(releases.map(release => [`/lib/modules/${release}/modules.dep`, '']))
    const configsOf = (contents: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        factOf(kernels, argv, contents).map(({ release, config }) => [
          release,
          config.is === 'unknown' ? config.why : config.value.CONFIG_VFIO,
        ]),
      )

    it.skipIf(isMissing)('is found where distributions keep it', () => {
      expect(
        configsOf({
          ...modules('6.1', '6.2', '6.3', '6.8.2-286.current', '6.9'),
          '/boot/config-6.1': text('debian'),
          '/lib/modules/6.1/config': text('second'),
          '/lib/modules/6.2/config': text('fedora'),
          '/usr/lib/modules/6.3/config': text('ostree'),
          '/usr/lib/kernel/config-com.solus-project.current.6.8.2-286': text('solus'),
          '/proc/sys/kernel/osrelease': '6.1\n',
        }),
      ).toEqual({
        '6.1': 'debian',
        '6.2': 'fedora',
        '6.3': 'ostree',
        '6.8.2-286.current': 'solus',
        '6.9': UNREADABLE.why,
      })
    })

    it.skipIf(isMissing)('is in memory for the running kernel only', () => {
      expect(
        configsOf({
          ...modules('6.9.7-arch1-1', '6.9.7-zen1-1-zen'),
          '/proc/config.gz': gzipSync(text('m')).toString('latin1'),
          '/proc/sys/kernel/osrelease': '6.9.7-zen1-1-zen\n',
        }),
      ).toEqual({ '6.9.7-arch1-1': UNREADABLE.why, '6.9.7-zen1-1-zen': 'm' })
    })
  })
})

describe('VFIO variant drivers', () => {
  const variants = (lines: readonly string[]) =>
    kernels.parse({
      ...NOTHING,
      releases: '6.8.0/\n',
      variants: lines.map(line => `6.8.0/modules.alias:${line}\n`).join(''),
    })[0]?.variants

  it('are those that name themselves for a device, vfio-pci itself left out', () => {
    expect(
      variants([
        'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci',
        'alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci',
        'alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci',
        'alias vfio_pci:v000010DEd*sv*sd*bc*sc*i* nvgrace-gpu-vfio-pci',
      ]),
    ).toEqual([
      { module: 'mlx5_vfio_pci', vendor: '15b3', device: '101e' },
      { module: 'nvgrace_gpu_vfio_pci', vendor: '10de', device: '' },
    ])
  })
})

it('any output gives a value', () => {
  parsesAnything(kernels)
})
