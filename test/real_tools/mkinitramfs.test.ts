import { describe, expect, it } from 'vitest'
import { initramfsTools } from '../../src/backends/initramfs/initramfs_tools.ts'
import { RULES_FILE } from '../../src/host/address_binding.ts'
import { applyChanges } from '../../src/host/change.ts'
import { observed } from '../../src/host/known.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aHost, withFiles } from '../builders.ts'
import { imageOf, installedKernels, RELEASE, whyNot } from './private_kernel.ts'

const missing = whyNot('mkinitramfs')
const why = missing === '' ? '' : ` (skipped: ${missing})`
const PATH = `/boot/initrd.img-${RELEASE}`

describe.skipIf(missing !== '')(`mkinitramfs, the program${why}`, { timeout: 120_000 }, () => {
  it.each(['most', 'list'])('makes images as they are predicted, with MODULES=%s', modules => {
    const files = {
      '/etc/initramfs-tools/conf.d/modules': `MODULES=${modules}\n`,
      '/etc/initramfs-tools/modules': '# mine\next4\n',
      '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=10de:13c2\n',
      [RULES_FILE]: '# rules of ours\n',
    }
    const image = { path: PATH, release: RELEASE, modules: [], loads: [], files: {} }
    const before = withFiles(
      aHost({
        tools: ['update-initramfs'],
        files: {},
        kernels: installedKernels(),
        images: { [PATH]: observed({ ...image, madeBy: 'initramfs-tools' }) },
      }),
      files,
    )
    const changes = initramfsTools.edit(before, {
      add: ['vfio', 'vfio_iommu_type1', 'vfio_virqfd', 'vfio_pci'],
      remove: [],
    })
    if (isRefusal(changes)) throw new Error(changes.why)
    const host = applyChanges(before, changes)
    const texts = Object.fromEntries(Object.entries(host.files).map(([path, { bytes }]) => [path, bytes]))
    const made = imageOf(path => `mkinitramfs -o ${path} ${RELEASE}`, texts)
    expect(made).toMatchObject({ status: 0 })
    const ours = Object.entries(made.image?.files ?? {}).filter(([path]) => path.startsWith('/etc/'))
    const known = initramfsTools.images.derive(host).images[PATH]
    expect({ ...made.image, files: Object.fromEntries(ours) }).toEqual(
      known?.is === 'predicted' ? known.value : undefined,
    )
  })
})
