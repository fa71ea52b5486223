import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64FromBytes } from '../../../src/host/bytes.ts'
import { FilesMoved, files } from '../../../src/host/facts/files.ts'
import { parsesAnything } from './any_output.ts'

const listed = (entries: readonly { path: string; bytes: string }[]) => ({
  list: entries.map(({ path, bytes }) => `${bytes.length} 644 ${path}\n`).join(''),
  content: base64FromBytes(entries.map(({ bytes }) => bytes).join('')),
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

it('any output gives files, or says that they moved', () => {
  parsesAnything(
    files,
    () => {},
    error => error instanceof FilesMoved,
  )
})
