import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBlsIds } from '../../../../src/backends/bootloaders/entries/bls_order.ts'

const MACHINE = 'd903a5c6e0a947ccb45d1f9d8d22516e'

describe("the order of GRUB's BLS entries", () => {
  it.each([
    ['versions are numbers', `${MACHINE}-6.9.7-200.fc40.x86_64`, `${MACHINE}-6.10.3-200.fc40.x86_64`],
    ['of the same version the release counts', `${MACHINE}-6.9.7-200.fc40`, `${MACHINE}-6.9.7-1000.fc40`],
    ['the rescue entry comes last in the menu', `${MACHINE}-0-rescue`, `${MACHINE}-4.18.0-553.el8`],
    ['a ~ is older than nothing', 'ostree-1~debug', 'ostree-1'],
    ['a + is newer than nothing', 'a-6.9.7-1', 'a-6.9.7-1+debug'],
    ['numbers are newer than letters', 'a-rc-1', 'a-1-1'],
    ['deployments of ostree', 'ostree-1-fedora', 'ostree-2-fedora'],
  ])('%s', (_, older, newer) => {
    expect(compareBlsIds(older, newer)).toBeLessThan(0)
    expect(compareBlsIds(newer, older)).toBeGreaterThan(0)
  })

  it('any two ids have one order', () => {
    const id = fc.string({ unit: fc.constantFrom('1', '0', 'a', '-', '.', '~', '+', '_'), maxLength: 8 })
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(Math.sign(compareBlsIds(a, b))).toBe(-Math.sign(compareBlsIds(b, a)) + 0)
        expect(compareBlsIds(a, a)).toBe(0)
      }),
    )
  })
})
