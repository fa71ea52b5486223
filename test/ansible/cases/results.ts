import type { Case } from '../case.ts'
import { ONE } from './inventory.ts'

const tasks = (
  name: string,
  text: string,
  more: Partial<Case> & { more?: Record<string, string> } = {},
): Case => ({
  name,
  files: {
    'hosts.yaml': ONE,
    'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n${text}\n`,
    ...more.more,
  },
  ...(more.args && { args: more.args }),
  ...(more.differs && { differs: more.differs }),
})
const AFTER = '    - {name: after, debug: {msg: after}}'

export const results: readonly Case[] = [
  tasks('changed_when: true', '    - {name: a, debug: {msg: a}, changed_when: true}'),
  tasks(
    'changed_when: an expression on the result',
    '    - {name: a, debug: {msg: yes it is}, register: told, changed_when: "\'yes\' in told.msg"}\n    - {name: b, debug: {msg: "{{ told is changed }} {{ told.changed }}"}}',
  ),
  tasks(
    'changed_when: a list, all of which must hold',
    '    - {name: a, debug: {msg: x}, register: told, changed_when: ["told.msg == \'x\'", false]}',
  ),
  tasks(
    'failed_when: an expression on the result',
    `    - {name: a, debug: {msg: x}, register: told, failed_when: told.msg == 'x'}\n${AFTER}`,
  ),
  tasks('failed_when: false on a failure', `    - {name: a, fail: {msg: x}, failed_when: false}\n${AFTER}`),
  tasks(
    'failed_when: all of a list',
    `    - {name: a, debug: {msg: x}, failed_when: [true, false]}\n${AFTER}`,
  ),
  tasks('ignore_errors', `    - {name: a, fail: {msg: x}, ignore_errors: true}\n${AFTER}`),
  tasks(
    'ignore_errors by a template',
    `    - {name: a, fail: {msg: x}, ignore_errors: "{{ ansible_check_mode }}"}\n${AFTER}`,
    { args: ['--check'] },
  ),
  tasks('assert that holds', `    - {name: a, assert: {that: [1 == 1, "'x' in 'xyz'"]}}\n${AFTER}`),
  tasks('assert that does not', `    - {name: a, assert: {that: [1 == 1, 1 == 2], fail_msg: no}}\n${AFTER}`),
  tasks(
    'assert with one expression',
    `    - {name: a, assert: {that: "inventory_hostname == 'lab'"}}\n${AFTER}`,
  ),
  tasks('fail', `    - fail: {msg: no}\n${AFTER}`),
  tasks(
    'a task without a name',
    '    - debug: {msg: x}\n    - set_fact: {a: 1}\n    - debug: {msg: "{{ a }}"}',
  ),
  tasks(
    'full names of modules',
    '    - {name: a, ansible.builtin.debug: {msg: x}}\n    - {name: b, ansible.builtin.set_fact: {a: 1}}\n    - {name: c, ansible.builtin.assert: {that: a == 1}}',
  ),
  tasks('debug: var', '    - {name: a, set_fact: {x: some text}}\n    - {name: b, debug: {var: x}}'),
  tasks('debug: a template in its name', '    - {name: "on {{ inventory_hostname }}", debug: {msg: x}}'),
  tasks(
    'when: a list of which one does not hold',
    '    - {name: a, debug: {msg: a}, when: [true, "1 == 2"]}\n    - {name: b, debug: {msg: b}, when: ["1 == 1", "2 == 2"]}',
  ),
  tasks(
    'when: a list or a mapping by its truth',
    '    - {name: a, debug: {msg: a}, when: items}\n    - {name: b, debug: {msg: b}, when: none_of_them}\n    - {name: c, debug: {msg: c}, when: items | length}'
      .replaceAll('items', 'things')
      .replace('- {name: a', '- {name: set, set_fact: {things: [1], none_of_them: []}}\n    - {name: a'),
  ),
  tasks(
    'when: a registered result',
    '    - {name: a, debug: {msg: a}, changed_when: true, register: told}\n    - {name: b, debug: {msg: b}, when: told is changed}\n    - {name: c, debug: {msg: c}, when: not told.changed}',
  ),
  tasks(
    'when: is defined',
    '    - {name: a, debug: {msg: a}, when: nothing is defined}\n    - {name: b, debug: {msg: b}, when: inventory_hostname is defined}',
  ),
  tasks('when: and, or, not', '    - {name: a, debug: {msg: a}, when: (1 == 1 or 2 == 3) and not (3 == 4)}'),
  tasks('check_mode of the run', '    - {name: a, debug: {msg: "{{ ansible_check_mode }}"}}', {
    args: ['--check'],
  }),
  tasks('import_tasks', '    - import_tasks: more.yaml\n    - {name: after, debug: {msg: after}}', {
    more: {
      'more.yaml': '- {name: a, debug: {msg: "{{ x | default(\'-\') }}"}}\n- {name: b, debug: {msg: b}}\n',
    },
  }),
  tasks(
    'import_tasks with variables and a condition',
    '    - import_tasks: more.yaml\n      vars: {x: 1}\n    - import_tasks: more.yaml\n      vars: {x: 2}\n      when: x == 1',
    { more: { 'more.yaml': '- {name: a, debug: {msg: "{{ x | default(\'-\') }}"}}\n' } },
  ),
  tasks('import_tasks of a file that imports', '    - import_tasks: sub/one.yaml', {
    more: {
      'sub/one.yaml': '- {name: one, debug: {msg: one}}\n- import_tasks: two.yaml\n',
      'sub/two.yaml': '- {name: two, debug: {msg: two}}\n',
    },
  }),
  {
    name: 'import_playbook',
    files: {
      'hosts.yaml': ONE,
      'play.yaml':
        '- import_playbook: other.yaml\n- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: b, debug: {msg: b}}\n',
      'other.yaml': '- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: a, debug: {msg: a}}\n',
    },
  },
  {
    name: 'import_playbook with variables',
    files: {
      'hosts.yaml': ONE,
      'play.yaml': '- import_playbook: other.yaml\n  vars: {x: given}\n',
      'other.yaml':
        '- hosts: all\n  gather_facts: false\n  vars: {y: own}\n  tasks:\n    - {name: a, debug: {msg: "{{ x }} {{ y }}"}}\n',
    },
  },
  tasks(
    'sections of a play',
    `    - {name: t, debug: {msg: t}}\n  pre_tasks:\n    - {name: p, debug: {msg: p}}\n  post_tasks:\n    - {name: q, debug: {msg: q}}`,
  ),
  tasks(
    'templates with statements',
    '    - {name: a, debug: {msg: "{% for i in range(3) %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}"}}\n    - {name: b, debug: {msg: "{% set x = 3 %}{{ x * 2 }}"}}\n    - {name: c, debug: {msg: "{% if inventory_hostname == \'lab\' %}yes{% else %}no{% endif %}"}}',
  ),
  tasks(
    'set_fact with several names',
    '    - {name: a, set_fact: {x: 1, y: "{{ [1, 2] }}", z: "{{ {\'k\': 1} }}"}}\n    - {name: b, debug: {msg: "{{ x + 1 }} {{ y | sum }} {{ z.k }}"}}',
  ),
  tasks(
    'a multi-line message',
    '    - name: a\n      debug:\n        msg: |\n          one\n          {{ inventory_hostname }}\n    - name: b\n      debug:\n        msg: >-\n          folded\n          text',
  ),
  tasks(
    'run by verbosity',
    '    - {name: a, debug: {msg: a, verbosity: 2}}\n    - {name: b, debug: {msg: b, verbosity: 0}}',
  ),
  tasks('a play of no tasks', '    []'),
]
