import { describe, expect, it } from 'vitest'
import { kernelImages } from '../../../src/backends/initramfs/images.ts'
import { initramfsTools } from '../../../src/backends/initramfs/initramfs_tools.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { aHost, withFiles, withKernel } from '../../builders.ts'

const imageAt = (path: string, release: string) => ({
  [path]: observed<Image>({ path, release, madeBy: '', modules: [], loads: [], files: {} }),
})
const aMachine = (kernel: { release: string; pkgbase?: string }, images: Host['images']): Host =>
  withKernel(aHost({ files: {}, images }), { pkgbase: '', ...kernel })
const ours = (host: Host) => kernelImages(host).map(({ path }) => path)

describe('the images of the installed kernels', () => {
  const ARCH = { release: '6.10.10-arch1-1', pkgbase: 'linux' }
  const PRESET = {
    '/etc/mkinitcpio.d/linux.preset': 'PRESETS=(default)\ndefault_image=/boot/initramfs-linux.img\n',
  }

  it.each<[string, Host, string[]]>([
    [
      'are told by their content',
      aMachine(ARCH, imageAt('/boot/initrd-any', ARCH.release)),
      ['/boot/initrd-any'],
    ],
    [
      'by their name where the content does not say',
      aMachine(ARCH, imageAt('/boot/initramfs-linux.img', '')),
      ['/boot/initramfs-linux.img'],
    ],
    [
      'not one of a kernel that is gone and whose name goes on',
      aMachine(
        { release: '6.6.30-gentoo' },
        {
          ...imageAt('/boot/initramfs-6.6.30-gentoo.img', '6.6.30-gentoo'),
          ...imageAt('/boot/initramfs-6.6.30-gentoo-r1.img', '6.6.30-gentoo-r1'),
        },
      ),
      ['/boot/initramfs-6.6.30-gentoo.img'],
    ],
    [
      'even where it cannot be read',
      aMachine({ release: '6.6.30-gentoo' }, { '/boot/initramfs-6.6.30-gentoo-r1.img': unknown('no cpio') }),
      [],
    ],
    [
      "not another system's of the same name on the ESP",
      aMachine(ARCH, {
        ...imageAt('/boot/initramfs-linux.img', ARCH.release),
        ...imageAt('/efi/other/initramfs-linux.img', '6.9.1-arch1-1'),
      }),
      ['/boot/initramfs-linux.img'],
    ],
    [
      'but one of an older kernel where a preset of this host makes it',
      withFiles(aMachine(ARCH, imageAt('/boot/initramfs-linux.img', '6.9.1-arch1-1')), PRESET),
      ['/boot/initramfs-linux.img'],
    ],
  ])('%s', (_, host, paths) => {
    expect(ours(host)).toEqual(paths)
  })
})

describe('an image that cannot be read', () => {
  const PATH = '/boot/initrd.img-6.1.0-56-amd64'
  const { images } = initramfsTools
  const unread = (differing: Partial<Host> = {}) =>
    aHost({ files: {}, images: { [PATH]: unknown('lacks zstd') }, ...differing })

  it('is unclear, and says what is missing', () => {
    const host = withFiles(unread(), { '/etc/initramfs-tools/modules': 'vfio\n' })
    expect(images.unclear?.(host)).toMatchObject({
      refused: true,
      why: `${PATH} cannot be read, so that nothing shows what it carries: lacks zstd`,
    })
  })

  it('does not matter where vfio is compiled in and nothing is carried', () => {
    const host = withKernel(unread(), { vfio: { vfio_pci: { is: 'builtin', needs: [] } } })
    expect(images.unclear?.(host)).toBeUndefined()
    expect(images.isStale(host)).toBeUndefined()
    expect(images.unclear?.(withFiles(host, { '/etc/modprobe.d/nouveau.conf': 'x' }))).toBeDefined()
  })
})
