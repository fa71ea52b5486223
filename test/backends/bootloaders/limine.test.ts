import { describe, expect, it } from 'vitest'
import { limine } from '../../../src/backends/bootloaders/limine.ts'
import type { Host } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'
import { ADD, bytesAfter, edited, expectLaws, expectLawsForAnyLine, expectTotal } from './edit_laws.ts'

const CONF = '/boot/limine.conf'
const DEFAULTS = '/etc/default/limine'
const OURS = 'intel_iommu=on vfio-pci.ids=10de:13c2,10de:0fbb'
const ROOT = 'root=PARTUUID=9428'

const bare = (files: Record<string, string>, differing: Partial<Host> = {}): Host =>
  withFiles(withCmdline(aHost({ files: {}, tools: [], ...differing }), `${ROOT} rw`), files)

const MENU = `# Macros
\${DATE}=mar 6 ago 2024
timeout: 3
/Arch \${DATE}
    protocol: linux
    path: boot():/vmlinuz-linux-zen
    module_path: boot():/initramfs-linux-zen.img
    cmdline: ${ROOT} rw quiet

/+More
//Fallback
    PROTOCOL: linux
    KERNEL_PATH: boot():/vmlinuz-linux-zen
    kernel_cmdline: ${ROOT} rw  
//Recovery
    protocol: linux
    path: boot():/vmlinuz-linux-zen
    cmdline: ${ROOT} rw single
/pop
    protocol: linux
    path: hdd(1:3):/vmlinuz.efi
    cmdline: root=PARTUUID=6c12 ro
/Windows
    protocol: efi_chainload
    image_path: boot():/EFI/Microsoft/Boot/bootmgfw.efi
    cmdline: nothing of ours
`

describe('editing limine.conf', () => {
  it('every Linux entry of this system gets the arguments, under either name', () => {
    expect(bytesAfter(limine, bare({ [CONF]: MENU }), CONF)).toBe(
      MENU.replace('rw quiet\n', `rw quiet ${OURS}\n`).replace('rw  \n', `rw ${OURS}  \n`),
    )
  })

  it('the file of older versions is edited in its own words', () => {
    const text = `TIMEOUT=5\n:Arch\n    PROTOCOL=linux\n    KERNEL_PATH=boot:///vmlinuz\n    CMDLINE=${ROOT} rw\n`
    const path = '/boot/limine.cfg'
    expect(bytesAfter(limine, bare({ [path]: text }), path)).toBe(text.replace(' rw\n', ` rw ${OURS}\n`))
    expectLaws(limine, bare({ [path]: text }))
  })

  it.each([
    ['the whole menu', MENU],
    ['no newline at the end', `/a\nprotocol: linux\ncmdline: ${ROOT}`],
    ['an empty cmdline', '/a\nprotocol: linux\ncmdline:\n'],
  ])('twice is once and back again gives the bytes: %s', (_, text) => {
    expectLaws(limine, bare({ [CONF]: text }))
  })

  it.each([
    ['no file', {}, /no limine.conf/],
    ['two files', { [CONF]: MENU, '/boot/EFI/BOOT/limine.conf': MENU }, /may read any of/],
    [
      'a macro in the line',
      { [CONF]: `\${A}=${ROOT}\n/a\nprotocol: linux\ncmdline: \${A} rw\n` },
      /from a macro/,
    ],
    [
      'a macro in the place of the line',
      { [CONF]: '${A}=cmdline: rw\n/a\nprotocol: linux\n${A}\n' },
      /from a macro/,
    ],
    ['no cmdline', { [CONF]: '/a\nprotocol: linux\npath: boot():/vmlinuz\n' }, /has no cmdline/],
    ['no Linux', { [CONF]: '/a\nprotocol: bios\n' }, /boots a Linux/],
    [
      'unified kernel images',
      { [CONF]: '/a\nprotocol: efi\npath: boot():/EFI/Linux/arch.efi\n' },
      /unified kernel images/,
    ],
    ['a template', { [CONF]: '/a\nprotocol: linux\ncmdline: @@ {{ cmdline }}\n' }, /template/],
  ])('%s: refused', (_, files, why) => {
    const answer = limine.edit(bare(files), ADD)
    expect(isRefusal(answer) && answer.why).toMatch(why)
  })

  it('with Secure Boot a changed file would not be booted from', () => {
    const host = bare({ [CONF]: MENU }, { firmware: { ...aHost().firmware, secureBoot: true } })
    const answer = limine.edit(host, ADD)
    expect(isRefusal(answer) && answer.why).toMatch(/checksum/)
  })

  it('a checksum that was enrolled counts without Secure Boot, too', () => {
    const enrolled = ['/boot/EFI/BOOT/BOOTX64.EFI']
    const answer = limine.edit(bare({ [CONF]: MENU }, { enrolled }), ADD)
    expect(isRefusal(answer) && answer.why).toMatch(/BOOTX64.EFI holds the checksum of limine.conf/)
    expect(limine.edit(edited(limine, bare({ [CONF]: MENU })), ADD)).toEqual([])
  })

  it('where it has its arguments already, an enrolled checksum is in nobody’s way', () => {
    const after = edited(limine, bare({ [CONF]: MENU }))
    expect(limine.edit({ ...after, enrolled: ['/boot/EFI/BOOT/BOOTX64.EFI'] }, ADD)).toEqual([])
  })

  it('any line keeps what was not meant', () => {
    expectLawsForAnyLine(limine, line =>
      bare({
        [CONF]: `/a\nprotocol: linux\ncmdline: ${line}\n/b\n  protocol: linux\n  kernel_cmdline: ${ROOT}\n`,
      }),
    )
  })

  it('any bytes get an answer', () => {
    const words = [
      '/',
      '//a',
      '/+b',
      'protocol: linux',
      'cmdline: ',
      `cmdline: ${ROOT}`,
      'kernel_cmdline:',
      '${A}',
      '${A}=',
      '#',
      ':',
      '--',
      '\0',
      '\r',
      '\xff',
    ]
    expectTotal(limine, bare({}), CONF, words)
  })
})

