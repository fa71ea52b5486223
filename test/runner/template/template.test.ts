import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import {
  hasTemplate,
  isTruthy,
  parseExpression,
  parseTemplate,
  type Scope,
  type Value,
} from '../../../src/runner/template/template.ts'

const at = { file: 'gpu.yaml', line: 7, column: 12 }

const scope: Scope = {
  vfio_devices: ['10de:13c2', '10de:0fbb'],
  ansible_facts: { kernel: '6.1.0-18-amd64', os_family: 'Debian' },
  pci: [
    { id: '10de:13c2', group: 1, driver: 'nouveau' },
    { id: '10de:0fbb', group: 1, driver: 'snd_hda_intel' },
    { id: '8086:a12f', group: 4 },
  ],
  slot: '02:00.0',
  enabled: true,
  nothing: null,
  memtotal_mb: 16384,
}

const rendered = (source: string): Value => parseTemplate(source, at).render(scope)

function problem(attempt: () => unknown): { message: string; hint: string | undefined } {
  try {
    attempt()
  } catch (error) {
    if (error instanceof UserError) return { message: error.message, hint: error.hint }
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a text that is one expression keeps its type', () => {
  it.each<[string, Value]>([
    ['{{ vfio_devices }}', ['10de:13c2', '10de:0fbb']],
    ['{{ memtotal_mb }}', 16384],
    ['{{ enabled }}', true],
    ['{{ nothing }}', null],
    ['{{ {"a": [1, none]} }}', { a: [1, null] }],
    ['{{ vfio_devices }}\n', ['10de:13c2', '10de:0fbb']],
    ['{{ slot }}\n', '02:00.0\n'],
    [' {{ memtotal_mb }}', ' 16384'],
    ['{{ memtotal_mb }}{{ memtotal_mb }}', '1638416384'],
  ])('%j', (source, value) => expect(rendered(source)).toEqual(value))
})

describe('in a longer text values are spelled as Ansible spells them', () => {
  it.each([
    ['is {{ enabled }}', 'is True'],
    ['is {{ nothing }}.', 'is .'],
    ['is {{ [nothing, "a", "it\'s", 1] }}', "is [None, 'a', \"it's\", 1]"],
    ['is {{ {"a": false} }}', "is {'a': False}"],
    ['is {{ "a" ~ nothing ~ 1 }}', 'is aNone1'],
    ['a\n{{ slot }}\nb', 'a\n02:00.0\nb'],
    ['no expression', 'no expression'],
    ['{# a remark #}\ntext', 'text'],
    ['{% raw %}{{ .State }}{% endraw %}', '{{ .State }}'],
    ['a {{- " b " -}} c', 'a b c'],
  ])('%j', (source, text) => expect(rendered(source)).toBe(text))
})

describe('statements', () => {
  it.each([
    ['{% if enabled %}on{% else %}off{% endif %}', 'on'],
    ['{% if not enabled %}on{% elif nothing is none %}none{% else %}off{% endif %}', 'none'],
    ['{% for id in vfio_devices %}{{ id }}{{ "," if not loop.last }}{% endfor %}', '10de:13c2,10de:0fbb'],
    ['{% for key, value in {"a": 1}.items() %}{{ key }}={{ value }}{% endfor %}', 'a=1'],
    ['{% for id in [] %}x{% else %}none{% endfor %}', 'none'],
    ['{% for d in pci if d.group == 4 %}{{ d.id }}{% endfor %}', '8086:a12f'],
    ['{% set n = 2 %}{{ n + 1 }}', '3'],
    ['{% set n = 0 %}{% for i in [1, 2] %}{% set n = i %}{% endfor %}{{ n }}', '0'],
    ['{% if enabled %}\nline\n{% endif %}\n', 'line\n'],
  ])('%j', (source, text) => expect(rendered(source)).toBe(text))
})

