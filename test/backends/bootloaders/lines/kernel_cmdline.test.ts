import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  editKernelCmdline,
  kernelCmdline,
  type Reader,
  seedOf,
} from '../../../../src/backends/bootloaders/lines/kernel_cmdline.ts'
import { applyChanges, editsOf } from '../../../../src/host/change.ts'
import type { Host } from '../../../../src/host/host.ts'
import { type ArgEdit, isSatisfied, keyOf, splitArgs } from '../../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../../src/refusal.ts'
import { aHost, withFiles } from '../../../builders.ts'

const PATH = '/etc/kernel/cmdline'
const VENDOR = '/usr/lib/kernel/cmdline'
const ADD: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const REMOVE: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

const host = (files: Readonly<Record<string, string>> = {}): Host => withFiles(aHost({ files: {} }), files)
function edited(
  before: Host,
  edits: readonly ArgEdit[] = ADD,
  effective = '',
  reader: Reader = 'takes every word',
) {
  const changes = editKernelCmdline(before, edits, splitArgs(effective), reader)
  if (isRefusal(changes)) return changes.why
  return Object.fromEntries(changes.flatMap(editsOf).map(({ path, after }) => [path, after]))
}

describe('the file is there', () => {
  it.each<[string, Reader, string, string]>([
    ['one line', 'takes every word', 'root=UUID=5 ro\n', 'root=UUID=5 ro intel_iommu=on\n'],
    ['without a newline at its end', 'takes every word', 'root=UUID=5 ro', 'root=UUID=5 ro intel_iommu=on'],
    ['one argument a line', 'takes every word', 'root=UUID=5\nro\n', 'root=UUID=5\nro\nintel_iommu=on\n'],
    ['before a --', 'takes every word', 'root=UUID=5 -- 3\n', 'root=UUID=5 intel_iommu=on -- 3\n'],
    [
      'the key is there',
      'drops comments',
      'intel_iommu=off # no\n# text\nro\n',
      'intel_iommu=on # no\n# text\nro\n',
    ],
    [
      'comments',
      'drops comments',
      '# intel_iommu=on\nro\n# end\n',
      '# intel_iommu=on\nro intel_iommu=on\n# end\n',
    ],
    [
      'a key in two places',
      'drops comments',
      'ro\n#\nintel_iommu=igfx_off\n#\nrw\n',
      'ro\n#\nintel_iommu=igfx_off,on\n#\nrw\n',
    ],
    ['empty', 'drops comments', '', 'intel_iommu=on'],
  ])('%s', (_, reader, before, after) => {
    expect(edited(host({ [PATH]: before }), ADD, '', reader)).toEqual({ [PATH]: after })
  })

  it('what a builder takes for arguments depends on the builder', () => {
    const bytes = '# quiet\nro\n'
    expect(kernelCmdline(host({ [PATH]: bytes }))).toEqual(['#', 'quiet', 'ro'])
    expect(kernelCmdline(host({ [PATH]: bytes }), 'drops comments')).toEqual(['ro'])
  })

  it.each([
    ['CRLF', 'ro\r\n', `${PATH}:1 has Windows line ends (CRLF)`],
    ['a template', 'root={{ root }}\n', `${PATH}:1 is a template`],
    ['a placeholder', 'root=%ROOT%\n', `${PATH}:1 is a template`],
    ['an unterminated quote', 'ro dyndbg="file\n', `${PATH} has an unterminated quote`],
    ['nothing but a comment without an end', '# none', `the command line in ${PATH} cannot be edited safely`],
  ])('refused: %s', (_, bytes, message) => {
    expect(edited(host({ [PATH]: bytes }), ADD, '', 'drops comments')).toContain(message)
  })

  it('every edit holds, all else stays, and again there is nothing to do; or it is refused', () => {
    const text = fc.array(
      fc.constantFrom(
        '# c\n',
        '\n',
        ' ',
        'ro',
        'a="b c"',
        'intel_iommu=off',
        'intel_iommu=on,sm_on',
        '--',
        '"',
        'x=1\n',
        '#',
      ),
      { maxLength: 12 },
    )
    const reader = fc.constantFrom<Reader>('drops comments', 'takes every word')
    fc.assert(
      fc.property(text, reader, fc.constantFrom(ADD, REMOVE), (parts, how, edits) => {
        const before = host({ [PATH]: parts.join('') })
        const changes = editKernelCmdline(before, edits, [], how)
        if (isRefusal(changes)) return
        const after = applyChanges(before, changes)
        const others = (one: Host) =>
          (kernelCmdline(one, how) ?? []).filter(token => keyOf(token) !== 'intel_iommu')
        expect(edits.every(edit => isSatisfied(kernelCmdline(after, how) ?? [], edit))).toBe(true)
        expect(others(after)).toEqual(others(before))
        expect(editKernelCmdline(after, edits, [], how)).toEqual([])
      }),
    )
  })
})

describe('the file is not there', () => {
  const BOOTED =
    'BOOT_IMAGE=/vmlinuz initrd=\\initrd.img root=UUID=5 ro quiet systemd.machine_id=0123456789abcdef0123456789abcdef'

  it('it begins with what the machine boots with, but for what loaders add', () => {
    expect(edited(host(), ADD, BOOTED)).toEqual({ [PATH]: 'root=UUID=5 ro quiet intel_iommu=on\n' })
    expect(seedOf(splitArgs(BOOTED))).toEqual(['root=UUID=5', 'ro', 'quiet'])
  })

  it('it is not made where the line has all that is asked for', () => {
    expect(edited(host(), ADD, `${BOOTED} intel_iommu=on`)).toEqual({})
    expect(edited(host(), REMOVE, BOOTED)).toEqual({})
  })

  it('it begins with the distribution’s where there is one', () => {
    expect(edited(host({ [VENDOR]: 'root=LABEL=os rw\n' }), ADD, BOOTED)).toEqual({
      [PATH]: 'root=LABEL=os rw intel_iommu=on\n',
    })
    expect(edited(host({ [VENDOR]: 'root=LABEL=os intel_iommu=on\n' }), ADD, BOOTED)).toEqual({})
  })

  it('without a line to begin with it is refused: the next kernel would have no root', () => {
    expect(edited(host())).toMatch(
      /^there is no \/etc\/kernel\/cmdline, and what it would have to begin with cannot be told/,
    )
  })
})
