import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blsEntries, parseBlsEntry } from '../../../../src/backends/bootloaders/entries/bls.ts'
import { tokensOf } from '../../../../src/backends/bootloaders/lines/written_line.ts'
import { aHost, withFiles } from '../../../builders.ts'

const FOLDER = '/boot/loader/entries'
const PATH = `${FOLDER}/f3a1-6.9.7.conf`
const ENTRY = `# made by kernel-install
title      Debian GNU/Linux 12 (bookworm)
version    6.9.7
machine-id f3a1
sort-key   debian
options    root=UUID=5f0a ro quiet
linux      /f3a1/6.9.7/linux
initrd     /f3a1/6.9.7/microcode
initrd     /f3a1/6.9.7/initrd
`
const parse = (text: string) => parseBlsEntry(PATH, text)
const options = (text: string) =>
  parse(text).options.flatMap(line => tokensOf(withFiles(aHost(), { [PATH]: text }), line))

describe('an entry', () => {
  it('has its fields, and where its options stand', () => {
    const at = ENTRY.indexOf('root=')
    expect(parse(ENTRY)).toEqual({
      path: PATH,
      id: 'f3a1-6.9.7.conf',
      title: 'Debian GNU/Linux 12 (bookworm)',
      version: '6.9.7',
      sortKey: 'debian',
      machineId: 'f3a1',
      linux: '/f3a1/6.9.7/linux',
      initrds: ['/f3a1/6.9.7/microcode', '/f3a1/6.9.7/initrd'],
      boots: true,
      isLinux: true,
      options: [{ path: PATH, start: at, end: at + 'root=UUID=5f0a ro quiet'.length }],
    })
  })

  it.each([
    ['one line', 'options ro quiet\n', ['ro', 'quiet']],
    ['without a line end', 'options ro quiet', ['ro', 'quiet']],
    ['several lines, in their order', 'options ro\nlinux /x\noptions quiet\n', ['ro', 'quiet']],
    ['behind tabs, indented', '\toptions\t\tro\tquiet  \n', ['ro', 'quiet']],
    ['with quotes', 'options dyndbg="file a +p" ro\n', ['dyndbg="file a +p"', 'ro']],
    ['with variables of GRUB', 'options $kernelopts $tuned_params\n', ['$kernelopts', '$tuned_params']],
    ['none of a key in other letters, which loaders do not know', 'Options ro\nOPTIONS rw\n', []],
    ['an empty line', 'options\nlinux /x\n', []],
    ['an empty line with blanks', 'options  \n', []],
    ['none', 'linux /x\n', []],
    ['none of a comment', '#options ro\n # options rw\n', []],
    ['none of a longer key', 'options-old ro\n', []],
  ])('has options: %s', (_, text, expected) => {
    expect(options(text)).toEqual(expected)
  })

  it.each([
    ['a kernel', 'linux /vmlinuz\n', true],
    ['a program of the firmware', 'title Memtest\nefi /EFI/memtest.efi\n', false],
    ['one that is called from an entry with a kernel', 'linux /x\nefi /EFI/shell.efi\n', false],
    ['a unified image', 'uki /EFI/Linux/x.efi\n', false],
    ['nothing', '', false],
    ['a kernel without a name', 'linux\noptions ro\n', false],
    ['a kernel by a key in other letters', 'LINUX /vmlinuz\noptions ro\n', false],
  ])('is one of Linux by its lines: %s', (_, text, isLinux) => {
    expect(parse(text).isLinux).toBe(isLinux)
  })

  it.each([
    ['a kernel', 'linux /vmlinuz\n', true],
    ['a program of the firmware', 'efi /x.efi\n', true],
    ['nothing that loaders know', 'title x\nLINUX /vmlinuz\noptions ro\n', false],
  ])('is one to boot where it names %s', (_, text, boots) => {
    expect(parse(text).boots).toBe(boots)
  })

  it('names several initrds on a line or on lines', () => {
    expect(parse('initrd /ucode /initrd\ninitrd /more\n').initrds).toEqual(['/ucode', '/initrd', '/more'])
  })

  it('takes the first title', () => {
    expect(parse('title a\ntitle b\n').title).toBe('a')
  })

  it('comes from any bytes, and its options are where it says', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('options', 'linux', 'title', ' ', '\t', '\n', '\n', '#', '\r', '\xff', 'ro', '='),
        fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
      ),
      maxLength: 30,
    })
    fc.assert(
      fc.property(text, bytes => {
        for (const { start, end } of parse(bytes).options) {
          expect(end).toBeGreaterThanOrEqual(start)
          expect(bytes.slice(start, end)).not.toContain('\n')
          expect(bytes.slice(bytes.lastIndexOf('\n', start - 1) + 1, start)).toMatch(/^[ \t]*options[ \t]*$/)
          expect([undefined, '\n']).toContain(bytes[end])
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the entries of a folder', () => {
  it('are its .conf files by name, of no other folder', () => {
    const host = withFiles(aHost(), {
      [`${FOLDER}/b.conf`]: 'title b\n',
      [`${FOLDER}/a.conf`]: 'title a\n',
      [`${FOLDER}/a.conf.bak`]: 'title bak\n',
      [`${FOLDER}/below/c.conf`]: 'title c\n',
      '/boot/loader/loader.conf': 'timeout 3\n',
      '/efi/loader/entries/d.conf': 'title d\n',
    })
    expect(blsEntries(host, FOLDER).map(({ id, title }) => [id, title])).toEqual([
      ['a.conf', 'a'],
      ['b.conf', 'b'],
    ])
    expect(blsEntries(host, '/nowhere')).toEqual([])
  })
})
