import { describe, expect, it } from 'vitest'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { sdbootutil, sdbootutilEntries } from '../../../src/backends/bootloaders/sdbootutil.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'

const CMDLINE = '/etc/kernel/cmdline'
const ID = '0123456789abcdef0123456789abcdef'
const RELEASE = '6.9.7-1-default'
const ENTRIES = '/boot/efi/loader/entries'
const edits: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const undo: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

const fixed = (snapshot: number): string =>
  `rootflags=subvol=@/.snapshots/${snapshot}/snapshot systemd.machine_id=${ID}`
const entry = (snapshot: number, options: string): string => `# Boot Loader Specification type#1 entry
title      openSUSE Tumbleweed
version    ${snapshot}@${RELEASE}
sort-key   opensuse-tumbleweed
options    ${options}
linux      /opensuse-tumbleweed/${RELEASE}/linux-ab12
initrd     /opensuse-tumbleweed/${RELEASE}/initrd-cd34
`
const pathOf = (snapshot: number): string => `${ENTRIES}/opensuse-tumbleweed-${RELEASE}-${snapshot}.conf`

function tumbleweed(files: Readonly<Record<string, string | undefined>> = {}): Host {
  const host = aHost({ files: {}, tools: ['sdbootutil', 'dracut', 'kernel-install'], paths: [] })
  const kernels = [{ ...host.kernels[0], release: RELEASE }] as Host['kernels']
  const firmware = { ...host.firmware, uefi: true, loaderInfo: 'systemd-boot 256' }
  const line = `initrd=\\opensuse-tumbleweed\\${RELEASE}\\initrd-cd34 root=UUID=1 splash=silent quiet ${fixed(2)}`
  return withFiles(withCmdline({ ...host, kernels, firmware }, line), {
    [CMDLINE]: 'splash=silent  quiet root=UUID=1\n',
    [pathOf(2)]: entry(2, `splash=silent quiet root=UUID=1 ${fixed(2)}`),
    [pathOf(1)]: entry(1, `splash=silent quiet root=UUID=1 ${fixed(1)}`),
    ...files,
  })
}

function edited(host: Host, wanted = edits): Host {
  const changes = sdbootutil.edit(host, wanted)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

describe('openSUSE with sdbootutil', () => {
  it('the source, and entries of the running snapshot made from it', () => {
    const after = edited(tumbleweed())
    expect(after.files[CMDLINE]?.bytes).toBe('splash=silent  quiet root=UUID=1 intel_iommu=on\n')
    expect(edited(after)).toEqual(after)
    expect(edited(after, undo)).toEqual(tumbleweed())
    expect(sdbootutilEntries.isStale(tumbleweed())).toBeUndefined()
    expect(sdbootutilEntries.isStale(after)).toContain(pathOf(2))
    expect(sdbootutilEntries.rebuild(after)).toEqual([['sdbootutil', 'update-all-entries']])
    expect(sdbootutilEntries.writes(after)).toEqual([pathOf(2)])
    const made = sdbootutilEntries.derive(after)
    expect(made.files[pathOf(2)]?.bytes).toBe(
      entry(2, `splash=silent quiet root=UUID=1 intel_iommu=on ${fixed(2)}`),
    )
    expect(made.files[pathOf(1)]).toEqual(tumbleweed().files[pathOf(1)])
    expect(sdbootutilEntries.isStale(made)).toBeUndefined()
    expect(sdbootutil.configured(made)).toContain('intel_iommu=on')
  })

  it('root= is that of the entry, whatever the file says', () => {
    const made = sdbootutilEntries.derive(tumbleweed({ [CMDLINE]: 'root=LABEL=x quiet\n' }))
    expect(made.files[pathOf(2)]?.bytes).toBe(entry(2, `root=UUID=1 quiet ${fixed(2)}`))
  })

  it('a new source begins with the entry’s line', () => {
    const after = edited(tumbleweed({ [CMDLINE]: undefined }))
    expect(after.files[CMDLINE]?.bytes).toMatch(/^splash=silent quiet root=UUID=1 .* intel_iommu=on\n$/)
  })

  it.each([
    ['an empty file', ''],
    ['a file that lacks some', 'splash=silent'],
  ])('%s would cost the entry its arguments: refused, and they are named', (_, text) => {
    const refusal = sdbootutil.edit(tumbleweed({ [CMDLINE]: text }), edits)
    expect(isRefusal(refusal) && refusal.why).toMatch(
      /entries\/.*-2\.conf carries .*quiet.*makes the entry anew/,
    )
  })

  it('an entry that only has ours more than the file is one that a cut run left', () => {
    const cut = tumbleweed({
      [pathOf(2)]: entry(2, `splash=silent quiet root=UUID=1 intel_iommu=on ${fixed(2)}`),
    })
    expect(edited(cut).files[CMDLINE]?.bytes).toContain('root=UUID=1 intel_iommu=on')
  })

  it.each([
    ['several lines', 'root=UUID=1\nquiet\n'],
    ['a character that sed takes for its own', 'root=UUID=1 x=a|b\n'],
  ])('%s are refused', (_, text) => {
    expect(sdbootutil.edit(tumbleweed({ [CMDLINE]: text }), edits)).toMatchObject({ refused: true })
  })

  it('boots the newest of its entries; which GRUB boots is not told', () => {
    expect(sdbootutil.next(tumbleweed())).toMatchObject({
      release: RELEASE,
      cmdline: expect.arrayContaining(['root=UUID=1', 'quiet', ...fixed(2).split(' ')]),
    })
    const host = tumbleweed()
    const firmware = { ...host.firmware, loaderInfo: 'GRUB 2.12' }
    expect(sdbootutil.next({ ...host, firmware })).toMatchObject({ refused: true })
  })

  it('without entries is refused', () => {
    const host = tumbleweed({ [pathOf(1)]: undefined, [pathOf(2)]: undefined })
    expect(sdbootutil.edit(host, edits)).toMatchObject({ refused: true })
    expect(sdbootutil.configured(host)).toMatchObject({ refused: true })
  })

  it('is gone through where systemd-boot or GRUB is found as well', () => {
    const found = (host: Host) => {
      const answer = findBootloader(host)
      return isRefusal(answer) ? answer.why : answer.loader.name
    }
    expect(found(tumbleweed())).toBe('sdbootutil')
    const host = tumbleweed()
    expect(
      found({
        ...host,
        paths: ['/boot/efi/EFI/*/installed_by_sdbootutil'],
        firmware: { ...host.firmware, loaderInfo: 'GRUB 2.12' },
      }),
    ).toBe('sdbootutil')
  })
})
