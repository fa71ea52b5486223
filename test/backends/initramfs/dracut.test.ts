import { describe, expect, it } from 'vitest'
import { dracut } from '../../../src/backends/initramfs/dracut.ts'
import { applyChanges } from '../../../src/host/change.ts'
import { sha256 } from '../../../src/host/digest.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'

const { images } = dracut
const RELEASE = '6.1.0-56-amd64'
const DROP_IN = '/etc/dracut.conf.d/vfio.conf'
const VENDOR = '/usr/lib/dracut/dracut.conf.d'
const MODULES = ['vfio', 'vfio_iommu_type1', 'vfio_virqfd', 'vfio_pci']
const ITEMS = 'install_items+=" /etc/modprobe.d/*.conf "\n'

/** A machine of dracut with these files, and none else of its configuration or of modprobe.d. */
function aDracutHost(files: Readonly<Record<string, string>> = {}, differing: Partial<Host> = {}): Host {
  const host = aHost({ tools: ['dracut'], files: {}, images: {}, ...differing })
  return withFiles(host, files)
}

function edited(host: Host, edit: { add?: readonly string[]; remove?: readonly string[] }): Host {
  const changes = dracut.edit(host, { add: [], remove: [], ...edit })
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}
const imageAt = (path: string, differing: Partial<Image> = {}) => ({
  [path]: observed<Image>({
    path,
    release: RELEASE,
    madeBy: 'dracut',
    modules: [],
    loads: [],
    files: {},
    ...differing,
  }),
})
const texts = (host: Host) =>
  Object.fromEntries(Object.entries(host.files).map(([path, { bytes }]) => [path, bytes]))

describe('the list of modules', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['is empty where nothing sets it', { '/etc/dracut.conf': '# force_drivers+=" vfio "\n' }, []],
    [
      'is of the main file',
      { '/etc/dracut.conf': 'force_drivers+=" vfio-pci ext4 "\n' },
      ['vfio_pci', 'ext4'],
    ],
    [
      "goes on in drop-ins, the distribution's and those of /etc by name",
      {
        [`${VENDOR}/80-vfio.conf`]: 'force_drivers+=" vfio "\n',
        '/etc/dracut.conf.d/9-a.conf': 'force_drivers=" ext4 "\n',
        '/etc/dracut.conf.d/90-b.conf': 'force_drivers+=" xfs "\n',
      },
      ['ext4', 'vfio', 'xfs'],
    ],
    [
      'not in one that /etc hides',
      { [`${VENDOR}/80-vfio.conf`]: 'force_drivers+=" vfio "\n', '/etc/dracut.conf.d/80-vfio.conf': '' },
      [],
    ],
    [
      'not in one whose name does not end in .conf',
      { '/etc/dracut.conf.d/vfio': 'force_drivers+=" vfio "' },
      [],
    ],
    [
      'starts anew with a plain assignment',
      { '/etc/dracut.conf': 'force_drivers+=" vfio "\nforce_drivers=" xfs "\n' },
      ['xfs'],
    ],
    [
      'takes itself and other variables in',
      {
        '/etc/dracut.conf': 'mine="vfio_pci"\nforce_drivers="vfio"\nforce_drivers="$force_drivers ${mine}"\n',
      },
      ['vfio', 'vfio_pci'],
    ],
    [
      'runs together where blanks are missing',
      { '/etc/dracut.conf': 'force_drivers+="vfio"\nforce_drivers+="vfio_pci"\n' },
      ['vfiovfio_pci'],
    ],
  ])('%s', (_, files, modules) => {
    expect(dracut.listed(aDracutHost(files))).toEqual(modules)
  })
})

