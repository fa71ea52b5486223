import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/host/digest.ts'
import { images, READ_IMAGE } from '../../../src/host/facts/images.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const HASH = 'e5a3958cbd3684b63f3cada6604469cc56f727b106d5524daf5aefa6935a48ce'

describe('the content of the initramfs images', () => {
  it('has modules, what is loaded, and the modprobe.d files', () => {
    const found = [
      'image 6.1.0-56-amd64',
      'module ./main/usr/lib/modules/6.1.0-56-amd64/kernel/drivers/vfio/vfio.ko',
      'module ./main/usr/lib/modules/6.1.0-56-amd64/kernel/drivers/vfio/pci/vfio-pci.ko.xz',
      'load vfio',
      'load vfio-pci disable_vga=1',
      `file ${HASH}  ./main/etc/modprobe.d/vfio.conf`,
      `file ${HASH}  ./usr/lib/modprobe.d/systemd.conf`,
      'end',
    ].join('\n')
    expect(images.parse({ found })).toEqual({
      '6.1.0-56-amd64': {
        is: 'observed',
        value: {
          path: '/boot/initrd.img-6.1.0-56-amd64',
          modules: ['vfio', 'vfio_pci'],
          loads: ['vfio', 'vfio_pci'],
          files: { '/etc/modprobe.d/vfio.conf': HASH, '/usr/lib/modprobe.d/systemd.conf': HASH },
        },
      },
    })
  })

  it('one that was not read to its end is unknown; the next is not harmed', () => {
    expect(images.parse({ found: 'image 6.1\nmodule ./vfio.ko\nimage 6.8\nend\n' })).toEqual({
      '6.1': { is: 'unknown', why: 'unmkinitramfs could not read it' },
      '6.8': { is: 'observed', value: { path: '/boot/initrd.img-6.8', modules: [], loads: [], files: {} } },
    })
  })

  it('there are none where nothing was found', () => {
    expect(images.parse({ found: '' })).toEqual({})
  })
})

describe.each(REAL_SHELLS)('modprobe.d links in an image, under %s', (_, { argv, isMissing }) => {
  const target = 'options nvidia NVreg_ModifyDeviceFiles=0\n'
  const links = { '/etc/modprobe.d/own.conf': 'own', '/etc/alternatives/nvidia--modprobe.conf': target }
  const read = (top: string, link: string, more: Record<string, string | { to: string }> = {}) => {
    const unpacked = { ...links, ...more, '/etc/modprobe.d/nvidia.conf': { to: link } }
    const found = factOf(
      images,
      argv,
      { '/lib/modules/6.1/modules.dep': '', '/boot/initrd.img-6.1': 'image', '/var/tmp/x': '' },
      {
        functions: READ_IMAGE,
        unmkinitramfs: Object.fromEntries(Object.entries(unpacked).map(([path, one]) => [top + path, one])),
      },
    )
    const image = found['6.1']
    return image?.is === 'observed' ? image.value.files : image
  }
  const own = { '/etc/modprobe.d/own.conf': sha256('own') }

  it.skipIf(isMissing).each<[string, string, string, Record<string, string | { to: string }>?]>([
    ['a relative one', '', '../alternatives/nvidia--modprobe.conf'],
    ['a relative one in an image of several archives', '/main', '../alternatives/nvidia--modprobe.conf'],
    ['an absolute one', '', '/etc/alternatives/nvidia--modprobe.conf'],
    ['an absolute one in an image of several archives', '/main', '/etc/alternatives/nvidia--modprobe.conf'],
    [
      'one to another',
      '/main',
      '/etc/alternatives/first',
      { '/etc/alternatives/first': { to: '/etc/alternatives/nvidia--modprobe.conf' } },
    ],
  ])('%s has the hash of its target', (_name, top, link, more) => {
    expect(read(top, link, more)).toEqual({ ...own, '/etc/modprobe.d/nvidia.conf': sha256(target) })
  })

  it.skipIf(isMissing).each([
    ['of that absolute path', '/etc/passwd'],
    ['above the image', `${'../'.repeat(20)}etc/passwd`],
    ['where it leads to itself', 'nvidia.conf'],
  ])("never that of the host's own file %s", (_name, link) => {
    expect(read('', link)).toEqual(own)
  })
})

it('any output gives a value', () => {
  parsesAnything(images)
})
