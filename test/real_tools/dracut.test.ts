import { describe, expect, it } from 'vitest'
import { dracut } from '../../src/backends/initramfs/dracut.ts'
import { RULES_FILE } from '../../src/host/address_binding.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aHost, withFiles } from '../builders.ts'
import { imageOf, installedKernels, RELEASE, whyNot } from './private_kernel.ts'

const missing = whyNot('dracut')
const why = missing === '' ? '' : ` (skipped: ${missing})`

const PATH = `/boot/initrd.img-${RELEASE}`
const MODULES = ['vfio', 'vfio_iommu_type1', 'vfio_virqfd', 'vfio_pci']
const MODPROBE = {
  '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=10de:13c2,10de:0fbb\nsoftdep xhci_pci pre: vfio-pci\n',
  '/etc/modprobe.d/nouveau.conf': 'blacklist nouveau\n',
}
const RULES = { [RULES_FILE]: '# rules of ours\n' }
/** A small image is soon made. */
const SMALL = {
  '/etc/dracut.conf': 'dracutmodules=" base kernel-modules "\ndrivers=" xhci_pci "\ndo_strip=no\n',
}

describe.skipIf(missing !== '')(`dracut, the program${why}`, { timeout: 120_000 }, () => {
  function aDracutHost(files: Readonly<Record<string, string>>): Host {
    const image = { path: PATH, release: RELEASE, modules: [], loads: [], files: {} }
    return withFiles(
      aHost({
        tools: ['dracut'],
        files: {},
        kernels: installedKernels(),
        images: { [PATH]: observed({ ...image, madeBy: 'dracut' }) },
      }),
      files,
    )
  }

  function edited(host: Host, add: readonly string[]): Host {
    const changes = dracut.edit(host, { add, remove: [] })
    const rules = dracut.carryRules(isRefusal(changes) ? host : applyChanges(host, changes))
    if (isRefusal(changes) || isRefusal(rules)) throw new Error('dracut.conf is not edited')
    return applyChanges(host, [...changes, ...rules])
  }

  const made = (host: Host) =>
    imageOf(
      path => `dracut --force --tmpdir /var/tmp ${path} ${RELEASE}`,
      Object.fromEntries(Object.entries(host.files).map(([path, { bytes }]) => [path, bytes])),
    )

  function isAsPredicted(host: Host) {
    const known = dracut.images.derive(host).images[PATH]
    const expected = known?.is === 'predicted' ? known.value : undefined
    const { image, status, output } = made(host)
    expect({ status, output }).toMatchObject({ status: 0 })
    const ours = Object.entries(image?.files ?? {}).filter(([path]) => path.startsWith('/etc/'))
    expect({ ...image, files: Object.fromEntries(ours) }).toEqual(expected)
    expect(
      dracut.images.isStale({ ...host, images: { [PATH]: observed(image ?? expectImage()) } }),
    ).toBeUndefined()
  }
  const expectImage = (): never => expect.fail('no image')

  it.each<[string, Record<string, string>]>([
    ['the drop-in alone', {}],
    ['one whose list goes on', { '/etc/dracut.conf.d/vfio.conf': 'force_drivers+=" vfio-pci "\n' }],
    [
      'an image of this host only',
      { '/etc/dracut.conf.d/host.conf': 'hostonly="yes"\nhostonly_mode="sloppy"\n' },
    ],
    ['rules that bind by address', RULES],
    [
      'such rules in an image of this host only',
      { ...RULES, '/etc/dracut.conf.d/host.conf': 'hostonly="yes"\nhostonly_mode="sloppy"\n' },
    ],
  ])('makes images as they are predicted: %s', (_, files) => {
    isAsPredicted(edited(aDracutHost({ ...SMALL, ...MODPROBE, ...files }), MODULES))
  })

  it('takes of modprobe.d only what it is told to, and reads drop-ins in the order that we do', () => {
    const files = {
      ...SMALL,
      '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=10de:13c2\n',
      '/etc/modprobe.d/nouveau.conf': 'blacklist nouveau\n',
      '/etc/dracut.conf.d/9-a.conf': 'force_drivers=" vfio "\n',
      '/etc/dracut.conf.d/10-b.conf':
        'force_drivers=" vfio_pci "\ninstall_items+=" /etc/modprobe.d/nou*.conf "\n',
      '/etc/dracut.conf.d/c': 'force_drivers=" vfio_iommu_type1 "\n',
    }
    expect(dracut.listed(aDracutHost(files))).toEqual(['vfio_pci'])
    isAsPredicted(aDracutHost(files))
  })

  it('leaves out what follows a name that the kernel does not have, which is why we take such names out', () => {
    const files = { ...SMALL, '/etc/dracut.conf.d/vfio.conf': 'force_drivers+=" vfio_gone vfio_pci "\n' }
    const { image, status, output } = made(aDracutHost(files))
    expect({ status, modules: image?.modules }).toEqual({ status: 0, modules: [] })
    expect(output).toContain('FAILED')
    const host = edited(aDracutHost(files), ['vfio_pci'])
    expect(host.files['/etc/dracut.conf.d/vfio.conf']?.bytes).toBe('force_drivers+=" vfio_pci "\n')
    isAsPredicted(host)
  })
})
