import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { partlyUnknown, UnknownYet } from '../../../src/runner/live_variables.ts'
import {
  hasTemplate,
  isOmitted,
  isTruthy,
  parseExpression,
  parseTemplate,
  parseTemplateFile,
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
    [
      '{% include "x" %}',
      '7:15: {% include %} is not available',
      'a template stands alone here: write its text where it belongs',
    ],
    ['{% break %}', '7:15: {% break %} is not available', 'filter the items: {% for x in xs if … %}'],
    ['{% endfi %}', '7:15: there is no statement "endfi"', 'did you mean "endif"?'],
    [
      '{% macro row(x) %}{% endmacro %}{{ rov(1) }}',
      '7:47: there is no function "rov"',
      'did you mean "row"?',
    ],
    [
      '{% macro row(x) %}{{ x }}{% endmacro %}{{ row() }}',
      '7:33: the macro "row" is called without its argument "x"',
      undefined,
    ],
    [
      '{{ pci.append(1) }}',
      '7:19: .append() is not available: it would change a variable',
      'build a new list: xs + [x]',
    ],
    [
      '{{ now() }}',
      '7:15: now() is not available',
      'a run should come out the same at any time: give the time with -e',
    ],
    [
      '{{ 5 | random }}',
      '7:19: random needs a seed, a text or a whole number: what it says must be the same tomorrow',
      '| random(seed=inventory_hostname)',
    ],
    ['{{ range }}', '7:15: "range" is not defined', undefined],
    [
      '{% set enabled.x = 1 %}',
      '7:19: "enabled" is no namespace: nothing can be set on it',
      '{% set enabled = namespace(x=…) %}',
    ],
    [
      '{{ slot is file }}',
      '7:23: the test "file" is not available',
      'it would look at a file of the controller: register a command instead, and test its result',
    ],
    [
      '{{ ("a" * 40) is match("(a+)+$b") }}',
      '7:29: the regular expression takes too long on this text',
      'avoid a repetition in a repetition',
    ],
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
    ['{{ lookup("env", "HOME") }}', '7:15: the lookup "env" is not available', 'give the value with -e'],
    ['{{ lookup("emv", "HOME") }}', '7:15: there is no lookup "emv"', undefined],
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

describe('template files', () => {
  const file = (source: string) => parseTemplateFile(source, at).render(scope)

  it('are text, whatever stands in them', () => {
    expect(file('{{ memtotal_mb }}')).toBe('16384')
    expect(file('{{ vfio_devices }}\n')).toBe("['10de:13c2', '10de:0fbb']\n")
  })

  it('may say in their first line how blocks are trimmed', () => {
    expect(file('#jinja2: lstrip_blocks: True\n  {% if enabled %}\nyes\n  {% endif %}\n')).toBe('yes\n')
  })

  it('an error counts that line', () => {
    const bad = '#jinja2: trim_blocks: True\n{{ slo }}'
    expect(problem(() => file(bad)).message).toContain('gpu.yaml:8:4: "slo" is not defined')
  })

  it.each([
    [
      '#jinja2: variable_start_string: "[["\n',
      'the #jinja2 line sets "variable_start_string", which is not available',
    ],
    ['#jinja2: trim_block: True\n', 'the #jinja2 line sets "trim_block", which is not available'],
    ['#jinja2: trim_blocks: yes\n', 'trim_blocks must be True or False'],
  ])('%j is refused', (source, why) => expect(problem(() => file(source)).message).toContain(why))
})

describe('omit', () => {
  it('comes out as itself, alone and inside', () => {
    expect(isOmitted(rendered('{{ missing | default(omit) }}'))).toBe(true)
    const inside = rendered('{{ {"mode": missing | default(omit)} }}')
    expect(typeof inside === 'object' && inside !== null && 'mode' in inside && isOmitted(inside.mode)).toBe(
      true,
    )
  })

  it('cannot be a part of a text', () => {
    expect(problem(() => rendered('a{{ omit }}')).hint).toContain('omit leaves out a whole argument')
  })
})

describe('what a dry run cannot know', () => {
  const why = 'the command has not run'
  const known = { changed: true, failed: false }
  const unknown = { ...scope, r: partlyUnknown(known, why), all: { results: [partlyUnknown(known, why)] } }
  const render = (source: string) => parseExpression(source, at).render(unknown)

  it.each([
    'r.stdout', 'r["stdout"]', 'r.stdout | default("x")', 'r.rc == 0', 'r is skipped', 'r | to_json', 'r | string',
    'r | dict2items', 'r.items()', 'r == {}', '"rc" in r', 'r | length', 'all.results | map(attribute="stdout") | list',
    'all.results | selectattr("rc", "eq", 0) | list', '[r] | string', 'r.stdout is defined',
  ])('%s passes on that it is unknown', source => expect(() => render(source)).toThrow(UnknownYet)) // biome-ignore format: one after the other

  it.each(['{% for line in r.stdout_lines %}{% endfor %}', '{% for key in r %}{% endfor %}', 'a{{ r }}'])(
    'so does %s',
    source => expect(() => parseTemplate(source, at).render(unknown)).toThrow(UnknownYet),
  )

  it.each([
    ['r is defined', true], ['r is changed', true], ['r is failed', false], ['r is success', true], ['r.changed', true],
    ['all.results | map(attribute="changed") | list', [true]], ['r is mapping', true], ['(r | default({})).changed', true],
    ['all.results | length', 1], ['all is changed', true], ['nope is defined and r.stdout', false],
  ])('%s is known all the same', (source, answer) => expect(render(source)).toEqual(answer)) // biome-ignore format: a table

  it('the whole is handed on as it is', () => {
    const inside = parseTemplate('{{ [r] }}', at).render(unknown)
    expect(render('r') === unknown.r).toBe(true)
    expect(Array.isArray(inside) && inside[0] === unknown.r).toBe(true)
  })
})

describe('lookups', () => {
  it('that read something outside are given by the caller', () => {
    const lookups = { env: (terms: readonly Value[]) => terms.map(term => `<${String(term)}>`) }
    expect(parseTemplate('{{ lookup("env", "HOME") }}', at, { lookups }).render({})).toBe('<HOME>')
    expect(parseTemplate('{{ q("ansible.builtin.env", "A", "B") }}', at, { lookups }).render({})).toEqual([
      '<A>',
      '<B>',
    ])
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
