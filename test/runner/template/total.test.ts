import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { FILTERS } from '../../../src/runner/template/filters/index.ts'
import { METHODS } from '../../../src/runner/template/methods.ts'
import {
  parseExpression,
  parseTemplate,
  type Scope,
  type Value,
} from '../../../src/runner/template/template.ts'
import { TESTS } from '../../../src/runner/template/tests.ts'

const at = { file: 'gpu.yaml', line: 1, column: 1 }

const PIECES = [
  '{{', '}}', '{%', '%}', '{#', '#}', '{{-', '-}}', '\n', ' ', '(', ')', '[', ']', '{', '}', ',', ':', '.', '|', '=',
  'a', 'b', 'xs', 'nope', '0', '1', '-1', '2.5', '9999999', "'x'", '""', "'", '"', '\\', '$', '@', 'é', '\0', '🦊',
  '+', '-', '*', '/', '//', '%', '**', '~', '==', '<', '>=', 'and', 'or', 'not', 'in', 'is', 'if', 'else', 'elif',
  'endif', 'for', 'endfor', 'set', 'endset', 'raw', 'endraw', 'macro', 'defined', 'match', 'range', 'default', 'map',
  'join', 'length', 'list', 'sort', 'constructor', '__proto__', 'true', 'none', 'loop', '| default(1)', '| list',
  'is defined', 'range(99)', '{% for x in xs %}', '{% endfor %}', '{% if a %}', '{{ a }}', '.items()', "| map('int')",
  '{% macro f(a) %}', '{% endmacro %}', '{{ f(1) }}', '{% call f() %}', '{% endcall %}', 'caller', 'with', 'endwith', 'filter', 'endfilter',
  'recursive', 'namespace', '{% set ns = namespace() %}', 'ns.x', 'loop.cycle', 'loop(', '{%+', '+%}', '*', '**b', '1e5', '0x', '1_0', '%}',
  'lookup', "'vars'", 'cycler', '.next()', 'omit', '| format', '.format(', '{0}', '%s',
] // biome-ignore format: a bag of words

const soup = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 24 })
  .chain(pieces => fc.constantFrom('', ' ').map(space => pieces.join(space)))
const value: fc.Arbitrary<Value> = fc.jsonValue({ maxDepth: 3 }).map(json => JSON.parse(JSON.stringify(json)))
const args = fc.constantFrom('', '(b)', '(b, xs)', '(1)', "('a')", "('.*', b)", "('a', 'defined')")
const scopes: fc.Arbitrary<Scope> = fc.record({ a: value, b: value, xs: value })

/** True where it answers a value or a UserError that names the file. */
function isTotal(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return error.where.startsWith('gpu.yaml:')
  }
}

describe('any text is answered with a value or an error at its place', () => {
  it('as a template', () => {
    fc.assert(
      fc.property(soup, scopes, (source, scope) => isTotal(() => parseTemplate(source, at).render(scope))),
      { numRuns: 800 },
    )
  })

  it('as a condition', () => {
    fc.assert(
      fc.property(soup, scopes, (source, scope) => isTotal(() => parseExpression(source, at).render(scope))),
      { numRuns: 800 },
    )
  })

  it('as one expression', () => {
    const one = soup.map(source => `{{ ${source} }}`)
    fc.assert(
      fc.property(one, scopes, (source, scope) => isTotal(() => parseTemplate(source, at).render(scope))),
      { numRuns: 800 },
    )
  })

  it('as arbitrary characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), source =>
        isTotal(() => parseTemplate(source, at).render({})),
      ),
    )
  })
})

