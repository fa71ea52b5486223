import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'
import { playOf } from './play.ts'

const HEAD = `vars:
  names: [a, b, c]
  sizes: {small: 1, large: 9}
  machines:
    - {name: m1, disks: [x, y], up: true}
    - {name: m2, disks: [], up: false}
    - {name: m3, up: true}`
const rounds = (name: string, body: string, more: Parameters<typeof playOf>[2] = {}): Case =>
  playOf(name, body, { head: HEAD, ...more })

/** Loops beyond the plain list. */
export const iterations: readonly Case[] = [
  rounds(
    'nested lists stay nested',
    `- {name: a, debug: {msg: "{{ item | to_json }}"}, loop: [[1, 2], [3]]}`,
  ),
  rounds('a list of mappings', `- {name: a, debug: {msg: "{{ item.name }}"}, loop: "{{ machines }}"}`),
  rounds(
    'the label of a mapping as Python prints it',
    `- {name: a, debug: {msg: x}, loop: [{a: 1, b: [true, null, "x'y"]}, "text", 1.5, true, null]}`,
  ),
  rounds(
    'dict2items',
    `- {name: a, debug: {msg: "{{ item.key }}={{ item.value }}"}, loop: "{{ sizes | dict2items }}"}`,
  ),
  rounds(
    'items of a mapping',
    `- {name: a, debug: {msg: "{{ item.0 }}={{ item.1 }}"}, loop: "{{ sizes.items() | list }}"}`,
  ),
  rounds(
    'selectattr',
    `- {name: a, debug: {msg: "{{ item.name }}"}, loop: "{{ machines | selectattr('up') }}", loop_control: {label: "{{ item.name }}"}}`,
  ),
  rounds(
    'subelements that leave out what has none',
    `- {name: a, debug: {msg: "{{ item.0.name }}{{ item.1 }}"}, loop: "{{ machines | subelements('disks', skip_missing=true) }}", loop_control: {label: "{{ item.1 }}"}}`,
  ),
  rounds(
    'with_subelements with skip_missing',
    `- {name: a, debug: {msg: "{{ item.0.name }}{{ item.1 }}"}, with_subelements: ["{{ machines }}", disks, {skip_missing: true}], loop_control: {label: "{{ item.1 }}"}}`,
  ),
  rounds(
    'zip',
    `- {name: a, debug: {msg: "{{ item.0 }}{{ item.1 }}"}, loop: "{{ names | zip([1, 2, 3]) | list }}", loop_control: {label: "{{ item.0 }}"}}`,
  ),
  rounds(
    'zip_longest',
    `- {name: a, debug: {msg: "{{ item | join(',') }}"}, loop: "{{ names | zip_longest([1], fillvalue='-') | list }}", loop_control: {label: "{{ item.0 }}"}}`,
  ),
  rounds(
    'with_together of unequal lists',
    `- {name: a, debug: {msg: "{{ item | to_json }}"}, with_together: ["{{ names }}", [1]], loop_control: {label: "{{ item.0 }}"}}`,
  ),
  rounds(
    'with_nested of three',
    `- {name: a, debug: {msg: "{{ item | join }}"}, with_nested: [[1, 2], ["{{ names[0] }}"], "{{ names[1:] }}"], loop_control: {label: "{{ item | join }}"}}`,
  ),
  rounds(
    'with_cartesian',
    `- {name: a, debug: {msg: "{{ item | join }}"}, with_cartesian: [[1, 2], [x, y]], loop_control: {label: "{{ item | join }}"}}`,
    { differs: 'loop_lookups' },
  ),
  rounds(
    'with_items of several lists',
    `- {name: a, debug: {msg: "{{ item }}"}, with_items: ["{{ names }}", x, [y, z]]}`,
  ),
  rounds('with_items of one string', `- {name: a, debug: {msg: "{{ item }}"}, with_items: one}`),
  rounds(
    'with_items of deep lists',
    `- {name: a, debug: {msg: "{{ item | to_json }}"}, with_items: [[1, [2, [3]]], 4]}`,
  ),
  rounds(
    'with_flattened of deep lists',
    `- {name: a, debug: {msg: "{{ item }}"}, with_flattened: [[1, [2, [3]]], 4, "{{ names }}"]}`,
  ),
  rounds(
    'with_list of a list of lists',
    `- {name: a, debug: {msg: "{{ item | to_json }}"}, with_list: [[1, 2], 3]}`,
  ),
  rounds(
    'with_indexed_items',
    `- {name: a, debug: {msg: "{{ item.0 }}:{{ item.1 }}"}, with_indexed_items: [x, [y, z]], loop_control: {label: "{{ item.1 }}"}}`,
  ),
  rounds(
    'with_dict',
    `- {name: a, debug: {msg: "{{ item.key }}:{{ item.value }}"}, with_dict: {one: 1, two: 2}}`,
  ),
  rounds('with_sequence short form', `- {name: a, debug: {msg: "{{ item }}"}, with_sequence: 2-6/2}`),
  rounds(
    'with_sequence short form with format',
    `- {name: a, debug: {msg: "{{ item }}"}, with_sequence: "1-3:host%02x"}`,
  ),
  rounds(
    'with_sequence downwards',
    `- {name: a, debug: {msg: "{{ item }}"}, with_sequence: start=4 end=0 stride=-2}`,
  ),
  rounds(
    'with_sequence of hexadecimal numbers',
    `- {name: a, debug: {msg: "{{ item }}"}, with_sequence: start=0x0f end=0x11 format=%x}`,
  ),
  rounds(
    'with_sequence of a template',
    `- {name: a, debug: {msg: "{{ item }}"}, with_sequence: "end={{ names | length }}"}`,
  ),
  rounds(
    'loop with query',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ query('sequence', 'count=2') }}"}`,
  ),
  rounds(
    'loop with lookup and wantlist',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ lookup('list', names, wantlist=True) }}"}`,
  ),
  rounds(
    'with_inventory_hostnames',
    `- {name: a, debug: {msg: "{{ item }}"}, with_inventory_hostnames: ["lab:!gpu"], run_once: true}`,
    { inventory: HOSTS, differs: 'loop_lookups' },
  ),
  rounds(
    'a loop over a template of lists',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ names + ['d'] + (sizes.keys() | list) }}"}`,
  ),
  rounds(
    'a loop of templates',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: ["{{ names[0] }}", "x{{ names[1] }}", "{{ sizes.small }}"]}`,
  ),
  rounds(
    'a loop over groups',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ groups['gpu'] | difference(['lab03']) }}", run_once: true}`,
    { inventory: HOSTS },
  ),
  rounds('a loop over range', `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ range(0, 10, 3) }}"}`),
  rounds(
    'an empty list by a template',
    `- {name: a, debug: {msg: x}, loop: "{{ names | select('equalto', 'z') | list }}"}\n- {name: b, debug: {msg: b}}`,
  ),
  rounds(
    'a loop that is not there, with a condition that is false',
    `- {name: a, debug: {msg: x}, loop: "{{ later }}", when: later is defined}\n- {name: b, debug: {msg: b}}`,
  ),
  rounds(
    'a default of a loop',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ later | default([]) }}"}\n- {name: b, debug: {msg: "{{ item }}"}, loop: "{{ later | default(names) }}"}`,
  ),
  rounds(
    'register of an empty loop',
    `- {name: a, debug: {msg: x}, loop: [], register: told}\n- {name: b, debug: {msg: "{{ told.results | length }} {{ told is skipped }} {{ told.changed }} {{ told.skipped_reason | default('-') }}"}}`,
  ),
  rounds(
    'register: what loops give',
    `- {name: a, debug: {msg: "m{{ item }}"}, loop: [1, 2], changed_when: item == 2, register: told}\n- {name: b, debug: {msg: "{{ told.changed }} {{ told.failed }} {{ told.skipped | default('no') }} {{ told.msg }} {{ told.results[1].changed }} {{ told.results[0].item }} {{ told.results[0].ansible_loop_var }}"}}`,
  ),
  rounds(
    'register of a loop that fails in part',
    `- {name: a, assert: {that: item < 2}, loop: [1, 2, 3], register: told, ignore_errors: true}\n- {name: b, debug: {msg: "{{ told is failed }} {{ told.msg }} {{ told.results | map(attribute='failed') | list }}"}}`,
  ),
  rounds(
    'register of a loop that is skipped in whole',
    `- {name: a, debug: {msg: x}, loop: [1, 2], when: false, register: told}\n- {name: b, debug: {msg: "{{ told is skipped }} {{ told.results | length }} {{ told.results[0].skipped }} {{ told.skipped }} {{ told.msg }}"}}`,
  ),
  rounds(
    'the rounds before may be read by the next',
    `- {name: a, debug: {msg: "{{ told.msg | default('first') }}{{ item }}"}, loop: [1, 2], register: told}`,
  ),
  rounds(
    'until in a loop',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2], register: told, until: told.msg | int == item, retries: 2, delay: 0}\n- {name: b, debug: {msg: "{{ told.results | map(attribute='attempts') | list }}"}}`,
  ),
  rounds(
    'until fails in one round',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2], register: told, until: told.msg | int == 1, retries: 1, delay: 0, ignore_errors: true}\n- {name: b, debug: {msg: "{{ told.results | map(attribute='attempts') | list }} {{ told is failed }}"}}`,
  ),
  rounds(
    'failed_when in a loop',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2, 3], register: told, failed_when: told.msg == 2, ignore_errors: true}\n- {name: b, debug: {msg: "{{ told.results | selectattr('failed') | map(attribute='item') | list }}"}}`,
  ),
  rounds(
    'loop_var by a name that the play has',
    `- {name: a, debug: {msg: "{{ names }}"}, loop: [1, 2], loop_control: {loop_var: names}}\n- {name: b, debug: {msg: "{{ names }}"}}`,
  ),
  rounds(
    'item is gone behind the loop',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: [1]}\n- {name: b, debug: {msg: "{{ item | default('gone') }}"}}`,
  ),
  rounds(
    'vars of a task may read the item',
    `- {name: a, debug: {msg: "{{ double }}"}, vars: {double: "{{ item * 2 }}"}, loop: [1, 2]}`,
  ),
  rounds(
    'the name of a task may not read the item',
    `- {name: "a {{ item | default('-') }}", debug: {msg: x}, loop: [1]}`,
    { differs: 'loop_name' },
  ),
  rounds(
    'import_tasks with vars of a list, looped inside',
    `- import_tasks: more.yml\n  vars: {things: "{{ names[:2] }}"}`,
    { files: { 'more.yml': '- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ things }}"}\n' } },
  ),
  rounds(
    'extended',
    `- {name: a, debug: {msg: "{{ ansible_loop.index0 }} {{ ansible_loop.revindex }} {{ ansible_loop.revindex0 }} {{ ansible_loop.allitems | join('') }}"}, loop: [x, y, z], loop_control: {extended: true}}`,
  ),
  rounds(
    'extended without allitems',
    `- {name: a, debug: {msg: "{{ ansible_loop.allitems is defined }} {{ ansible_loop.length }}"}, loop: [x, y], loop_control: {extended: true, extended_allitems: false}}`,
  ),
  rounds(
    'index_var in the label',
    `- {name: a, debug: {msg: "{{ i }}"}, loop: [x, y], loop_control: {index_var: i, label: "{{ i }}-{{ item }}"}}`,
  ),
  rounds(
    'ansible_loop_var and ansible_index_var',
    `- {name: a, debug: {msg: "{{ ansible_loop_var }} {{ ansible_index_var }} {{ lookup('vars', ansible_loop_var) }}"}, loop: [x], loop_control: {loop_var: one, index_var: n}}`,
  ),
  rounds(
    'set_fact of a mapping in a loop',
    `- {name: a, set_fact: {all: "{{ all | default({}) | combine({item: item | length}) }}"}, loop: [x, yy]}\n- {name: b, debug: {msg: "{{ all | to_json }}"}}`,
  ),
  rounds(
    'set_fact with a name by the item',
    `- {name: a, set_fact: {"v_{{ item }}": "{{ item }}"}, loop: [x, y]}\n- {name: b, debug: {msg: "{{ v_x }}{{ v_y }}"}}`,
  ),
  rounds(
    'assert in a loop',
    `- {name: a, assert: {that: [item > 0, item < 3], quiet: true}, loop: [1, 2]}\n- {name: b, debug: {msg: b}}`,
  ),
  rounds(
    'run_once and a loop',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2], run_once: true, register: told}\n- {name: b, debug: {msg: "{{ told.results | length }}"}}`,
    { inventory: HOSTS, hosts: 'gpu' },
  ),
  rounds(
    'a loop in a block with a condition by the item',
    `- block:\n    - {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2, 3]}\n  when: item != 2`,
  ),
  rounds(
    'a loop that is different on each host',
    `- {name: a, debug: {msg: "{{ item }}"}, loop: "{{ group_names }}"}`,
    { inventory: HOSTS },
  ),
  rounds(
    'a round fails on an undefined variable',
    `- {name: a, debug: {msg: "{{ item.disks | length }}"}, loop: "{{ machines }}", loop_control: {label: "{{ item.name }}"}, ignore_errors: true}\n- {name: b, debug: {msg: b}}`,
    { differs: 'undefined' },
  ),
  rounds(
    'a message that is a list, a mapping or a number',
    `- {name: a, debug: {msg: [1, two]}}\n- {name: b, debug: {msg: {k: v}}}\n- {name: c, debug: {msg: 1.0}}\n- {name: d, debug: {msg: true}}`,
  ),
  rounds('with_random_choice of one', `- {name: a, debug: {msg: "{{ item }}"}, with_random_choice: [x]}`, {
    differs: 'loop_lookups',
  }),
  rounds(
    'with_first_found of variables',
    `- {name: a, debug: {msg: "{{ item | basename }}"}, with_first_found: [none.yml, more.yml], loop_control: {label: found}}`,
    { files: { 'more.yml': 'x: 1\n' }, differs: 'loop_lookups' },
  ),
]
