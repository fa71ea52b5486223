import { describe, expect, it } from 'vitest'
import { syslinux } from '../../../src/backends/bootloaders/syslinux.ts'
import type { Host } from '../../../src/host/host.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'
import { ADD, bytesAfter, edited, expectLaws, expectLawsForAnyLine, expectTotal } from './edit_laws.ts'

const CONF = '/boot/syslinux/syslinux.cfg'
const EXTLINUX = '/boot/extlinux/extlinux.conf'
const OURS = 'intel_iommu=on vfio-pci.ids=10de:13c2,10de:0fbb'
const ROOT = 'root=UUID=7ee8'

const bare = (files: Record<string, string>, differing: Partial<Host> = {}): Host =>
  withFiles(
    withCmdline(
      aHost({ files: {}, tools: [], ...differing }),
      `BOOT_IMAGE=../vmlinuz-linux ${ROOT} rw initrd=../initramfs-linux.img`,
    ),
    files,
  )

const ARCH = `DEFAULT arch
PROMPT 0
TIMEOUT 50
UI menu.c32

LABEL arch
    MENU LABEL Arch ^Linux
    LINUX ../vmlinuz-linux
    APPEND ${ROOT} rw
    INITRD ../intel-ucode.img,../initramfs-linux.img

LABEL archfallback
    MENU LABEL Arch Linux Fallback
    LINUX ../vmlinuz-linux
    APPEND ${ROOT} rw
    INITRD ../initramfs-linux-fallback.img

LABEL single
    LINUX ../vmlinuz-linux
    APPEND ${ROOT} rw single
    INITRD ../initramfs-linux.img

LABEL hdt
    COM32 hdt.c32

LABEL memtest
    LINUX ../memtest86+/memtest.bin
`

