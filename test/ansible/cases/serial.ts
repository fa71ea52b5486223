import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'

const TELL = `    - {name: tell, debug: {msg: "{{ ansible_play_batch | join(' ') }} of {{ ansible_play_hosts | join(' ') }}"}}`

const play = (head: string, tasks = TELL): Record<string, string> => ({
  'hosts.yaml': HOSTS,
  'play.yaml': `- hosts: all
  gather_facts: false
${head}  tasks:
${tasks}
- hosts: all
  gather_facts: false
  tasks:
    - {name: second, debug: {msg: "{{ ansible_play_hosts | join(' ') }}"}}
`,
})

const FAIL_ON = (hosts: string): string =>
  `    - {name: broken, fail: {msg: no}, when: "inventory_hostname in ${hosts}"}\n    - {name: after, debug: {msg: after}}`

export const serial: readonly Case[] = [
  { name: 'a number', files: play('  serial: 3\n') },
  { name: 'a number larger than the hosts', files: play('  serial: 30\n') },
  { name: 'a percentage', files: play('  serial: "30%"\n') },
  { name: 'a percentage is of at least one host', files: play('  serial: "1%"\n') },
  { name: 'a list, whose last element repeats', files: play('  serial: [1, 2]\n') },
  { name: 'a canary list with percentages', files: play('  serial: [1, "30%", "100%"]\n') },
  { name: 'a number as a string', files: play('  serial: "2"\n') },
  { name: 'a template', files: play('  serial: "{{ size }}"\n'), args: ['-e', 'size=4'] },
  { name: 'zero is all', files: play('  serial: 0\n') },
  { name: 'order: sorted', files: play('  serial: 3\n  order: sorted\n') },
  { name: 'order: reverse_sorted', files: play('  serial: 3\n  order: reverse_sorted\n') },
  { name: 'order: reverse_inventory', files: play('  serial: 3\n  order: reverse_inventory\n') },
  { name: 'order: inventory', files: play('  order: inventory\n') },
  { name: 'a failed host is out of the next plays', files: play('', FAIL_ON("['lab02']")) },
  {
    name: 'a batch that fails whole ends the run',
    files: play('  serial: 2\n', FAIL_ON("['lab01', 'lab02']")),
  },
  {
    name: 'a batch that fails in part does not',
    files: play('  serial: 2\n', FAIL_ON("['lab01', 'lab03']")),
  },
  { name: 'all hosts failed: no more plays', files: play('', FAIL_ON('groups.all')) },
  {
    name: 'max_fail_percentage is not reached at its own value',
    files: play('  serial: 4\n  max_fail_percentage: 50\n', FAIL_ON("['lab01', 'lab02']")),
  },
  {
    name: 'max_fail_percentage ends the run above its value',
    files: play('  serial: 4\n  max_fail_percentage: 49\n', FAIL_ON("['lab01', 'lab02']")),
  },
  {
    name: 'max_fail_percentage: 0 ends it at the first failure',
    files: play('  serial: 4\n  max_fail_percentage: 0\n', FAIL_ON("['lab02']")),
  },
  {
    name: 'any_errors_fatal ends it for all',
    files: play('  any_errors_fatal: true\n', FAIL_ON("['lab02']")),
  },
  {
    name: 'run_once runs on the first host, and all have its variables',
    files: play(
      '',
      `    - {name: once, set_fact: {chosen: "{{ inventory_hostname }}"}, run_once: true}
    - {name: tell, debug: {msg: "{{ chosen }}"}}`,
    ),
  },
  {
    name: 'run_once registers for all',
    files: play(
      '',
      `    - {name: once, debug: {msg: "{{ inventory_hostname }}"}, run_once: true, register: told}
    - {name: tell, debug: {msg: "{{ told.msg }}"}}`,
    ),
  },
  {
    name: 'run_once is once a batch',
    files: play(
      '  serial: 3\n',
      `    - {name: once, set_fact: {chosen: "{{ inventory_hostname }}"}, run_once: true}
    - {name: tell, debug: {msg: "{{ chosen }}"}}`,
    ),
  },
  {
    name: 'run_once with a condition asks it on the first host',
    files: play(
      '',
      `    - {name: once, debug: {msg: "{{ inventory_hostname }}"}, run_once: true, when: inventory_hostname == 'lab02'}
    - {name: tell, debug: {msg: after}}`,
    ),
  },
  {
    name: 'throttle does not change what is done',
    files: play(
      '  serial: 3\n',
      `${TELL}\n      throttle: 1`
        .replace('}}"}}\n      throttle', '}}"}, throttle')
        .replace('throttle: 1', 'throttle: 1}'),
    ),
  },
  {
    name: 'end_host ends it for one host',
    files: play(
      '',
      `    - meta: end_host
      when: inventory_hostname == 'lab02'
    - {name: after, debug: {msg: after}}`,
    ),
  },
  {
    name: 'end_play ends it for all',
    files: play(
      '',
      '    - {name: before, debug: {msg: before}}\n    - meta: end_play\n    - {name: after, debug: {msg: after}}',
    ),
  },
  {
    name: 'end_batch goes on with the next batch',
    files: play(
      '  serial: 2\n',
      `    - meta: end_batch
      when: inventory_hostname == 'lab01'
    - {name: after, debug: {msg: after}}`,
    ),
  },
  {
    name: 'clear_host_errors brings failed hosts back',
    differs: 'forgiven',
    files: play(
      '',
      `${FAIL_ON("['lab02']")}\n    - meta: clear_host_errors\n    - {name: all again, debug: {msg: again}}`,
    ),
  },
]
