import { describe, expect, it } from 'vitest'
import { goofiboot } from '../../../src/backends/bootloaders/goofiboot.ts'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'

const ENTRY = '/boot/efi/loader/entries/solus.conf'
const edits: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const undo: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

/** Solus 1.2, as its installer leaves it. */
function solus(files: Readonly<Record<string, string | undefined>> = {}): Host {
  const host = aHost({ files: {}, tools: ['dracut'], paths: ['/boot/efi/EFI/goofiboot'] })
  const kernels = host.kernels.slice(0, 1).map(kernel => ({ ...kernel, release: '4.4.4' }))
  const firmware = { ...host.firmware, uefi: true, loaderInfo: 'goofiboot 45' }
  return withFiles(
    withCmdline({ ...host, kernels, firmware }, 'initrd=\\solus\\initramfs root=UUID=96b7 quiet ro'),
    {
      '/boot/efi/loader/loader.conf': 'timeout 4\ndefault solus\n',
      [ENTRY]:
        'title Solus 1.2\nlinux /solus/kernel\ninitrd /solus/initramfs\noptions root=UUID=96b7 quiet ro\n',
      ...files,
    },
  )
}

function edited(host: Host, wanted: readonly ArgEdit[] = edits): Host {
  const changes = goofiboot.edit(host, wanted)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

describe('the guide’s Solus', () => {
  it('appends to the line that begins with options, and nothing else', () => {
    const after = edited(solus())
    expect(after.files[ENTRY]?.bytes).toBe(
      'title Solus 1.2\nlinux /solus/kernel\ninitrd /solus/initramfs\noptions root=UUID=96b7 quiet ro intel_iommu=on\n',
    )
    expect(edited(after)).toEqual(after)
    expect(edited(after, undo)).toEqual(solus())
    expect(goofiboot.configured(after)).toEqual(['root=UUID=96b7', 'quiet', 'ro', 'intel_iommu=on'])
  })

  it.each([
    ['single-user mode', 'title Solus\nlinux /solus/kernel\noptions root=UUID=96b7 quiet single\n'],
    ['another system', 'title Ubuntu\nlinux /ubuntu/vmlinuz\noptions root=/dev/sdb2 ro\n'],
  ])('leaves %s alone', (_, text) => {
    const path = '/boot/efi/loader/entries/other.conf'
    expect(edited(solus({ [path]: text })).files[path]?.bytes).toBe(text)
  })

  it('boots its default, named without .conf', () => {
    const other = 'title Old\nlinux /solus/kernel-old\noptions root=UUID=96b7\n'
    expect(goofiboot.next(solus({ '/boot/efi/loader/entries/zz.conf': other }))).toEqual({
      title: 'Solus 1.2',
      chosenBy: 'the default in /boot/efi/loader/loader.conf',
      release: '4.4.4',
      cmdline: ['initrd=\\solus\\initramfs', 'root=UUID=96b7', 'quiet', 'ro'],
    })
  })

  it('is known by the firmware’s word, or by what its installer left', () => {
    expect(findBootloader(solus())).toMatchObject({
      loader: { name: 'Goofiboot' },
      evidence: 'the firmware says "goofiboot 45" booted it',
    })
    const host = solus()
    expect(findBootloader({ ...host, firmware: { ...host.firmware, loaderInfo: undefined } })).toMatchObject({
      loader: { name: 'Goofiboot' },
    })
  })

  it('with the ESP not mounted is refused, with the mount to make', () => {
    expect(goofiboot.edit(solus({ [ENTRY]: undefined }), edits)).toMatchObject({
      refused: true,
      hint: expect.stringContaining('mount /boot/efi'),
    })
  })
})
