import type { Case } from '../case.ts'
import { HOSTS, ONE } from './inventory.ts'

const tasks = (name: string, text: string, more: Partial<Case> = {}): Case => ({
  name,
  files: { 'hosts.yaml': ONE, 'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n${text}\n` },
  ...more,
})
const D = (name: string, indent = '        '): string => `${indent}- {name: ${name}, debug: {msg: ${name}}}`
const F = (name: string, indent = '        '): string => `${indent}- {name: ${name}, fail: {msg: ${name}}}`

export const blocks: readonly Case[] = [
  tasks(
    'a block without a failure',
    `    - block:\n${D('a')}\n      rescue:\n${D('r')}\n      always:\n${D('z')}\n${D('after', '    ')}`,
  ),
  tasks(
    'a rescue goes on',
    `    - block:\n${D('a')}\n${F('b')}\n${D('c')}\n      rescue:\n${D('r')}\n      always:\n${D('z')}\n${D('after', '    ')}`,
  ),
  tasks(
    'a rescue that fails',
    `    - block:\n${F('b')}\n      rescue:\n${F('r')}\n      always:\n${D('z')}\n${D('after', '    ')}`,
  ),
  tasks('always without rescue', `    - block:\n${F('b')}\n      always:\n${D('z')}\n${D('after', '    ')}`),
  tasks('always that fails', `    - block:\n${D('a')}\n      always:\n${F('z')}\n${D('after', '    ')}`),
  tasks(
    'what failed is told to the rescue',
    `    - block:\n${F('b')}\n      rescue:\n        - {name: r, debug: {msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}"}}`,
  ),
  tasks(
    'blocks in blocks: the inner one rescues',
    `    - block:\n        - block:\n${F('b', '            ')}\n          rescue:\n${D('inner', '            ')}\n${D('c')}\n      rescue:\n${D('outer')}`,
  ),
  tasks(
    'blocks in blocks: the outer one rescues',
    `    - block:\n        - block:\n${F('b', '            ')}\n          rescue:\n${F('inner', '            ')}\n          always:\n${D('inner always', '            ')}\n${D('c')}\n      rescue:\n${D('outer')}`,
  ),
  tasks(
    'a condition of a block',
    `    - when: false\n      block:\n${D('a')}\n${D('b')}\n${D('after', '    ')}`,
  ),
  tasks(
    'a condition of a block is asked for each task',
    `    - when: go | default(true)\n      block:\n        - {name: a, set_fact: {go: false}}\n${D('b')}`,
  ),
  tasks(
    'variables of a block',
    `    - vars: {x: block, y: block}\n      block:\n        - {name: a, debug: {msg: "{{ x }} {{ y }}"}, vars: {y: task}}\n    - {name: after, debug: {msg: "{{ x | default('gone') }}"}}`,
  ),
  tasks('ignore_errors of a block', `    - ignore_errors: true\n      block:\n${F('a')}\n${D('b')}`),
  tasks(
    'a failure in a block notifies no handler',
    `    - block:\n        - {name: a, debug: {msg: a}, changed_when: true}\n${F('b')}\n      rescue:\n${D('r')}`,
  ),
  tasks(
    'flush_handlers in a block',
    `    - block:\n        - {name: a, debug: {msg: a}, changed_when: true, notify: h}\n        - meta: flush_handlers\n${D('b')}\n  handlers:\n${D('h', '    ')}`,
  ),
  tasks(
    'handlers that were notified before a rescue still run',
    `    - block:\n        - {name: a, debug: {msg: a}, changed_when: true, notify: h}\n${F('b')}\n      rescue:\n${D('r')}\n  handlers:\n${D('h', '    ')}`,
  ),
  {
    name: 'each host has its own way through a block',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: lab
  gather_facts: false
  tasks:
    - block:
        - {name: a, fail: {msg: no}, when: level == 'gpu'}
        - {name: b, debug: {msg: b}}
      rescue:
        - {name: r, debug: {msg: "{{ inventory_hostname }}"}}
        - {name: r2, fail: {msg: no}, when: inventory_hostname == 'gpu1'}
      always:
        - {name: z, debug: {msg: z}}
    - {name: after, debug: {msg: "{{ ansible_play_hosts | join(' ') }}"}}
`,
    },
  },
]