describe('editing', () => {
  it.each<[string, Record<string, string>, Record<string, string | undefined>, string[]?]>([
    [
      'starts a drop-in',
      {},
      { [DROP_IN]: 'force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio_pci "\n' },
    ],
    [
      'goes on with the one that is there, within its list',
      { [DROP_IN]: '# mine\nforce_drivers+=" vfio-pci "\n' },
      { [DROP_IN]: '# mine\nforce_drivers+=" vfio-pci vfio vfio_iommu_type1 vfio_virqfd "\n' },
    ],
    [
      'does not list what the distribution lists already',
      { [`${VENDOR}/80-vfio.conf`]: 'force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio-pci "\n' },
      {},
    ],
    [
      'lists what the distribution leaves out',
      { [`${VENDOR}/80-vfio.conf`]: 'force_drivers+=" vfio vfio_iommu_type1 vfio-pci "\n' },
      { [DROP_IN]: 'force_drivers+=" vfio_virqfd "\n' },
    ],
    [
      'takes another name where that would hide a file of the distribution',
      { [`${VENDOR}/vfio.conf`]: 'hostonly="yes"\n' },
      {
        '/etc/dracut.conf.d/vfio-run.conf': 'force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio_pci "\n',
      },
    ],
    [
      'takes modprobe.d along where the image is for any machine',
      { '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:1\n' },
      { [DROP_IN]: `force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio_pci "\n${ITEMS}` },
    ],
    [
      'not where it is for this host, and dracut does so by itself',
      {
        '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:1\n',
        [`${VENDOR}/01-dist.conf`]: 'hostonly="yes"\n',
      },
      { [DROP_IN]: 'force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio_pci "\n' },
    ],
    [
      'but there too where an image is for any machine (--no-hostonly)',
      {
        '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:1\n',
        [`${VENDOR}/01-dist.conf`]: 'hostonly="yes"\n',
      },
      { [DROP_IN]: `force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio_pci "\n${ITEMS}` },
      ['/boot/initramfs-linux.img', '/boot/initramfs-linux-fallback.img'],
    ],
    [
      'nor where a list has its files already',
      {
        '/etc/modprobe.d/vfio.conf': 'x',
        '/etc/dracut.conf': 'install_items+=" /etc/modprobe.d/vfio.conf "\n',
      },
      { [DROP_IN]: 'force_drivers+=" vfio vfio_iommu_type1 vfio_virqfd vfio_pci "\n' },
    ],
  ])('%s', (_, files, written, paths = []) => {
    const host = aDracutHost(files, { images: Object.assign({}, ...paths.map(path => imageAt(path))) })
    const after = edited(host, { add: MODULES })
    expect(texts(after)).toEqual({ ...files, ...written })
    expect(edited(after, { add: MODULES })).toEqual(after)
  })

  it.each<[string, Record<string, string>]>([
    ['a drop-in of its own', {}],
    ['one with its line for modprobe.d', { '/etc/modprobe.d/vfio.conf': 'x' }],
    ['names in a list of others', { [DROP_IN]: '# \xff\nforce_drivers+=" xfs "\n' }],
    ['a drop-in with other lines', { [DROP_IN]: 'compress="cat"\n' }],
  ])('adds and takes away again %s', (_, files) => {
    const host = aDracutHost(files)
    const there = edited(host, { add: MODULES })
    expect(there).not.toEqual(host)
    expect(edited(there, { remove: MODULES })).toEqual(host)
  })

  it('takes the names out of every list in /etc, and leaves the rest of it', () => {
    const host = aDracutHost({
      '/etc/dracut.conf': "force_drivers+=' xfs vfio-pci ' # mine\n",
      '/etc/dracut.conf.d/wabbit.conf': 'force_drivers+=" vfio vfio_pci vfio_iommu_type1 "\nhostonly="yes"\n',
    })
    expect(texts(edited(host, { remove: MODULES }))).toEqual({
      '/etc/dracut.conf': "force_drivers+=' xfs ' # mine\n",
      '/etc/dracut.conf.d/wabbit.conf': 'force_drivers+=" "\nhostonly="yes"\n',
    })
  })

  it('takes out a name that a kernel does not have: dracut leaves out those after it', () => {
    const kernels = [{ ...kernelOf(), release: '6.8.0', vfio: { vfio: MODULE, vfio_pci: MODULE } }]
    const host = aDracutHost(
      { '/etc/dracut.conf.d/wabbit.conf': 'force_drivers+=" vfio_virqfd vfio vfio_pci "\n' },
      { kernels },
    )
    expect(texts(edited(host, { add: ['vfio', 'vfio_pci'] }))).toEqual({
      '/etc/dracut.conf.d/wabbit.conf': 'force_drivers+=" vfio vfio_pci "\n',
    })
  })
})

