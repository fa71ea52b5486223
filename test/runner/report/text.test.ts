import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandLine, cut, duration, hang, visibleBytes, widthOf } from '../../../src/runner/report/text.ts'

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [125_000, '2 min 5 s'],
])('%i ms is %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text)
})

test.each([
  ['short', 5, 'short'],
  ['too long', 5, 'too …'],
  ['日本語', 5, '日本…'],
  ['日本語', 4, '日…'],
  ['x', 0, ''],
])('%s in %i columns is %s', (text, columns, expected) => {
  expect(cut(text, columns)).toBe(expected)
})

test('what was cut fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, columns) => {
      expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns)
    }),
  )
})

test('wrapping loses no word', () => {
  const word = fc.constantFrom('a', 'be', 'sea', '/etc/default/grub', '10de:13c2,')
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 20, max: 100 }), (words, columns) => {
      const text = words.join(' ')
      expect(hang('lab1: ', text, columns).split(/\s+/).filter(Boolean)).toEqual(['lab1:', ...words])
    }),
  )
})

test('arguments that a shell would take apart are quoted', () => {
  expect(commandLine(['grub-mkconfig', '-o', '/boot/grub/grub.cfg', 'a b', '', '$x'])).toBe(
    "grub-mkconfig -o /boot/grub/grub.cfg 'a b' '' '$x'",
  )
})

test('text that is UTF-8 is decoded as Node does', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', 'é', '€', '日', '🖥', '\ud7ff', '\ue000', '\u{10ffff}'),
  })
  fc.assert(
    fc.property(text, plainText => {
      expect(visibleBytes(Buffer.from(plainText, 'utf8').toString('latin1'))).toBe(plainText)
    }),
  )
})
