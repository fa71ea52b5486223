import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  environmentValue,
  withEnvironmentValue,
} from '../../../../src/backends/bootloaders/formats/grub_environment.ts'

const block = (lines: string, size = 1024) => `# GRUB Environment Block\n${lines}`.padEnd(size, '#')

describe("GRUB's environment block", () => {
  it.each([
    ['a value with = in it', 'kernelopts=root=/dev/x ro\n', 'root=/dev/x ro'],
    ['an empty value', 'kernelopts=\n', ''],
    ['the first of two', 'kernelopts=a\nkernelopts=b\n', 'a'],
    ['none where there is none', 'saved_entry=x\n', undefined],
    ['none that a comment names', '# kernelopts=x\n', undefined],
    ['none within another value', 'x=a\\\nkernelopts=b\n', undefined],
    ['a backslash that was escaped', 'kernelopts=a\\\\b\n', 'a\\b'],
  ])('gives %s', (_, lines, value) => {
    expect(environmentValue(block(lines), 'kernelopts')).toBe(value)
  })

  it('keeps its size and the place of every value', () => {
    expect(
      withEnvironmentValue(block('kernelopts=ro\nsaved_entry=x\n'), 'kernelopts', 'ro intel_iommu=on'),
    ).toBe(block('kernelopts=ro intel_iommu=on\nsaved_entry=x\n'))
  })

  it('takes a new variable at the end of what is used', () => {
    expect(withEnvironmentValue(block('saved_entry=x\n'), 'kernelopts', 'ro')).toBe(
      block('saved_entry=x\nkernelopts=ro\n'),
    )
  })

  it.each([
    ['no block at all', 'kernelopts=ro\n'],
    ['a block that is full', block('kernelopts=ro\n', 41)],
    ['a block whose last line is open', `${block('kernelopts=ro\n')}x`],
    ['an empty file', ''],
  ])('is left alone where it is %s', (_, bytes) => {
    expect(withEnvironmentValue(bytes, 'kernelopts', 'ro intel_iommu=on')).toBeUndefined()
  })

  it('has the value that was put into it, the others as they were, and its size, whatever these are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '=', ' ', '\\', '\n', '#', '\xff'), maxLength: 20 })
    fc.assert(
      fc.property(text, text, (value, other) => {
        const begun = withEnvironmentValue(block(''), 'other', other) ?? ''
        const set = withEnvironmentValue(begun, 'kernelopts', value) ?? ''
        expect(set).toHaveLength(1024)
        expect(environmentValue(set, 'kernelopts')).toBe(value)
        expect(environmentValue(set, 'other')).toBe(other)
        expect(withEnvironmentValue(set, 'kernelopts', value)).toBe(set)
      }),
    )
  })

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.string(), bytes => {
        const set = withEnvironmentValue(bytes, 'x', 'y')
        return set === undefined || environmentValue(set, 'x') === 'y'
      }),
    )
  })
})