describe('conditions as Ansible playbooks write them', () => {
  it.each<[string, Value]>([
    ['vfio_devices is defined and "10de:13c2" in vfio_devices', true],
    ['"1002:67df" not in vfio_devices', true],
    ['not missing is defined', true],
    ['missing is not defined or missing.x == 1', true],
    ["slot is match('\\d{2}:')", true],
    ["ansible_facts.os_family is in ['Debian', 'RedHat']", true],
    ["ansible_facts['kernel'] is version('6.1', '>=')", true],
    ["'6.1.0-18' is version('6.1.0', '>')", true],
    ['memtotal_mb is divisibleby 2', true],
    ['1 < 2 < 3', true],
    ['3 > 2 > 2', false],
    ['(1 < 2) == true', true],
    ['4 if enabled else 5', 4],
    [
      "pci | selectattr('driver', 'defined') | rejectattr('driver', 'equalto', 'nouveau') | map(attribute='id') | list",
      ['10de:0fbb'],
    ],
    ["pci | selectattr('group', '==', 1) | list | length > 1", true],
    ["vfio_devices | map('upper') | join(',')", '10DE:13C2,10DE:0FBB'],
    ['missing | default(other | default([]))', []],
    ["'' | default('x', true)", 'x'],
    ["ansible_facts.nope.deeper | default('none')", 'none'],
    ["slot.split(':')[-1]", '00.0'],
    ["slot[:2] ~ '/' ~ slot[3:]", '02/00.0'],
    ['(enabled | ternary("on", "off")) == "on"', true],
    ['vfio_devices | ansible.builtin.difference(["10de:13c2"])', ['10de:0fbb']],
    ['({"a": {"b": 1}} | combine({"a": {"c": 2}}, recursive=true)).a', { b: 1, c: 2 }],
    ["'id=' ~ ([1, [2, [3]]] | flatten | sum)", 'id=6'],
    ["'a b' | quote", "'a b'"],
    ['[2, 1, 2] | unique | sort', [1, 2]],
    ['-7 // 2 == -4 and -7 % 2 == 1', true],
    ['{"changed": true} is changed', true],
  ])('%s', (source, value) => expect(parseExpression(source, at).render(scope)).toEqual(value))
})

describe('errors name the place, the word and the nearest one', () => {
  it.each([
    ['{{ vfio_device }}', '7:15: "vfio_device" is not defined', 'did you mean "vfio_devices"?'],
    ['{{ ansible_facts.kernl }}', '7:29: ansible_facts has no "kernl"', 'did you mean "kernel"?'],
    ['{{ pci[2].driver ~ "x" }}', '7:22: pci[2] has no "driver"', undefined],
    ['{{ vfio_devices[7] }}', '7:15: vfio_devices has no item 7: it has 2', undefined],
    ['ab\ncd {{ slot | uper }}', '8:14: there is no filter "uper"', 'did you mean "upper"?'],
    ['{{ slot is matches("0") }}', '7:23: there is no test "matches"', 'did you mean "match"?'],
    ['{{ pci | map("strin") }}', '7:21: there is no filter "strin"', 'did you mean "string"?'],
    ['{{ slot | replace("0") }}', '7:22: replace needs its argument "new"', undefined],
    ['{{ slot | join(atribute="x") }}', '7:22: join has no argument "atribute"', 'did you mean "attribute"?'],
    ['{{ [1 2] }}', '7:18: unexpected "2" after "1"', 'a comma or an operator may be missing'],
    ['{{ 10de }}', '7:17: unexpected "de" after "10"', 'a comma or an operator may be missing'],
    ['{{ slot', '7:12: "{{" is never closed', undefined],
    ["{{ 'slot }}", '7:15: this quote is never closed', undefined],
    ['{{ (slot }}', '7:21: unexpected "}"', undefined],
    ['{{ slot + }}', '7:22: unexpected "}}": something is missing before it', undefined],
    ['{% if enabled %}yes', '7:15: "{% if %}" has no "{% endif %}"', undefined],
    ['{% endif %}', '7:15: unexpected "endif"', undefined],
    ['{% macro x() %}{% endmacro %}', '7:12: {% macro %} is not available in playbooks', undefined],
    ['a {% for x in memtotal_mb %}{% endfor %}', '7:26: a list is needed here, this is a number', undefined],
    ['{% for a, b in pci %}{% endfor %}', '7:27: a, b need 2 values', undefined],
    ['{{ 1 // 0 }}', '7:17: division by zero', undefined],
    ['{{ "a" + 1 }}', '7:19: a string and a number cannot be added', 'join texts with ~'],
    ['{{ "maybe" | bool }}', '7:25: "maybe" is neither true nor false', 'write true or false'],
    [
      '{{ pci | map(attribute="driver") | list }}',
      '7:21: an item has no "driver"',
      "leave those out: selectattr('driver', 'defined')",
    ],
    ['{{ slot is match("(") }}', '7:23: "(" is no regular expression', undefined],
    ['{{ lookup("env", "HOME") }}', '7:15: there is no function "lookup"', undefined],
  ])('%j', (source, message, hint) => {
    const found = problem(() => rendered(source))
    expect(found.message).toContain(`gpu.yaml:${message}`)
    expect(found.hint).toBe(hint)
  })

  it('a condition with braces says that it needs none', () => {
    expect(problem(() => parseExpression('{{ enabled }}', at)).hint).toBe('write it without {{ }}')
  })

  it.each(['{{ nope | default(1) }}', '{{ slot | uper }}', '{{ [1 2] }}', '{{ 1 | abs(2) }}'])(
    'what can be known without a host is known when it is parsed: %s',
    source => {
      const parse = () => parseTemplate(source, at)
      source.includes('default') ? expect(parse).not.toThrow() : expect(parse).toThrow(UserError)
    },
  )
})