describe('editing', () => {
  it('every Linux entry gets the arguments, fallback images too; rescue and other programs do not', () => {
    expect(bytesAfter(syslinux, bare({ [CONF]: ARCH }), CONF)).toBe(
      ARCH.replaceAll(`APPEND ${ROOT} rw\n`, `APPEND ${ROOT} rw ${OURS}\n`),
    )
  })

  it('keywords are known in any case, and blanks stay', () => {
    const text = `label l0\n\tkernel  /vmlinuz\n\taPPend   ${ROOT}  ro  \n`
    expect(bytesAfter(syslinux, bare({ [CONF]: text }), CONF)).toBe(
      `label l0\n\tkernel  /vmlinuz\n\taPPend   ${ROOT}  ro ${OURS}  \n`,
    )
  })

  it('an APPEND before all labels is for those without one', () => {
    const text = `append ${ROOT} ro\nlabel a\n linux /vmlinuz\nlabel b\n linux /vmlinuz\n initrd /i.img\nlabel c\n linux /vmlinuz\n append ${ROOT} debug\n`
    expect(bytesAfter(syslinux, bare({ [CONF]: text }), CONF)).toBe(
      text.replace('ro\n', `ro ${OURS}\n`).replace('debug\n', `debug ${OURS}\n`),
    )
  })

  it('included files are edited where their entries stand', () => {
    const host = bare({
      [EXTLINUX]: 'default l0\ninclude linux.cfg\nmenu include themes/debian/theme.cfg\n',
      '/boot/extlinux/linux.cfg': `label l0\n\tlinux /boot/vmlinuz-6.1.0-18-amd64\n\tappend ${ROOT} ro quiet\n`,
    })
    expect(edited(syslinux, host).files['/boot/extlinux/linux.cfg']?.bytes).toContain(`ro quiet ${OURS}\n`)
    expectLaws(syslinux, host)
  })

  it('entries of another system are left alone', () => {
    const other = 'LABEL other\n LINUX /vmlinuz-other\n APPEND root=UUID=other rw\n'
    expect(bytesAfter(syslinux, bare({ [CONF]: ARCH + other }), CONF)?.endsWith(other)).toBe(true)
  })

  it.each([
    ['the whole menu', ARCH],
    ['no newline at the end', `LABEL a\nLINUX /vmlinuz\nAPPEND ${ROOT}`],
    ['an empty APPEND', 'LABEL a\nLINUX /vmlinuz\nINITRD /i.img\nAPPEND \n'],
    ['quotes', `LABEL a\nLINUX /vmlinuz\nAPPEND ${ROOT} dyndbg="file drivers/usb/* +p"\n`],
  ])('twice is once and back again gives the bytes: %s', (_, text) => {
    expectLaws(syslinux, bare({ [CONF]: text }))
  })

  it.each([
    ['nothing of SYSLINUX', {}, /no configuration of SYSLINUX/],
    ['two configurations', { [CONF]: ARCH, [EXTLINUX]: `${ARCH}\n` }, /may read any of/],
    ['only other programs', { [CONF]: 'LABEL memtest\nLINUX memtest.bin\n' }, /boots a Linux/],
    [
      'an entry without APPEND',
      { [CONF]: 'LABEL a\nLINUX /vmlinuz\nINITRD /i.img\nAPPEND -\n' },
      /has no APPEND/,
    ],
    ['Windows line ends', { [CONF]: ARCH.replaceAll('\n', '\r\n') }, /CRLF/],
    [
      'an unterminated quote',
      { [CONF]: `LABEL a\nLINUX /vmlinuz\nAPPEND ${ROOT} a="b\n` },
      /unterminated quote/,
    ],
    [
      'systems that are not the running one',
      { [CONF]: 'LABEL a\nLINUX /v\nAPPEND root=/dev/sda1\nLABEL b\nLINUX /v\nAPPEND root=/dev/sdb1\n' },
      /more than one system/,
    ],
  ])('%s is refused', (_, files, why) => {
    const answer = syslinux.edit(bare(files), ADD)
    expect(isRefusal(answer) && answer.why).toMatch(why)
  })

  it('any line keeps what was not meant', () => {
    expectLawsForAnyLine(syslinux, line =>
      bare({
        [CONF]: `LABEL a\n LINUX /vmlinuz\n INITRD /i.img\n APPEND ${line}\nLABEL b\n LINUX /v\n APPEND ${ROOT}\n`,
      }),
    )
  })

  it('any bytes get an answer', () => {
    expectTotal(syslinux, bare({}), CONF, [
      'label ',
      'LABEL a',
      'append ',
      `APPEND ${ROOT}`,
      'linux ',
      'KERNEL /vmlinuz',
      'initrd=',
      'include ',
      'syslinux.cfg',
      'menu begin',
      'menu end',
      'text help',
      'endtext',
      'default a',
      '--',
      ' - ',
      '\0',
      '\r',
      '\xff',
    ])
  })
})

