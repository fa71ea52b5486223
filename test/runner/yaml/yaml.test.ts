import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError, UserErrors } from '../../../src/errors.ts'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { parseYaml } from '../../../src/runner/yaml/yaml.ts'
import { toValue } from '../../../src/runner/yaml/yaml_node.ts'
import { mistakesIn } from '../project.ts'

const read = (text: string) => {
  const problems = new Problems()
  const tree = parseYaml(text, 'f', problems)
  problems.throwIfAny()
  return tree && toValue(tree)
}

const mistakesOf = (text: string): readonly string[] => {
  try {
    read(text)
    return []
  } catch (error) {
    return mistakesIn(error)
  }
}

test.for([
  ['yes', true],
  ['On', true],
  ['TRUE', true],
  ['no', false],
  ['oFF', 'oFF'],
  ['y', 'y'],
  ['"yes"', 'yes'],
  ['!!str yes', 'yes'],
  ['!unsafe "{{ x }}"', '{{ x }}'],
  ['~', null],
  ['', null],
  ['42', 42],
  ['-1.5', -1.5],
  ['1e3', 1000],
  ['0x1f', 31],
  ['0o644', 420],
  ['0644', '0644'],
  ['02:00.0', '02:00.0'],
  ['8086:15', '8086:15'],
  ['1:30', '1:30'],
  ['10de:13c2', '10de:13c2'],
  ['12345678901234567890', '12345678901234567890'],
  ['{a: 1, b: [2, x]}', { a: 1, b: [2, 'x'] }],
  ['{on: 1, 8086: 2}', { on: 1, '8086': 2 }],
  ['a: &x {k: 1}\nb: *x', { a: { k: 1 }, b: { k: 1 } }],
  ['a: &x {k: 1, l: 1}\nb: {<<: *x, k: 2}', { a: { k: 1, l: 1 }, b: { k: 2, l: 1 } }],
  [
    'a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}',
    { a: { k: 1 }, b: { k: 2, l: 2 }, c: { k: 1, l: 2 } },
  ],
  ['\uFEFFa: 1', { a: 1 }],
] as const)('%j reads as %j', ([text, value]) => {
  expect(read(text)).toEqual(value)
})

test.for([
  [
    'a: [1',
    'f:1:6: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['\ta: 1', 'f:1:1: not YAML: Tabs are not allowed as indentation (indent with spaces)'],
  [
    'a: b: c',
    'f:1:4: not YAML: Nested mappings are not allowed in compact mappings (put quotes around a value that holds ": ", or line the keys up)',
  ],
  ['a: {{ b }}', 'f:1:5: a key must be a plain word (put quotes around a value that begins with {{)'],
  ['a: 1\n---\nb: 2', 'f:2:1: a second document begins here; one file holds one'],
  ['a: 1\nb: 2\na: 3', 'f:3:1: "a" is given twice; first at f:1:1'],
  [
    'a: !vault x',
    'f:1:11: the value is not in the form of ansible-vault (it begins with $ANSIBLE_VAULT;1.1;AES256)',
  ],
  ['a: !vault [x]', 'f:1:11: !vault stands before a text'],
  ['a: !!binary eA==', 'f:1:13: there is no tag !!binary here (known tags are !vault, !unsafe, !!str)'],
  ['[a]: 1', 'f:1:1: a key must be a plain word'],
  ['a: *b', 'f:1:4: there is no anchor &b before this alias'],
  ['a: &a [*a]', 'f:1:8: the alias *a stands inside what it repeats'],
  ['a: {<<: 3}', 'f:1:9: << takes a mapping or a list of mappings'],
])('%j is refused: %s', ([text, message]) => {
  expect(mistakesOf(text ?? '')).toEqual([message])
})

test('aliases of aliases are refused before they fill the memory', () => {
  const levels = Array.from(
    { length: 30 },
    (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}, *l${level}]`,
  )
  expect(mistakesOf(`l0: &l0 [x, x]\n${levels.join('\n')}`)).toContain(
    'f:1:1: aliases repeat more than 10000 values',
  )
})

test('a tree that no playbook needs is refused, not crashed on', () => {
  expect(mistakesOf('['.repeat(100) + ']'.repeat(100))).toEqual(['f:1:66: is nested deeper than 64 levels'])
  expect(mistakesOf('['.repeat(100_000))).toHaveLength(1)
})

test('no text makes the reader throw anything but a mistake with a place', () => {
  const bits = [
    'a',
    'b',
    ': ',
    ':',
    '\n',
    '\n  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&x ',
    '*x',
    '<<',
    '!t ',
    '"',
    "'",
    '|',
    '>',
    '#',
    '? ',
    '---',
    '%',
    '\t',
    '0',
    '~',
    '\u0000',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...bits), { maxLength: 40 }), pieces => {
      try {
        read(pieces.join(''))
      } catch (error) {
        if (!(error instanceof UserError || error instanceof UserErrors)) throw error
        expect(mistakesIn(error).every(text => /^f:\d+:\d+: ./.test(text))).toBe(true)
      }
    }),
    { numRuns: 3000 },
  )
})
