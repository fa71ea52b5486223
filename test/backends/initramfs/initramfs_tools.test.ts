import { describe, expect, it } from 'vitest'
import { initramfsTools, MODULES_FILE } from '../../../src/backends/initramfs/initramfs_tools.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, aReadyHost, withFiles, withImage, withKernel } from '../../builders.ts'

const { images } = initramfsTools
const listing = (text: string) => withFiles(aHost(), { [MODULES_FILE]: text })

function edited(host: Host, edit: { add?: readonly string[]; remove?: readonly string[] }): Host {
  const changes = initramfsTools.edit(host, { add: [], remove: [], ...edit })
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}
const text = (host: Host) => host.files[MODULES_FILE]?.bytes

describe('the list of modules', () => {
  it.each([
    ['a module a line, with options', 'vfio\nvfio-pci disable_vga=1\n', ['vfio', 'vfio_pci']],
    ['comments and blanks do not count', '# vfio\n\n  ext4  \n', ['ext4']],
  ])('%s', (_, file, modules) => {
    expect(initramfsTools.listed(listing(file))).toEqual(modules)
  })

  it.each([
    ['adds at the end', 'ext4\n', { add: ['vfio', 'vfio_pci'] }, 'ext4\nvfio\nvfio_pci\n'],
    ['adds a newline where the last line has none', 'ext4', { add: ['vfio'] }, 'ext4\nvfio\n'],
    [
      'adds what is not there in either spelling',
      'vfio-pci disable_vga=1\n',
      { add: ['vfio_pci'] },
      'vfio-pci disable_vga=1\n',
    ],
    ['does not take a comment for a module', '# vfio\n', { add: ['vfio'] }, '# vfio\nvfio\n'],
    [
      'removes whole lines',
      '# mine\nvfio-pci x=1\next4\nvfio\n',
      { remove: ['vfio', 'vfio_pci'] },
      '# mine\next4\n',
    ],
    ['leaves what nobody named', 'ext4\n', { remove: ['vfio'] }, 'ext4\n'],
    ['starts a file', undefined, { add: ['vfio'] }, 'vfio\n'],
  ])('%s', (_, before, edit, after) => {
    const host = edited(withFiles(aHost(), { [MODULES_FILE]: before }), edit)
    expect(text(host)).toBe(after)
    expect(edited(host, edit)).toEqual(host)
  })

  const PACKAGE = '/usr/share/initramfs-tools/modules.d/site'
  it.each([
    ['CRLF', { [MODULES_FILE]: 'ext4\nvfio\r\n' }, `${MODULES_FILE}:2 has Windows line ends (CRLF): vfio`],
    [
      'a byte order mark',
      { [MODULES_FILE]: '\xef\xbb\xbfvfio\n' },
      `${MODULES_FILE}:1 starts with a byte order mark (BOM): \xef\xbb\xbfvfio`,
    ],
    [
      'a template',
      { [MODULES_FILE]: '{{ modules }}\n' },
      `${MODULES_FILE}:1 is a template that was never filled in: {{ modules }}`,
    ],
    ['UTF-16', { [MODULES_FILE]: '\xff\xfev\0\n\0' }, `${MODULES_FILE}:1 is UTF-16: \xff\xfev`],
    [
      'a package’s list of vfio with CRLF',
      { [PACKAGE]: 'vfio_pci\r\n' },
      `${PACKAGE}:1 has Windows line ends (CRLF): vfio_pci`,
    ],
  ])('is refused by name, whatever is asked for: %s', (_, files, why) => {
    const host = withFiles(aHost(), files)
    for (const edit of [
      { add: ['vfio'], remove: [] },
      { add: [], remove: ['vfio'] },
      { add: [], remove: [] },
    ])
      expect(initramfsTools.edit(host, edit)).toMatchObject({ refused: true, why })
  })

  it('a package’s list of other modules is not looked at so closely', () => {
    expect(text(edited(withFiles(listing(''), { [PACKAGE]: 'ext4\r\n' }), { add: ['vfio'] }))).toBe('vfio\n')
  })

  it('what is added and removed again gives the bytes back', () => {
    const host = listing('# \xff\next4\n')
    expect(edited(edited(host, { add: ['vfio'] }), { remove: ['vfio'] })).toEqual(host)
  })
})

const IMAGE = '/boot/initrd.img-6.1.0-56-amd64'

