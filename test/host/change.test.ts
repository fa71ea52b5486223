import { describe, expect, it } from 'vitest'
import {
  applyChange,
  applyChanges,
  type Change,
  editsOf,
  pathsOf,
  placesOf,
  write,
} from '../../src/host/change.ts'
import { aHost, withFiles } from '../builders.ts'

const PATH = '/etc/kernelstub/configuration'
const program: Change = {
  kind: 'run',
  argv: ['kernelstub', '-a', 'quiet'],
  reason: 'kernelstub keeps its own file',
  edits: [
    { path: PATH, before: 'a\n', after: 'b\n' },
    { path: '/boot/new', before: undefined, after: '' },
    { path: '/boot/gone', before: 'x', after: undefined },
  ],
}
const host = withFiles(aHost(), { [PATH]: 'a\n', '/boot/gone': 'x' })

describe('what a change makes of a host', () => {
  it.each<[string, Change, Readonly<Record<string, string | undefined>>]>([
    ['a write to a file', { kind: 'write', path: PATH, before: 'a\n', after: 'c\n' }, { [PATH]: 'c\n' }],
    ['a write of a new one', { kind: 'write', path: '/x', before: undefined, after: '' }, { '/x': '' }],
    ['a removal', { kind: 'remove', path: PATH, before: 'a\n' }, { [PATH]: undefined }],
    [
      'a program: all that it writes, makes and takes away',
      program,
      { [PATH]: 'b\n', '/boot/new': '', '/boot/gone': undefined },
    ],
    ['a program that writes no file', { ...program, edits: [] }, {}],
  ])('%s', (_, change, files) => {
    expect(applyChange(host, change)).toEqual(withFiles(host, files))
  })

  it('a file keeps its mode, whoever writes it', () => {
    const secret = { ...host, files: { ...host.files, [PATH]: { bytes: 'a\n', mode: '600' } } }
    expect(applyChange(secret, program).files[PATH]).toEqual({ bytes: 'b\n', mode: '600' })
  })

  it('several come in their order', () => {
    const then = write(applyChange(host, program), PATH, 'c\n')
    expect(then).toEqual([{ kind: 'write', path: PATH, before: 'b\n', after: 'c\n' }])
    expect(applyChanges(host, [program, ...then]).files[PATH]?.bytes).toBe('c\n')
  })
})

describe('the files of changes', () => {
  it('are those of programs, too', () => {
    expect(editsOf(program)).toEqual(program.kind === 'run' && program.edits)
    expect(editsOf({ kind: 'remove', path: PATH, before: 'a\n' })).toMatchObject([
      { path: PATH, before: 'a\n', after: undefined },
    ])
  })

  it('are each named once', () => {
    expect(pathsOf([program, ...write(host, PATH, 'c\n'), ...write(host, '/etc/x', '')])).toEqual([
      PATH,
      '/boot/new',
      '/boot/gone',
      '/etc/x',
    ])
  })
})

it.each([
  [[], ''],
  [['/a'], '/a'],
  [['/a', '/b', '/a'], '/a and /b'],
  [['/a', '/b', '/c'], '/a, /b and /c'],
  [['/a', '/b', '/c', '/d'], '/a, /b and 2 more files'],
])('the files %j in words: %s', (paths, words) => {
  expect(placesOf(paths.flatMap(path => write(aHost({ files: {} }), path, '')))).toBe(words)
})

it('a file that holds what it should is not written', () => {
  expect(write(host, PATH, 'a\n')).toEqual([])
  expect(write(host, '/etc/empty', '')).toEqual([
    { kind: 'write', path: '/etc/empty', before: undefined, after: '' },
  ])
})
