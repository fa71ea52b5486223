import { describe, expect, it } from 'vitest'
import { refind } from '../../../src/backends/bootloaders/refind.ts'
import type { Host } from '../../../src/host/host.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aFirmware, aHost, withCmdline, withFiles } from '../../builders.ts'
import { ADD, bytesAfter, edited, expectLaws, expectLawsForAnyLine, expectTotal } from './edit_laws.ts'

const LINUX = '/boot/refind_linux.conf'
const CONF = '/boot/efi/EFI/refind/refind.conf'
const OURS = 'intel_iommu=on vfio-pci.ids=10de:13c2,10de:0fbb'
const ROOT = 'root=UUID=084f'

const bare = (files: Record<string, string>, differing: Partial<Host> = {}): Host =>
  withFiles(
    withCmdline(
      aHost({ files: {}, ...differing }),
      `ro ${ROOT} quiet initrd=boot\\initrd.img-6.1.0-18-amd64`,
    ),
    files,
  )

/** As mkrlconf writes it. */
const MADE = `"Boot with standard options"  "ro ${ROOT} quiet"
"Boot to single-user mode"    "ro ${ROOT} quiet single"
"Boot with minimal options"   "ro ${ROOT}"
# "a comment"                 "ro"
`

const STANZAS = `timeout 1
scanfor manual
default_selection "Arch Linux"
menuentry "Arch Linux" {
    icon     /EFI/BOOT/icons/os_arch.png
    volume   archlinux
    loader   /vmlinuz-6.1.0-18-amd64
    initrd   /initramfs-linux.img
    options  "${ROOT} rw audit=off "
    submenuentry "DEBUG" {
        options  "${ROOT} rw debug"
    }
    submenuentry "verbose" {
        add_options "systemd.log_level=debug"
    }
    submenuentry "Single-user mode" {
        options "${ROOT} single"
    }
}
menuentry "Recovery" {
    loader   /vmlinuz-linux
    options  "root=PARTUUID=81be rw"
}
menuentry "MemTest86" {    
loader \\EFI\\BOOT\\tools\\memtest86.efi
}
menuentry "Old" {
    loader /vmlinuz-linux
    options "${ROOT}"
    disabled
}
`

describe('editing', () => {
  it('refind_linux.conf: the line that is booted gets the arguments, the ways back do not', () => {
    expect(bytesAfter(refind, bare({ [LINUX]: MADE }), LINUX)).toBe(
      MADE.replace(`ro ${ROOT} quiet"`, `ro ${ROOT} quiet ${OURS}"`),
    )
  })

  it('the first line is booted whatever it is called', () => {
    const text = `"Boot with minimal options" "${ROOT}"\n`
    expect(bytesAfter(refind, bare({ [LINUX]: text }), LINUX)).toContain(`"${ROOT} ${OURS}"`)
  })

  it('refind.conf: stanzas and submenus of this system, as far as they have options of their own', () => {
    expect(bytesAfter(refind, bare({ [CONF]: STANZAS }), CONF)).toBe(
      STANZAS.replace('audit=off "', `audit=off ${OURS} "`).replace('rw debug"', `rw debug ${OURS}"`),
    )
  })

  it('quotes within quotes are doubled, and stay', () => {
    const text = `"Standard" "${ROOT} dyndbg=""file drivers/usb/* +p"" rw"\n`
    expect(bytesAfter(refind, bare({ [LINUX]: text }), LINUX)).toBe(
      `"Standard" "${ROOT} dyndbg=""file drivers/usb/* +p"" rw ${OURS}"\n`,
    )
    expectLaws(refind, bare({ [LINUX]: text }))
  })

  it('stanzas of snapshots are left alone, those of other included files are not', () => {
    const host = bare({
      [CONF]: `${STANZAS}include btrfs-snapshot-stanzas/arch.conf\ninclude more.conf\n`,
      '/boot/efi/EFI/refind/btrfs-snapshot-stanzas/arch.conf': `menuentry "Arch (snapshot)" {\nloader /vmlinuz\noptions "${ROOT} rw"\n}\n`,
      '/boot/efi/EFI/refind/more.conf': `menuentry "More" {\nloader /vmlinuz\noptions "${ROOT} rw"\n}\n`,
    })
    const { files } = edited(refind, host)
    expect(files['/boot/efi/EFI/refind/btrfs-snapshot-stanzas/arch.conf']?.bytes).not.toContain('intel_iommu')
    expect(files['/boot/efi/EFI/refind/more.conf']?.bytes).toContain(`rw ${OURS}"`)
  })

  it.each([
    ['lines', { [LINUX]: MADE }],
    ['stanzas', { [CONF]: STANZAS }],
    ['both', { [LINUX]: MADE, [CONF]: STANZAS }],
    ['no newline at the end', { [LINUX]: `"a" "${ROOT}"` }],
    ['empty options', { [LINUX]: '"a" ""\n' }],
  ])('twice is once and back again gives the bytes: %s', (_, files) => {
    expectLaws(refind, bare(files))
  })

  it.each([
    ['no file', {}, /run mkrlconf/, 'hint'],
    ['options without quotes', { [LINUX]: `standard quiet\n` }, /without quotes/, 'why'],
    ['an unterminated quote', { [LINUX]: `"a" "${ROOT} quiet\n` }, /unterminated quote/, 'why'],
    ['a line without options', { [LINUX]: '"Boot with standard options"\n' }, /has no options/, 'why'],
    [
      'a stanza without options',
      { [CONF]: 'menuentry a {\nloader /vmlinuz-linux\n}\n' },
      /has no options/,
      'why',
    ],
    ['a byte order mark', { [LINUX]: `\xef\xbb\xbf${MADE}` }, /BOM/, 'why'],
    ['a template', { [LINUX]: '"a" "%OPTIONS%"\n' }, /template/, 'why'],
  ] as const)('%s: refused', (_, files, expected, field) => {
    const answer = refind.edit(bare(files), ADD)
    expect(isRefusal(answer) && answer[field]).toMatch(expected)
  })

  it('any line keeps what was not meant', () => {
    expectLawsForAnyLine(refind, line =>
      bare({ [LINUX]: `"Standard" "${line.replaceAll('"', '""')}"\n"Terminal" "${ROOT} rw"\n` }),
    )
  })

  it('any bytes get an answer', () => {
    const words = [
      'menuentry ',
      'submenuentry ',
      '{',
      '}',
      'options ',
      `options "${ROOT}"`,
      'loader /vmlinuz',
      'initrd ',
      '""',
      '#',
      'include ',
      'refind.conf',
      'disabled',
      '=',
      ',',
      '\0',
      '\r',
      '\xff',
    ]
    expectTotal(refind, bare({}), CONF, words)
    expectTotal(refind, bare({}), LINUX, words)
  })
})

