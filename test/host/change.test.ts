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
import type { Host } from '../../src/host/host.ts'
import { observed, predicted } from '../../src/host/known.ts'
import { aDevice, aHost, withDevices, withFiles, withKernel } from '../builders.ts'

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

  it('attributes that are set, and those of a path that a task has named', () => {
    const named: Host = { ...host, places: { '/etc/x': { kind: 'absent' } } }
    const set: Change = {
      kind: 'write',
      path: '/etc/x',
      before: undefined,
      after: 'x',
      mode: '600',
      owner: '7',
    }
    const after = applyChange(named, set)
    expect(after.files['/etc/x']).toEqual({ bytes: 'x', mode: '600' })
    expect(after.places['/etc/x']).toMatchObject({
      kind: 'file',
      owner: { id: predicted(7), name: { is: 'unknown' } },
      group: { id: { is: 'unknown' }, name: { is: 'unknown' } },
    })
    const gone = applyChange(after, { kind: 'remove', path: '/etc/x', before: 'x' })
    expect([gone.places['/etc/x'], gone.files['/etc/x']]).toEqual([{ kind: 'absent' }, undefined])
  })

  it('packages that a program installs are there, of whatever version', () => {
    const change: Change = { ...program, edits: [], packages: { qemu: 'installed', nano: 'removed' } }
    expect(applyChange(host, change).packages).toMatchObject({
      qemu: predicted({ installed: true, version: { is: 'unknown' } }),
      nano: predicted({ installed: false, version: predicted('') }),
    })
  })

  it('several come in their order', () => {
    const then = write(applyChange(host, program), PATH, 'c\n')
    expect(then).toEqual([{ kind: 'write', path: PATH, before: 'b\n', after: 'c\n' }])
    expect(applyChanges(host, [program, ...then]).files[PATH]?.bytes).toBe('c\n')
  })
})

describe('what a device that is bound makes of a host', () => {
  const at = '0000:0a:00.0'
  const card = aDevice({ address: at, driver: 'nouveau', nodes: ['card1'] })
  const idle = { ...withDevices(aHost(), card), driverModules: observed({ nouveau: 'nouveau' }) }
  const to = (driver: string, rest: Partial<Extract<Change, { kind: 'bind' }>> = {}): Change => ({
    ...{ kind: 'bind', address: at, id: '10de:13c2', from: 'nouveau', to: driver, timeout: 30 },
    ...rest,
  })
  const bound = applyChange(idle, to('vfio-pci'))
  const device = (host: Host) => host.devices.find(({ address }) => address === at)

  it('is its driver, and the module of that', () => {
    expect(device(bound)).toEqual({
      ...card,
      driver: predicted('vfio-pci'),
      driverOverride: 'vfio-pci',
      nodes: [],
      vfioDev: true,
    })
    expect(bound.driverModules).toEqual(predicted({ nouveau: 'nouveau', 'vfio-pci': 'vfio_pci' }))
    expect(bound.files).toBe(idle.files)
    expect(editsOf(to('vfio-pci'))).toEqual([])
  })

  it('is for the kernel to say where it chooses', () => {
    const back = applyChange(bound, to('', { from: 'vfio-pci' }))
    expect(device(back)).toMatchObject({ driver: { is: 'unknown' }, driverOverride: '', vfioDev: false })
    expect(back.driverModules.is).toBe('unknown')
  })

  it('has the override that it is left with', () => {
    expect(device(applyChange(idle, to('vfio-pci', { override: '' })))).toMatchObject({ driverOverride: '' })
  })

  it('loads no module where the driver is compiled in', () => {
    const builtin = withKernel(idle, { vfio: { vfio_pci: { is: 'builtin', needs: [] } } })
    expect(applyChange(builtin, to('vfio-pci')).driverModules).toEqual(idle.driverModules)
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
