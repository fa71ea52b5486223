import { describe, expect, it } from 'vitest'
import { clrBootManager, clrEntries } from '../../../src/backends/bootloaders/clr_boot_manager.ts'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withFiles, withMenus } from '../../builders.ts'
import { parsesAnything } from '../../host/facts/any_output.ts'

const OWN = '/etc/kernel/cmdline.d/vfio-run.conf'
const DEVICE = '/dev/disk/by-partuuid/0b1c'
const edits: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2'] },
]
const undo: readonly ArgEdit[] = [
  { op: 'remove', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: [] },
]
const ADDED = 'intel_iommu=on vfio-pci.ids=10de:13c2'

const entry = (version: string, options: string): string => {
  const name = `com.solus-project.current.${version}`
  return `file loader/entries/Solus-current-${version}.conf
line title Solus 4.5
line linux /EFI/com.solus-project/kernel-${name}
line initrd /EFI/com.solus-project/initrd-${name}
line options root=PARTUUID=aa rootflags=subvol=@ ${options}
`
}
const esp = (options: string): string => `device ${DEVICE}
file loader/loader.conf
line default Solus-current-6.8.2-286.conf
${entry('6.8.2-286', options)}${entry('6.7.9-280', options)}file loader/entries/other.conf
line linux /vmlinuz
line options root=UUID=2
end
`

function solus(files: Readonly<Record<string, string>> = {}, options = 'quiet splash'): Host {
  const host = aHost({ files: {}, tools: ['clr-boot-manager', 'dracut'], paths: [] })
  const kernels = ['6.7.9-280.current', '6.8.2-286.current'].map(release => ({
    ...host.kernels[0],
    release,
  })) as Host['kernels']
  const firmware = { ...host.firmware, uefi: true, loaderInfo: 'systemd-boot 255' }
  const menu = clrBootManager.observes?.parse({ esps: esp(options) })
  if (menu === undefined) throw new Error('it observes nothing')
  return withMenus(
    withFiles(
      { ...host, kernels, firmware },
      {
        '/usr/lib/kernel/cmdline-6.8.2-286.current': 'quiet\nsplash\n',
        '/usr/lib/kernel/cmdline-6.7.9-280.current': 'quiet splash\n',
        ...files,
      },
    ),
    { 'clr-boot-manager': menu },
  )
}

function edited(host: Host, wanted = edits): Host {
  const changes = clrBootManager.edit(host, wanted)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

describe('Solus with clr-boot-manager', () => {
  it('a drop-in of our own, which goes with the last argument in it', () => {
    const after = edited(solus())
    expect(after.files[OWN]?.bytes).toBe(`${ADDED}\n`)
    expect(edited(after)).toEqual(after)
    expect(edited(after, undo)).toEqual(solus())
    expect(clrEntries.isStale(solus())).toBeUndefined()
    expect(clrEntries.isStale(after)).toContain('Solus-current-6.8.2-286.conf'.toLowerCase())
    expect(clrEntries.rebuild(after)).toEqual([['clr-boot-manager', 'update']])
    expect(clrEntries.isStale(clrEntries.derive(after))).toBeUndefined()
  })

  it('an argument that stands in another file of /etc is changed there', () => {
    const files = {
      '/etc/kernel/cmdline': '        this\t\n',
      '/etc/kernel/cmdline.d/10-mine.conf': '# mine\nintel_iommu=off\n  # more\nx\n',
    }
    const host = solus(files, 'quiet splash this intel_iommu=off x')
    expect(clrEntries.isStale(host)).toBeUndefined()
    const after = edited(host)
    expect(after.files['/etc/kernel/cmdline.d/10-mine.conf']?.bytes).toBe(
      '# mine\nintel_iommu=on\n  # more\nx\n',
    )
    expect(after.files['/etc/kernel/cmdline']).toEqual(host.files['/etc/kernel/cmdline'])
    expect(after.files[OWN]?.bytes).toBe('vfio-pci.ids=10de:13c2\n')
  })

  it('boots as its entry will say', () => {
    const host = clrEntries.derive(edited(solus()))
    const name = 'com.solus-project.current.6.8.2-286'
    expect(clrBootManager.next(host)).toEqual({
      title: 'Solus 4.5',
      chosenBy: `the default in loader.conf of ${DEVICE}`,
      release: '6.8.2-286.current',
      cmdline: [
        `initrd=\\EFI\\com.solus-project\\initrd-${name}`,
        'root=PARTUUID=aa',
        'rootflags=subvol=@',
        'quiet',
        'splash',
        ...ADDED.split(' '),
      ],
    })
    expect(clrBootManager.configured(host)).toEqual([
      'root=PARTUUID=aa',
      'rootflags=subvol=@',
      'quiet',
      'splash',
      ...ADDED.split(' '),
    ])
  })

  it.each([
    ['a drop-in of the distribution’s', { '/usr/share/kernel/cmdline.d/a.conf': 'intel_iommu=off\n' }],
    ['one that takes arguments away', { '/etc/kernel/cmdline-removal.d/a.conf': 'intel_iommu=on\n' }],
  ])('%s that overrides ours is refused', (_, files) => {
    expect(clrBootManager.edit(solus(files), edits)).toMatchObject({
      refused: true,
      why: expect.stringContaining('overrides'),
    })
  })

  it('a drop-in of the distribution’s that is hidden counts for nothing', () => {
    const files = {
      '/usr/share/kernel/cmdline.d/a.conf': 'intel_iommu=off\n',
      '/etc/kernel/cmdline.d/a.conf': '',
    }
    expect(edited(solus(files)).files[OWN]?.bytes).toBe(`${ADDED}\n`)
  })

  it('without a look at the ESP is refused', () => {
    const host = { ...solus(), menus: {} }
    expect(clrBootManager.edit(host, edits)).toMatchObject({ refused: true })
    expect(clrBootManager.next(host)).toMatchObject({ refused: true })
  })

  it('is gone through where systemd-boot is found as well', () => {
    const found = findBootloader(solus())
    expect(isRefusal(found) ? found.why : found.loader.name).toBe('clr-boot-manager')
  })

  it('reads any output', () => {
    if (clrBootManager.observes !== undefined) parsesAnything(clrBootManager.observes)
  })
})
