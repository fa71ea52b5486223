import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64FromBytes } from '../../../src/host/bytes.ts'
import { FilesMoved } from '../../../src/host/facts/files.ts'
import { LARGEST_FILE, placesAt } from '../../../src/host/facts/places.ts'
import { ifKnown } from '../../../src/host/known.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const contents = {
  '/etc/one': 'one\n',
  '/etc/empty': '',
  '/etc/a b': 'blanks\n',
  '/etc/a b ': 'one more\n',
  '/etc/it\'s $(id) "x"': 'odd\n',
  '/etc/bytes': '\xff\0\n\n',
  '/etc/link': { to: 'one' },
  '/etc/nowhere': { to: 'nothing' },
  '/etc/null': { to: '/dev/null' },
  '/etc/large': 'x'.repeat(LARGEST_FILE + 1),
  '/etc/folder/x': '',
}

describe.each(REAL_SHELLS)('what is at a path, under %s', (_, { argv, isMissing }) => {
  it.skipIf(isMissing)('is told apart, and files come byte for byte', () => {
    const paths = [...Object.keys(contents), '/etc/folder', '/etc/gone', '/none/gone', '/gone']
    const { places, files } = factOf(placesAt(paths), argv, contents)
    expect(Object.fromEntries(Object.entries(places).map(([path, { kind }]) => [path, kind]))).toEqual({
      ...Object.fromEntries(Object.keys(contents).map(path => [path, 'file'])),
      ...{ '/etc/nowhere': 'other', '/etc/null': 'other', '/etc/large': 'large', '/etc/folder': 'directory' },
      ...{ '/etc/gone': 'absent', '/none/gone': 'no folder', '/gone': 'absent' },
    })
    const read = [
      '/etc/one',
      '/etc/empty',
      '/etc/a b',
      '/etc/a b ',
      '/etc/it\'s $(id) "x"',
      '/etc/bytes',
      '/etc/folder/x',
    ]
    for (const path of read)
      expect(files[path]?.bytes, path).toBe(Object.entries(contents).find(([name]) => name === path)?.[1])
    expect(files['/etc/link']?.bytes).toBe('one\n')
    expect(files['/etc/large']).toBeUndefined()
    expect(places['/etc/large']).toEqual({ kind: 'large', size: LARGEST_FILE + 1 })
    const own = places['/etc/one']
    expect(own?.kind === 'file' && ifKnown(own.owner.id)).toBe(process.getuid?.())
  })

  it.skipIf(isMissing)('may be all that is not there', () => {
    expect(factOf(placesAt(['/etc/gone']), argv, {})).toEqual({
      places: { '/etc/gone': { kind: 'no folder' } },
      files: {},
    })
  })
})

const all = (path: string, size: number, bytes: string) =>
  `file ${path}\n\n${size} 644 0 7 root/UNKNOWN/.${path}\n\n${base64FromBytes(bytes)}\n`

describe('places', () => {
  it('an id without a name is known by its number', () => {
    const { places } = placesAt(['/x']).parse({ all: all('/x', 1, 'a') })
    expect(places['/x']).toEqual({
      kind: 'file',
      owner: { id: { is: 'observed', value: 0 }, name: { is: 'observed', value: 'root' } },
      group: { id: { is: 'observed', value: 7 }, name: { is: 'unknown', why: 'this id has no name' } },
    })
  })

  it('a name may have blanks', () => {
    const line = '1 644 1 2 EXAMPLE\\\\jo doe/domain users/./x'
    const { places } = placesAt(['/x']).parse({ all: `file /x\n\n${line}\n\nYQ==\n` })
    expect(places['/x']).toMatchObject({
      owner: { name: { value: 'EXAMPLE\\\\jo doe' } },
      group: { name: { value: 'domain users' } },
    })
  })

  it('files that moved meanwhile are noticed', () => {
    expect(() => placesAt(['/x']).parse({ all: all('/x', 1, 'ab') })).toThrow(FilesMoved)
    expect(() => placesAt(['/x']).parse({ all: 'file /x\n\n' })).toThrow(FilesMoved)
  })

  it('contents come back, whatever is in them', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array).toString('latin1'))
    fc.assert(
      fc.property(bytes, content => {
        const { files } = placesAt(['/x']).parse({ all: all('/x', content.length, content) })
        expect(files['/x']?.bytes).toBe(content)
      }),
    )
  })

  it('any output gives places, or says that they moved', () => {
    parsesAnything(
      placesAt(['/x']),
      () => {},
      error => error instanceof FilesMoved,
    )
  })
})