describe('images', () => {
  it('of a prepared machine are up to date, of a fresh one too', () => {
    expect(images.isStale(aReadyHost())).toBeUndefined()
    expect(images.isStale(aHost())).toBeUndefined()
  })

  it.each<[string, Host, string]>([
    [
      'a listed module is missing',
      withImage(aReadyHost(), IMAGE, { modules: ['vfio'] }),
      `${IMAGE} does not hold vfio_iommu_type1`,
    ],
    [
      'a listed module is not loaded',
      withImage(aReadyHost(), IMAGE, { loads: ['vfio', 'vfio_iommu_type1'] }),
      `${IMAGE} does not load vfio_virqfd`,
    ],
    [
      'one is loaded that is no longer listed',
      withFiles(aReadyHost(), { [MODULES_FILE]: 'ext4\n' }),
      `${IMAGE} still loads vfio, which is no longer listed`,
    ],
    [
      'a modprobe.d file has changed',
      withFiles(aReadyHost(), { '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:1\n' }),
      `${IMAGE} holds an older /etc/modprobe.d/vfio.conf`,
    ],
    [
      'one is new',
      withFiles(aReadyHost(), { '/etc/modprobe.d/nouveau.conf': 'blacklist nouveau\n' }),
      `${IMAGE} holds no /etc/modprobe.d/nouveau.conf`,
    ],
    [
      'one is gone',
      withFiles(aReadyHost(), { '/etc/modprobe.d/vfio.conf': undefined }),
      `${IMAGE} still holds /etc/modprobe.d/vfio.conf, which is gone from the host`,
    ],
    [
      'it cannot be read',
      {
        ...aReadyHost(),
        images: { [IMAGE]: { is: 'unknown', why: 'it is cut' } },
      },
      `${IMAGE} cannot be read: it is cut`,
    ],
  ])('are stale where %s, and no longer once they are derived', (_, host, why) => {
    expect(images.isStale(host)).toBe(why)
    expect(images.isStale(images.derive(host))).toBeUndefined()
  })

  it('load what packages list, too', () => {
    const ready = aReadyHost()
    const list = ready.files[MODULES_FILE]?.bytes ?? ''
    const host = withFiles(ready, {
      [MODULES_FILE]: 'ext4\n',
      '/usr/share/initramfs-tools/modules.d/package': list,
    })
    expect(images.isStale(host)).toBeUndefined()
    const changes = initramfsTools.edit(host, { add: [], remove: ['vfio'] })
    expect(changes).toEqual([])
  })

  it('need not hold a file that is a link to /dev/null: mkinitramfs copies none', () => {
    const mask = { bytes: '', mode: '666', masks: true } as const
    const ready = aReadyHost()
    const host = { ...ready, files: { ...ready.files, '/etc/modprobe.d/masked.conf': mask } }
    expect(images.isStale(host)).toBeUndefined()
    expect(images.isStale(images.derive(host))).toBeUndefined()
  })

  it('need only the modules that their kernel has as modules', () => {
    const builtin = withKernel(listing('vfio\nvfio_pci\nvfio_virqfd\n'), {
      vfio: { vfio_pci: { is: 'builtin', needs: [] } },
    })
    expect(images.derive(builtin).images[IMAGE]).toMatchObject({ value: { modules: [] } })
  })

  it('take along what the listed modules need', () => {
    expect(images.derive(listing('vfio_pci\n')).images[IMAGE]).toMatchObject({
      is: 'predicted',
      value: {
        modules: ['vfio', 'vfio_iommu_type1', 'vfio_pci', 'vfio_pci_core', 'vfio_virqfd'],
        loads: ['vfio_pci'],
      },
    })
  })

  it("are derived as a real machine's were built", () => {
    const real = aReadyHost()
    const fresh = { ...real, images: aHost().images }
    expect(images.derive(fresh).images).toMatchObject(
      Object.fromEntries(
        Object.entries(real.images).map(([path, image]) => [
          path,
          'value' in image ? { value: image.value } : image,
        ]),
      ),
    )
  })

  it('are rebuilt for all kernels at once, and all of them are named', () => {
    expect(images.rebuild(aHost())).toEqual([['update-initramfs', '-u', '-k', 'all']])
    expect(images.writes(aHost())).toEqual([IMAGE])
  })

  it('a kernel without an image needs none', () => {
    const host = { ...aReadyHost(), images: {} }
    expect(images.isStale(host)).toBeUndefined()
    expect(images.writes(host)).toEqual([])
  })
})