const MODULE = { is: 'module', needs: [] } as const
const kernelOf = () => {
  const [kernel] = aHost().kernels
  if (kernel === undefined) throw new Error('the recorded machine has a kernel')
  return kernel
}

describe('what only a shell could tell', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'a later file sets the list anew',
      { '/etc/dracut.conf.d/zz.conf': 'force_drivers=" xfs "\n' },
      `/etc/dracut.conf.d/zz.conf:1 sets force_drivers anew, after ${DROP_IN} and whatever that adds to it`,
    ],
    [
      'omit_drivers names vfio',
      { '/etc/dracut.conf': '\nomit_drivers+=" nouveau vfio-pci "\n' },
      '/etc/dracut.conf:2 keeps vfio modules out of the images (omit_drivers)',
    ],
    [
      'omit_drivers has a pattern for it',
      { '/etc/dracut.conf': 'omit_drivers+=" nouveau .*_pci.* "\n' },
      '/etc/dracut.conf:1 keeps vfio modules out of the images (omit_drivers)',
    ],
    [
      'a condition',
      { '/etc/dracut.conf': 'if true; then\nforce_drivers+=" xfs "\nfi\n' },
      '/etc/dracut.conf:2 sets force_drivers under a condition: force_drivers+=" xfs "',
    ],
    [
      'a command substitution',
      { '/etc/dracut.conf': 'force_drivers+=" $(lsmod) "\n' },
      '/etc/dracut.conf:1 takes force_drivers from what only the shell can tell: force_drivers+=" $(lsmod) "',
    ],
    [
      'another file',
      { '/etc/dracut.conf': '. /etc/more\n' },
      '/etc/dracut.conf:1 works the configuration out in shell, which cannot be read safely: . /etc/more',
    ],
    [
      'a quote without an end',
      { '/etc/dracut.conf': 'force_drivers+=" xfs\n' },
      '/etc/dracut.conf:1 has an unterminated double quote: force_drivers+=" xfs',
    ],
    [
      'Windows line ends',
      { '/etc/dracut.conf': 'hostonly="yes"\r\n' },
      '/etc/dracut.conf:1 has Windows line ends (CRLF), which become part of the values: hostonly="yes"\r',
    ],
    [
      'a template',
      { '/etc/dracut.conf': 'force_drivers+=" {{ drivers }} "\n' },
      '/etc/dracut.conf:1 is a template that was never filled in: force_drivers+=" {{ drivers }} "',
    ],
  ])('%s is refused', (_, files, why) => {
    expect(dracut.edit(aDracutHost(files), { add: MODULES, remove: [] })).toMatchObject({ why })
  })

  it('a name of the distribution that a kernel does not have is refused', () => {
    const kernels = [{ ...kernelOf(), vfio: { vfio: MODULE, vfio_pci: MODULE } }]
    const host = aDracutHost(
      { [`${VENDOR}/80-vfio.conf`]: 'force_drivers+=" vfio_virqfd vfio "\n' },
      { kernels },
    )
    expect(dracut.edit(host, { add: ['vfio'], remove: [] })).toMatchObject({
      why: `${VENDOR}/80-vfio.conf:1 names a vfio module that not every kernel here has: dracut leaves out what follows it`,
    })
  })
})

