import { describe, expect, it } from 'vitest'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { proxmoxBootTool, proxmoxEsps } from '../../../src/backends/bootloaders/proxmox_boot_tool.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host, Menu } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { ifKnown, type Known, unknown } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles, withMenus } from '../../builders.ts'
import { parsesAnything } from '../../host/facts/any_output.ts'

const CMDLINE = '/etc/kernel/cmdline'
const LINE = 'root=ZFS=rpool/ROOT/pve-1 boot=zfs'
const [OLD, NEW] = ['6.8.4-2-pve', '6.8.12-1-pve']
const ESPS = ['/dev/disk/by-uuid/1A2B-3C4D', '/dev/disk/by-uuid/5E6F-7A8B']
const edits: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const undo: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

const observe = (text: string): Known<Menu> => {
  const { observes } = proxmoxBootTool
  if (observes === undefined) throw new Error('it observes nothing')
  return observes.parse({ esps: text })
}

const entry = (release: string, line = LINE): string => `file loader/entries/proxmox-${release}.conf
line title    Proxmox Virtual Environment
line version  ${release}
line options  ${line}
line linux    /EFI/proxmox/${release}/vmlinuz-${release}
line initrd   /EFI/proxmox/${release}/initrd.img-${release}

`
const esp = (device: string, line = LINE, more = ''): string => `device ${device}
file loader/loader.conf
line timeout 3
line default proxmox-*

${entry(OLD, line)}${entry(NEW, line)}${more}end
`
const both = ESPS.map(device => esp(device)).join('')

function proxmox(files: Readonly<Record<string, string | undefined>> = {}, esps = both): Host {
  const host = aHost({ files: {}, tools: ['update-grub'], paths: ['/etc/kernel/proxmox-boot-uuids'] })
  const kernels = [OLD, NEW].map(release => ({ ...host.kernels[0], release })) as Host['kernels']
  const firmware = { ...host.firmware, uefi: true, loaderInfo: 'systemd-boot 252' }
  const line = `initrd=\\EFI\\proxmox\\${NEW}\\initrd.img-${NEW} ${LINE}`
  return withMenus(
    withFiles(withCmdline({ ...host, kernels, firmware }, line), { [CMDLINE]: `${LINE}\n`, ...files }),
    { 'proxmox-boot-tool': observe(esps) },
  )
}

function edited(host: Host, wanted = edits): Host {
  const changes = proxmoxBootTool.edit(host, wanted)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

describe('Proxmox with systemd-boot', () => {
  it('one line, then every ESP anew', () => {
    const after = edited(proxmox())
    expect(after.files[CMDLINE]?.bytes).toBe(`${LINE} intel_iommu=on\n`)
    expect(edited(after)).toEqual(after)
    expect(edited(after, undo)).toEqual(proxmox())
    expect(proxmoxEsps.isStale(proxmox())).toBeUndefined()
    expect(proxmoxEsps.isStale(after)).toBe(
      `proxmox-${NEW}.conf on ${ESPS[0]} does not carry the arguments of ${CMDLINE}`,
    )
    expect(proxmoxEsps.rebuild(after)).toEqual([['proxmox-boot-tool', 'refresh']])
    expect(proxmoxEsps.isStale(proxmoxEsps.derive(after))).toBeUndefined()
  })

  it('one ESP that was left behind is stale', () => {
    const esps = `${esp(ESPS[0] ?? '')}${esp(ESPS[1] ?? '', 'root=ZFS=old')}`
    expect(proxmoxEsps.isStale(proxmox({}, esps))).toContain(ESPS[1])
    expect(proxmoxBootTool.next(proxmox({}, esps))).toMatchObject({
      refused: true,
      why: expect.stringContaining('differ'),
    })
    expect(proxmoxBootTool.next(proxmoxEsps.derive(proxmox({}, esps)))).toMatchObject({ release: NEW })
  })

  it('boots the newest kernel, or the one that a refresh will pin', () => {
    const cmdline = (release: string) => [
      `initrd=\\EFI\\proxmox\\${release}\\initrd.img-${release}`,
      ...LINE.split(' '),
    ]
    expect(proxmoxBootTool.next(proxmox())).toEqual({
      title: 'Proxmox Virtual Environment',
      chosenBy: `the default in loader.conf of ${ESPS.join(', ')}`,
      release: NEW,
      cmdline: cmdline(NEW),
    })
    const pinned = proxmoxEsps.derive(proxmox({ '/etc/kernel/proxmox-boot-pin': `${OLD}\n` }))
    expect(proxmoxBootTool.next(pinned)).toMatchObject({ release: OLD, cmdline: cmdline(OLD) })
  })

  it('only the first line counts', () => {
    const host = proxmox({ [CMDLINE]: `${LINE}\n# mine\n` })
    expect(edited(host).files[CMDLINE]?.bytes).toBe(`${LINE} intel_iommu=on\n# mine\n`)
  })

  it('a new file begins with the running line', () => {
    expect(edited(proxmox({ [CMDLINE]: undefined })).files[CMDLINE]?.bytes).toBe(`${LINE} intel_iommu=on\n`)
  })

  it.each([
    ['no root= on the first line', { [CMDLINE]: `quiet\n${LINE}\n` }, both, /no root=/],
    [
      'an ESP that cannot be mounted',
      {},
      `${esp(ESPS[0] ?? '')}device ${ESPS[1]}\n`,
      /5E6F-7A8B cannot be mounted/,
    ],
    ['a look that was not root’s', {}, '', /only shown to root/],
    ['two defaults', {}, `${both}device x\nend\n`, /different defaults/],
  ])('%s is refused', (_, files, esps, why) => {
    expect(proxmoxBootTool.edit(proxmox(files, esps), edits)).toMatchObject({
      refused: true,
      why: expect.stringMatching(why),
    })
  })

  it('a unified kernel image or a program of the firmware is no boot of its entries', () => {
    const more = 'image EFI/Linux/other.efi\nfile loader/entries/mem.conf\nline efi /m.efi\n'
    const host = proxmox({}, esp(ESPS[0] ?? '', LINE, more))
    const firmware = (oneShot: string) => ({ ...host.firmware, loaderEntries: { default: '', oneShot } })
    for (const id of ['other.efi', 'mem.conf'])
      expect(proxmoxBootTool.next({ ...host, firmware: firmware(id) })).toMatchObject({ refused: true })
    expect(proxmoxEsps.isStale(host)).toBeUndefined()
  })

  it('is not what boots the machine where GRUB does', () => {
    const found = (host: Host) => {
      const answer = findBootloader(host)
      return isRefusal(answer) ? answer.why : answer.loader.name
    }
    const host = proxmox()
    expect(found(host)).toBe('proxmox-boot-tool')
    const grub = { ...host, firmware: { ...host.firmware, loaderInfo: undefined } }
    expect(proxmoxBootTool.evidence.find(withCmdline(grub, 'BOOT_IMAGE=/vmlinuz root=ZFS=x'))).toBeUndefined()
    expect(proxmoxBootTool.evidence.find(grub)).toMatchObject({ ofBoot: true })
  })

  it('reads any output', () => {
    const { observes } = proxmoxBootTool
    if (observes !== undefined) parsesAnything(observes)
    expect(ifKnown(observe('device x\nend\n'))?.entries).toEqual([])
    expect(observe('device x\nfile a')).toEqual(unknown('x cannot be mounted read-only'))
  })
})