describe('an image whose checksum is in limine.conf', () => {
  const follow = (modules: string) =>
    limine.followImages?.(
      bare({ [CONF]: `/a\nprotocol: linux\n${modules}path: boot():/vmlinuz#0a\ncmdline: ${ROOT}\n` }),
      ['/boot/initramfs.img'],
    )

  it('cannot be made anew, where the entry was written by hand', () => {
    const answer = follow('module_path: boot():/ucode.img\nmodule_path: boot():/initramfs.img#0a0b\n')
    expect(answer).toMatchObject({
      why: expect.stringMatching(/"a" in \/boot\/limine.conf holds the checksum/),
    })
  })

  it('is only one where it says so', () => {
    expect(follow('module_path: boot():/ucode.img#0a\nmodule_path: boot():/initramfs.img\n')).toEqual([])
  })
})

describe('what boots next', () => {
  const next = (text: string, differing: Partial<Host> = {}) => {
    const answer = limine.next(bare({ [CONF]: text }, differing))
    return isRefusal(answer) ? answer.why : [answer.title, answer.cmdline.join(' ')]
  }
  const uefi = (loaderEntries = { default: '', oneShot: '' }): Partial<Host> => ({
    firmware: { ...aHost().firmware, uefi: true, loaderEntries },
  })

  it.each([
    ['the first where nothing is set', MENU, {}, ['Arch ${DATE}', `${ROOT} rw quiet`]],
    [
      'a row of the menu, directories counted',
      `default_entry: 3\n${MENU}`,
      uefi(),
      ['Fallback', `${ROOT} rw`],
    ],
    [
      'the first where there is no such row',
      `default_entry: 30\n${MENU}`,
      uefi(),
      ['Arch ${DATE}', `${ROOT} rw quiet`],
    ],
    [
      'closed directories hide theirs',
      `default_entry: 3\n${MENU.replace('/+', '/')}`,
      uefi(),
      ['pop', 'root=PARTUUID=6c12 ro'],
    ],
    ['a path of names', `default_entry: More/Fallback\n${MENU}`, uefi(), ['Fallback', `${ROOT} rw`]],
    [
      'an order for one boot',
      MENU,
      uefi({ default: '', oneShot: 'More/Fallback' }),
      ['Fallback', `${ROOT} rw`],
    ],
  ])('%s', (_, text, differing, expected) => {
    expect(next(text, differing)).toEqual(expected)
  })

  it.each([
    ['a directory', `default_entry: 2\n${MENU}`, uefi(), /cannot be told/],
    ['the last one of several', `remember_last_entry: yes\n${MENU}`, uefi(), /booted last/],
    [
      'a variable that says otherwise',
      `default_entry: 1\n${MENU}`,
      uefi({ default: 'More/Fallback', oneShot: '' }),
      /LoaderEntryDefault/,
    ],
    ['no Linux', `default_entry: Windows\n${MENU}`, uefi(), /not booted as a Linux/],
    ['a macro', `\${A}=x\n/a\nprotocol: linux\ncmdline: \${A}\n`, {}, /macro/],
  ])('cannot be told: %s', (_, text, differing, why) => {
    expect(next(text, differing)).toMatch(why)
  })

  it('the last one is the running one, where only that has its kernel', () => {
    const host = bare(
      {
        [CONF]: `remember_last_entry: yes\n/a\nprotocol: linux\npath: boot():/vmlinuz-1.2.3\ncmdline: ${ROOT} a\n/b\nprotocol: linux\npath: boot():/vmlinuz-4.5.6\ncmdline: ${ROOT} b\n`,
      },
      { ...uefi(), kernel: observed('4.5.6') },
    )
    const answer = limine.next(host)
    expect(!isRefusal(answer) && answer.title).toBe('b')
  })
})

