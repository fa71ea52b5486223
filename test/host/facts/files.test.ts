import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64FromBytes } from '../../../src/host/bytes.ts'
import { FilesMoved, files } from '../../../src/host/facts/files.ts'
import { modprobeDirectives } from '../../../src/host/modprobe.ts'
import { aHost } from '../../builders.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const listed = (entries: readonly { path: string; bytes: string }[]) => ({
  list: entries.map(({ path, bytes }) => `${bytes.length} 644 ${path}\n`).join(''),
  content: base64FromBytes(entries.map(({ bytes }) => bytes).join('')),
  masks: '',
})

describe('files', () => {
  it('come back byte for byte, whatever is in them', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array).toString('latin1'))
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), contents => {
        const entries = contents.map((one, i) => ({ path: `./etc/${i}`, bytes: one }))
        const found = files.parse(listed(entries))
        expect(entries.map(({ path }) => found[path.slice(1)]?.bytes)).toEqual(contents)
      }),
    )
  })

  it('a path may hold blanks', () => {
    expect(files.parse(listed([{ path: './etc/modprobe.d/a b.conf', bytes: 'x' }]))).toEqual({
      '/etc/modprobe.d/a b.conf': { bytes: 'x', mode: '644' },
    })
  })

  it('base64 may be wrapped', () => {
    const out = listed([{ path: './etc/x', bytes: 'a'.repeat(100) }])
    const wrapped = out.content.replace(/.{76}/g, '$&\n')
    expect(files.parse({ ...out, content: wrapped })['/etc/x']?.bytes).toHaveLength(100)
  })

  it('one that grew or shrank meanwhile is noticed', () => {
    const out = listed([{ path: './etc/x', bytes: 'abc' }])
    expect(() => files.parse({ ...out, content: base64FromBytes('abcd') })).toThrow(FilesMoved)
    expect(() => files.parse({ ...out, content: base64FromBytes('ab') })).toThrow(FilesMoved)
  })
})

describe.each(REAL_SHELLS)('files under %s', (_, { argv, isMissing }) => {
  it.skipIf(isMissing)('on an ESP that is to be seen at two places are found once', () => {
    const entry = 'loader/entries/arch.conf'
    const twice = factOf(files, argv, { [`/boot/${entry}`]: 'title Arch\n', '/efi': { to: 'boot' } })
    expect(Object.keys(twice)).toEqual([`/boot/${entry}`])
    const below = factOf(files, argv, { [`/efi/${entry}`]: 'title Arch\n', '/boot/efi': { to: '../efi' } })
    expect(Object.keys(below)).toEqual([`/efi/${entry}`])
    const apart = factOf(files, argv, { [`/efi/${entry}`]: 'a\n', [`/boot/${entry}`]: 'b\n' })
    expect(Object.keys(apart).sort()).toEqual([`/boot/${entry}`, `/efi/${entry}`])
  })

  it.skipIf(isMissing)('are found through links, and a link to /dev/null is an empty file that masks', () => {
    const found = factOf(files, argv, {
      '/etc/modprobe.d/own.conf': 'blacklist a\n',
      '/etc/modprobe.d/linked.conf': { to: '../alternatives/linked' },
      '/etc/alternatives/linked': 'blacklist b\n',
      '/etc/modprobe.d/masked.conf': { to: '/dev/null' },
      '/etc/modprobe.d/nowhere.conf': { to: 'nothing' },
      '/usr/lib/modprobe.d/masked.conf': 'blacklist c\n',
      '/usr/share/initramfs-tools/modules.d/package': 'vfio\n',
    })
    expect(Object.fromEntries(Object.entries(found).map(([path, { bytes }]) => [path, bytes]))).toEqual({
      '/etc/modprobe.d/own.conf': 'blacklist a\n',
      '/etc/modprobe.d/linked.conf': 'blacklist b\n',
      '/etc/modprobe.d/masked.conf': '',
      '/usr/lib/modprobe.d/masked.conf': 'blacklist c\n',
      '/usr/share/initramfs-tools/modules.d/package': 'vfio\n',
    })
    expect(Object.keys(found).filter(path => found[path]?.masks)).toEqual(['/etc/modprobe.d/masked.conf'])
    expect(modprobeDirectives({ ...aHost(), files: found }).map(({ rest }) => rest[0])).toEqual(['b', 'a'])
  })
})

it('any output gives files, or says that they moved', () => {
  parsesAnything(
    files,
    () => {},
    error => error instanceof FilesMoved,
  )
})
