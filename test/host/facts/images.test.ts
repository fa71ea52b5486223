import { spawnSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/host/digest.ts'
import { boosterOptionsPath, images, READ_IMAGE } from '../../../src/host/facts/images.ts'
import { parsesAnything } from './any_output.ts'
import { cpioOf, peOf } from './archives.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const HASH = 'e5a3958cbd3684b63f3cada6604469cc56f727b106d5524daf5aefa6935a48ce'
const PATH = '/boot/initrd.img-6.1.0-56-amd64'

describe('the content of the initramfs images', () => {
  const image = {
    path: PATH,
    release: '6.1.0-56-amd64',
    madeBy: 'dracut',
    modules: ['vfio', 'vfio_pci'],
    loads: ['vfio', 'vfio_pci'],
    files: { '/etc/modprobe.d/vfio.conf': HASH, '/usr/lib/modprobe.d/systemd.conf': HASH },
  }
  const lines = [
    `image ${PATH}`,
    'made dracut',
    'release 6.1.0-56-amd64',
    'module ./main/usr/lib/modules/6.1.0-56-amd64/kernel/drivers/vfio/vfio.ko',
    'module ./main/usr/lib/modules/6.1.0-56-amd64/kernel/drivers/vfio/pci/vfio-pci.ko.xz',
    'load vfio',
    'load vfio-pci disable_vga=1',
    `file ${HASH}  ./main/etc/modprobe.d/vfio.conf`,
    `file ${HASH}  ./usr/lib/modprobe.d/systemd.conf`,
    'end',
  ]

  it('has modules, what is loaded, and the modprobe.d files', () => {
    expect(images.parse({ found: lines.join('\n') })).toEqual({ [PATH]: { is: 'observed', value: image } })
  })

  it('of a copy is that of the original', () => {
    const copy = '/efi/ID/6.1.0-56-amd64/initrd'
    expect(images.parse({ found: [...lines, `image ${copy}`, `same ${PATH}`].join('\n') })[copy]).toEqual({
      is: 'observed',
      value: { ...image, path: copy },
    })
  })

  it('one that was not read to its end is unknown; the next is not harmed', () => {
    expect(images.parse({ found: 'image /a\nmodule ./vfio.ko\nimage /b\nend\n' })).toEqual({
      '/a': { is: 'unknown', why: 'none of the programs here that unpack images could' },
      '/b': {
        is: 'observed',
        value: { path: '/b', release: '', madeBy: '', modules: [], loads: [], files: {} },
      },
    })
  })

  it('there are none where nothing was found', () => {
    expect(images.parse({ found: '' })).toEqual({})
  })
})

const bytes = (buffer: Buffer): string => buffer.toString('latin1')
const hasCpio = spawnSync('cpio', ['--version']).error === undefined
const MODULE = 'usr/lib/modules/6.1/kernel/drivers/vfio/pci/vfio-pci.ko.zst'

/** What is in an image of each generator, of what tells them apart and of what is read. */
const TREES: Readonly<Record<string, Contents>> = {
  'initramfs-tools': {
    init: '#!/bin/sh',
    'conf/modules': 'vfio \n vfio-pci ids=1:2\next4 \n',
    'etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:2\n',
    [MODULE]: 'elf',
  },
  dracut: {
    init: '#!/bin/sh',
    'usr/lib/dracut/dracut-059': '',
    'etc/cmdline.d/20-force_drivers.conf': 'rd.driver.pre=vfio\nrd.driver.pre=vfio-pci\n',
    'etc/cmdline.d/00-btrfs.conf': 'rd.driver.pre="btrfs" root=x',
    'etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:2\n',
    [MODULE]: 'elf',
  },
  mkinitcpio: {
    init: '#!/usr/bin/ash',
    config: 'MODULES="vfio vfio_pci ext4"\nEARLYHOOKS="udev"\n',
    buildconfig: 'MODULES=(vfio)\n',
    'etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:2\n',
    [MODULE]: 'elf',
  },
  booster: {
    init: 'elf',
    'etc/booster.init.yaml':
      'kernel: "6.1"\nmodules_force_load:\n    - vfio\n    - vfio_pci\nmodprobe_options:\n    kvm: nested=1\n    vfio_pci: ids=1:2 disable_vga=1\nbuiltin_modules: {}\n',
    'usr/lib/modules/vfio_pci.ko': 'elf',
  },
}

const FILES: Readonly<Record<string, string>> = {
  '/etc/modprobe.d/vfio.conf': sha256('options vfio-pci ids=1:2\n'),
}

function isReadWhole(found: ReturnType<typeof images.parse>): void {
  expect(found['/boot/initrd-6.1']).toMatchObject({
    is: 'observed',
    value: { madeBy: 'dracut', modules: ['vfio_pci'], loads: ['vfio', 'vfio_pci'], files: FILES },
  })
}

describe.each(REAL_SHELLS)('images are unpacked under %s', (_, { argv, isMissing }) => {
  const look = (contents: Contents, functions = READ_IMAGE) =>
    factOf(images, argv, { '/var/tmp/x': '', ...contents }, { functions })
  const inOrder = (parts: readonly Buffer[]) => bytes(Buffer.concat(parts))

  it.skipIf(isMissing || !hasCpio).each(Object.entries(TREES))('those of %s', (madeBy, tree) => {
    const found = look({ '/boot/initramfs-6.1.img': inOrder([gzipSync(cpioOf(tree))]) })
    expect(found['/boot/initramfs-6.1.img']).toEqual({
      is: 'observed',
      value: {
        path: '/boot/initramfs-6.1.img',
        release: '6.1',
        madeBy,
        modules: ['vfio_pci'],
        loads: ['vfio', 'vfio_pci'],
        files:
          madeBy === 'booster'
            ? { [boosterOptionsPath('vfio_pci')]: sha256('ids=1:2 disable_vga=1') }
            : FILES,
      },
    })
  })

  const dracut = cpioOf(TREES.dracut ?? {})
  const early = cpioOf({ 'kernel/x86/microcode/GenuineIntel.bin': 'TRAILER!!! is no end here' })
  it.skipIf(isMissing || !hasCpio).each<[string, readonly Buffer[]]>([
    ['an uncompressed one', [dracut]],
    ['one with zeros at its end', [gzipSync(dracut), Buffer.alloc(512)]],
    ['one that zstd compressed', [zstdCompressSync(dracut)]],
  ])('%s', (_name, parts) => {
    isReadWhole(look({ '/boot/initrd-6.1': inOrder(parts) }))
  })

  // BusyBox's grep does not tell offsets; no host whose images have several parts has only that.
  it.skipIf(isMissing || !hasCpio || argv.some(word => word === 'ash')).each<[string, readonly Buffer[]]>([
    ['one behind microcode', [early, gzipSync(dracut)]],
    ['one behind microcode and zeros', [early, Buffer.alloc(1028), gzipSync(dracut)]],
    ['an uncompressed one behind microcode', [early, dracut]],
    [
      'one of three archives, the modules uncompressed in the middle',
      [
        early,
        cpioOf({ [MODULE]: 'elf' }),
        gzipSync(cpioOf({ ...TREES.dracut, [MODULE]: { to: 'nowhere' } })),
      ],
    ],
  ])('%s', (_name, parts) => {
    isReadWhole(look({ '/boot/initrd-6.1': inOrder(parts) }))
  })

  it.skipIf(isMissing || !hasCpio).each<[string, Buffer]>([
    ['cut short', gzipSync(dracut).subarray(0, -40)],
    ['cut within its archive', dracut.subarray(0, 700)],
    ['with nothing but microcode', early],
    ['empty', Buffer.alloc(0)],
    ['of zeros', Buffer.alloc(2048)],
    ['of something else', Buffer.from('image')],
    [
      'whose content is packed once more',
      gzipSync(cpioOf({ init: '', 'usr/lib/dracut/x': '', 'squashfs-root.img': '' })),
    ],
  ])('one %s is unknown', (_name, image) => {
    expect(look({ '/boot/initrd-6.1': bytes(image) })['/boot/initrd-6.1']).toMatchObject({ is: 'unknown' })
  })

  it.skipIf(isMissing || !hasCpio)('that of a unified kernel image', () => {
    const uki = peOf({
      '.osrel': Buffer.from('ID=arch'),
      '.initrd': gzipSync(dracut),
      '.linux': Buffer.from('x'),
    })
    expect(look({ '/efi/EFI/Linux/linux-6.1.efi': bytes(uki) })).toMatchObject({
      '/efi/EFI/Linux/linux-6.1.efi': { is: 'observed', value: { madeBy: 'dracut', release: '6.1' } },
    })
    expect(look({ '/boot/initrd.img-6.1': bytes(uki) })).toMatchObject({
      '/boot/initrd.img-6.1': { is: 'observed', value: { madeBy: 'dracut' } },
    })
    expect(look({ '/efi/EFI/Linux/a.efi': bytes(peOf({ '.linux': Buffer.from('x') })) })).toMatchObject({
      '/efi/EFI/Linux/a.efi': { is: 'unknown' },
    })
  })

  it.skipIf(isMissing)('wherever a loader finds them, each file once', () => {
    const expected = [
      '/boot/initrd.img-6.1',
      '/boot/initrd-6.1',
      '/boot/initramfs-linux.img',
      '/boot/booster-linux.img',
      '/boot/ID/6.1/initrd',
      '/boot/ostree/fedora-01ab/initramfs-6.1.img',
      '/efi/ID/6.1/initrd',
      '/boot/efi/EFI/com.solus-project/initrd-com.solus-project.current.6.1',
      '/boot/efi/EFI/Pop_OS-ID/initrd.img',
      '/boot/efi/solus/initramfs',
      '/efi/EFI/Linux/6.1.efi',
      '/srv/boot/arch.img',
      '/srv/boot/arch.efi',
      '/usr/lib/kernel/initrd-com.solus-project.current.6.1-1',
      '/etc/kernel/initrd-com.solus-project.lts.6.1-2',
    ]
    const others = [
      '/boot/initramfs-0-rescue-ID.img',
      '/boot/initramfs-6.1kdump.img',
      '/boot/initrd.img-6.1.bak',
      '/boot/initrd.img-6.1.dpkg-bak',
      '/boot/.vfio-run.1.kept.0/x/init',
      '/usr/lib/kernel/initrd-com.solus-project.current.6.1-1.nvidia',
      '/usr/lib/kernel/initrd-com.solus-project.lts.6.1-2',
      '/boot/vmlinuz-6.1',
    ]
    const files = Object.fromEntries([...expected, ...others].map(path => [path, path]))
    const presets = {
      '/etc/mkinitcpio.d/linux.preset':
        'PRESETS=(default)\n#default_image="/srv/boot/no.img"\ndefault_image="/srv/boot/arch.img"\ndefault_uki=/srv/boot/arch.efi # x\nfallback_image=\'/boot/initramfs-linux.img\'\n',
    }
    const found = look({ ...files, ...presets, '/boot/initrd': { to: 'initrd-6.1' } })
    expect(Object.keys(found).sort()).toEqual(expected.sort())
  })

  it.skipIf(isMissing)('each file once where a folder is there under two names', () => {
    const found = look({ '/boot/efi/ID/6.1/initrd': 'x', '/efi': { to: 'boot/efi' } })
    expect(Object.keys(found)).toEqual(['/efi/ID/6.1/initrd'])
  })

  it.skipIf(isMissing || !hasCpio)('once where a copy has the same bytes', () => {
    const image = inOrder([gzipSync(dracut)])
    const found = look(
      { '/boot/initrd.img-6.1': image, '/efi/ID/6.1/initrd': image },
      // A second reading would say so.
      `${READ_IMAGE}\nunpack_archive() { [ ! -e "$root/var/tmp/read" ] && : >"$root/var/tmp/read" && cpio -id --quiet; }`,
    )
    expect(found).toMatchObject({
      '/boot/initrd.img-6.1': { is: 'observed', value: { madeBy: 'dracut' } },
      '/efi/ID/6.1/initrd': { is: 'observed', value: { path: '/efi/ID/6.1/initrd', madeBy: 'dracut' } },
    })
  })

  it.skipIf(isMissing || !hasCpio)('not at all where the journal knows them', () => {
    const image = inOrder([gzipSync(dracut)])
    const remembering = {
      ...images,
      commands: { found: `remember_images; unpack_archive() { return 1; }\n${images.commands.found}` },
    }
    const found = factOf(
      remembering,
      argv,
      { '/var/tmp/x': '', '/boot/initrd.img-6.1': image, '/efi/ID/6.1/initrd': image },
      { functions: READ_IMAGE },
    )
    expect(Object.values(found).map(({ is }) => is)).toEqual(['observed', 'observed'])
  })
})

describe.each(REAL_SHELLS)('modprobe.d links in an image, under %s', (_, { argv, isMissing }) => {
  const target = 'options nvidia NVreg_ModifyDeviceFiles=0\n'
  const links = { '/etc/modprobe.d/own.conf': 'own', '/etc/alternatives/nvidia--modprobe.conf': target }
  const read = (top: string, link: string, more: Record<string, string | { to: string }> = {}) => {
    const unpacked = { ...links, ...more, '/conf/modules': '', '/etc/modprobe.d/nvidia.conf': { to: link } }
    const found = factOf(
      images,
      argv,
      { '/lib/modules/6.1/modules.dep': '', '/boot/initrd.img-6.1': 'image', '/var/tmp/x': '' },
      {
        functions: READ_IMAGE,
        unmkinitramfs: Object.fromEntries(Object.entries(unpacked).map(([path, one]) => [top + path, one])),
      },
    )
    const image = found['/boot/initrd.img-6.1']
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