describe('what boots next', () => {
  const next = (files: Record<string, string>, differing: Partial<Host> = {}) => {
    const answer = refind.next(bare(files, differing))
    return isRefusal(answer)
      ? answer.why
      : [answer.title, answer.chosenBy, answer.release, answer.cmdline.join(' ')]
  }
  const [kernel] = aHost().kernels
  const release = kernel?.release ?? ''

  it('of the kernels it finds by itself, the only one, with the initramfs it adds', () => {
    expect(next({ [LINUX]: MADE })).toEqual([
      'Boot with standard options',
      'the entry that was booted last',
      release,
      `ro ${ROOT} quiet initrd=boot\\initrd.img-6.1.0-18-amd64`,
    ])
  })

  it('options that name an initramfs get no other', () => {
    expect(next({ [LINUX]: `"a" "${ROOT} initrd=boot\\my.img"\n` }).at(-1)).toBe(
      `${ROOT} initrd=boot\\my.img`,
    )
  })

  it('the stanza that default_selection names, its initrd behind its options', () => {
    expect(next({ [CONF]: STANZAS.replaceAll('6.1.0-18-amd64', release) })).toEqual([
      'Arch Linux',
      'default_selection Arch Linux',
      release,
      `${ROOT} rw audit=off initrd=\\initramfs-linux.img`,
    ])
  })

  it('where default_selection names nothing and all is by hand, the first', () => {
    expect(next({ [CONF]: STANZAS.replace('"Arch Linux"\n', '"-tkg-cfs"\n') })[1]).toMatch(/matches no entry/)
  })

  it.each([
    [
      'several kernels',
      { [LINUX]: MADE },
      {
        kernels: [
          { ...kernel, release: '6.1.0-18-amd64', bootable: true },
          { ...kernel, release: '6.1.0-17-amd64', bootable: true },
        ] as Host['kernels'],
      },
      /newest kernel/,
    ],
    [
      'found kernels and stanzas',
      { [LINUX]: MADE, [CONF]: STANZAS.replace('scanfor manual\n', '').replace(/default.*\n/, '') },
      {},
      /there are several/,
    ],
    [
      'a number on the menu',
      { [CONF]: STANZAS.replace('"Arch Linux"\nmenu', '2\nmenu') },
      {},
      /default_selection is 2/,
    ],
    [
      'one that goes by the time of day',
      { [CONF]: STANZAS.replace('"Arch Linux"\nmenu', '"Arch" 8:00 17:00\nmenu') },
      {},
      /default_selection is/,
    ],
    ['a version put in', { [LINUX]: `"a" "${ROOT} initrd=boot\\i-%v.img"\n` }, {}, /%v/],
  ])('cannot be told: %s', (_, files, differing, why) => {
    expect(next(files, differing)).toMatch(why)
  })
})

describe('evidence', () => {
  const found = (loaderInfo: string | undefined, line: string) =>
    refind.evidence.find(withCmdline(aHost({ paths: [LINUX], firmware: aFirmware({ loaderInfo }) }), line))

  it.each([
    ['newer versions say so', 'rEFInd 0.14.2', 'ro', 'the firmware says "rEFInd 0.14.2" booted it', true],
    [
      'older ones leave an initrd= of the firmware’s',
      undefined,
      'ro initrd=boot\\initrd.img-6.1.0-18-amd64',
      `initrd=…\\… is on the command line, ${LINUX} exists`,
      true,
    ],
    ['that of another loader is none', 'systemd-boot 256', 'ro initrd=\\i', `${LINUX} exists`, false],
    ['a file may be left over', undefined, 'ro', `${LINUX} exists`, false],
  ])('%s', (_, loaderInfo, line, says, ofBoot) => {
    expect(found(loaderInfo, line)).toEqual({ says, ofBoot })
  })
})