describe('any filter, test and method takes any value, or says what it needs', () => {
  const expressions = fc.oneof(
    fc
      .record({ name: fc.constantFrom(...Object.keys(FILTERS)), args })
      .map(({ name, args }) => `a | ${name}${args}`),
    fc
      .record({ name: fc.constantFrom(...Object.keys(TESTS)), args })
      .map(({ name, args }) => `a is ${name}${args}`),
    fc
      .record({ name: fc.constantFrom(...Object.keys(METHODS)), args })
      .map(({ name, args }) => `a.${name}${args || '()'}`),
    fc
      .record({ name: fc.constantFrom(...Object.keys(FILTERS)), args })
      .map(({ name }) => `xs | map('${name}', b) | list`),
    fc
      .record({ name: fc.constantFrom(...Object.keys(TESTS)), args })
      .map(({ name }) => `xs | select('${name}', b) | list`),
    fc
      .constantFrom('+', '-', '*', '/', '//', '%', '**', '~', '<', 'in', 'and')
      .map(operator => `a ${operator} b`),
    fc.constantFrom(
      'a[b]',
      'a[b:]',
      'xs[::b]',
      'xs[a:b]',
      '-a',
      'a < b < xs',
      'a if b else xs',
      '{a: b}',
      'range(a, b)',
    ),
  )

  it('and a result is a value again', () => {
    fc.assert(
      fc.property(expressions, scopes, (source, scope) =>
        isTotal(() => {
          const result = parseExpression(source, at).render(scope)
          if (result === undefined || Number.isNaN(result)) throw new Error(`${source} gave ${result}`)
        }),
      ),
      { numRuns: 2000 },
    )
  })
})

describe('data comes back as it went in', () => {
  it('alone, with its type', () => {
    fc.assert(
      fc.property(value, a => {
        expect(parseTemplate('{{ a }}', at).render({ a })).toEqual(a)
      }),
    )
  })

  it('in a text, as its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), a => {
        expect(parseTemplate('<{{ a }}>', at).render({ a })).toBe(`<${a}>`)
      }),
    )
  })

  it('through to_json and from_json', () => {
    fc.assert(
      fc.property(value, a => {
        expect(parseTemplate('{{ a | to_json | from_json }}', at).render({ a })).toEqual(a)
      }),
    )
  })
})

describe('what would grow without end is an error', () => {
  it.each([
    ['a long range', '{{ range(999999999) }}'],
    ['a repeated text', '{{ "x" * 999999999 }}'],
    ['a repeated list', '{{ [1] * 999999999 }}'],
    ['a power', '{{ 10 ** 400 }}'],
    ['a number beyond what is exact', '{{ 9007199254740991 + 1 }}'],
    ['many brackets', `{{ ${'('.repeat(10_000)} }}`],
    ['many nots', `{{ ${'not '.repeat(100_000)} a }}`],
    ['many signs', `{{ ${'- '.repeat(100_000)} 1 }}`],
    ['many operators', `{{ a${' ~ a'.repeat(10_000)} }}`],
    ['many attributes', `{{ a${'.a'.repeat(10_000)} }}`],
    ['many blocks', '{% if a %}'.repeat(10_000)],
    ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['a macro that doubles', '{% macro f(n) %}{{ f(n + 1) }}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}'],
    ['a loop that calls itself', '{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}'],
    ['a product', '{{ range(999) | product(range(999)) }}'],
    ['permutations', '{{ range(20) | permutations }}'],
    ['a wide format', '{{ "%999999999d" | format(1) }}'],
    ['a wide field', '{{ "{:999999999}".format(1) }}'],
    ['a wide centre', '{{ "a".center(999999999) }}'],
    ['a slow regular expression', '{{ ("a" * 50 ~ "b") | regex_replace("^(a+)+$", "") }}'],
    ['a slow search', '{{ ("a" * 5000) is search("a*a*a*a*a*a*b") }}'],
    [
      'a list that doubles',
      '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    ],
    [
      'a text that doubles',
      '{% set ns = namespace(x="a") %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
    ],
    [
      'a list in itself, often',
      '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}',
    ],
    ['a loop in a loop', '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}'],
    ['a loop that writes', '{% for i in range(99999) %}{{ "x" * 9999999 }}{% endfor %}'],
    ['a long replacement', "{{ ('x' * 9999999) | replace('x', 'y' * 9999999) }}"],
    ['a long join', "{{ ['x' * 999999] * 99999 | join(',') }}"],
    ['a flattened list', '{{ [range(99999)] * 99999 | flatten }}'],
  ])('%s', (_, source) => expect(() => parseTemplate(source, at).render({ a: 1 })).toThrow(UserError))
})
