import { describe, expect, it } from 'vitest'
import { images } from '../../../src/host/facts/images.ts'
import { parsesAnything } from './any_output.ts'

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

it('any output gives a value', () => {
  parsesAnything(images)
})
