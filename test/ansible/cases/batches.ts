import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'
import { playbookOf, playOf } from './play.ts'

const TELL = `- {name: tell, debug: {msg: "{{ ansible_play_batch | join(' ') }} / {{ ansible_play_hosts | join(' ') }} / {{ ansible_play_hosts_all | length }}"}}`
const failing = (...hosts: string[]): string =>
  `- {name: broken, fail: {msg: no}, when: "inventory_hostname in ${JSON.stringify(hosts).replaceAll('"', "'")}"}`
const AFTER = '- {name: after, debug: {msg: after}}'
const all = (name: string, body: string, head = '', more: Parameters<typeof playOf>[2] = {}): Case =>
  playOf(name, body, { inventory: HOSTS, head, ...more })

/** Seven hosts: lab01..lab04, s1, gpu1, gpu2. */
export const batches: readonly Case[] = [
  ...['14%', '15%', '28%', '29%', '43%', '50%', '99%', '100%', '0%', '200%'].map(share =>
    all(`serial: ${share} of seven hosts`, TELL, `serial: "${share}"`),
  ),
  ...[
    '[1, 1, 2]',
    '["10%", "50%"]',
    '[2, "40%", 1]',
    '[3, 3, 3]',
    '[100]',
    '["1", "2"]',
    '[0]',
    '[1, 0]',
    '"-1"',
  ].map(list => all(`serial: ${list}`, TELL, `serial: ${list}`)),
  all('serial by a variable that is a list', TELL, 'serial: "{{ sizes }}"\nvars: {sizes: [1, 3]}'),
  all('serial by a list of templates', TELL, 'serial: ["{{ first }}", "{{ 2 }}"]\nvars: {first: 1}'),
  all('serial is of the hosts that --limit leaves', TELL, 'serial: "50%"', { args: ['-l', 'lab'] }),
  all('serial of a play whose pattern has an order', TELL, 'serial: 2', { hosts: 'spare,gpu' }),
  all('order: shuffle of one host', TELL, 'order: shuffle', { hosts: 's1' }),
  all('order: sorted without serial', TELL, 'order: sorted'),
  all('order: reverse_inventory with a pattern', TELL, 'order: reverse_inventory', { hosts: 'gpu,lab01' }),
  all('a failure in a batch of one ends the run', `${failing('lab02')}\n${AFTER}`, 'serial: 1'),
  all('a failure in the last batch', `${failing('gpu2')}\n${AFTER}`, 'serial: 6'),
  all(
    'a failed host counts in max_fail_percentage of its own batch only',
    `${failing('lab01', 'lab04', 's1')}\n${AFTER}`,
    'serial: 3\nmax_fail_percentage: 40',
  ),
  all(
    'max_fail_percentage without serial',
    `${failing('lab01', 'lab04')}\n${AFTER}`,
    'max_fail_percentage: 28',
  ),
  all(
    'max_fail_percentage without serial, not reached',
    `${failing('lab01', 'lab04')}\n${AFTER}`,
    'max_fail_percentage: 29',
  ),
  all(
    'max_fail_percentage: 100',
    `${failing('lab01', 'lab02')}\n${AFTER}`,
    'serial: 2\nmax_fail_percentage: 100',
  ),
  all(
    'max_fail_percentage and a rescue',
    `- block:\n    ${failing('lab01', 'lab02', 'lab03', 'lab04')}\n  rescue:\n    - {name: r, debug: {msg: r}}\n${AFTER}`,
    'max_fail_percentage: 10',
  ),
  all(
    'max_fail_percentage and ignored failures',
    `${failing('lab01', 'lab02', 'lab03').replace('no}', 'no}, ignore_errors: true')}\n${AFTER}`,
    'max_fail_percentage: 10',
  ),
  all(
    'max_fail_percentage by a template',
    `${failing('lab01', 'lab02')}\n${AFTER}`,
    'max_fail_percentage: "{{ share }}"\nvars: {share: 10}',
  ),
  all(
    'max_fail_percentage with failures at different tasks',
    `${failing('lab01')}\n- {name: second, fail: {msg: no}, when: inventory_hostname == 'lab02'}\n${AFTER}`,
    'max_fail_percentage: 20',
  ),
  all(
    'any_errors_fatal of one task',
    `${failing('lab02').replace('no}', 'no}, any_errors_fatal: true')}\n${AFTER}`,
  ),
  all(
    'any_errors_fatal of a task that goes well',
    `- {name: a, debug: {msg: a}, any_errors_fatal: true}\n${failing('lab02')}\n${AFTER}`,
  ),
  all(
    'any_errors_fatal of a block',
    `- any_errors_fatal: true\n  block:\n    ${failing('lab02')}\n    - {name: inside, debug: {msg: inside}}\n${AFTER}`,
  ),
  all(
    'any_errors_fatal of a block with a rescue',
    `- any_errors_fatal: true\n  block:\n    ${failing('lab02')}\n    - {name: inside, debug: {msg: inside}}\n  rescue:\n    - {name: r, debug: {msg: r}}\n${AFTER}`,
  ),
  all(
    'any_errors_fatal of a block with always',
    `- any_errors_fatal: true\n  block:\n    ${failing('lab02')}\n    - {name: inside, debug: {msg: inside}}\n  always:\n    - {name: z, debug: {msg: z}}\n${AFTER}`,
    '',
    { differs: 'fatal_always' },
  ),
  all(
    'any_errors_fatal of a play with a rescue',
    `- block:\n    ${failing('lab02')}\n    - {name: inside, debug: {msg: inside}}\n  rescue:\n    - {name: r, debug: {msg: r}}\n${AFTER}`,
    'any_errors_fatal: true',
  ),
  all(
    'any_errors_fatal and ignore_errors',
    `${failing('lab02').replace('no}', 'no}, ignore_errors: true')}\n${AFTER}`,
    'any_errors_fatal: true',
  ),
  all('any_errors_fatal with serial', `${failing('lab02')}\n${AFTER}`, 'any_errors_fatal: true\nserial: 3'),
  all(
    'run_once with serial and register',
    `- {name: once, debug: {msg: "{{ inventory_hostname }}"}, run_once: true, register: told}\n- {name: tell, debug: {msg: "{{ told.msg }}"}}`,
    'serial: 3',
  ),
  all('run_once fails for all', `- {name: once, fail: {msg: no}, run_once: true}\n${AFTER}`, '', {
    differs: 'run_once_failure',
  }),
  all(
    'run_once fails and is ignored',
    `- {name: once, fail: {msg: no}, run_once: true, ignore_errors: true, register: told}\n- {name: after, debug: {msg: "{{ told is failed }}"}}`,
  ),
  all(
    'run_once fails and is rescued',
    `- block:\n    - {name: once, fail: {msg: no}, run_once: true}\n  rescue:\n    - {name: r, debug: {msg: r}}\n${AFTER}`,
    '',
    { differs: 'run_once_failure' },
  ),
  all(
    'run_once after the first host has failed',
    `${failing('lab01')}\n- {name: once, debug: {msg: "{{ inventory_hostname }}"}, run_once: true}`,
  ),
  all(
    'run_once skipped on the first host',
    `- {name: once, debug: {msg: x}, run_once: true, when: inventory_hostname != 'lab01', register: told}\n- {name: after, debug: {msg: "{{ told is skipped }}"}}`,
  ),
  all(
    'run_once of a block',
    `- run_once: true\n  block:\n    - {name: a, set_fact: {x: "{{ inventory_hostname }}"}}\n    - {name: b, debug: {msg: "{{ x }}"}}\n- {name: after, debug: {msg: "{{ x }}"}}`,
  ),
  all('run_once by a template', `- {name: a, debug: {msg: a}, run_once: "{{ one }}"}`, 'vars: {one: true}'),
  all(
    'run_once of include_vars',
    `- {name: a, include_vars: more.yml, run_once: true}\n- {name: b, debug: {msg: "{{ x | default('-') }}"}}`,
    '',
    { files: { 'more.yml': 'x: 1\n' } },
  ),
  all('a failed host is gone from the batch', `${failing('lab02', 'gpu1')}\n${TELL}`),
  all('a failed host is gone from the play, its batch is done', `${failing('lab02')}\n${TELL}`, 'serial: 3'),
  playbookOf(
    'the next play has the hosts that are left',
    `
- hosts: all
  gather_facts: false
  tasks:
    - {name: broken, fail: {msg: no}, when: "'gpu' in group_names"}
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - {name: tell, debug: {msg: "{{ ansible_play_batch | join(' ') }} / {{ ansible_play_hosts | join(' ') }} / {{ ansible_play_hosts_all | join(' ') }}"}}
- hosts: gpu
  gather_facts: false
  tasks:
    - {name: nobody, debug: {msg: nobody}}
- hosts: spare
  gather_facts: false
  tasks:
    - {name: last, debug: {msg: last}}
`,
    { inventory: HOSTS },
  ),
  playbookOf(
    'a percentage counts hosts that failed in an earlier play',
    `
- hosts: all
  gather_facts: false
  tasks:
    - {name: broken, fail: {msg: no}, when: "inventory_hostname in ['lab01', 'lab02', 'lab03']"}
- hosts: all
  gather_facts: false
  serial: "50%"
  tasks:
    - {name: tell, debug: {msg: "{{ ansible_play_batch | join(' ') }}"}}
`,
    { inventory: HOSTS },
  ),
  playbookOf(
    'end_play ends its own play only',
    `
- hosts: all
  gather_facts: false
  serial: 3
  tasks:
    - {name: a, debug: {msg: a}}
    - meta: end_play
      when: inventory_hostname == 'lab02'
    - {name: b, debug: {msg: b}}
- hosts: lab
  gather_facts: false
  tasks:
    - {name: c, debug: {msg: c}}
`,
    { inventory: HOSTS },
  ),
  playbookOf(
    'end_host ends it for the play, not for the next',
    `
- hosts: lab
  gather_facts: false
  tasks:
    - meta: end_host
      when: "inventory_hostname in ['lab01', 'gpu1']"
    - {name: a, debug: {msg: "{{ ansible_play_hosts | join(' ') }}"}}
- hosts: lab
  gather_facts: false
  tasks:
    - {name: b, debug: {msg: b}}
`,
    { inventory: HOSTS },
  ),
  all(
    'clear_host_errors with a second failure',
    `${failing('lab01')}\n- meta: clear_host_errors\n${AFTER}\n- {name: again, fail: {msg: no}, when: inventory_hostname == 'lab02'}\n- {name: last, debug: {msg: last}}`,
  ),
  all('noop and refresh_inventory do nothing', `- meta: noop\n- {name: a, debug: {msg: a}}`),
  all(
    'a fact of another host, set in the task before',
    `- {name: set, set_fact: {mine: "{{ inventory_hostname }}!"}}\n- {name: tell, debug: {msg: "{{ hostvars['gpu2'].mine }} {{ hostvars['lab01']['mine'] }}"}}`,
  ),
  all(
    'registers of all hosts together',
    `- {name: a, debug: {msg: "m-{{ inventory_hostname }}"}, register: told}\n- {name: tell, debug: {msg: "{{ ansible_play_hosts | map('extract', hostvars, ['told', 'msg']) | join(' ') }}"}}`,
  ),
  all(
    'a sum over the hosts, run once',
    `- {name: a, set_fact: {n: "{{ inventory_hostname | length }}"}}\n- {name: sum, debug: {msg: "{{ groups.all | map('extract', hostvars, 'n') | map('int') | sum }}"}, run_once: true}`,
  ),
]
