import { describe, expect, it } from 'vitest'
import { FILTERS, REFUSED_FILTERS } from '../../../src/runner/template/filters/index.ts'
import { parseExpression, type Value } from '../../../src/runner/template/template.ts'
import { REFUSED_TESTS, TESTS } from '../../../src/runner/template/tests.ts'
import { EXPRESSIONS, TEMPLATES } from './ansible_cases.ts'

const value = (source: string): Value => parseExpression(source, { file: 'f', line: 1, column: 1 }).render({})

// What jinja2 3.1.6 and Ansible's own filters (ansible.builtin) answer.
const FILTER_CASES: readonly [filter: string, source: string, answer: Value][] = [
  ['abs', '-3 | abs', 3],
  ['basename', '"/etc/modprobe.d/vfio.conf" | basename', 'vfio.conf'],
  ['bool', '["yes", "off", 1, ""] | map("bool") | list', [true, false, true, false]],
  ['capitalize', '"gRUB menu" | capitalize', 'Grub menu'],
  ['combine', '{"a": 1} | combine({"b": 2}, {"a": 3})', { a: 3, b: 2 }],
  ['count', '[1, 2] | count', 2],
  ['d', 'x | d', ''],
  ['default', 'none | default(1)', null],
  ['dict2items', '{"a": 1} | dict2items', [{ key: 'a', value: 1 }]],
  ['difference', '[1, 2, 3] | difference([2])', [1, 3]],
  ['dirname', '"/etc/default/grub" | dirname', '/etc/default'],
  ['first', '[] | first | default("none")', 'none'],
  ['flatten', '[1, [2, [3, none]]] | flatten(levels=1)', [1, 2, [3, null]]],
  ['float', '"2.5" | float + 1', 3.5],
  ['from_json', '\'{"a": [1]}\' | from_json', { a: [1] }],
  ['indent', '"a\nb" | indent(2)', 'a\n  b'],
  ['int', '["12", "1.9", "x", true] | map("int") | list', [12, 1, 0, 1]],
  ['intersect', '[1, 2, 3] | intersect([3, 2])', [2, 3]],
  ['items', '{"a": 1} | items | list', [['a', 1]]],
  ['items2dict', '[{"key": "a", "value": 1}] | items2dict', { a: 1 }],
  ['join', '[1, "a"] | join("-")', '1-a'],
  ['last', '[1, 2] | last', 2],
  ['length', '"abc" | length', 3],
  ['list', '"ab" | list', ['a', 'b']],
  ['lower', '"10DE" | lower', '10de'],
  ['mandatory', '1 | mandatory', 1],
  ['map', '[{"a": {"b": 1}}] | map(attribute="a.b") | list', [1]],
  ['max', '[1, 3, 2] | max', 3],
  ['min', '[2, 1, 3] | min', 1],
  ['quote', '"it\'s" | quote', `'it'"'"'s'`],
  ['regex_escape', '"02:00.0" | regex_escape', '02:00\\.0'],
  ['regex_findall', '"a1b2" | regex_findall("[a-z]\\d")', ['a1', 'b2']],
  ['regex_replace', '"a=1" | regex_replace("(?P<k>\\w)=(\\d)", "\\\\2=\\\\g<k>")', '1=a'],
  ['regex_search', '"iommu=pt" | regex_search("iommu=(\\w+)", "\\\\1")', ['pt']],
  ['reject', '[1, 2, 3] | reject("odd") | list', [2]],
  ['rejectattr', '[{"a": true}, {"a": false}] | rejectattr("a") | list', [{ a: false }]],
  ['replace', '"aaa" | replace("a", "b", 2)', 'bba'],
  ['reverse', '[1, 2] | reverse | list', [2, 1]],
  ['round', '[0.5 | round, 2.5 | round, 2.25 | round(1, "ceil")]', [0, 2, 2.3]],
  ['select', '[0, 1, ""] | select | list', [1]],
  ['selectattr', '[{"a": 1}, {"a": 2}] | selectattr("a", "gt", 1) | list', [{ a: 2 }]],
  ['sort', '["b", "C", "a"] | sort(reverse=true)', ['C', 'b', 'a']],
  ['split', '"a,b" | split(",")', ['a', 'b']],
  ['string', '[1] | string', '[1]'],
  ['sum', '[{"a": 1}, {"a": 2}] | sum(attribute="a")', 3],
  ['ternary', 'none | ternary(1, 2, 3)', 3],
  ['title', '"pci express-root" | title', 'Pci Express-Root'],
  ['to_json', '{"a": [true, none, "é"]} | to_json', '{"a": [true, null, "\\u00e9"]}'],
  ['trim', '"  a " | trim', 'a'],
  ['union', '[1, 2] | union([2, 3])', [1, 2, 3]],
  ['unique', '["a", "A", "b"] | unique | list', ['a', 'b']],
  ['commonpath', '["/a/b", "/a/c"] | commonpath', '/a'],
  ['normpath', '"a/./b" | normpath', 'a/b'],
  ['safe', '"<" | safe', '<'],
  ['attr', '"x" | attr("a") | default(1)', 1],
  ['upper', '"10de" | upper', '10DE'],
  [
    'zip',
    '[1, 2] | zip(["a", "b"]) | list',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
]

describe('filters', () => {
  it.each(FILTER_CASES)('%s: %s', (_, source, answer) => expect(value(source)).toEqual(answer))

  it('every filter is compared with Ansible, or has a case here', () => {
    const asked = [...EXPRESSIONS, ...TEMPLATES].join('\n')
    const own = FILTER_CASES.map(([name]) => name)
    const isAsked = (name: string) =>
      new RegExp(`\\| ${name}\\b|map\\('${name}'`).test(asked) || own.includes(name)
    expect(Object.keys(FILTERS).filter(name => !isAsked(name))).toEqual([])
  })

  it.each(Object.entries(REFUSED_FILTERS))('%s is refused, and says what to do instead', (name, hint) => {
    expect(() => value(`"a" | ${name}`)).toThrow(`the filter "${name}" is not available`)
    expect(hint).not.toBe('')
  })
})

/** Second names of tests that are asked for by their first. */
const SYNONYMS = [
  'change', 'failure', 'greaterthan', 'lessthan', 'is_abs', 'issubset', 'issuperset', 'isnan', 'started', 'successful',
] // biome-ignore format: a table

describe('tests', () => {
  it.each([
    '1 is odd', '2 is even', '"a" is string', '1 is number', '1 is integer', '1.5 is float', 'true is boolean',
    '{} is mapping', '[] is sequence', '"a" is iterable', 'none is none', 'true is true', 'false is false',
    '[0] is truthy', '[] is falsy', '"a" is in ["a"]', '[1] is contains(1)', '[1] is subset([1, 2])',
    '[1, 2] is superset([1])', '1 is eq 1', '1 is ne 2', '2 is gt 1', '2 is ge 2', '1 is lt 2', '1 is le 1',
    '"xab" is search("a")', '"xab" is not match("a")', '"XAB" is regex("a", ignorecase=true)', '[1] is any',
    '[0, 1] is not all', '{"failed": true} is failed', '{"failed": false} is succeeded', '{} is not skipped',
    '"ab" is lower', '"AB" is upper', '4 is divisibleby(2)', '1 is not sameas true', 'x is undefined',
  ])('%s', source => expect(value(source)).toBe(true)) // biome-ignore format: one claim after the other

  it('every test is compared with Ansible', () => {
    const asked = EXPRESSIONS.join('\n')
    const forms = (name: string) => [`is ${name}`, `is not ${name}`, `'${name}'`]
    const unasked = Object.keys(TESTS).filter(name => !forms(name).some(form => asked.includes(form)))
    expect(unasked.filter(name => /^\w+$/.test(name) && !SYNONYMS.includes(name))).toEqual([])
  })

  it.each(Object.keys(REFUSED_TESTS))('%s is refused: it would look at the controller', name => {
    expect(() => value(`"/etc" is ${name}`)).toThrow(`the test "${name}" is not available`)
  })

  it('every test name is looked up by its own table only', () => {
    expect(Object.keys(TESTS)).toContain('match')
    expect(Object.hasOwn(TESTS, 'toString')).toBe(false)
  })
})