describe('images', () => {
  const PATH = `/boot/initrd.img-${RELEASE}`
  const configured = edited(aDracutHost({ '/etc/modprobe.d/vfio.conf': 'x' }, { images: imageAt(PATH) }), {
    add: MODULES,
  })

  it('are stale until they are rebuilt', () => {
    expect(images.isStale(configured)).toBe(`${PATH} does not hold vfio`)
    const derived = images.derive(configured)
    expect(images.isStale(derived)).toBeUndefined()
    expect(derived.images[PATH]).toMatchObject({
      is: 'predicted',
      value: {
        madeBy: 'dracut',
        modules: ['vfio', 'vfio_iommu_type1', 'vfio_pci', 'vfio_pci_core', 'vfio_virqfd'],
        loads: MODULES,
        files: { '/etc/modprobe.d/vfio.conf': sha256('x') },
      },
    })
  })

  it('for any machine hold modprobe.d only where a list has it', () => {
    const host = aDracutHost({ '/etc/modprobe.d/vfio.conf': 'x' }, { images: imageAt(PATH) })
    expect(images.isStale(host)).toBeUndefined()
    expect(images.isStale(withFiles(host, { '/etc/dracut.conf': 'hostonly=yes\n' }))).toBe(
      `${PATH} holds no /etc/modprobe.d/vfio.conf`,
    )
  })

  it('for any machine hold modprobe.d by the list alone, though others are for this host only', () => {
    const fallback = '/boot/initramfs-linux-fallback.img'
    const host = aDracutHost(
      { '/etc/modprobe.d/vfio.conf': 'x', '/etc/dracut.conf': 'hostonly="yes"\n' },
      { images: { ...imageAt('/boot/initramfs-linux.img'), ...imageAt(fallback) } },
    )
    expect(images.derive(host).images[fallback]).toMatchObject({ value: { files: {} } })
    expect(images.derive(edited(host, { add: MODULES })).images[fallback]).toMatchObject({
      value: { files: { '/etc/modprobe.d/vfio.conf': sha256('x') } },
    })
  })

  it('whose configuration cannot be read are unclear, and say why', () => {
    const host = aDracutHost({ '/etc/dracut.conf': '. /etc/more\n' }, { images: imageAt(PATH) })
    expect(images.unclear?.(host)).toMatchObject({ refused: true, why: images.isStale(host) })
    expect(images.derive(host)).toEqual(host)
  })

  it('of a kernel that has it built in need no module', () => {
    const kernels = [{ ...kernelOf(), vfio: { vfio_pci: { is: 'builtin', needs: [] } as const } }]
    expect(images.derive({ ...configured, kernels }).images[PATH]).toMatchObject({ value: { modules: [] } })
  })

  const all = [['dracut', '--force', '--regenerate-all']]
  it.each<[string, readonly string[], readonly (readonly string[])[]]>([
    ['none is known', [], all],
    ['Debian', [PATH], [['dracut', '--force', PATH, RELEASE]]],
    [
      'Fedora',
      [`/boot/initramfs-${RELEASE}.img`],
      [['dracut', '--force', `/boot/initramfs-${RELEASE}.img`, RELEASE]],
    ],
    ['openSUSE', [`/boot/initrd-${RELEASE}`], [['dracut', '--force', `/boot/initrd-${RELEASE}`, RELEASE]]],
    [
      'kernel-install, whose entry token dracut does not read',
      [`/efi/fedora/${RELEASE}/initrd`],
      [['dracut', '--force', `/efi/fedora/${RELEASE}/initrd`, RELEASE]],
    ],
    ['a unified kernel image', [`/efi/EFI/Linux/linux-${RELEASE}-ID.efi`], all],
    [
      'a copy on the ESP, which dracut does not write',
      [PATH, `/boot/efi/ID/${RELEASE}/initrd.img-${RELEASE}`],
      [
        ['dracut', '--force', PATH, RELEASE],
        ['dracut', '--force', `/boot/efi/ID/${RELEASE}/initrd.img-${RELEASE}`, RELEASE],
      ],
    ],
    [
      'two of which dracut itself writes only one',
      [PATH, `/efi/ID/${RELEASE}/initrd`],
      [
        ['dracut', '--force', PATH, RELEASE],
        ['dracut', '--force', `/efi/ID/${RELEASE}/initrd`, RELEASE],
      ],
    ],
    [
      "Arch's, with one for any machine",
      ['/boot/initramfs-linux.img', '/boot/initramfs-linux-fallback.img'],
      [
        ['dracut', '--force', '/boot/initramfs-linux.img', RELEASE],
        ['dracut', '--force', '--no-hostonly', '/boot/initramfs-linux-fallback.img', RELEASE],
      ],
    ],
  ])('are rebuilt: %s', (_, paths, commands) => {
    const host = aDracutHost({}, { images: Object.assign({}, ...paths.map(path => imageAt(path))) })
    expect(images.rebuild(host)).toEqual(commands)
    expect(images.writes(host)).toEqual(paths)
  })

  it('that clr-boot-manager copies are made in /etc, in the place of the package’s, and copied', () => {
    const name = 'initrd-com.solus-project.current.6.8.2-286'
    const release = '6.8.2-286.current'
    const paths = [`/usr/lib/kernel/${name}`, `/boot/EFI/com.solus-project/${name}`]
    const host = aDracutHost(
      {},
      {
        images: Object.assign({}, ...paths.map(path => imageAt(path, { release }))),
        kernels: aHost().kernels.map(kernel => ({ ...kernel, release })),
      },
    )
    const commands = [
      ['dracut', '--force', `/etc/kernel/${name}`, release],
      ['clr-boot-manager', 'update'],
    ]
    expect(images.rebuild(host)).toEqual(commands)
    expect(images.writes(host)).toEqual([`/etc/kernel/${name}`, paths[1]])
    const own = imageAt(`/etc/kernel/${name}`, { release })
    expect(images.rebuild({ ...host, images: own })).toEqual(commands)
  })

  it('that snapshots share are made anew by sdbootutil; what only an older snapshot boots is left alone', () => {
    const esp = `/boot/efi/opensuse-tumbleweed/${RELEASE}`
    const [mine, other] = ['a', 'b'].map(
      digit => `/opensuse-tumbleweed/${RELEASE}/initrd-${digit.repeat(40)}`,
    )
    const entry = (snapshot: number, initrd = '') => ({
      [`/boot/efi/loader/entries/opensuse-tumbleweed-${RELEASE}-${snapshot}.conf`]: `options root=UUID=1 rootflags=subvol=@/.snapshots/${snapshot}/snapshot\nlinux /opensuse-tumbleweed/${RELEASE}/linux-1\ninitrd ${initrd}\n`,
    })
    const host = withCmdline(
      aDracutHost(
        { '/etc/dracut.conf': 'force_drivers+=" vfio "\n', ...entry(2, mine), ...entry(1, other) },
        {
          tools: ['dracut', 'sdbootutil'],
          images: {
            ...imageAt(`/boot/efi${mine}`, { modules: ['vfio'], loads: ['vfio'] }),
            ...imageAt(`/boot/efi${other}`),
          },
        },
      ),
      'root=UUID=1 rootflags=subvol=@/.snapshots/2/snapshot',
    )
    expect(images.rebuild(host)).toEqual([['sdbootutil', 'mkinitrd']])
    expect(images.isStale(host)).toBeUndefined()
    expect(images.writes(host)).toEqual([
      `${esp}/initrd-${'a'.repeat(40)}`,
      `/boot/efi/loader/entries/opensuse-tumbleweed-${RELEASE}-2.conf`,
    ])
    const before = withFiles(host, entry(1, mine))
    expect(images.isStale({ ...before, images: imageAt(`/boot/efi${mine}`) })).toMatch(/does not hold vfio/)
  })

  it('beside a unified kernel image stay plain ones', () => {
    const uki = `/efi/EFI/Linux/linux-${RELEASE}-ID.efi`
    const host = aDracutHost(
      { '/etc/dracut.conf': 'uefi="yes"\n' },
      { images: { ...imageAt(PATH), ...imageAt(uki) } },
    )
    expect(images.rebuild(host)).toEqual([...all, ['dracut', '--force', '--no-uefi', PATH, RELEASE]])
    expect(images.rebuild({ ...host, images: imageAt(uki) })).toEqual(all)
  })
})
