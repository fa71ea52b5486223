import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editEntries } from '../../../../src/backends/bootloaders/entries/entry_edit.ts'
import { globOf } from '../../../../src/backends/bootloaders/entries/loader_choice.ts'
import {
  chosenEntry,
  type EntryLoader,
  loaderEntries,
  optionTokens,
  ourEntries,
} from '../../../../src/backends/bootloaders/entries/loader_entries.ts'
import { SYSTEMD_BOOT } from '../../../../src/backends/bootloaders/systemd_boot.ts'
import { applyChanges } from '../../../../src/host/change.ts'
import type { Host } from '../../../../src/host/host.ts'
import { type ArgEdit, isSatisfied } from '../../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../../builders.ts'

const FOLDER = '/boot/loader/entries'
const ENTRY = `${FOLDER}/arch.conf`
const GUMMIBOOT: EntryLoader = { name: 'gummiboot', roots: ['/boot'], idsHaveSuffix: false }

const edits: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
]
const undo: readonly ArgEdit[] = [
  { op: 'remove', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: [] },
]
const OURS = 'intel_iommu=on vfio-pci.ids=10de:13c2,10de:0fbb'

const withEntries = (entries: Readonly<Record<string, string>>, host = aHost({ files: {} })): Host =>
  withFiles(
    host,
    Object.fromEntries(Object.entries(entries).map(([name, text]) => [`${FOLDER}/${name}`, text])),
  )

const anEntry = (text: string): Host => withEntries({ 'arch.conf': text })

function editOurs(host: Host, wanted: readonly ArgEdit[]) {
  const own = ourEntries(host, loaderEntries(host, SYSTEMD_BOOT))
  return isRefusal(own) ? own : editEntries(host, own, wanted)
}

function edited(host: Host, wanted: readonly ArgEdit[] = edits): Host {
  const changes = editOurs(host, wanted)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}

const refusalOf = (host: Host) => editOurs(host, edits)

const textOf = (host: Host, path = ENTRY): string | undefined => host.files[path]?.bytes

