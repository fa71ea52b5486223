import type { Case } from '../case.ts'
import { ONE } from './inventory.ts'

const tasks = (name: string, text: string, more: Partial<Case> = {}): Case => ({
  name,
  files: {
    'hosts.yaml': ONE,
    'play.yaml': `- hosts: all
  gather_facts: false
  vars:
    disks: [sda, sdb]
    cards: {one: {id: a}, two: {id: b}}
    nested: [[1, 2], [3, [4]]]
    users:
      - {name: ann, groups: [x, y]}
      - {name: bob, groups: [z]}
  tasks:
${text}
`,
  },
  ...more,
})

export const loops: readonly Case[] = [
  tasks('a list', '    - {name: a, debug: {msg: "{{ item }}"}, loop: [x, y]}'),
  tasks('a variable', '    - {name: a, debug: {msg: "{{ item }}"}, loop: "{{ disks }}"}'),
  tasks(
    'an expression',
    '    - {name: a, debug: {msg: "{{ item.key }}={{ item.value.id }}"}, loop: "{{ cards | dict2items }}", loop_control: {label: "{{ item.key }}"}}',
  ),
  tasks(
    'a filter of lists',
    '    - {name: a, debug: {msg: "{{ item | join(\'-\') }}"}, loop: "{{ disks | product([1, 2]) | list }}", loop_control: {label: "{{ item[0] }}{{ item[1] }}"}}',
  ),
  tasks(
    'no rounds',
    '    - {name: a, debug: {msg: "{{ item }}"}, loop: []}\n    - {name: b, debug: {msg: b}}',
  ),
  tasks('numbers', '    - {name: a, debug: {msg: "n{{ item }}"}, loop: "{{ range(1, 4) | list }}"}'),
  tasks(
    'when is asked each round',
    '    - {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2, 3], when: item != 2}',
  ),
  tasks(
    'when is asked each round, and never holds',
    '    - {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2], when: item > 2}',
  ),
  tasks(
    'loop_var',
    '    - {name: a, debug: {msg: "{{ disk }}"}, loop: "{{ disks }}", loop_control: {loop_var: disk}}',
  ),
  tasks(
    'index_var',
    '    - {name: a, debug: {msg: "{{ n }}{{ item }}"}, loop: "{{ disks }}", loop_control: {index_var: n}}',
  ),
  tasks(
    'label',
    '    - {name: a, debug: {msg: "{{ item.name }}"}, loop: "{{ users }}", loop_control: {label: "{{ item.name }}"}}',
  ),
  tasks(
    'extended',
    "    - {name: a, debug: {msg: \"{{ ansible_loop.index }}/{{ ansible_loop.length }} {{ ansible_loop.first }} {{ ansible_loop.last }} {{ ansible_loop.previtem | default('none') }} {{ ansible_loop.nextitem | default('none') }}\"}, loop: [x, y, z], loop_control: {extended: true}}",
  ),
  tasks(
    'changed_when is asked each round',
    '    - {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2], changed_when: item == 1}',
  ),
  tasks(
    'one round fails',
    '    - {name: a, fail: {msg: "{{ item }}"}, loop: [1, 2, 3], when: item == 2}\n    - {name: b, debug: {msg: b}}',
  ),
  tasks(
    'failed rounds that are ignored',
    '    - {name: a, fail: {msg: "{{ item }}"}, loop: [1, 2], ignore_errors: true}\n    - {name: b, debug: {msg: b}}',
  ),
  tasks(
    'the results of the rounds are registered',
    "    - {name: a, debug: {msg: \"m{{ item }}\"}, loop: [1, 2], register: told}\n    - {name: b, debug: {msg: \"{{ told.results | map(attribute='msg') | join(' ') }} {{ told.results | map(attribute='item') | list | to_json }}\"}}",
  ),
  tasks(
    'skipped rounds are registered',
    '    - {name: a, debug: {msg: "m{{ item }}"}, loop: [1, 2], when: item == 1, register: told}\n    - {name: b, debug: {msg: "{{ told.results[1].skipped }} {{ told.results[0].skipped | default(false) }} {{ told is skipped }}"}}',
  ),
  tasks(
    'a loop over registered rounds',
    '    - {name: a, debug: {msg: "m{{ item }}"}, loop: [1, 2], register: told}\n    - {name: b, debug: {msg: "{{ item.msg }}"}, loop: "{{ told.results }}", loop_control: {label: "{{ item.item }}"}}',
  ),
  tasks(
    'set_fact in a loop',
    '    - {name: a, set_fact: {sum: "{{ (sum | default(0) | int) + item }}"}, loop: [1, 2, 3]}\n    - {name: b, debug: {msg: "{{ sum }}"}}',
  ),
  tasks(
    'a list that grows in a loop',
    '    - {name: a, set_fact: {all: "{{ (all | default([])) + [item ~ \'!\'] }}"}, loop: [x, y]}\n    - {name: b, debug: {msg: "{{ all | join(\' \') }}"}}',
  ),
  tasks(
    'with_items flattens one level',
    '    - {name: a, debug: {msg: "{{ item | to_json }}"}, with_items: "{{ nested }}"}',
  ),
  tasks('with_items of a list', '    - {name: a, debug: {msg: "{{ item }}"}, with_items: [x, y]}'),
  tasks(
    'with_list does not flatten',
    '    - {name: a, debug: {msg: "{{ item | to_json }}"}, with_list: "{{ nested }}"}',
  ),
  tasks(
    'with_dict',
    '    - {name: a, debug: {msg: "{{ item.key }} {{ item.value.id }}"}, with_dict: "{{ cards }}", loop_control: {label: "{{ item.key }}"}}',
  ),
  tasks(
    'with_indexed_items',
    '    - {name: a, debug: {msg: "{{ item.0 }} {{ item.1 }}"}, with_indexed_items: "{{ disks }}", loop_control: {label: "{{ item.1 }}"}}',
  ),
  tasks(
    'with_together',
    '    - {name: a, debug: {msg: "{{ item.0 }} {{ item.1 }}"}, with_together: ["{{ disks }}", [1, 2]], loop_control: {label: "{{ item.0 }}"}}',
  ),
  tasks(
    'with_nested',
    '    - {name: a, debug: {msg: "{{ item.0 }} {{ item.1 }}"}, with_nested: ["{{ disks }}", [1, 2]], loop_control: {label: "{{ item.0 }}{{ item.1 }}"}}',
  ),
  tasks(
    'with_subelements',
    '    - {name: a, debug: {msg: "{{ item.0.name }} {{ item.1 }}"}, with_subelements: ["{{ users }}", groups], loop_control: {label: "{{ item.0.name }}"}}',
  ),
  tasks(
    'with_sequence',
    '    - {name: a, debug: {msg: "{{ item }}"}, with_sequence: "start=1 end=5 stride=2 format=d%02d"}',
  ),
  tasks('with_sequence by count', '    - {name: a, debug: {msg: "{{ item }}"}, with_sequence: count=3}'),
  tasks('with_flattened', '    - {name: a, debug: {msg: "{{ item }}"}, with_flattened: "{{ nested }}"}'),
  tasks(
    'subelements as a filter',
    '    - {name: a, debug: {msg: "{{ item.0.name }} {{ item.1 }}"}, loop: "{{ users | subelements(\'groups\') }}", loop_control: {label: "{{ item.1 }}"}}',
  ),
  tasks(
    'until holds at once',
    '    - {name: a, debug: {msg: x}, register: told, until: told.msg == \'x\', retries: 3, delay: 0}\n    - {name: b, debug: {msg: "{{ told.attempts }}"}}',
  ),
  tasks(
    'until never holds',
    "    - {name: a, debug: {msg: x}, register: told, until: told.msg == 'y', retries: 2, delay: 0}\n    - {name: b, debug: {msg: b}}",
  ),
  tasks(
    'a loop over hosts of a group',
    '    - {name: a, debug: {msg: "{{ item }}"}, loop: "{{ groups.all }}"}',
  ),
]
