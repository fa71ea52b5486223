import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesFromText } from '../../src/host/bytes.ts'
import { Secrets } from '../../src/runner/secrets.ts'

const keeping = (...texts: readonly string[]): Secrets => {
  const secrets = new Secrets()
  for (const text of texts) secrets.keep(text)
  return secrets
}

test.each([
  ['a word', 's3cret1', 'password=s3cret1;', 'password=(secret);'],
  ['as JSON has it', 'a "b" c\\d', '{"p":"a \\"b\\" c\\\\d"}', '{"p":"(secret)"}'],
  ['as a shell has it', "it's s3cret", "echo 'it'\\''s s3cret'", "echo '(secret)'"],
  ['as bytes of a file', 'größer', bytesFromText('x größer y'), 'x (secret) y'],
  ['with blanks around it', ' s3cret1\n', 'is s3cret1!', 'is (secret)!'],
  ['line by line', 'first line\nsecond line\n', '| second line', '| (secret)'],
  ['a short word in quotes', 'abc', `abc "abc" 'abc'`, `abc "(secret)" '(secret)'`],
])('%s', (_, secret, text, shown) => {
  expect(keeping(secret).hide(text)).toBe(shown)
})

test('one that holds another is hidden as a whole', () => {
  expect(keeping('s3cret1', 'my s3cret1 word').hide('my s3cret1 word, s3cret1')).toBe('(secret), (secret)')
})

test('nothing but blanks is no secret', () => {
  const secrets = keeping('', ' \n ')
  expect([secrets.areNone, secrets.hide('a b')]).toEqual([true, 'a b'])
})

test('no text of some length is left, whatever is around it', () => {
  const secret = fc.string({ minLength: 8, unit: fc.constantFrom(...'abcxyz019') })
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (text, before, after) => {
      expect(keeping(text).hide(before + text + after)).not.toContain(text)
    }),
  )
})