describe('editing the options of an entry', () => {
  it.each([
    [
      'behind the last argument',
      'title Arch\nlinux /vmlinuz-linux\noptions root=/dev/sda2 rw\n',
      `title Arch\nlinux /vmlinuz-linux\noptions root=/dev/sda2 rw ${OURS}\n`,
    ],
    [
      'tabs, comments and blanks at the end stay',
      'linux\t/vmlinuz-linux\noptions\troot=/dev/sda2  rw  \n\n#options none\n',
      `linux\t/vmlinuz-linux\noptions\troot=/dev/sda2  rw ${OURS}  \n\n#options none\n`,
    ],
    [
      'an entry without options is given some',
      'title\tArch Linux\nlinux\t/vmlinuz-linux\ninitrd\t/initramfs-linux.img\n',
      `title\tArch Linux\nlinux\t/vmlinuz-linux\ninitrd\t/initramfs-linux.img\noptions ${OURS}\n`,
    ],
    ['also where the last line has no end', 'linux /vmlinuz-linux', `linux /vmlinuz-linux\noptions ${OURS}`],
    [
      'an empty line of options is left as it is: the loader skips it',
      'options\nlinux /vmlinuz-linux\noptions \n',
      `options\nlinux /vmlinuz-linux\noptions \noptions ${OURS}\n`,
    ],
    [
      'of several lines, which the loader joins, the last takes what is new and each what it has',
      'linux /vmlinuz-linux\noptions root=/dev/sda2 intel_iommu=off\noptions rw\n',
      'linux /vmlinuz-linux\noptions root=/dev/sda2 intel_iommu=on\noptions rw vfio-pci.ids=10de:13c2,10de:0fbb\n',
    ],
    [
      'a value in quotes stays within them',
      'linux /vmlinuz-linux\noptions "root=/dev/sda2 rw"\n',
      `linux /vmlinuz-linux\noptions "root=/dev/sda2 rw ${OURS}"\n`,
    ],
    [
      'before the machine id that kernel-install puts at the end',
      'options    root=UUID=1 systemd.machine_id=2ff7b263e1474f838daf9ecc41470f22\nlinux /arch/6/linux\n',
      `options    root=UUID=1 systemd.machine_id=2ff7b263e1474f838daf9ecc41470f22 ${OURS}\nlinux /arch/6/linux\n`,
    ],
    [
      'init’s arguments stay init’s',
      'linux /vmlinuz-linux\noptions root=/dev/sda2 -- single\n',
      `linux /vmlinuz-linux\noptions root=/dev/sda2 ${OURS} -- single\n`,
    ],
  ])('%s, and taking them away gives the file back', (_, before, after) => {
    const host = edited(anEntry(before))
    expect(textOf(host)).toBe(after)
    expect(edited(host)).toEqual(host)
    if (!before.includes('=off')) expect(textOf(edited(host, undo))).toBe(before)
  })

  it('an entry of kernel-install’s keeps its machine id at the end', () => {
    const id = '2ff7b263e1474f838daf9ecc41470f22'
    const name = `${id}-6.4.1.conf`
    const entry = (options: string) =>
      `options    root=UUID=1 quiet${options} systemd.machine_id=${id}\nlinux      /${id}/6.4.1/linux\n`
    const host = edited(withEntries({ [name]: entry('') }))
    expect(textOf(host, `${FOLDER}/${name}`)).toBe(entry(` ${OURS}`))
    expect(textOf(edited(host, undo), `${FOLDER}/${name}`)).toBe(entry(''))
  })

  it.each([
    ['CRLF', 'linux /vmlinuz-linux\r\noptions rw\r\n', /CRLF/],
    ['a carriage return', 'linux /vmlinuz-linux\noptions rw\rquiet\n', /carriage return/],
    ['a byte order mark', '\xef\xbb\xbftitle Arch\nlinux /vmlinuz-linux\noptions rw\n', /byte order mark/],
    ['a template', 'linux /%INSTALL_DIR%/vmlinuz-linux\noptions a=%INSTALL_DIR%\n', /template/],
    ['an unterminated quote', 'linux /vmlinuz-linux\noptions dyndbg="file a\n', /unterminated quote/],
  ])('%s is refused', (_, text, why) => {
    expect(refusalOf(anEntry(text))).toMatchObject({ refused: true, why: expect.stringMatching(why) })
  })

  it('one in UTF-16, which no loader reads, is named and not passed over', () => {
    const utf16 = `\xff\xfe${[...'linux /old\n'].map(char => `${char}\0`).join('')}`
    const host = withFiles(anEntry('linux /vmlinuz-linux\n'), { [`${FOLDER}/old.conf`]: utf16 })
    expect(refusalOf(host)).toMatchObject({
      refused: true,
      why: `${FOLDER}/old.conf:1 is UTF-16: \xff\xfelinux /old`,
    })
  })

  it('a link to /dev/null is not written to', () => {
    const host = anEntry('linux /vmlinuz-linux\n')
    const files = { ...host.files, [ENTRY]: { bytes: 'linux /vmlinuz\n', mode: '666', masks: true as const } }
    expect(refusalOf({ ...host, files })).toMatchObject({ refused: true })
  })

  it('holds for any entry that is not refused: the arguments are there, once more changes nothing, all other lines stay', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'linux /vmlinuz-linux',
        'options',
        'options ',
        'options quiet',
        'options "a b"',
        'options\tx="y z" --',
        'initrd /i.img',
        '# c',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, ends) => {
        const host = anEntry(['linux /vmlinuz-linux', ...lines].join('\n') + (ends ? '\n' : ''))
        const changes = editOurs(host, edits)
        if (isRefusal(changes)) return
        const after = applyChanges(host, changes)
        const own = ourEntries(after, loaderEntries(after, SYSTEMD_BOOT))
        const [entry] = isRefusal(own) ? [] : own
        if (entry === undefined) return
        expect(edits.every(edit => isSatisfied(optionTokens(after, entry), edit))).toBe(true)
        expect(editEntries(after, [entry], edits)).toEqual([])
        const others = (text = '') => text.split('\n').filter(one => !/^\s*options/i.test(one) && one !== '')
        expect(others(textOf(after))).toEqual(others(textOf(host)))
        const back = editEntries(after, [entry], undo)
        if (!isRefusal(back) && !/intel|vfio/.test(textOf(host) ?? ''))
          expect(textOf(applyChanges(after, back))).toBe(textOf(host))
      }),
    )
  })
})

