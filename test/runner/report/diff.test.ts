import { applyPatch } from 'diff'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesFromText } from '../../../src/host/bytes.ts'
import { formatDiff } from '../../../src/runner/report/diff.ts'

const cases: [title: string, before: string | undefined, after: string | undefined, expected: string][] = [
  [
    'a created file is compared with nothing',
    undefined,
    'blacklist nouveau\n',
    '--- (absent)\n+++ /etc/f\n@@ -0,0 +1,1 @@\n+blacklist nouveau\n',
  ],
  ['an empty file that is created has no lines to show', undefined, '', '--- (absent)\n+++ /etc/f\n'],
  ['a removed file shows what is lost', 'a\n', undefined, '--- /etc/f\n+++ (absent)\n@@ -1,1 +0,0 @@\n-a\n'],
  [
    'an edit shows three lines around it',
    '1\n2\n3\n4\n5\n6\n7\n8\n9\n',
    '1\n2\n3\n4\nfive\n6\n7\n8\n9\n',
    '--- /etc/f\n+++ /etc/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
  ],
  [
    'a missing newline at the end is named',
    'a\nb',
    'a\nb\n',
    '--- /etc/f\n+++ /etc/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n',
  ],
  [
    'UTF-8 is shown as text',
    bytesFromText('grün\n'),
    bytesFromText('日本\n'),
    '--- /etc/f\n+++ /etc/f\n@@ -1,1 +1,1 @@\n-grün\n+日本\n',
  ],
  [
    'a byte that is not UTF-8 is shown as what it is',
    'caf\xe9 \xff\xc3\xa9\n',
    '\xed\xa0\x80\n',
    '--- /etc/f\n+++ /etc/f\n@@ -1,1 +1,1 @@\n-caf\\xe9 \\xffé\n+\\xed\\xa0\\x80\n',
  ],
  [
    'control characters and tricks with direction are written out, tabs stay',
    '\x1b[31m\tx\r\n',
    bytesFromText('\u202egpj\u200b\x7f\n'),
    '--- /etc/f\n+++ /etc/f\n@@ -1,1 +1,1 @@\n-^[[31m\tx^M\n+\\u{202e}gpj\\u{200b}^?\n',
  ],
  ['an unchanged file has no diff', 'a\n', 'a\n', ''],
]

test.each(cases)('%s', (_title, before, after, expected) => {
  expect(formatDiff('/etc/f', before, after, { color: false })).toBe(expected)
})

test('a path cannot forge a line of the diff', () => {
  expect(formatDiff('/etc/a\n+b', 'x', undefined, { color: false })).toContain('--- /etc/a^J+b\n')
})

test('colours mark the lines and add nothing else', () => {
  expect(formatDiff('/etc/f', 'a\n', 'b\n', { color: true })).toBe(
    '\x1b[1m--- /etc/f\x1b[22m\n\x1b[1m+++ /etc/f\x1b[22m\n\x1b[36m@@ -1,1 +1,1 @@\x1b[39m\n\x1b[31m-a\x1b[39m\n\x1b[32m+b\x1b[39m\n',
  )
})

test('patch would make the second file of the first', () => {
  const line = fc.constantFrom('', 'a', 'GRUB_DEFAULT=0', '-- x', '\\ y', '+z', ' ')
  const file = fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('', '\n'))
    .map(([lines, end]) => lines.join('\n') + (lines.length === 0 ? '' : end))
  fc.assert(
    fc.property(file, file, (before, after) => {
      fc.pre(before !== after)
      expect(applyPatch(before, formatDiff('/etc/f', before, after, { color: false }))).toBe(after)
    }),
  )
})

test('any bytes give printable lines, and different bytes never give an empty diff', () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map(array => Buffer.from(array).toString('latin1'))
  fc.assert(
    fc.property(bytes, bytes, (before, after) => {
      const diff = formatDiff('/etc/f', before, after, { color: false })
      expect(diff).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\ufffd]/)
      expect(diff === '').toBe(before === after)
    }),
  )
})