describe('what boots next', () => {
  const next = (text: string, differing: Partial<Host> = {}) => {
    const answer = syslinux.next(bare({ [CONF]: text }, differing))
    return isRefusal(answer) ? answer.why : [answer.title, answer.chosenBy, answer.cmdline.join(' ')]
  }
  const TWO = `LABEL a\nLINUX /va\nAPPEND ${ROOT} a\nINITRD /ia\nLABEL b\nMENU LABEL Bee\nKERNEL /vb\nAPPEND initrd=/ib ${ROOT} b\n`
  const A = `BOOT_IMAGE=/va ${ROOT} a initrd=/ia`
  const B = `BOOT_IMAGE=/vb initrd=/ib ${ROOT} b`

  it.each([
    ['DEFAULT', `DEFAULT b\n${TWO}`, ['Bee', 'DEFAULT', B]],
    ['DEFAULT with more arguments', `DEFAULT b debug\n${TWO}`, ['Bee', 'DEFAULT', `${B} debug`]],
    ['a menu, by MENU DEFAULT', `UI menu.c32\n${TWO}MENU DEFAULT\n`, ['Bee', 'MENU DEFAULT', B]],
    ['a menu called by DEFAULT', `DEFAULT vesamenu.c32\n${TWO}`, ['a', 'the first entry', A]],
    ['a menu, by its label', `UI menu.c32\nDEFAULT b\n${TWO}`, ['Bee', 'DEFAULT', B]],
    ['ONTIMEOUT of a menu', `UI menu.c32\nDEFAULT a\nONTIMEOUT b\n${TWO}`, ['Bee', 'ONTIMEOUT', B]],
    [
      'ONTIMEOUT of a prompt',
      `PROMPT 1\nTIMEOUT 50\nDEFAULT a\nONTIMEOUT b\n${TWO}`,
      ['Bee', 'ONTIMEOUT', B],
    ],
    ['no prompt, no timeout', `PROMPT 0\nDEFAULT a\nONTIMEOUT b\n${TWO}`, ['a', 'DEFAULT', A]],
  ])('%s', (_, text, expected) => {
    expect(next(text)).toEqual(expected)
  })

  it.each([
    ['nothing by itself', TWO, /no entry is booted by itself/],
    ['an unknown label', `DEFAULT c\n${TWO}`, /names no entry/],
    ['a remembered choice', `UI menu.c32\nMENU SAVE\nDEFAULT a\n${TWO}`, /remembers the last choice/],
    ['no Linux', 'DEFAULT a\nLABEL a\nLOCALBOOT 0\n', /which is no Linux/],
    ['arguments of the loader', `SYSAPPEND 3\nDEFAULT a\n${TWO}`, /SYSAPPEND/],
  ])('cannot be told: %s', (_, text, why) => {
    expect(next(text)).toMatch(why)
  })

  it('U-Boot compares whole labels, and adds nothing', () => {
    const text = `default Fedora (3.12) 21\nlabel Fedora (3.15) 21\nkernel /v15\nappend ${ROOT} x\ninitrd /i15\nlabel Fedora (3.12) 21\nkernel /v12\nfdt /dtb\nappend ${ROOT} y\ninitrd /i12\n`
    expect(next(text)).toEqual(['Fedora (3.12) 21', 'DEFAULT', `${ROOT} y`])
  })

  it('after an edit the line has the arguments', () => {
    const answer = syslinux.next(edited(syslinux, bare({ [CONF]: ARCH })))
    expect(!isRefusal(answer) && answer.cmdline.join(' ')).toBe(
      `BOOT_IMAGE=../vmlinuz-linux ${ROOT} rw ${OURS} initrd=../intel-ucode.img,../initramfs-linux.img`,
    )
  })
})

