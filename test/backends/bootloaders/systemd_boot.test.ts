import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { systemdBoot } from '../../../src/backends/bootloaders/systemd_boot.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'

const ID = '6c61622d6c61622d6c61622d6c61622d'
const RELEASE = '6.1.0-56-amd64'
const ENTRY = `/boot/efi/loader/entries/${ID}-${RELEASE}.conf`
const CMDLINE = '/etc/kernel/cmdline'

/** As kernel-install 252 writes it on Debian 12. */
const debianEntry = (
  options: string,
  machineId = ` systemd.machine_id=${ID}`,
): string => `title      Debian GNU/Linux 12 (bookworm)
version    ${RELEASE}
machine-id ${ID}
sort-key   debian
options    ${options}${machineId}
linux      /${ID}/${RELEASE}/linux
initrd     /${ID}/${RELEASE}/initrd.img-${RELEASE}
`
const LINE = 'root=UUID=5f0a ro mitigations=off console=ttyS0 quiet'
const ADDED = 'intel_iommu=on'
const edits: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const undo: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

const booted = (host: Host, loaderInfo = 'systemd-boot 252.39-1~deb12u2'): Host => ({
  ...host,
  firmware: { ...host.firmware, uefi: true, loaderInfo },
})

/** Debian 12 with systemd-boot: entries on the ESP, made by kernel-install. */
function debian(files: Readonly<Record<string, string | undefined>> = {}): Host {
  const host = booted(aHost({ files: {}, tools: ['kernel-install', 'update-initramfs'], paths: [] }))
  const kernels = host.kernels.slice(0, 1).map(kernel => ({ ...kernel, release: RELEASE }))
  const line = `initrd=\\${ID}\\${RELEASE}\\initrd.img-${RELEASE} ${LINE} systemd.machine_id=${ID}`
  return withFiles(withCmdline({ ...host, kernels }, line), {
    [ENTRY]: debianEntry(LINE),
    '/boot/efi/loader/loader.conf': 'timeout 0\n',
    [CMDLINE]: `${LINE}\n`,
    ...files,
  })
}

/** Arch, its entry written by hand: systemd brings kernel-install along, and nobody uses it. */
function arch(files: Readonly<Record<string, string | undefined>> = {}): Host {
  const host = booted(aHost({ files: {}, tools: ['kernel-install', 'mkinitcpio'], paths: [] }))
  const kernels = host.kernels
    .slice(0, 1)
    .map(kernel => ({ ...kernel, release: '6.9.7-arch1-1', pkgbase: 'linux' }))
  return withFiles(withCmdline({ ...host, kernels }, 'initrd=\\initramfs-linux.img root=/dev/sda2 rw'), {
    '/boot/loader/entries/arch.conf':
      'title Arch\nlinux /vmlinuz-linux\ninitrd /intel-ucode.img\ninitrd /initramfs-linux.img\noptions root=/dev/sda2 rw\n',
    ...files,
  })
}

