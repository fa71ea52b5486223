import { describe, expect, it } from 'vitest'
import { holders } from '../../../src/host/facts/holders.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const NOTHING = { open: '', nodes: '', nvidia: '' }
const GPU = '/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0'
const DISK = '/sys/devices/pci0000:00/0000:00:1d.0/0000:07:00.0/nvme/nvme0'
const at = (path: string) => ({ to: `../..${path.replace('/sys', '')}` })

const CONTENTS: Contents = {
  '/proc/812/comm': 'Xorg server\n',
  '/proc/812/fd/3': { to: '/dev/dri/card0' },
  '/proc/812/fd/4': { to: '/dev/dri/card0' },
  '/proc/812/fd/5': { to: '/dev/dri/renderD128' },
  '/proc/812/fd/6': { to: 'socket:[1234]' },
  '/proc/812/fd/7': { to: '/home/me/dev/dri/card0' },
  '/proc/900/comm': 'nvidia-persiste\n',
  '/proc/900/fd/3': { to: '/dev/nvidia0' },
  '/proc/900/fd/4': { to: '/dev/nvidiactl' },
  '/proc/901/comm': 'pipewire\n',
  '/proc/901/fd/9': { to: '/dev/snd/controlC1' },
  '/proc/901/fd/10': { to: '/dev/snd/seq' },
  '/proc/902/comm': 'qemu-system-x86\n',
  '/proc/902/fd/20': { to: '/dev/vfio/17' },
  '/proc/902/fd/21': { to: '/dev/vfio/vfio' },
  '/proc/902/fd/22': { to: '/dev/vfio/devices/vfio1' },
  '/proc/903/comm': 'fbterm\n',
  '/proc/903/fd/3': { to: '/dev/fb0' },
  '/proc/904/comm': 'dd\n',
  '/proc/904/fd/0': { to: '/dev/nvme0n1p2' },
  '/proc/904/fd/1': { to: '/dev/nvme0' },
  '/proc/self/fd/3': { to: '/dev/dri/card0' },
  '/sys/class/drm/card0': at(`${GPU}/drm/card0`),
  '/sys/class/drm/renderD128': at(`${GPU}/drm/renderD128`),
  '/sys/class/graphics/fb0': at(`${GPU}/graphics/fb0`),
  '/sys/class/sound/controlC1': at('/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.1/sound/card1/controlC1'),
  '/sys/class/nvme/nvme0': at(DISK),
  '/sys/class/block/nvme0n1p2': at(`${DISK}/nvme0n1/nvme0n1p2`),
  '/sys/class/vfio-dev/vfio1': at('/sys/devices/pci0000:00/0000:05:00.0/vfio-dev/vfio1'),
  '/proc/driver/nvidia/gpus/0000:02:00.0/information': 'Model: \t\t NVIDIA\nDevice Minor: \t 0\n',
  '/sys/kernel/iommu_groups/17/devices/0000:03:00.0': '',
  '/sys/kernel/iommu_groups/17/devices/0000:03:00.1': '',
}

describe('programs that have a device open', () => {
  it.each([
    ['a card that no class knows belongs to no device', '/dev/dri/card7', []],
    ['a name with blanks', '/dev/dri/card0', [{ device: '0000:01:00.0', process: 'Web Content' }]],
    ['a disk of native multipath, by its paths', '/dev/nvme1n2p3', [{ device: '0000:08:00.0' }]],
  ])('%s', (_, path, expected) => {
    const link = (name: string, target: string) => `lrwxrwxrwx 1 0 0 0 Nov 22 14:02 ${name} -> ${target}`
    const nodes = [
      link('drm/card0', '../../devices/pci0000:00/0000:01:00.0/drm/card0'),
      link('block/nvme1n2', '../../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n2'),
      link('block/nvme1c0n2', '../../devices/pci0000:00/0000:08:00.0/nvme/nvme0/nvme1c0n2'),
    ].join('\n')
    const found = holders.parse({ ...NOTHING, nodes, open: `open 12 ${path} Web Content\n` })
    expect(found).toMatchObject(expected)
    expect(found).toHaveLength(expected.length)
  })

  it('cannot speak to the terminal through their names', () => {
    const nodes =
      'lrwxrwxrwx 1 0 0 0 Nov 22 14:02 drm/card0 -> ../../devices/pci0000:00/0000:01:00.0/drm/card0'
    expect(holders.parse({ ...NOTHING, nodes, open: 'open 12 /dev/dri/card0 \x1b[2Jx\n' })).toMatchObject([
      { process: '?[2Jx' },
    ])
  })

  it('are none in a look that did not ask', () => {
    expect(holders.parse(NOTHING)).toEqual([])
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('are found by their files, each once', () => {
      const found = factOf(holders, argv, CONTENTS)
      expect(
        found.map(({ pid, process, path, device }) => `${pid} ${process} ${path} ${device}`).sort(),
      ).toEqual([
        '812 Xorg server /dev/dri/card0 0000:01:00.0',
        '812 Xorg server /dev/dri/renderD128 0000:01:00.0',
        '900 nvidia-persiste /dev/nvidia0 0000:02:00.0',
        '901 pipewire /dev/snd/controlC1 0000:01:00.1',
        '902 qemu-system-x86 /dev/vfio/17 0000:03:00.0',
        '902 qemu-system-x86 /dev/vfio/17 0000:03:00.1',
        '902 qemu-system-x86 /dev/vfio/devices/vfio1 0000:05:00.0',
        '903 fbterm /dev/fb0 0000:01:00.0',
        '904 dd /dev/nvme0 0000:07:00.0',
        '904 dd /dev/nvme0n1p2 0000:07:00.0',
      ])
    })

    it.skipIf(isMissing)('cannot hide others by their names', () => {
      const contents = {
        '/proc/811/comm': 'a\\c\n',
        '/proc/811/fd/3': { to: '/dev/dri/card0' },
        '/proc/812/comm': 'b\\012c\n',
        '/proc/812/fd/3': { to: '/dev/dri/card0' },
        '/sys/class/drm/card0': at(`${GPU}/drm/card0`),
      }
      expect(factOf(holders, argv, contents).map(({ pid, process }) => `${pid} ${process}`)).toEqual([
        '811 a\\c',
        '812 b\\012c',
      ])
    })

    it.skipIf(isMissing)('are found where it is one process only', () => {
      const contents = {
        '/proc/812/comm': 'Xorg\n',
        '/proc/812/fd/3': { to: '/dev/dri/card0' },
        '/sys/class/drm/card0': at(`${GPU}/drm/card0`),
      }
      expect(factOf(holders, argv, contents)).toEqual([
        { device: '0000:01:00.0', path: '/dev/dri/card0', process: 'Xorg', pid: 812 },
      ])
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(holders)
})