describe('entries that are none of ours', () => {
  it.each([
    ['a program of the firmware', 'options efidebug\nefi /memtest86+/memtest.efi\n'],
    ['a shell for Windows', 'efi /shellx64.efi\noptions -nointerrupt FS0:EFI\\Microsoft\\Bootmgfw.efi\n'],
    ['another loader', 'title\trEFInd\nefi\t/EFI/refind/refind_x64.efi\n'],
    ['a memory test that boots as Linux does', 'linux /memtest86+.bin\noptions x\n'],
    ['a rescue system', 'title Rescue\nlinux /vmlinuz-0-rescue-1\noptions x\n'],
    ['Fedora’s for GRUB', 'linux /vmlinuz-6\noptions $kernelopts\ngrub_class kernel\n'],
    ['another system, by its root file system', 'linux /vmlinuz-linux\noptions root=UUID=2 rw\n'],
    ['one of another kind', 'linux /x/6/linux\nmachine-id dead\noptions root=PARTUUID=12-34 rw\n'],
    ['a subvolume of the same', 'linux /suse\noptions root=UUID=1 rootflags=subvol=@suse rw\n'],
    [
      'a live system, without root=',
      'title Pop!_OS\nlinux /EFI/x/vmlinuz.efi\noptions boot=casper noprompt\n',
    ],
    ['a title for recovery', 'title Arch (recovery)\nlinux /vmlinuz\noptions root=UUID=1\n'],
    ['single-user mode', 'linux /vmlinuz\noptions root=UUID=1 single\n'],
    ['emergency mode', 'linux /vmlinuz\noptions root=UUID=1 systemd.unit=emergency.target\n'],
    ['what is no entry to the loader', 'LINUX /vmlinuz\nOPTIONS root=UUID=1\n'],
  ])('%s stays as it is', (_, text) => {
    const host = withCmdline(
      withEntries({ 'other.conf': text, 'arch.conf': 'linux /vmlinuz\noptions root=UUID=1\n' }),
      'root=UUID=1',
    )
    const after = edited(host)
    expect(textOf(after, `${FOLDER}/other.conf`)).toBe(text)
    expect(textOf(after)).toContain(OURS)
  })

  it('where no entry has the root file system that is in use, they have to agree', () => {
    const host = withCmdline(anEntry('linux /vmlinuz\noptions root=UUID=2\n'), 'root=UUID=1')
    expect(textOf(edited(host))).toContain(OURS)
    const two = withFiles(host, { [`${FOLDER}/suse.conf`]: 'title SUSE\nlinux /x\noptions rw\n' })
    expect(refusalOf(two)).toMatchObject({
      why: `the entries in ${FOLDER} boot more than one system (SUSE: no root=; arch.conf: root=UUID=2), and which of them is the running one cannot be told`,
    })
  })

  it('a recovery system by the name of its file', () => {
    const text = 'title Pop!_OS\nlinux /x\noptions root=UUID=1\n'
    const host = withCmdline(
      withEntries({ 'Recovery-9F2A.conf': text, 'arch.conf': 'linux /vmlinuz\noptions root=UUID=1\n' }),
      'root=UUID=1',
    )
    expect(textOf(edited(host), `${FOLDER}/Recovery-9F2A.conf`)).toBe(text)
  })

  it('the same file system at two places is written once', () => {
    const text = 'linux /vmlinuz\noptions root=UUID=1\n'
    const host = withFiles(anEntry(text), { '/efi/loader/entries/arch.conf': text })
    const changes = refusalOf(host)
    expect(isRefusal(changes) ? changes : changes.map(change => change.kind)).toEqual(['write'])
  })
})

describe('the order of the menu', () => {
  const linux = (lines = '') => `linux /vmlinuz\n${lines}`
  const order = (entries: Readonly<Record<string, string>>, loader = SYSTEMD_BOOT, loaderInfo?: string) => {
    const host = withEntries(entries)
    const firmware = { ...host.firmware, loaderInfo }
    return loaderEntries({ ...host, firmware }, loader).map(({ id }) => id)
  }

  it.each([
    [
      'newest first',
      { 'a-6.1.9.conf': linux(), 'a-6.1.10.conf': linux() },
      ['a-6.1.10.conf', 'a-6.1.9.conf'],
    ],
    [
      'entries with a sort key first, by it, then by version',
      {
        'z.conf': linux(),
        'a-1.conf': linux('sort-key debian\nversion 6.1.0-9\n'),
        'a-2.conf': linux('sort-key debian\nversion 6.1.0-10\n'),
        'b.conf': linux('sort-key arch\n'),
      },
      ['b.conf', 'a-2.conf', 'a-1.conf', 'z.conf'],
    ],
    [
      'entries that have no tries left last',
      { 'a-2+0-3.conf': linux(), 'a-1+1-2.conf': linux() },
      ['a-1+1-2.conf', 'a-2+0-3.conf'],
    ],
    [
      'none that names nothing to boot',
      { 'a.conf': linux(), 'b.conf': 'title b\n', 'c.conf': 'Linux /x\n' },
      ['a.conf'],
    ],
    ['in lower case, as the loader has them', { 'Arch.CONF': linux(), 'B.conf': linux() }, ['b.conf']],
  ])('%s', (_, entries, ids) => {
    expect(order(entries)).toEqual(ids)
  })

  it('before version 250 sort keys counted for nothing', () => {
    const entries = { 'a.conf': linux('sort-key a\n'), 'b.conf': linux() }
    expect(order(entries, SYSTEMD_BOOT, 'systemd-boot 249')).toEqual(['b.conf', 'a.conf'])
    expect(order(entries, SYSTEMD_BOOT, 'systemd-boot 250')).toEqual(['a.conf', 'b.conf'])
  })

  it('gummiboot’s ids have no suffix', () => {
    expect(order({ 'Solus.conf': linux() }, GUMMIBOOT)).toEqual(['solus'])
  })
})

