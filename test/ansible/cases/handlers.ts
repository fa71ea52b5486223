import type { Case } from '../case.ts'
import { HOSTS, ONE } from './inventory.ts'

const play = (tasks: string, handlers: string, more = ''): Record<string, string> => ({
  'hosts.yaml': ONE,
  'play.yaml': `- hosts: all
  gather_facts: false
${more}  tasks:
${tasks}
  handlers:
${handlers}
`,
})

const CHANGE = (name: string, notify: string): string =>
  `    - {name: ${name}, debug: {msg: ${name}}, changed_when: true, notify: ${notify}}`
const HANDLER = (name: string, more = ''): string => `    - {name: ${name}, debug: {msg: ran ${name}}${more}}`

export const handlers: readonly Case[] = [
  {
    name: 'only a changed task notifies',
    files: play(
      `${CHANGE('a', 'one')}\n    - {name: b, debug: {msg: b}, notify: two}`,
      `${HANDLER('one')}\n${HANDLER('two')}`,
    ),
  },
  {
    name: 'handlers run in the order of their definition, each once',
    files: play(
      `${CHANGE('a', 'two')}\n${CHANGE('b', 'one')}\n${CHANGE('c', 'two')}`,
      `${HANDLER('one')}\n${HANDLER('two')}`,
    ),
  },
  {
    name: 'a list of names notifies each',
    files: play(CHANGE('a', '[two, one]'), `${HANDLER('one')}\n${HANDLER('two')}\n${HANDLER('three')}`),
  },
  {
    name: 'a topic notifies all who listen',
    files: play(
      CHANGE('a', 'restart'),
      `${HANDLER('one', ', listen: restart')}\n${HANDLER('two', ', listen: [other, restart]')}\n${HANDLER('three')}`,
    ),
  },
  {
    name: 'a handler notifies a later one',
    files: play(
      CHANGE('a', 'one'),
      `${HANDLER('one', ', changed_when: true, notify: two')}\n${HANDLER('two')}`,
    ),
  },
  {
    name: 'a handler whose condition does not hold is skipped',
    files: play(CHANGE('a', '[one, two]'), `${HANDLER('one', ', when: false')}\n${HANDLER('two')}`),
  },
  {
    name: 'flush_handlers runs them at once, and a later notification runs them again',
    files: play(
      `${CHANGE('a', 'one')}\n    - meta: flush_handlers\n${CHANGE('b', 'one')}\n    - {name: c, debug: {msg: c}}`,
      HANDLER('one'),
    ),
  },
  {
    name: 'handlers are flushed behind pre_tasks, tasks and post_tasks',
    files: {
      'hosts.yaml': ONE,
      'play.yaml': `- hosts: all
  gather_facts: false
  pre_tasks:
${CHANGE('pre', 'one')}
  tasks:
${CHANGE('main', 'one')}
  post_tasks:
${CHANGE('post', 'one')}
  handlers:
${HANDLER('one')}
`,
    },
  },
  {
    name: 'after a failure no handler runs',
    files: play(`${CHANGE('a', 'one')}\n    - {name: broken, fail: {msg: no}}`, HANDLER('one')),
  },
  {
    name: 'force_handlers runs them after a failure',
    files: play(
      `${CHANGE('a', 'one')}\n    - {name: broken, fail: {msg: no}}`,
      HANDLER('one'),
      '  force_handlers: true\n',
    ),
  },
  {
    name: '--force-handlers does so too',
    files: play(`${CHANGE('a', 'one')}\n    - {name: broken, fail: {msg: no}}`, HANDLER('one')),
    args: ['--force-handlers'],
  },
  {
    name: 'a task in a loop notifies once, when one of its rounds has changed',
    files: play(
      `    - {name: a, debug: {msg: "{{ item }}"}, loop: [1, 2, 3], changed_when: item == 2, notify: one}`,
      HANDLER('one'),
    ),
  },
  {
    name: 'a handler may have a loop',
    files: play(CHANGE('a', 'one'), `    - {name: one, debug: {msg: "{{ item }}"}, loop: [x, y]}`),
  },
  {
    name: 'each batch has its handlers behind it',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: lab
  gather_facts: false
  serial: 2
  tasks:
${CHANGE('a', 'one')}
    - {name: b, debug: {msg: "{{ ansible_play_batch | join(' ') }}"}}
  handlers:
${HANDLER('one')}
`,
    },
  },
  {
    name: 'a skipped task does not notify',
    files: play(
      `    - {name: a, debug: {msg: a}, changed_when: true, notify: one, when: false}\n    - {name: b, debug: {msg: b}}`,
      HANDLER('one'),
    ),
  },
  {
    name: 'a handler is told the variables of its host',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: lab
  gather_facts: false
  tasks:
    - {name: a, debug: {msg: a}, changed_when: "level == 'gpu'", notify: tell}
  handlers:
    - {name: tell, debug: {msg: "{{ inventory_hostname }} {{ level }}"}}
`,
    },
  },
  {
    name: 'ignore_errors lets handlers run',
    files: play(
      `${CHANGE('a', 'one')}\n    - {name: broken, fail: {msg: no}, ignore_errors: true}`,
      HANDLER('one'),
    ),
  },
]
