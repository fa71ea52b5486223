import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RULES_FILE } from '../../../src/host/address_binding.ts'
import { sha256 } from '../../../src/host/digest.ts'
import { boosterOptionsPath, images, READ_IMAGE } from '../../../src/host/facts/images.ts'
import { whyNoMount } from '../../laws/machine_tree.ts'
import { parsesAnything } from './any_output.ts'
import { type CpioEntry, cpioOf, cpioOfEntries, MODES, peOf } from './archives.ts'
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

  it.skipIf(isMissing || !hasCpio).each(['etc', 'lib', 'usr/lib'])(
    'the rules that bind by address are told by their path on the host, from /%s/udev/rules.d',
    folder => {
      const tree = {
        init: '',
        [`${folder}/udev/rules.d/70-vfio-run.rules`]: 'ACTION',
        'etc/udev/rules.d/vfio.rules': '',
      }
      const found = look({ '/boot/initramfs-6.1.img': inOrder([gzipSync(cpioOf(tree))]) })
      expect(found['/boot/initramfs-6.1.img']).toMatchObject({
        value: { files: { [RULES_FILE]: sha256('ACTION') } },
      })
    },
  )

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
    ['one with zeros at its end', [gzipSync(dracut), Buffer.alloc(512)]],
    ['one that zstd compressed', [zstdCompressSync(dracut)]],
  ])('%s', (_name, parts) => {
    isReadWhole(look({ '/boot/initrd-6.1': inOrder(parts) }))
  })

  // BusyBox's grep does not tell offsets; no host whose images have several parts or are not compressed has only that.
  it.skipIf(isMissing || !hasCpio || argv.some(word => word === 'ash')).each<[string, readonly Buffer[]]>([
    ['an uncompressed one', [dracut]],
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

describe.each(REAL_SHELLS)('a look at images, under %s', (_, { argv, isMissing }) => {
  const image = gzipSync(cpioOf(TREES.dracut ?? {})).toString('latin1')
  const printed = (command: string, functions = READ_IMAGE) =>
    factOf(
      { commands: { command }, parse: ({ command }: { command: string }) => command.split('\n') },
      argv,
      {
        '/boot/initrd-6.1': image,
        '/boot/initrd-6.2': `${image}\0`,
        '/var/tmp/x': '',
      },
      { functions },
    )

  it.skipIf(isMissing || !hasCpio)(
    'remembers only those anew that have changed, where nothing was rebuilt',
    () => {
      // Each reading says so.
      const telling = `${READ_IMAGE}\nunpack_and_tell() { echo "read $1" >>"$root/read"; printf 'made dracut\\nend\\n'; }`
      const lines = printed(
        `remember_images new; remember_images new; echo x >>"$root/boot/initrd-6.2"; remember_images new; remember_images; sed 's/.*-//' "$root/read"`,
        telling,
      )
      expect(lines.filter(Boolean)).toEqual(['6.1', '6.2', '6.2', '6.1', '6.2'])
    },
  )

  it.skipIf(isMissing || !hasCpio).each(['HUP', 'INT', 'TERM'])(
    'leaves nothing behind when it is ended by %s',
    signal => {
      const ending = `${READ_IMAGE}\nunpack_and_tell() { : >"$t/half"; kill -${signal} "$(sh -c 'echo $PPID')"; sleep 0; echo alive; }`
      expect(printed(`read_image "$root/boot/initrd-6.1"; ls -A "$root/var/tmp"`, ending)).toEqual(['x', ''])
    },
  )

  it.skipIf(isMissing || !hasCpio)('goes on where its caller ignores the end of the connection', () => {
    const ending = `${READ_IMAGE}\nunpack_and_tell() { kill -HUP "$(sh -c 'echo $PPID')"; echo alive; }`
    expect(printed(`trap '' HUP; ignores_hangup=1; read_image "$root/boot/initrd-6.1"`, ending)).toEqual([
      'alive',
      '',
    ])
  })
})

describe.each(REAL_SHELLS)('of an image, under %s', (_, { argv, isMissing }) => {
  const test = it.skipIf(isMissing || !hasCpio)
  // BusyBox's grep does not.
  const tellsOffsets = !argv.some(word => word === 'ash')
  const target = 'options nvidia NVreg_ModifyDeviceFiles=0\n'
  const elsewhere = 'etc/alternatives/nvidia--modprobe.conf'
  const top = { init: '', 'etc/modprobe.d/own.conf': 'own' }
  const own = { '/etc/modprobe.d/own.conf': sha256('own') }
  const filesIn = (...archives: readonly Buffer[]) => {
    const bytes = Buffer.concat(archives).toString('latin1')
    const found = factOf(
      images,
      argv,
      { '/boot/initrd.img-6.1': bytes, '/var/tmp/x': '' },
      { functions: READ_IMAGE },
    )
    const image = found['/boot/initrd.img-6.1']
    return image?.is === 'observed' ? image.value.files : image
  }

  test.each<[string, string, Contents?]>([
    ['a relative one', '../alternatives/nvidia--modprobe.conf'],
    ['an absolute one', `/${elsewhere}`],
    ['one to another', '/etc/alternatives/first', { 'etc/alternatives/first': { to: `/${elsewhere}` } }],
    [
      'one through the link to a folder',
      '/lib/nvidia.conf',
      { lib: { to: 'etc/alternatives' }, 'etc/alternatives/nvidia.conf': target },
    ],
  ])('a modprobe.d link has the hash of its target: %s', (_name, link, more = {}) => {
    const linking = cpioOf({ ...top, ...more, 'etc/modprobe.d/nvidia.conf': { to: link } })
    const expected = { ...own, '/etc/modprobe.d/nvidia.conf': sha256(target) }
    if (tellsOffsets) expect(filesIn(cpioOf({ [elsewhere]: target }), gzipSync(linking))).toEqual(expected)
    expect(
      filesIn(
        gzipSync(
          cpioOf({ ...top, ...more, [elsewhere]: target, 'etc/modprobe.d/nvidia.conf': { to: link } }),
        ),
      ),
    ).toEqual(expected)
  })

  test.each([
    ['of that absolute path', '/etc/passwd'],
    ['above the image', `${'../'.repeat(20)}etc/passwd`],
    ['where it leads to itself', 'nvidia.conf'],
  ])("a modprobe.d link never has that of the host's own file %s", (_name, link) => {
    expect(filesIn(gzipSync(cpioOf({ ...top, 'etc/modprobe.d/nvidia.conf': { to: link } })))).toEqual(own)
  })

  // dracut has identical files linked to one another (hardlink(1)).
  test('a file has its bytes under whichever of its names they come', () => {
    const linked = { mode: MODES.file, inode: 7, links: 3 }
    const image = cpioOfEntries([
      { name: 'init', mode: MODES.file },
      { name: 'etc/modprobe.d/own.conf', ...linked },
      { name: 'usr/lib/modprobe.d/own.conf', ...linked },
      { name: 'usr/share/example', ...linked, content: 'own' },
    ])
    expect(filesIn(gzipSync(image))).toEqual({ ...own, '/usr/lib/modprobe.d/own.conf': sha256('own') })
  })

  it.skipIf(isMissing || !hasCpio || !tellsOffsets)(
    'what follows a link to a folder is told, as the kernel would unpack it',
    () => {
      const merged = cpioOf({ lib: { to: 'usr/lib' }, 'usr/lib/modprobe.d/a.conf': 'a' })
      const more = cpioOfEntries([
        { name: 'init', mode: MODES.file },
        { name: './lib/modprobe.d/b.conf', mode: MODES.file, content: 'b' },
      ])
      expect(filesIn(merged, more)).toEqual({
        '/usr/lib/modprobe.d/a.conf': sha256('a'),
        '/lib/modprobe.d/b.conf': sha256('b'),
      })
    },
  )

  test('only regular files are read: a FIFO holds nobody up', () => {
    const named = (name: string) => ({ name, mode: MODES.fifo })
    const image = cpioOfEntries([
      { name: 'usr/lib/dracut', mode: MODES.folder },
      named('etc/cmdline.d/a.conf'),
      named('etc/modprobe.d/a.conf'),
      { name: 'etc/modprobe.d/own.conf', mode: MODES.file, content: 'own' },
    ])
    expect(filesIn(gzipSync(image))).toEqual(own)
  })

  it.skipIf(isMissing || !hasCpio || !tellsOffsets)('the later of two archives counts', () => {
    expect(filesIn(cpioOf({ ...top, 'etc/modprobe.d/own.conf': 'old' }), gzipSync(cpioOf(top)))).toEqual(own)
  })
})

describe.each(REAL_SHELLS)('whatever is in an image, under %s', (_, { argv, isMissing }) => {
  const test = it.skipIf(isMissing || !hasCpio)

  /** What a look at the image leaves beside it, and in the folder `outside`. */
  function leavings(image: (outside: string) => Buffer): string[] {
    const outside = mkdtempSync(join(tmpdir(), 'vfio-run-outside-'))
    try {
      const left = {
        commands: {
          left: `${images.commands.found} >/dev/null; cd "$root/.."; find ! -path './programs/*' ! -path './bin*' -print`,
        },
        parse: ({ left }: { left: string }) => left.split('\n').filter(Boolean),
      }
      const contents = { '/boot/initrd.img-6.1': image(outside).toString('latin1'), '/var/tmp/x': '' }
      const found = factOf(left, argv, contents, { functions: READ_IMAGE })
      return [...found.filter(path => !USUAL.includes(path)), ...readdirSync(outside)]
    } finally {
      rmSync(outside, { recursive: true, force: true })
    }
  }
  const USUAL = [
    '.',
    './root',
    './root/boot',
    './root/boot/initrd.img-6.1',
    './root/var',
    './root/var/tmp',
    './root/var/tmp/x',
    './unpacked',
  ]

  test.each<[string, (outside: string) => Buffer]>([
    [
      'a link to a folder, and a file below it',
      outside => archive(link('x', outside), file('x/modprobe.d/pwn.conf')),
    ],
    [
      'such a link in the place of the folder',
      outside => archive(link('etc/modprobe.d', outside), file('etc/modprobe.d/pwn.conf')),
    ],
    [
      'such a link in an earlier archive',
      outside => Buffer.concat([archive(link('etc', outside)), archive(file('etc/modprobe.d/pwn.conf'))]),
    ],
    [
      'such a link under another spelling',
      outside => archive(link('./etc//modprobe.d', outside), file('etc/modprobe.d/pwn.conf')),
    ],
    [
      'such a link in the place of a file',
      outside => archive(link('config', `${outside}/pwn`), folder('hooks'), file('config')),
    ],
    [
      'such a link that a newline hides',
      outside =>
        archive(
          link('x\n-rw-r--r-- 1 0 0 1 Jan  1  1970 etc/modprobe.d', outside),
          link('etc/modprobe.d', outside),
          file('etc/modprobe.d/pwn.conf'),
        ),
    ],
    [
      'such a link whose target looks like a listing',
      outside =>
        archive(
          link('etc/modprobe.d', `${outside}\n-rw-r--r-- 1 0 0 1 Jan  1  1970 etc/modprobe.d`),
          file('etc/modprobe.d/pwn.conf'),
        ),
    ],
    [
      'a link to a file, that a hard link is made to',
      outside =>
        archive(
          link('config', outside),
          { ...file('config'), inode: 5, links: 2 },
          { ...file('etc/modprobe.d/pwn.conf'), inode: 5, links: 2 },
        ),
    ],
    [
      'absolute names',
      outside => archive(file(`${outside}/pwn`), file(`${outside}/etc/modprobe.d/pwn.conf`)),
    ],
    [
      'names above it',
      () =>
        archive(
          file('../../../../../pwn'),
          file('etc/modprobe.d/../../../../../../../pwn.conf'),
          file('../../../etc/modprobe.d/a.conf'),
        ),
    ],
    [
      'devices and FIFOs',
      () =>
        archive(
          { name: 'etc/modprobe.d/a.conf', mode: MODES.device },
          { name: 'conf/modules', mode: MODES.fifo },
        ),
    ],
    [
      'what cuts it short behind that',
      outside => archive(link('x', outside), file('x/pwn')).subarray(0, 400),
    ],
  ])('nothing is made outside: %s', (_name, image) => {
    expect(leavings(image)).toEqual([])
    expect(leavings(outside => gzipSync(image(outside)))).toEqual([])
  })

  test('nothing is made outside, property', () => {
    const name = fc.constantFrom(
      'etc',
      'etc/modprobe.d',
      './etc/modprobe.d',
      'etc/modprobe.d/a.conf',
      'etc/modprobe.d/b.conf',
      'lib',
      'lib/modprobe.d/a.conf',
      'config',
      'config/modprobe.d/a.conf',
      'conf/modules',
      '../../pwn',
      'OUT/etc/modprobe.d/a.conf',
      'OUT/pwn',
    )
    const target = fc.constantFrom('OUT', 'OUT/pwn', '../../..', '/', 'etc', 'config', '.')
    const entry = fc.record({
      name,
      mode: fc.constantFrom(...Object.values(MODES)),
      content: target,
      inode: fc.constantFrom(1, 2, 3),
      links: fc.constantFrom(1, 2),
    })
    const entries = fc.array(fc.array(entry, { maxLength: 6 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(entries, archives => {
        const left = leavings(outside =>
          Buffer.concat(
            archives.map(parts =>
              archive(
                file('init'),
                ...parts.map(part => ({
                  ...part,
                  name: part.name.replace('OUT', outside),
                  content: part.content.replace('OUT', outside),
                })),
              ),
            ),
          ),
        )
        expect(left).toEqual([])
      }),
      { numRuns: 25 },
    )
  })
})

const archive = (...entries: readonly CpioEntry[]): Buffer =>
  cpioOfEntries([{ name: 'init', mode: MODES.file }, ...entries])
const file = (name: string): CpioEntry => ({ name, mode: MODES.file, content: 'pwn' })
const folder = (name: string): CpioEntry => ({ name, mode: MODES.folder })
const link = (name: string, to: string): CpioEntry => ({ name, mode: MODES.link, content: to })

describe.each(REAL_SHELLS)('why an image was not read, under %s', (_, { argv, isMissing }) => {
  const image = cpioOf(TREES.dracut ?? {})
  const whyNot = (
    bytes: Buffer,
    without: readonly string[],
    more: Contents = { '/var/tmp/x': '' },
    by: readonly string[] = argv,
  ) => {
    const contents = { '/boot/initrd-6.1': bytes.toString('latin1'), ...more }
    const known = factOf(images, by, contents, { functions: READ_IMAGE, without })['/boot/initrd-6.1']
    return known?.is === 'unknown' ? known.why : known
  }

  it.skipIf(isMissing || !hasCpio).each<[string, Buffer, readonly string[], string]>([
    ['what compressed it', zstdCompressSync(image), ['zstd'], 'zstd is not installed, which unpacks it'],
    [
      'cpio',
      image,
      ['cpio', 'bsdtar', 'unmkinitramfs', 'lsinitrd', 'lsinitcpio'],
      'cpio is not installed, which unpacks it',
    ],
    [
      'squashfs',
      gzipSync(cpioOf({ init: '', 'squash-root.img': '' })),
      [],
      'its files are packed once more inside it, as squashfs or erofs',
    ],
    ['an archive', Buffer.from('image'), [], 'none of the programs here that unpack images could'],
  ])('for want of %s', (_name, bytes, without, why) => {
    expect(whyNot(bytes, without)).toBe(why)
  })

  it.skipIf(isMissing)('for want of a folder', () => {
    expect(whyNot(image, [], {})).toBe('no folder to unpack it in can be made in /var/tmp')
  })

  const noMount = whyNoMount()
  it.skipIf(isMissing || !hasCpio || noMount !== '')(`for want of room${noMount}`, () => {
    const small = `mount -t tmpfs -o size=64k none "$VFIO_RUN_ROOT/var/tmp" && exec ${argv.join(' ')}`
    const large = cpioOf({ init: '', 'etc/modprobe.d/a.conf': 'x'.repeat(200_000) })
    const why = whyNot(gzipSync(large), [], { '/var/tmp/x': '' }, ['unshare', '-m', 'sh', '-c', small])
    expect(why).toBe('there is no room in /var/tmp to unpack it')
  })
})

it('any output gives a value', () => {
  parsesAnything(images)
})
