import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareVersions } from '../../../../src/backends/bootloaders/entries/version_order.ts'

const version = fc.string({ unit: fc.constantFrom(...'0129ab.-~^_+ '), maxLength: 8 })

describe('the order of versions', () => {
  // UAPI.10, its examples.
  it.each([
    ['11', '11', 0],
    ['systemd-123', 'systemd-123', 0],
    ['bar-123', 'foo-123', -1],
    ['123a', '123', 1],
    ['123.a', '123', 1],
    ['123.a', '123.b', -1],
    ['123a', '123.a', 1],
    ['11α', '11β', 0],
    ['B', 'a', -1],
    ['', '0', -1],
    ['0.', '0', 1],
    ['0.0', '0', 1],
    ['0', '~', 1],
    ['', '~', 1],
    ['1_', '1', 0],
    ['6.1.0-9-amd64', '6.1.0-10-amd64', -1],
    ['6.9.0-rc1', '6.9.0', 1],
    ['6.9.0~rc1', '6.9.0', -1],
  ])('%s and %s', (a, b, expected) => {
    expect(Math.sign(compareVersions(a, b))).toBe(expected)
    expect(Math.sign(compareVersions(b, a))).toBe(0 - expected)
  })

  it('is an order of any texts', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0)
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)))
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
