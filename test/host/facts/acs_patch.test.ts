import { describe, expect, it } from 'vitest'
import { acsPatch } from '../../../src/host/facts/acs_patch.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const PLAIN = '0000000000000000 T _stext\n0000000000000000 T start_kernel\n'
const PATCHED = `${PLAIN}0000000000000000 t pcie_acs_override_setup\n`
const STUB = 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n'
const UNKNOWN = {
  is: 'unknown',
  why: 'the symbols of the running kernel are not readable (/proc/kallsyms)',
}
const programs = { uname: '#!/bin/sh\necho 6.1.0-18-amd64\n' }

describe('the ACS override patch', () => {
  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing).each<[string, Contents, object]>([
      ['is in a kernel that has its symbols', { '/proc/kallsyms': PATCHED }, { value: true }],
      ['is not in one that has others only', { '/proc/kallsyms': PLAIN }, { value: false }],
      ['is told by System.map too', { '/boot/System.map-6.1.0-18-amd64': PATCHED }, { value: true }],
      [
        'by the map where the list of symbols is empty',
        { '/proc/kallsyms': '', '/boot/System.map-6.1.0-18-amd64': PLAIN },
        { value: false },
      ],
      ["is not known by Debian's stub", { '/boot/System.map-6.1.0-18-amd64': STUB }, UNKNOWN],
      ["is not known by another kernel's map", { '/boot/System.map-6.2': PATCHED }, UNKNOWN],
    ])('%s', (_title, contents, expected) => {
      expect(factOf(acsPatch, argv, contents, { programs })).toMatchObject(expected)
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(acsPatch)
})