describe('the entry that boots next', () => {
  const entries = { 'a.conf': 'linux /vmlinuz-a\n', 'b.conf': 'linux /vmlinuz-b\n' }
  const chosen = (differing: {
    default?: string
    oneShot?: string
    config?: string
    images?: Host['images']
  }) => {
    const host = withFiles(withEntries(entries), { '/boot/loader/loader.conf': differing.config })
    const loaderEntries = { default: differing.default ?? '', oneShot: differing.oneShot ?? '' }
    const answer = chosenEntry(
      { ...host, images: differing.images ?? {}, firmware: { ...host.firmware, loaderEntries } },
      SYSTEMD_BOOT,
    )
    return isRefusal(answer) ? answer.why : [answer.entry.id, answer.chosenBy]
  }
  const image = { '/boot/EFI/Linux/arch-linux.efi': { is: 'unknown', why: 'not read' } } as const

  it.each([
    ['the first of the menu', {}, ['b.conf', 'the order of systemd-boot’s menu']],
    [
      'the default of loader.conf, the last line of it',
      { config: 'timeout 3\n#default b.conf\ndefault b.conf\ndefault  A.conf \n' },
      ['a.conf', 'the default in /boot/loader/loader.conf'],
    ],
    ['a pattern', { config: 'default [a-a]*\n' }, ['a.conf', 'the default in /boot/loader/loader.conf']],
    [
      'a default that is not there counts for nothing',
      { config: 'default c*\n' },
      ['b.conf', 'the order of systemd-boot’s menu'],
    ],
    [
      'the firmware’s default before that',
      { config: 'default b.conf\n', default: 'a.conf' },
      ['a.conf', 'the default in the firmware (LoaderEntryDefault)'],
    ],
    [
      'its order for one boot before all',
      { config: 'default b.conf\n', default: 'b.conf', oneShot: 'a.conf' },
      ['a.conf', 'the firmware’s order for one boot (LoaderEntryOneShot)'],
    ],
    [
      'an entry of the loader’s own is refused',
      { oneShot: 'auto-windows' },
      expect.stringContaining('auto-windows'),
    ],
    ['the last choice is refused', { config: 'default @saved\n' }, expect.stringContaining('@saved')],
    [
      'a unified kernel image is refused',
      { default: 'arch-linux.efi', images: image },
      expect.stringContaining('names arch-linux.efi'),
    ],
    ['one that may come first, too', { images: image }, expect.stringContaining('may come before')],
    ['but not before a default', { images: image, default: 'a.conf' }, ['a.conf', expect.anything()]],
  ])('%s', (_, differing, expected) => {
    expect(chosen(differing)).toEqual(expected)
  })

  it('two configurations that disagree are refused', () => {
    const host = withFiles(withEntries(entries), {
      '/boot/loader/loader.conf': 'default a.conf\n',
      '/efi/loader/loader.conf': 'default b.conf\n',
    })
    expect(chosenEntry(host, SYSTEMD_BOOT)).toMatchObject({ refused: true })
  })

  it.each([
    ['arch*', 'arch-linux.conf', true],
    ['ARCH*.conf', 'arch.conf', true],
    ['*-6.1*-*.conf', 'a-6.0-6.1-x.conf', true],
    ['*.conf', 'a.conf.bak', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x[12]', 'bx2', true],
    ['[a-c]x', 'dx', false],
    ['[c-a]x', 'bx', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a.c', 'abc', false],
    ['*a*b', 'xaxbxb', true],
    ['**', '', true],
    [`${'*a'.repeat(40)}b`, 'a'.repeat(200), false],
  ])('%s and %s', (pattern, id, isMatch) => {
    expect(globOf(pattern).test(id)).toBe(isMatch)
  })

  it('any pattern and any loader.conf give an answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), text => {
        expect(chosen({ config: `default ${text}\n`, default: text })).toBeDefined()
      }),
    )
  })
})