describe('entries that limine-entry-tool writes', () => {
  const menuOf = (args: string) => `timeout: 3
default_entry: 2
/+Arch Linux
comment: machine-id=x order-priority=50
  //linux
  ### This kernel entry is auto-generated by limine-entry-tool
  comment: Kernel version: 6.10.3-arch1-2
  comment: kernel-id=linux
  protocol: linux
  module_path: boot():/x/linux/initramfs#0a0b
  path: boot():/x/linux/vmlinuz#0c0d
  cmdline: ${args}
  //Snapshots
    ///1
    protocol: linux
    path: boot():/x/old
    cmdline: ${ROOT} rw rootflags=subvol=@snap
`
  const tools = ['limine-entry-tool', 'limine-update', 'limine-mkinitcpio']
  const host = (files: Record<string, string>) => bare({ [CONF]: menuOf(`${ROOT} rw`), ...files }, { tools })

  it.each([
    [
      'with quotes',
      `KERNEL_CMDLINE[default]+="${ROOT} rw"\n`,
      `KERNEL_CMDLINE[default]+="${ROOT} rw ${OURS}"\n`,
    ],
    ['without', `KERNEL_CMDLINE[default]=${ROOT} rw\n`, `KERNEL_CMDLINE[default]=${ROOT} rw ${OURS}\n`],
    [
      'of several the last',
      `KERNEL_CMDLINE[default]+="${ROOT}"\nKERNEL_CMDLINE[default]+=" rw"\n`,
      `KERNEL_CMDLINE[default]+="${ROOT}"\nKERNEL_CMDLINE[default]+=" rw ${OURS}"\n`,
    ],
    [
      'each kernel that has its own',
      `KERNEL_CMDLINE[default]="${ROOT} rw"\nKERNEL_CMDLINE[linux-lts]="${ROOT} ro"\n`,
      `KERNEL_CMDLINE[default]="${ROOT} rw ${OURS}"\nKERNEL_CMDLINE[linux-lts]="${ROOT} ro ${OURS}"\n`,
    ],
  ])('the source is edited: %s', (_, before, after) => {
    const sources = host({ [DEFAULTS]: before })
    expect(bytesAfter(limine, sources, DEFAULTS)).toBe(after)
    expectLaws(limine, sources)
  })

  describe('and enrolls the checksum of', () => {
    const ENROLLS = `KERNEL_CMDLINE[default]="${ROOT} rw"\nENABLE_ENROLL_LIMINE_CONFIG=yes\n`
    const ITS_OWN = '/boot/EFI/limine/limine_x64.efi'
    const BY_HAND = `/mine\nprotocol: linux\npath: boot():/vmlinuz\ncmdline: ${ROOT} rw\n`
    const answer = (enrolled: readonly string[], files: Record<string, string>) => {
      const changes = limine.edit({ ...host(files), enrolled }, ADD)
      return isRefusal(changes) ? 'refused' : changes.map(change => 'path' in change && change.path)
    }

    it.each([
      ['its own program: edited', [ITS_OWN], ENROLLS, '', [DEFAULTS]],
      ['entries by hand that it enrolls along', [ITS_OWN], ENROLLS, BY_HAND, [DEFAULTS, CONF]],
      ['another program: refused', [ITS_OWN, '/boot/EFI/BOOT/BOOTX64.EFI'], ENROLLS, '', 'refused'],
      ['none, as it is not told to: refused', [ITS_OWN], ENROLLS.replace('yes', 'no'), '', 'refused'],
    ])('%s', (_, enrolled, defaults, more, expected) => {
      const files = { [DEFAULTS]: defaults, [CONF]: menuOf(`${ROOT} rw`) + more }
      expect(answer(enrolled, files)).toEqual(expected)
    })

    it('nothing, where only an entry by hand changes and it would not run: refused', () => {
      const files = {
        [DEFAULTS]: ENROLLS.replace(' rw', ` rw ${OURS}`),
        [CONF]: menuOf(`${ROOT} rw ${OURS}`) + BY_HAND,
      }
      expect(answer([ITS_OWN], files)).toBe('refused')
      expect(answer([], files)).toEqual([CONF])
    })
  })

  it('images with checksums are made anew before its entries', () => {
    expect(limine.followImages?.(host({}), ['/boot/x/linux/initramfs'])).toEqual([['limine-update']])
    expect(limine.followImages?.(host({}), ['/boot/initramfs-linux.img'])).toEqual([])
  })

  it('any line in the source keeps what was not meant', () => {
    expectLawsForAnyLine(limine, line => host({ [DEFAULTS]: `KERNEL_CMDLINE[default]+="${line}"\n` }))
  })

  it('any bytes in the source get an answer', () => {
    const words = [
      'KERNEL_CMDLINE[default]',
      'KERNEL_CMDLINE[',
      ']',
      '=',
      '+=',
      '"',
      "'",
      '$',
      '#',
      ROOT,
      'vfio-pci.ids=1:2',
      'intel_iommu=off',
      '--',
      '\r',
      '\0',
    ]
    expectTotal(limine, host({}), DEFAULTS, words)
    expectTotal(
      limine,
      host({ [DEFAULTS]: `KERNEL_CMDLINE[default]+="${ROOT}"\n` }),
      '/usr/share/limine-entry-tool.d/a.conf',
      words,
    )
    expectTotal(limine, host({}), CONF, [
      ...words,
      '/linux\n',
      'cmdline: ',
      'protocol: linux\n',
      '### auto-generated by limine-entry-tool\n',
    ])
  })

  it('a drop-in that a later file replaces is left alone', () => {
    const files = {
      '/etc/limine-entry-tool.d/a.conf': 'KERNEL_CMDLINE[default]+=" debug"\n',
      [DEFAULTS]: `KERNEL_CMDLINE[default]="${ROOT} rw"\n`,
    }
    expect(edited(limine, host(files)).files['/etc/limine-entry-tool.d/a.conf']?.bytes).toBe(
      'KERNEL_CMDLINE[default]+=" debug"\n',
    )
  })

  it('without a source a new one begins with the running line', () => {
    expect(bytesAfter(limine, host({}), DEFAULTS)).toBe(`KERNEL_CMDLINE[default]+="${ROOT} rw ${OURS}"\n`)
  })

  it('/etc/kernel/cmdline is the source where nothing else is', () => {
    const files = { '/etc/kernel/cmdline': `${ROOT} rw\n` }
    expect(bytesAfter(limine, host(files), '/etc/kernel/cmdline')).toBe(`${ROOT} rw ${OURS}\n`)
  })

  it('what a package brings is added to at home', () => {
    const files = { '/usr/share/limine-entry-tool.d/a.conf': `KERNEL_CMDLINE[default]="${ROOT} rw"\n` }
    expect(bytesAfter(limine, host(files), DEFAULTS)).toBe(`KERNEL_CMDLINE[default]+=" ${OURS}"\n`)
  })

  it('the entries are made anew, and then carry them', () => {
    const after = edited(
      limine,
      host({ [DEFAULTS]: `KERNEL_CMDLINE[default]+="${ROOT} rw initrd=/ucode.img"\n` }),
    )
    expect(after.files[CONF]?.bytes).toBe(menuOf(`${ROOT} rw`))
    expect(limine.menu?.isStale(after)).toMatch(/entry "linux" in \/boot\/limine.conf/)
    expect(limine.menu?.rebuild(after)).toEqual([['limine-update']])
    const made = limine.menu?.derive(after) ?? after
    expect(made.files[CONF]?.bytes).toBe(menuOf(`${ROOT} rw ${OURS}`))
    const next = limine.next(made)
    expect(!isRefusal(next) && next.cmdline.join(' ')).toBe(`${ROOT} rw ${OURS}`)
  })

  it.each([
    [
      'a comment behind a value',
      { [DEFAULTS]: 'KERNEL_CMDLINE[default]="a" # b\n' },
      /worked out, commented/,
    ],
    ['an expansion', { [DEFAULTS]: 'KERNEL_CMDLINE[default]="$X"\n' }, /worked out/],
    [
      'unified kernel images',
      { [DEFAULTS]: `ENABLE_UKI=yes\nKERNEL_CMDLINE[default]="${ROOT}"\n` },
      /unified kernel images/,
    ],
  ])('%s: refused', (_, files, why) => {
    const answer = limine.edit(host(files), ADD)
    expect(isRefusal(answer) && answer.why).toMatch(why)
  })
})

describe('evidence', () => {
  it('Limine says that it booted the machine', () => {
    const firmware = { ...aHost().firmware, loaderInfo: 'Limine 9.3.1' }
    expect(limine.evidence.find(aHost({ paths: [CONF], firmware }))).toEqual({
      says: 'the firmware says "Limine 9.3.1" booted it',
      ofBoot: true,
    })
    expect(limine.evidence.find(aHost({ paths: [CONF] }))?.ofBoot).toBe(false)
  })
})