function edited(host: Host, wanted: readonly ArgEdit[] = edits): Host {
  const changes = systemdBoot.edit(host, wanted)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

const written = (host: Host): string[] => {
  const changes = systemdBoot.edit(host, edits)
  return isRefusal(changes) ? [] : changes.flatMap(change => (change.kind === 'write' ? [change.path] : []))
}

describe('entries that kernel-install makes', () => {
  it('the entry and what the next kernel’s is made from are edited alike', () => {
    const after = edited(debian())
    expect(after.files[ENTRY]?.bytes).toBe(debianEntry(`${LINE} ${ADDED}`))
    expect(after.files[CMDLINE]?.bytes).toBe(`${LINE} ${ADDED}\n`)
    expect(edited(after)).toEqual(after)
    expect(edited(after, undo)).toEqual(debian())
  })

  it('a new /etc/kernel/cmdline begins with the line that boots, without what is put there anyway', () => {
    const after = edited(debian({ [CMDLINE]: undefined }))
    expect(after.files[CMDLINE]?.bytes).toBe(`${LINE} ${ADDED}\n`)
    expect(after.files[ENTRY]?.bytes).toBe(debianEntry(`${LINE} ${ADDED}`))
    expect(edited(after)).toEqual(after)
  })

  it('or with the distribution’s own', () => {
    const host = debian({ [CMDLINE]: undefined, '/usr/lib/kernel/cmdline': 'root=UUID=5f0a splash\n' })
    expect(edited(host).files[CMDLINE]?.bytes).toBe(`root=UUID=5f0a splash ${ADDED}\n`)
  })

  it('takes nothing away that is not there', () => {
    expect(systemdBoot.edit(debian({ [CMDLINE]: undefined }), undo)).toEqual([])
  })

  it.each([
    ['nothing names the root file system', { [ENTRY]: debianEntry('ro quiet'), [CMDLINE]: undefined }],
    ['only the entry names it', { [CMDLINE]: 'quiet\n' }],
  ])('%s: refused, as the next kernel would not find it', (_, files) => {
    expect(systemdBoot.edit(debian(files), edits)).toMatchObject({
      refused: true,
      why: expect.stringContaining(CMDLINE),
    })
  })

  it.each([
    ['a mapped disk', 'rd.luks.uuid=luks-1 quiet'],
    ['gpt-auto', 'root=gpt-auto quiet'],
    ['ZFS', 'zfs=rpool/ROOT quiet'],
  ])('%s names it as well', (_, line) => {
    const host = debian({ [ENTRY]: debianEntry(line), [CMDLINE]: undefined })
    expect(edited(host).files[CMDLINE]?.bytes).toBe(`${line} ${ADDED}\n`)
  })

  it('a command line of several lines, with comments, takes what is new behind the last argument', () => {
    const host = debian({ [CMDLINE]: '# mine\nroot=UUID=5f0a\nro\n# the end\n' })
    expect(edited(host).files[CMDLINE]?.bytes).toBe(`# mine\nroot=UUID=5f0a\nro\n${ADDED}\n# the end\n`)
    expect(edited(edited(host), undo).files[CMDLINE]).toEqual(host.files[CMDLINE])
  })

  it('without the program, /etc/kernel/cmdline is nobody’s source', () => {
    expect(written({ ...debian(), tools: [] })).toEqual([ENTRY])
  })
})

describe('entries that are written by hand', () => {
  it('are the source', () => {
    expect(written(arch())).toEqual(['/boot/loader/entries/arch.conf'])
    expect(systemdBoot.configured(edited(arch()))).toEqual(['root=/dev/sda2', 'rw', ADDED])
  })

  it('beside an /etc/kernel/cmdline: that is edited, too', () => {
    expect(written(arch({ [CMDLINE]: 'root=/dev/sda2 rw\n' }))).toEqual([
      CMDLINE,
      '/boot/loader/entries/arch.conf',
    ])
  })

  it('all of them: the fallback boots with the same devices', () => {
    const fallback = 'linux /vmlinuz-linux\ninitrd /initramfs-linux-fallback.img\noptions root=/dev/sda2 rw\n'
    expect(written(arch({ '/boot/loader/entries/arch-fallback.conf': fallback }))).toEqual([
      '/boot/loader/entries/arch.conf',
      '/boot/loader/entries/arch-fallback.conf',
    ])
  })

  it('none to be seen: refused, with the mount to make', () => {
    const refusal = {
      refused: true,
      why: 'no Linux entry of systemd-boot can be seen: /efi/loader/entries, /boot/loader/entries, /boot/efi/loader/entries hold none of this system',
      hint: expect.stringContaining('mount the partition'),
    }
    const host = arch({ '/boot/loader/entries/arch.conf': undefined })
    expect(systemdBoot.edit(host, edits)).toEqual(refusal)
    expect(systemdBoot.configured(host)).toEqual(refusal)
    expect(systemdBoot.next(host)).toEqual(refusal)
  })
})

describe('what boots next', () => {
  it('Debian: as its /proc/cmdline was', () => {
    const host = debian()
    expect(systemdBoot.next(host)).toEqual({
      title: 'Debian GNU/Linux 12 (bookworm)',
      chosenBy: 'the order of systemd-boot’s menu',
      release: RELEASE,
      cmdline: host.cmdline.is === 'unknown' ? [] : host.cmdline.value,
    })
  })

  it('Arch: microcode first', () => {
    expect(systemdBoot.next(arch())).toMatchObject({
      release: '6.9.7-arch1-1',
      cmdline: ['initrd=\\intel-ucode.img', 'initrd=\\initramfs-linux.img', 'root=/dev/sda2', 'rw'],
    })
  })

  it.each([
    [
      'a program of the firmware is no boot of Linux',
      { 'memtest.conf': 'efi /memtest.efi\n' },
      /does not boot Linux/,
    ],
    [
      'a kernel of which nobody knows which it is',
      { 'memtest.conf': 'linux /bzImage-5.4.0-mine\noptions root=/dev/sda2\n' },
      /which of the installed kernels/,
    ],
  ])('%s', (_, entries, why) => {
    const [[name, text] = ['', '']] = Object.entries(entries)
    const host = arch({
      [`/boot/loader/entries/${name}`]: text,
      '/boot/loader/loader.conf': `default ${name}\n`,
    })
    expect(systemdBoot.next(host)).toMatchObject({ refused: true, why: expect.stringMatching(why) })
  })

  it('other entries are edited all the same where the default is none of ours', () => {
    const host = arch({
      '/boot/loader/entries/memtest.conf': 'efi /memtest.efi\n',
      '/boot/loader/loader.conf': 'default memtest.conf\n',
    })
    expect(systemdBoot.configured(host)).toEqual(['root=/dev/sda2', 'rw'])
    expect(written(host)).toEqual(['/boot/loader/entries/arch.conf'])
  })
})

describe('any bytes in any file', () => {
  it('give an answer, and once more changes nothing', () => {
    const bytes = fc.array(
      fc.oneof(
        fc.constantFrom(
          'linux /vmlinuz-linux\n',
          `linux /${ID}/${RELEASE}/linux\n`,
          'options root=/dev/sda2 ',
          'options',
          ' -- ',
          '"',
          '\n#',
          'default ',
          'intel_iommu=off ',
          ` systemd.machine_id=${ID}`,
        ),
        fc.string({ unit: 'binary-ascii', maxLength: 6 }),
      ),
      { maxLength: 10 },
    )
    const text = bytes.map(parts => parts.join(''))
    fc.assert(
      fc.property(text, text, fc.option(text, { nil: undefined }), (entry, config, cmdline) => {
        const host = debian({ [ENTRY]: entry, '/boot/efi/loader/loader.conf': config, [CMDLINE]: cmdline })
        expect(systemdBoot.next(host)).toBeDefined()
        expect(systemdBoot.configured(host)).toBeDefined()
        const changes = systemdBoot.edit(host, edits)
        if (isRefusal(changes)) return
        const after = applyChanges(host, changes)
        expect(systemdBoot.edit(after, edits)).toEqual([])
        const configured = systemdBoot.configured(after)
        expect(isRefusal(configured) || configured.includes(ADDED)).toBe(true)
      }),
    )
  })
})

describe('that it boots the machine', () => {
  const found = (host: Host) => {
    const answer = findBootloader(host)
    return isRefusal(answer) ? answer.why : `${answer.loader.name}: ${answer.evidence}`
  }

  it('is the firmware’s word', () => {
    expect(found(debian())).toBe('systemd-boot: the firmware says "systemd-boot 252.39-1~deb12u2" booted it')
  })

  it('or the command line’s, with its configuration', () => {
    const host = { ...arch(), paths: ['/boot/loader/loader.conf'] }
    expect(found({ ...host, firmware: { ...host.firmware, loaderInfo: undefined } })).toBe(
      'systemd-boot: initrd=\\… is on the command line, /boot/loader/loader.conf exists',
    )
  })

  it('a unified kernel image that it has started is not its business', () => {
    const host = arch()
    const stub: Host = { ...host, firmware: { ...host.firmware, stubInfo: 'systemd-stub 256' } }
    expect(systemdBoot.evidence.find(stub)).toBeUndefined()
  })
})
