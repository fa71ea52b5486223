import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isBlacklisted,
  loadsVfioFirst,
  modprobeDirectives,
  modprobeFiles,
  parseModprobe,
  vfioIdsDirective,
} from '../../src/host/modprobe.ts'
import { aHost, withFiles } from '../builders.ts'

const read = (text: string) => parseModprobe('/etc/modprobe.d/a.conf', text)
const words = (text: string) => read(text).map(({ word, rest }) => [word, ...rest])

describe('reading a modprobe.d file', () => {
  // What modprobe -c (kmod 30) prints for the same text.
  it.each([
    ['comments say nothing', '# options vfio-pci ids=1:1\n  # blacklist x\n', []],
    ['blanks and tabs separate words', 'options\tvfio-pci   ids=1:1\n', [['options', 'vfio-pci', 'ids=1:1']]],
    ['a line may be indented', '  blacklist nouveau\n', [['blacklist', 'nouveau']]],
    [
      'a backslash joins lines with nothing between',
      'options vfio-pci ids=1:1,\\\n2:2 x=1\n',
      [['options', 'vfio-pci', 'ids=1:1,2:2', 'x=1']],
    ],
    [
      'a comment that ends in a backslash swallows the next line',
      '# art \\\nblacklist a\nblacklist b\n',
      [['blacklist', 'b']],
    ],
    ['a backslash before another character goes', 'blacklist nou\\veau\n', [['blacklist', 'nouveau']]],
    ['a carriage return belongs to the word', 'blacklist nouveau\r\n', [['blacklist', 'nouveau\r']]],
    ['the last line needs no newline', 'blacklist a', [['blacklist', 'a']]],
  ])('%s', (_, text, expected) => {
    expect(words(text)).toEqual(expected)
  })

  it('gives directives for any bytes, each where it stands', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('options ', 'ids=', '#', '\\', '\n', ' ', 'a', '\xff', '"') }),
        bytes => {
          for (const { start, end, word } of read(bytes)) {
            expect(end).toBeGreaterThan(start)
            expect(word).not.toBe('')
          }
        },
      ),
    )
  })
})

describe('which files count', () => {
  it('a file hides those of the same name in later folders, and order is by name', () => {
    const host = withFiles(aHost({ files: {} }), {
      '/usr/lib/modprobe.d/b.conf': 'blacklist hidden\n',
      '/etc/modprobe.d/b.conf': 'blacklist b\n',
      '/usr/lib/modprobe.d/a.conf': 'blacklist a\n',
      '/run/modprobe.d/c.conf': 'blacklist c\n',
      '/etc/modprobe.d/not-read.conf.bak': 'blacklist d\n',
    })
    expect(modprobeFiles(host)).toEqual([
      '/usr/lib/modprobe.d/a.conf',
      '/etc/modprobe.d/b.conf',
      '/run/modprobe.d/c.conf',
    ])
    expect(modprobeDirectives(host).map(({ rest }) => rest[0])).toEqual(['a', 'b', 'c'])
  })
})

describe('blacklisted', () => {
  it.each([
    ['blacklist nouveau\n', true],
    ['blacklist i2c-nvidia-gpu\nblacklist nouveau', true],
    ['install nouveau /bin/false\n', true],
    ['install nouveau /usr/bin/true\n', true],
    ['install nouveau /usr/local/bin/script\n', false],
    ['alias nouveau off\n', false],
    ['# blacklist nouveau\n', false],
    ['blacklist nouveaux\n', false],
    ['blacklist nouveau\r\n', false],
  ])('%j blacklists nouveau: %s', (text, expected) => {
    expect(isBlacklisted(read(text), 'nouveau') !== undefined).toBe(expected)
  })

  it('takes - and _ for the same', () => {
    expect(isBlacklisted(read('blacklist snd-hda-intel'), 'snd_hda_intel')).toBeDefined()
  })
})

describe('a softdep that loads vfio-pci first', () => {
  it.each([
    ['softdep xhci_pci pre: vfio-pci\n', true],
    ['softdep xhci-pci pre: snd vfio_pci post: x\n', true],
    ['softdep xhci_pci pre:vfio-pci\n', false],
    ['softdep xhci_pci post: vfio-pci\n', false],
    ['softdep xhci_pci pre: a post: vfio-pci\n', false],
    ['softdep nouveau pre: vfio-pci\n', false],
  ])('%j: %s', (text, expected) => {
    expect(loadsVfioFirst(read(text), 'xhci_pci') !== undefined).toBe(expected)
  })
})

describe('the ids that count', () => {
  it.each<[string, string, string[] | undefined]>([
    ['one line', 'options vfio-pci ids=1:1,2:2\n', ['1:1', '2:2']],
    ['the underscored name', 'options vfio_pci ids=1:1\n', ['1:1']],
    ['the last of two lines', 'options vfio-pci ids=1:1\noptions vfio-pci ids=2:2\n', ['2:2']],
    ['the last of one line', 'options vfio-pci ids=1:1 ids=2:2\n', ['2:2']],
    [
      'a line without ids adds other parameters only',
      'options vfio-pci ids=1:1\noptions vfio-pci disable_vga=1\n',
      ['1:1'],
    ],
    ['a wrong parameter name sets none', 'options vfio-pci vfio-pci.ids=1:1\n', undefined],
    ['a comment sets none', '# see options vfio-pci ids=1:1\n', undefined],
    ['quotes are taken off', 'options vfio-pci ids="1:1,2:2"\n', ['1:1', '2:2']],
    ['a carriage return is not part of the last id', 'options vfio-pci ids=1:1\r\n', ['1:1']],
  ])('%s', (_, text, ids) => {
    expect(vfioIdsDirective(read(text))?.ids).toEqual(ids)
  })
})