describe('a configuration that a program writes', () => {
  const menuOf = (args: string) => `## Do not edit this file manually, use: u-boot-update

default l0

label l0
\tmenu label Debian GNU/Linux 12 6.1.0-18-amd64
\tlinux /boot/vmlinuz-6.1.0-18-amd64
\tinitrd /boot/initrd.img-6.1.0-18-amd64
\tappend ${ROOT} ${args}

label l0r
\tmenu label Debian GNU/Linux 12 6.1.0-18-amd64 (rescue target)
\tlinux /boot/vmlinuz-6.1.0-18-amd64
\tappend ${ROOT} ${args.replace(' quiet', '')} single
`
  const host = (files: Record<string, string> = {}, tools: readonly string[] = ['u-boot-update']) =>
    bare({ [EXTLINUX]: menuOf('ro quiet'), ...files }, { tools })
  const DEFAULTS = '/etc/default/u-boot'

  it.each([
    ['nothing is set yet', {}, DEFAULTS, `U_BOOT_PARAMETERS="ro quiet ${OURS}"\n`],
    [
      'the variable is set',
      { [DEFAULTS]: '#U_BOOT_PARAMETERS="ro"\nU_BOOT_PARAMETERS="ro quiet"\nU_BOOT_TIMEOUT="50"\n' },
      DEFAULTS,
      `#U_BOOT_PARAMETERS="ro"\nU_BOOT_PARAMETERS="ro quiet ${OURS}"\nU_BOOT_TIMEOUT="50"\n`,
    ],
    [
      'it has no quotes',
      { [DEFAULTS]: 'U_BOOT_PARAMETERS=ro\n' },
      DEFAULTS,
      `U_BOOT_PARAMETERS="ro ${OURS}"\n`,
    ],
    [
      'a fragment overrides it',
      {
        [DEFAULTS]: 'U_BOOT_PARAMETERS="a"\n',
        '/etc/u-boot-menu/conf.d/x.conf': "U_BOOT_PARAMETERS='ro quiet'\n",
      },
      '/etc/u-boot-menu/conf.d/x.conf',
      `U_BOOT_PARAMETERS='ro quiet ${OURS}'\n`,
    ],
    [
      'it takes /etc/kernel/cmdline',
      { '/etc/kernel/cmdline': `${ROOT} ro quiet\n` },
      '/etc/kernel/cmdline',
      `${ROOT} ro quiet ${OURS}\n`,
    ],
  ])('its source is edited: %s', (_, files, path, expected) => {
    expect(bytesAfter(syslinux, host(files), path)).toBe(expected)
    expect(edited(syslinux, host(files)).files[EXTLINUX]?.bytes).toBe(menuOf('ro quiet'))
  })

  it('any bytes in its sources get an answer', () => {
    const words = [
      'U_BOOT_PARAMETERS=',
      '"',
      "'",
      '$X',
      '`',
      '\\',
      '#',
      'quiet',
      'vfio-pci.ids=1:2',
      'intel_iommu=off',
      '--',
      '. /x',
      'if',
      'fi',
      '\r',
      '\0',
    ]
    expectTotal(syslinux, host(), DEFAULTS, words)
    expectTotal(syslinux, host(), '/etc/kernel/cmdline', words)
  })

  it('the menu is made anew, and then carries them', () => {
    const after = edited(syslinux, host())
    expect(syslinux.menu?.isStale(host())).toBeUndefined()
    expect(syslinux.menu?.isStale(after)).toMatch(/does not carry/)
    expect(syslinux.menu?.rebuild(after)).toEqual([['u-boot-update']])
    expect(syslinux.menu?.derive(after).files[EXTLINUX]?.bytes).toBe(menuOf(`ro quiet ${OURS}`))
    expectLaws(syslinux, host({ [DEFAULTS]: 'U_BOOT_PARAMETERS="ro quiet"\n' }))
  })

  it.each([
    ['its program is gone', host({}, []), /is not installed here/],
    [
      'its variable comes from a command',
      host({ [DEFAULTS]: 'U_BOOT_PARAMETERS="$(cat /x)"\n' }),
      /in shell/,
    ],
    [
      'its variable is set under a condition',
      host({ [DEFAULTS]: 'if true; then\nU_BOOT_PARAMETERS="a"\nfi\n' }),
      /in shell/,
    ],
    ['its source cannot be read', host({ [DEFAULTS]: 'U_BOOT_PARAMETERS="a\n' }), /unterminated/],
  ])('%s: refused', (_, odd, why) => {
    const answer = syslinux.edit(odd, ADD)
    expect(isRefusal(answer) && answer.why).toMatch(why)
  })
})

describe('evidence', () => {
  it('initrd= beside BOOT_IMAGE= is left by the boot itself', () => {
    const host = { ...bare({ [CONF]: ARCH }), paths: [CONF] }
    expect(syslinux.evidence.find(host)).toEqual({
      says: `BOOT_IMAGE= and initrd= are on the command line, ${CONF} exists`,
      ofBoot: true,
    })
    expect(syslinux.evidence.find(withCmdline(host, 'BOOT_IMAGE=/vmlinuz quiet'))).toEqual({
      says: `${CONF} exists`,
      ofBoot: false,
    })
  })
})