describe('nothing of JavaScript can be reached', () => {
  it.each([
    '{{ "".constructor.constructor("return process")() }}',
    '{{ "".constructor }}',
    '{{ pci.__proto__ }}',
    '{{ pci.length }}',
    '{{ pci["constructor"] }}',
    '{{ ansible_facts["__proto__"] }}',
    '{{ constructor }}',
    '{{ toString }}',
    '{{ pci | map(attribute="constructor") | list }}',
    '{{ slot | constructor }}',
    '{{ slot is constructor }}',
    '{{ vfio_devices | map("constructor") }}',
    '{{ range.constructor("x")() }}',
    '{{ {}.get("__proto__").polluted }}',
  ])('%s', source => expect(() => rendered(source)).toThrow(UserError))

  it('a __proto__ key is a key like any other', () => {
    expect(rendered('{{ ({"__proto__": {"a": 1}} | combine({"b": 2})).a | default("none") }}')).toBe('none')
    expect(Object.hasOwn({}, 'a')).toBe(false)
  })
})

describe('backslashes in strings', () => {
  it.each([
    ["{{ '10de:13c2' | regex_replace('^(\\w+):(\\w+)$', '\\2 \\1') }}", '13c2 10de'],
    ["{{ '02:00.0' is match('\\d\\d:') }}", true],
    ["{{ 'a\\nb' }}", 'a\\nb'],
    ["{{ 'it\\'s' }}", "it's"],
    ["{% set s = 'a\\nb\\x21' %}{{ s }}", 'a\nb!'],
  ])('mean themselves between {{ }}, and are escapes in statements: %j', (source, value) =>
    expect(rendered(source)).toBe(value),
  )

  it('are escapes in conditions, where they are known ones', () => {
    expect(parseExpression("'a\\tb' ~ '\\d'", at).render(scope)).toBe('a\tb\\d')
  })
})

describe('values are data', () => {
  it('braces in a value are not looked at', () => {
    const hostile = { name: '{{ 1 + 1 }}{% if %}' }
    expect(parseTemplate('{{ name }}', at).render(hostile)).toBe('{{ 1 + 1 }}{% if %}')
    expect(parseTemplate('<{{ name }}>', at).render(hostile)).toBe('<{{ 1 + 1 }}{% if %}>')
  })

  it('a $ in a replacement means itself', () => {
    expect(rendered("{{ 'a' | regex_replace('a', '$&') }}{{ 'a' | replace('a', '$&') }}")).toBe('$&$&')
  })
})

it('what is false is what Python calls false', () => {
  const falsy: Value[] = [null, false, 0, '', [], {}]
  expect(falsy.map(isTruthy)).toEqual(falsy.map(() => false))
  expect([true, -1, '0', 'false', [null], { a: null }].map(isTruthy)).not.toContain(false)
})

it('a text without braces needs no parsing', () => {
  expect(['a', '{', '{ {', '}}'].map(hasTemplate)).not.toContain(true)
  expect(['{{ a }}', 'x{% if %}'].map(hasTemplate)).not.toContain(false)
})
