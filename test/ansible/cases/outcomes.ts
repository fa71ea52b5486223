import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'
import { playbookOf, playOf } from './play.ts'

const AFTER = '- {name: after, debug: {msg: after}}'
const one = (name: string, body: string, head = '', more: Parameters<typeof playOf>[2] = {}): Case =>
  playOf(name, body, { head, ...more })

/** Conditions, failures, blocks: what goes on and what does not. */
export const outcomes: readonly Case[] = [
  one(
    'changed_when and failed_when on one result',
    `- {name: a, debug: {msg: x}, register: t, changed_when: t.msg == 'x', failed_when: t is changed, ignore_errors: true}\n- {name: b, debug: {msg: "{{ t.changed }} {{ t.failed }} {{ t.failed_when_result }}"}}`,
  ),
  one(
    'failed_when: a list',
    `- {name: a, debug: {msg: x}, register: t, failed_when: ["t.msg == 'x'", "t.msg != 'y'"], ignore_errors: true}\n${AFTER}`,
  ),
  one(
    'failed_when with or',
    `- {name: a, debug: {msg: x}, register: t, failed_when: t.msg == 'y' or t.msg == 'z'}\n${AFTER}`,
  ),
  one(
    'failed_when: false keeps a failure from counting',
    `- {name: a, fail: {msg: x}, register: t, failed_when: false}\n- {name: b, debug: {msg: "{{ t is failed }} {{ t is succeeded }} {{ t.failed }}"}}`,
  ),
  one(
    'changed_when: false on a failure',
    `- {name: a, fail: {msg: x}, changed_when: false, ignore_errors: true, register: t}\n- {name: b, debug: {msg: "{{ t is changed }} {{ t is failed }}"}}`,
  ),
  one(
    'changed_when: a list of which one does not hold',
    `- {name: a, debug: {msg: x}, changed_when: [true, "1 == 2"]}\n- {name: b, debug: {msg: x}, changed_when: []}`,
  ),
  one(
    'assert: messages',
    `- {name: a, assert: {that: 1 > 2, fail_msg: broken}, ignore_errors: true, register: t}\n- {name: b, debug: {msg: "{{ t.msg }} {{ t.assertion }} {{ t.evaluated_to }}"}}\n- {name: c, assert: {that: true, success_msg: fine}, register: u}\n- {name: d, debug: {msg: "{{ u.msg }}"}}`,
  ),
  one(
    'assert: quiet, and msg as the old name',
    `- {name: a, assert: {that: [1 > 2], msg: old}, ignore_errors: true, register: t}\n- {name: b, debug: {msg: "{{ t.msg }}"}}`,
  ),
  one(
    'assert: expressions on variables',
    `- {name: a, assert: {that: ["x is defined", "x > 2", "x in [3, 4]", "y is not defined", "'a' ~ x == 'a3'"]}}\n${AFTER}`,
    'vars: {x: 3}',
  ),
  one(
    'when by a variable that holds a condition',
    `- {name: a, debug: {msg: a}, when: wanted}\n- {name: b, debug: {msg: b}, when: not wanted}\n- {name: c, debug: {msg: c}, when: text}`,
    'vars: {wanted: true, text: "1 == 1"}',
    { differs: 'text_condition' },
  ),
  one(
    'when with strings that look like booleans',
    `- {name: a, debug: {msg: a}, when: x | bool}\n- {name: b, debug: {msg: b}, when: y | bool}\n- {name: c, debug: {msg: c}, when: z | bool}`,
    'vars: {x: "yes", y: "no", z: "0"}',
  ),
  one(
    'when with numbers and strings',
    `- {name: a, debug: {msg: a}, when: n == 1}\n- {name: b, debug: {msg: b}, when: n == '1'}\n- {name: c, debug: {msg: c}, when: n | string == '1'}\n- {name: d, debug: {msg: d}, when: n}\n- {name: e, debug: {msg: e}, when: zero}`,
    'vars: {n: 1, zero: 0}',
  ),
  one(
    'when with null and empty values',
    `- {name: a, debug: {msg: a}, when: nothing is none}\n- {name: b, debug: {msg: b}, when: not empty}\n- {name: c, debug: {msg: c}, when: map}\n- {name: d, debug: {msg: d}, when: empty | length == 0}`,
    'vars: {nothing: null, empty: "", map: {}}',
  ),
  one(
    'tests of versions',
    `- {name: a, debug: {msg: a}, when: "v is version('1.10', '>')"}\n- {name: b, debug: {msg: b}, when: "v is version('1.9', '>=')"}\n- {name: c, debug: {msg: c}, when: "v is version('1.9.0', 'eq')"}`,
    'vars: {v: "1.9"}',
  ),
  one(
    'tests of strings',
    `- {name: a, debug: {msg: "{{ ['lab01' is match('lab'), 'lab01' is match('01'), 'lab01' is search('01'), 'lab01' is regex('^l.*1$'), 'LAB' is upper, 'x' is string, 1 is number, [1] is iterable, {} is mapping, 'a' is sequence] | to_json }}"}}`,
  ),
  one(
    'tests of sets',
    `- {name: a, debug: {msg: "{{ [[1, 2] is subset([1, 2, 3]), [1, 2, 3] is superset([1]), [1, 2] is contains(2), 2 is in [1, 2], [true, true] is all, [false, true] is any] | to_json }}"}}`,
  ),
  one(
    'tests of truth',
    `- {name: a, debug: {msg: "{{ ['yes' is truthy, '' is falsy, 'no' is truthy(convert_bool=True), 3 is divisibleby 3, 3 is odd, 4 is even, none is none, x is undefined, true is true, 1 is true, 1 is boolean] | to_json }}"}}`,
  ),
  one(
    'tests of results',
    `- {name: x, debug: {msg: x}, register: t, changed_when: true}\n- {name: a, debug: {msg: "{{ [t is success, t is succeeded, t is changed, t is change, t is failed, t is failure, t is skipped, t is skip] | to_json }}"}}`,
  ),
  one('an inline if without else', `- {name: a, debug: {msg: "{{ 'x' if false }}|{{ 'y' if true }}"}}`),
  one('inline if in lists', `- {name: a, debug: {msg: "{{ ['a'] + (['b'] if 1 > 2 else []) }}"}}`),
  one(
    'filters of lists',
    `- {name: a, debug: {msg: "{{ [3, 1, 2, 1] | unique | sort | reverse | list }} {{ [1, [2, [3]]] | flatten }} {{ [1, 2] | union([2, 3]) }} {{ [1, 2] | intersect([2]) }} {{ [1, 2] | symmetric_difference([2, 3]) }} {{ [1, 2, 3] | max }} {{ [[1, 2], [3]] | map('length') | list }}"}}`,
  ),
  one(
    'filters of texts',
    `- {name: a, debug: {msg: "{{ 'a-b_c' | regex_replace('[-_]', '.') }} {{ 'lab01' | regex_search('[0-9]+') }} {{ 'a1b22' | regex_findall('[0-9]+') }} {{ ' x ' | trim }} {{ 'hello world' | title }} {{ 'x' | upper }} {{ 'a,b' | split(',') }} {{ 'abc' | hash('sha1') | length }} {{ 'abc' | b64encode }} {{ '/a/b.c' | basename }} {{ '/a/b.c' | dirname }} {{ 'x.tar.gz' | splitext }}"}}`,
  ),
  one(
    'filters of mappings',
    `- {name: a, debug: {msg: "{{ {'a': 1} | combine({'b': {'c': 1}}, {'b': {'d': 2}}, recursive=True) }} {{ {'a': 1, 'b': 2} | dict2items | map(attribute='key') | list }} {{ [{'key': 'k', 'value': 'v'}] | items2dict }} {{ {'b': 1, 'a': 2} | dictsort }}"}}`,
  ),
  one(
    'filters to and from JSON and YAML',
    `- {name: a, debug: {msg: "{{ '[1, {\\"a\\": null}]' | from_json }} {{ {'a': [1, 2]} | to_json }} {{ 'a: [1, 2]' | from_yaml }} {{ {'a': 1} | to_nice_json }} {{ {'b': 'x', 'a': [1]} | to_yaml }}"}}`,
  ),
  one(
    'numbers as Python prints them',
    `- {name: a, debug: {msg: "{{ 7 / 2 }} {{ 7 // 2 }} {{ 6 / 2 }} {{ 7 % 3 }} {{ 2 ** 10 }} {{ 1.0 }} {{ 1e3 }} {{ 0.1 + 0.2 }} {{ -7 // 2 }} {{ 10 | float }} {{ '3' | int + 1 }} {{ 3.7 | int }} {{ 3.567 | round(1) }} {{ 3 | round }}"}}`,
  ),
  one(
    'values as Python prints them',
    `- {name: a, debug: {msg: "x {{ [1, 'a', true, none, 1.5, {'k': 'v'}] }} {{ {'a': [1]} }} {{ true }} {{ none }} {{ 'it''s' }}"}}`,
  ),
  one(
    'a text that is made a value',
    `- {name: a, debug: {msg: "{{ x }}"}}\n- {name: b, debug: {msg: "{{ y }}"}}\n- {name: c, debug: {msg: " {{ x }}"}}\n- {name: d, debug: {msg: "{{ y }}{{ y }}"}}\n- {name: e, set_fact: {z: "{{ y }}{{ y }}"}}\n- {name: f, debug: {msg: "{{ z | type_debug }}"}}`,
    'vars: {x: [1, 2], y: 3}',
  ),
  one(
    'whitespace control and comments in a message',
    `- {name: a, debug: {msg: "a {#- none -#} b{% if true -%}   c   {%- endif %} {{- ' d' -}}   e"}}`,
  ),
  one(
    'macros and set in a message',
    `- {name: a, debug: {msg: "{% macro m(x, y=2) %}{{ x }}{{ y }}{% endmacro %}{{ m(1) }}{{ m(1, y=3) }}{% set n = namespace(c=0) %}{% for i in [1, 2] %}{% set n.c = n.c + i %}{% endfor %}{{ n.c }}"}}`,
  ),
  one(
    'a loop in a message with else and filters',
    `- {name: a, debug: {msg: "{% for k, v in {'a': 1, 'b': 2}.items() if v > 1 %}{{ loop.index }}{{ k }}{% else %}none{% endfor %}{% for x in [] %}x{% else %}none{% endfor %}"}}`,
  ),
  one('raw', `- {name: a, debug: {msg: "{% raw %}{{ x }}{% endraw %}"}}`),
  one('unsafe values', `- {name: a, debug: {msg: "{{ x }}"}}`, 'vars: {x: !unsafe "{{ y }}"}'),
  one(
    'slices and indices',
    `- {name: a, debug: {msg: "{{ l[0] }} {{ l[-1] }} {{ l[1:] }} {{ l[:-1] }} {{ l[::2] }} {{ l.0 }} {{ m['a'] }} {{ m.a }} {{ 'text'[1:3] }} {{ m.get('z', 'none') }} {{ l | first }} {{ l | last }}"}}`,
    'vars: {l: [1, 2, 3], m: {a: x}}',
  ),
  one(
    'methods of texts',
    `- {name: a, debug: {msg: "{{ 'a b'.split() }} {{ 'x'.upper() }} {{ 'abc'.startswith('a') }} {{ 'a-b'.replace('-', '+') }} {{ '-'.join(['a', 'b']) }} {{ ' x'.strip() }} {{ 'aXb'.lower().find('x') }} {{ '%s-%02d' % ('a', 3) }} {{ '{}-{}'.format(1, 2) }}"}}`,
  ),
  one(
    'a nested block whose always fails in a rescue',
    `- block:\n    - block:\n        - {name: a, fail: {msg: no}}\n      always:\n        - {name: z, fail: {msg: no}}\n  rescue:\n    - {name: r, debug: {msg: r}}\n${AFTER}`,
    '',
    { differs: 'rescue_counts' },
  ),
  one(
    'a block in a rescue',
    `- block:\n    - {name: a, fail: {msg: no}}\n  rescue:\n    - block:\n        - {name: b, fail: {msg: no}}\n      rescue:\n        - {name: c, debug: {msg: c}}\n      always:\n        - {name: d, debug: {msg: d}}\n    - {name: e, debug: {msg: e}}\n${AFTER}`,
  ),
  one(
    'a block in always',
    `- block:\n    - {name: a, fail: {msg: no}}\n  always:\n    - block:\n        - {name: b, debug: {msg: b}}\n        - {name: c, fail: {msg: no}}\n      rescue:\n        - {name: d, debug: {msg: d}}\n${AFTER}`,
  ),
  one(
    'a rescue within a rescue of the same block is none',
    `- block:\n    - {name: a, fail: {msg: no}}\n  rescue:\n    - {name: b, fail: {msg: no}}\n    - {name: c, debug: {msg: c}}\n${AFTER}`,
  ),
  one(
    'an ignored failure does not wake the rescue',
    `- block:\n    - {name: a, fail: {msg: no}, ignore_errors: true}\n    - {name: b, debug: {msg: b}}\n  rescue:\n    - {name: r, debug: {msg: r}}\n  always:\n    - {name: z, debug: {msg: z}}`,
  ),
  one(
    'a rescue with a condition that is false',
    `- block:\n    - {name: a, fail: {msg: no}}\n  rescue:\n    - {name: r, debug: {msg: r}, when: false}\n${AFTER}`,
  ),
  one(
    'a block that is skipped has no rescue, and its always is skipped',
    `- when: false\n  block:\n    - {name: a, fail: {msg: no}}\n  rescue:\n    - {name: r, debug: {msg: r}}\n  always:\n    - {name: z, debug: {msg: z}}\n${AFTER}`,
  ),
  one(
    'what a rescue is told',
    `- block:\n    - {name: a, fail: {msg: why}}\n  rescue:\n    - {name: r, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_task.action }} {{ ansible_failed_result.msg }} {{ ansible_failed_result.failed }}"}}\n  always:\n    - {name: z, debug: {msg: "{{ ansible_failed_result.msg | default('-') }}"}}`,
  ),
  one(
    'two rescues, each told of its own',
    `- block:\n    - {name: a, fail: {msg: one}}\n  rescue:\n    - {name: r, debug: {msg: "{{ ansible_failed_result.msg }}"}}\n- block:\n    - {name: b, fail: {msg: two}}\n  rescue:\n    - {name: s, debug: {msg: "{{ ansible_failed_result.msg }}"}}`,
  ),
  one(
    'a rescued host takes part in the next play',
    `- block:\n    - {name: a, fail: {msg: no}, when: "inventory_hostname in ['lab01', 's1']"}\n    - {name: b, debug: {msg: b}}\n  rescue:\n    - {name: r, debug: {msg: r}}\n${AFTER}`,
    '',
    { inventory: HOSTS },
  ),
  one(
    'conditions of blocks, imports and tasks add up',
    `- when: x > 1\n  block:\n    - import_tasks: more.yml\n      when: x > 2\n    - {name: b, debug: {msg: b}}`,
    'vars: {x: 2}',
    { files: { 'more.yml': '- {name: a, debug: {msg: a}, when: x > 0}\n' } },
  ),
  one(
    'vars of an import are seen by its own condition',
    `- import_tasks: more.yml\n  vars: {y: 5}\n  when: y == 5`,
    '',
    { files: { 'more.yml': '- {name: a, debug: {msg: "{{ y }}"}}\n' } },
  ),
  one('import_tasks by a variable of the play', `- import_tasks: "{{ which }}.yml"`, 'vars: {which: more}', {
    files: { 'more.yml': '- {name: a, debug: {msg: a}}\n' },
  }),
  one(
    'import_tasks within a block with a rescue',
    `- block:\n    - import_tasks: more.yml\n  rescue:\n    - {name: r, debug: {msg: r}}`,
    '',
    {
      files: {
        'more.yml':
          '- {name: a, debug: {msg: a}}\n- {name: b, fail: {msg: no}}\n- {name: c, debug: {msg: c}}\n',
      },
    },
  ),
  one(
    'names by templates',
    `- {name: "{{ x }} on {{ inventory_hostname }}", debug: {msg: a}}\n- {name: "{{ x | upper }}", debug: {msg: b}, vars: {x: own}}`,
    'vars: {x: play}',
  ),
  one(
    'tasks without names',
    `- debug: {msg: a}\n- ansible.builtin.debug: {msg: b}\n- set_fact: {x: 1}\n- assert: {that: x == 1}\n- block:\n    - fail: {msg: no}\n  rescue:\n    - debug: {msg: r}`,
  ),
  one(
    'key=value arguments',
    `- {name: a, debug: msg=hello}\n- {name: b, debug: "msg='two words'"}\n- {name: c, set_fact: x=1 y=two}\n- {name: d, debug: "msg={{ x }}{{ y }}"}\n- {name: e, fail: msg=no, ignore_errors: true}`,
  ),
  one(
    'action and local_action',
    `- {name: a, action: {module: debug, msg: a}}\n- {name: b, action: debug msg=b}`,
    '',
    { differs: 'action_key' },
  ),
  one('args', `- {name: a, debug: , args: {msg: a}}`),
  one(
    '--check says so',
    `- {name: a, debug: {msg: "{{ ansible_check_mode }}"}}\n- {name: b, debug: {msg: b}, when: not ansible_check_mode}\n- {name: c, debug: {msg: "{{ ansible_check_mode }}"}, check_mode: false}`,
    '',
    { args: ['--check'] },
  ),
  one(
    'check_mode: true of a task',
    `- {name: a, debug: {msg: "{{ ansible_check_mode }}"}, check_mode: true}\n- {name: b, debug: {msg: "{{ ansible_check_mode }}"}}`,
  ),
  one(
    'a play of another name, with vars in it',
    `- {name: a, debug: {msg: "{{ ansible_play_name }}"}}`,
    'name: "play {{ x }}"\nvars: {x: 1}',
  ),
  one(
    'pre_tasks that fail',
    `pre_tasks:\n  - {name: a, fail: {msg: no}}\ntasks:\n  - {name: b, debug: {msg: b}}\npost_tasks:\n  - {name: c, debug: {msg: c}}`,
  ),
  one(
    'until with retries',
    `- {name: a, debug: {msg: "{{ t.attempts | default(0) }}"}, register: t, until: t.attempts >= 3, retries: 5, delay: 0}\n- {name: b, debug: {msg: "{{ t.attempts }}"}}`,
  ),
  one(
    'until on a failure',
    `- {name: a, fail: {msg: no}, register: t, until: t is succeeded, retries: 2, delay: 0, ignore_errors: true}\n- {name: b, debug: {msg: "{{ t.attempts }} {{ t.msg }}"}}`,
  ),
  one(
    'until with failed_when: false',
    `- {name: a, fail: {msg: no}, register: t, until: t.msg == 'no', retries: 2, delay: 0, failed_when: false}\n- {name: b, debug: {msg: "{{ t.attempts }}"}}`,
  ),
  one(
    'delegate_to: localhost keeps the variables',
    `- {name: a, debug: {msg: "{{ inventory_hostname }} {{ level }}"}, delegate_to: localhost}\n- {name: b, set_fact: {x: "{{ inventory_hostname }}"}, delegate_to: localhost}\n- {name: c, debug: {msg: "{{ x }}"}}`,
    '',
    { inventory: HOSTS },
  ),
  one(
    'debug: var of an expression',
    `- {name: a, debug: {var: x}}\n- {name: b, debug: {var: x.k}}\n- {name: c, debug: {var: "x.l | length"}}`,
    'vars: {x: {k: v, l: [1, 2]}, y: text}',
  ),
  one(
    'debug: var of what is not there',
    `- {name: a, debug: {var: nothing_here}}\n- {name: b, debug: {msg: b}}`,
    '',
    { differs: 'undefined' },
  ),
  one('debug without arguments', '- {name: a, debug: }\n- debug:'),
  one(
    'no_log',
    `- {name: a, set_fact: {x: secret}, no_log: true}\n- {name: b, debug: {msg: "{{ x | length }}"}}`,
  ),
  one(
    'an undefined variable in a condition',
    `- {name: a, debug: {msg: a}, when: nothing_here}\n${AFTER}`,
    '',
    { differs: 'undefined' },
  ),
  one(
    'an undefined variable behind a condition that is false',
    `- {name: a, debug: {msg: "{{ nothing_here }}"}, when: nothing_here is defined}\n- {name: b, debug: {msg: "{{ nothing_here }}"}, when: false}\n${AFTER}`,
  ),
  one(
    'an undefined variable that is ignored',
    `- {name: a, debug: {msg: "{{ nothing_here }}"}, ignore_errors: true}\n${AFTER}`,
    '',
    { differs: 'undefined' },
  ),
  one(
    'an undefined variable that is rescued',
    `- block:\n    - {name: a, debug: {msg: "{{ nothing_here }}"}}\n  rescue:\n    - {name: r, debug: {msg: r}}`,
    '',
    { differs: 'undefined' },
  ),
  one(
    'an undefined attribute fails the task',
    `- {name: a, debug: {msg: "{{ x.y }}"}, ignore_errors: true}\n${AFTER}`,
    'vars: {x: {}}',
    { differs: 'undefined' },
  ),
  playbookOf(
    'plays of several hosts, in order',
    `
- {hosts: gpu, gather_facts: false, tasks: [{name: a, debug: {msg: a}}]}
- {hosts: [lab01, spare], gather_facts: false, tasks: [{name: b, debug: {msg: b}}]}
- {hosts: "lab:!gpu", gather_facts: false, tasks: [{name: c, debug: {msg: c}}]}
`,
    { inventory: HOSTS },
  ),
  playbookOf(
    'localhost without an inventory line',
    `- {hosts: localhost, gather_facts: false, tasks: [{name: a, debug: {msg: "{{ inventory_hostname }} {{ groups.all | length }} {{ group_names }} {{ ansible_connection | default('-') }}"}}]}`,
  ),
]
