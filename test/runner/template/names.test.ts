import { expect, it } from 'vitest'
import { parseTemplate } from '../../../src/runner/template/template.ts'

const at = { file: 'gpu.yaml', line: 1, column: 1 }

/** `a b?`: reads a, and b where it may be missing. */
const namesOf = (source: string): string =>
  parseTemplate(source, at)
    .names.map(({ name, optional }) => (optional ? `${name}?` : name))
    .join(' ')

it.each([
  ['{{ a }}', 'a'],
  ['{{ a.b[c] }}', 'a c'],
  ['{{ a }} {{ a }}', 'a'],
  ['{{ a | default(b) }}', 'a? b'],
  ['{{ a | default(b | default(1)) }}', 'a? b?'],
  ['{{ a.b.c | d("") }}', 'a?'],
  ['{{ a | default(1) }} {{ a }}', 'a'],
  ['{{ a | int | default(1) }}', 'a'],
  ['{{ (a + b) | default(1) }}', 'a b'],
  ['{{ a is defined }}', 'a?'],
  ['{{ a is defined and a.b }}', 'a?'],
  ['{{ a is defined and b and a.b }}', 'a? b'],
  ['{{ a is undefined or a.b }}', 'a?'],
  ['{{ not a is defined or a.b }}', 'a?'],
  ['{{ a is defined or a.b }}', 'a'],
  ['{{ a.b and a is defined }}', 'a'],
  ['{{ a | default([]) and a[0] }}', 'a?'],
  ['{{ a | default([1]) and a[0] }}', 'a'],
  ['{{ a.b if a is defined else c }}', 'a? c'],
  ['{{ c if a is not defined else a.b }}', 'a? c'],
  ['{% if a is defined %}{{ a }}{% else %}{{ b }}{% endif %}', 'a? b'],
  ['{% if a is defined %}{% else %}{{ a }}{% endif %}', 'a'],
  ['{% for x in xs %}{{ x }}{{ loop.index }}{{ y }}{% endfor %}', 'xs y'],
  ['{% for x in xs %}{% endfor %}{{ x }}', 'xs x'],
  ['{% for x in xs if x.id in wanted %}{{ x }}{% endfor %}', 'xs wanted'],
  ['{% set n = a %}{{ n }}', 'a'],
  ['{{ n }}{% set n = 1 %}', 'n'],
  ['{{ xs | map("upper") | join(sep) }}', 'xs sep'],
  ['{{ xs | selectattr("id", "in", wanted) | list }}', 'xs wanted'],
  ['{{ range(n) }}{{ a.split(b) }}{{ {k: v} }}{{ l[i:j] }}', 'n a b k v l i j'],
  ['{{ true and none and False }}', ''],
  ['{{ omit }}{{ a | default(omit) }}', 'a?'],
  ['{% set b %}{{ a }}{% endset %}{{ b }}', 'a'],
  ['{% set b | replace(c, d) %}{{ a }}{% endset %}{{ b }}', 'a c d'],
  ['{% filter replace(a, b) %}{{ c }}{% endfilter %}', 'c a b'],
  ['{% set ns = namespace(x=a) %}{% set ns.x = ns.x + b %}{{ ns.x }}', 'a b'],
  ['{% for i in xs %}{% set y = i %}{% endfor %}{{ y }}', 'xs y'],
  ['{% for a, (b, c) in xs %}{{ a }}{{ b }}{{ c }}{% endfor %}', 'xs'],
  ['{% if a %}{% set x = 1 %}{% endif %}{{ x }}', 'a'],
  ['{% with a = b, c = a %}{{ a }}{{ c }}{% endwith %}', 'b a'],
  ['{% macro f(a, b=c) %}{{ a }}{{ b }}{{ d }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(e) }}', 'c d e'],
  ['{% macro f() %}{{ caller(a) }}{% endmacro %}{% call(x) f() %}{{ x }}{{ y }}{% endcall %}', 'a y'],
  ['{% for t in tree recursive %}{{ loop(t.c) }}{% endfor %}', 'tree'],
  ['{{ lookup("vars", "a") }}{{ lookup("vars", "b", default=1) }}{{ lookup("vars", c) }}', 'a b? c'],
  ['{% macro f() %}{% endmacro %}{{ f(*a, **b) }}', 'a b'],
  ['{{ dict(a=b) }}{{ xs | map("replace", c, d) }}{{ e is in g }}', 'b xs c d e g'],
  ['plain', ''],
])('%s reads %s', (source, names) => expect(namesOf(source)).toBe(names))
