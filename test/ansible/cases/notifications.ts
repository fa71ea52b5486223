import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'
import { playbookOf, playOf } from './play.ts'

const changed = (name: string, notify: string): string =>
  `  - {name: ${name}, debug: {msg: ${name}}, changed_when: true, notify: ${notify}}`
const handler = (name: string, more = ''): string => `  - {name: ${name}, debug: {msg: ran ${name}}${more}}`

/** How handlers are found, ordered and kept: what plays that grew over years rely on. */
export const notifications: readonly Case[] = [
  playOf(
    'a handler listens to a topic that a handler notifies',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('one', ', changed_when: true, notify: topic')}\n${handler('two', ', listen: topic')}\n${handler('three', ', listen: topic')}`,
  ),
  playOf(
    'a handler notifies one defined before it',
    `tasks:\n${changed('a', 'two')}\nhandlers:\n${handler('one')}\n${handler('two', ', changed_when: true, notify: one')}`,
  ),
  playOf(
    'a handler defined before another, notified by it, runs at the next flush',
    `tasks:\n${changed('a', 'two')}\npost_tasks:\n  - {name: post, debug: {msg: post}}\nhandlers:\n${handler('one')}\n${handler('two', ', changed_when: true, notify: one')}`,
  ),
  playOf(
    'handlers that notify each other in a row',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('one', ', changed_when: true, notify: two')}\n${handler('two', ', changed_when: true, notify: three')}\n${handler('three', ', changed_when: true, notify: one')}`,
  ),
  playOf(
    'a handler that notifies itself',
    `tasks:\n${changed('a', 'one')}\n  - meta: flush_handlers\n  - {name: b, debug: {msg: b}}\nhandlers:\n${handler('one', ', changed_when: true, notify: one')}`,
  ),
  playOf(
    'a handler that has not changed anything notifies nobody',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('one', ', notify: two')}\n${handler('two')}`,
  ),
  playOf(
    'a skipped handler notifies nobody',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('one', ', changed_when: true, when: false, notify: two')}\n${handler('two')}`,
  ),
  playOf(
    'a topic and a name at once',
    `tasks:\n${changed('a', '[one, topic]')}\nhandlers:\n${handler('one', ', listen: topic')}\n${handler('two', ', listen: topic')}`,
  ),
  playOf(
    'a topic of the name of a handler',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('two', ', listen: one')}\n${handler('one')}\n${handler('three', ', listen: one')}`,
  ),
  playOf(
    'a handler of two topics runs once',
    `tasks:\n${changed('a', '[x, y]')}\nhandlers:\n${handler('one', ', listen: [x, y]')}`,
  ),
  playOf(
    'a handler without a name that listens',
    `tasks:\n${changed('a', 'x')}\nhandlers:\n  - {debug: {msg: no name}, listen: x}`,
  ),
  playOf(
    'notify by a template',
    `tasks:\n  - {name: a, debug: {msg: a}, changed_when: true, notify: "{{ which }}"}\nhandlers:\n${handler('one')}\n${handler('two')}`,
    { head: 'vars: {which: two}' },
  ),
  playOf(
    'notify in a loop by the item',
    `tasks:\n  - {name: a, debug: {msg: "{{ item }}"}, loop: [one, two, three], changed_when: item != 'two', notify: "restart {{ item }}"}\nhandlers:\n${handler('restart three')}\n${handler('restart two')}\n${handler('restart one')}`,
  ),
  playOf(
    'a name of a handler by a variable of the play',
    `tasks:\n${changed('a', 'restart web')}\nhandlers:\n  - {name: "restart {{ what }}", debug: {msg: "{{ what }}"}}`,
    { head: 'vars: {what: web}' },
  ),
  playOf(
    'a handler fails: those behind it do not run',
    `tasks:\n${changed('a', '[one, two]')}\nhandlers:\n  - {name: one, fail: {msg: no}}\n${handler('two')}`,
  ),
  playOf(
    'a handler fails and is ignored',
    `tasks:\n${changed('a', '[one, two]')}\nhandlers:\n  - {name: one, fail: {msg: no}, ignore_errors: true}\n${handler('two')}`,
  ),
  playOf(
    'a handler fails in a flush: the tasks behind it do not run',
    `tasks:\n${changed('a', 'one')}\n  - meta: flush_handlers\n  - {name: b, debug: {msg: b}}\nhandlers:\n  - {name: one, fail: {msg: no}}`,
  ),
  playOf(
    'a flush in a block with a rescue, and a handler that fails',
    `tasks:\n  - block:\n      - {name: a, debug: {msg: a}, changed_when: true, notify: one}\n      - meta: flush_handlers\n      - {name: b, debug: {msg: b}}\n    rescue:\n      - {name: r, debug: {msg: r}}\n  - {name: c, debug: {msg: c}}\nhandlers:\n  - {name: one, fail: {msg: no}}`,
    { differs: 'rescue_counts' },
  ),
  playOf(
    'a rescue notifies',
    `tasks:\n  - block:\n      - {name: a, fail: {msg: no}}\n    rescue:\n      - {name: r, debug: {msg: r}, changed_when: true, notify: one}\n    always:\n      - {name: z, debug: {msg: z}, changed_when: true, notify: two}\nhandlers:\n${handler('two')}\n${handler('one')}`,
  ),
  playOf(
    'always notifies, and the play fails',
    `tasks:\n  - block:\n      - {name: a, fail: {msg: no}}\n    always:\n      - {name: z, debug: {msg: z}, changed_when: true, notify: one}\nhandlers:\n${handler('one')}`,
  ),
  playOf(
    'force_handlers: false overrides nothing',
    `tasks:\n${changed('a', 'one')}\n  - {name: b, fail: {msg: no}}\nhandlers:\n${handler('one')}`,
    { head: 'force_handlers: false' },
  ),
  playOf(
    'forced handlers that fail themselves',
    `tasks:\n${changed('a', '[one, two]')}\n  - {name: b, fail: {msg: no}}\nhandlers:\n  - {name: one, fail: {msg: no}}\n${handler('two')}`,
    { head: 'force_handlers: true' },
  ),
  playOf(
    'forced handlers on the hosts that failed and on the others',
    `tasks:\n${changed('a', 'one')}\n  - {name: b, fail: {msg: no}, when: "inventory_hostname in ['lab01', 's1']"}\n  - {name: c, debug: {msg: c}}\nhandlers:\n${handler('one')}`,
    { head: 'force_handlers: true', inventory: HOSTS },
  ),
  playOf(
    'handlers of pre_tasks failed: nothing of the rest runs',
    `pre_tasks:\n${changed('a', 'one')}\ntasks:\n  - {name: b, debug: {msg: b}}\nhandlers:\n  - {name: one, fail: {msg: no}}`,
  ),
  playbookOf(
    'a notification does not outlive its play',
    `
- hosts: all
  gather_facts: false
  tasks:
    - {name: a, debug: {msg: a}, changed_when: true, notify: one}
    - {name: b, fail: {msg: no}, ignore_errors: true}
  handlers:
    - {name: one, debug: {msg: first play}}
- hosts: all
  gather_facts: false
  tasks:
    - {name: c, debug: {msg: c}}
  handlers:
    - {name: one, debug: {msg: second play}}
`,
  ),
  playOf(
    'meta tasks with conditions between notifications',
    `tasks:\n${changed('a', 'one')}\n  - meta: flush_handlers\n    when: inventory_hostname == 'lab'\n${changed('b', 'one')}\nhandlers:\n${handler('one')}`,
    { differs: 'flush_condition' },
  ),
  playOf(
    'a block notifies for its tasks',
    `tasks:\n  - notify: one\n    block:\n      - {name: a, debug: {msg: a}, changed_when: true}\n      - {name: b, debug: {msg: b}, changed_when: true, notify: two}\nhandlers:\n${handler('two')}\n${handler('one')}`,
  ),
  playOf(
    'import_tasks among handlers',
    `tasks:\n${changed('a', '[one, two]')}\nhandlers:\n  - import_tasks: more.yml\n${handler('two')}`,
    { files: { 'more.yml': '- {name: one, debug: {msg: from a file}}\n' } },
  ),
  playOf('an imported task notifies', `tasks:\n  - import_tasks: more.yml\nhandlers:\n${handler('one')}`, {
    files: { 'more.yml': '- {name: a, debug: {msg: a}, changed_when: true, notify: one}\n' },
  }),
  playOf(
    'a handler with a loop of which one round fails',
    `tasks:\n${changed('a', '[one, two]')}\nhandlers:\n  - {name: one, assert: {that: item != 2}, loop: [1, 2, 3]}\n${handler('two')}`,
  ),
  playOf(
    'a handler registers, and a later one reads it',
    `tasks:\n${changed('a', '[one, two]')}\nhandlers:\n  - {name: one, debug: {msg: hello}, register: told}\n  - {name: two, debug: {msg: "{{ told.msg }}"}}`,
  ),
  playOf(
    'a handler sets a fact that the post_tasks read',
    `tasks:\n${changed('a', 'one')}\npost_tasks:\n  - {name: b, debug: {msg: "{{ x | default('unset') }}"}}\nhandlers:\n  - {name: one, set_fact: {x: set}}`,
  ),
  playOf(
    'tags choose tasks, not handlers',
    `tasks:\n  - {name: a, debug: {msg: a}, changed_when: true, notify: one, tags: t}\n  - {name: b, debug: {msg: b}, changed_when: true, notify: two}\nhandlers:\n${handler('one')}\n${handler('two', ', tags: t')}`,
    { args: ['-t', 't'] },
  ),
  playOf(
    'handlers with the tag that is skipped',
    `tasks:\n${changed('a', '[one, two]')}\nhandlers:\n${handler('one', ', tags: t')}\n${handler('two')}`,
    { args: ['--skip-tags', 't'] },
  ),
  playOf(
    'a handler with run_once',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('one', ', run_once: true')}`,
    { inventory: HOSTS, hosts: 'lab', differs: 'run_once_handler' },
  ),
  playOf(
    'each host has the handlers it notified',
    `tasks:\n  - {name: a, debug: {msg: a}, changed_when: "'gpu' in group_names", notify: one}\n  - {name: b, debug: {msg: b}, changed_when: "inventory_hostname is match('lab0[12]')", notify: two}\nhandlers:\n${handler('two')}\n${handler('one')}`,
    { inventory: HOSTS },
  ),
  playOf(
    'a handler fails on one host of several',
    `tasks:\n${changed('a', '[one, two]')}\npost_tasks:\n  - {name: post, debug: {msg: post}}\nhandlers:\n  - {name: one, fail: {msg: no}, when: inventory_hostname == 'lab02'}\n${handler('two')}`,
    { inventory: HOSTS, hosts: 'lab' },
  ),
  playOf(
    'a handler that fails in a batch of its own',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n  - {name: one, fail: {msg: no}, when: inventory_hostname == 'lab03'}`,
    { inventory: HOSTS, hosts: 'lab', head: 'serial: 1' },
  ),
  playOf(
    'run_once notifies',
    `tasks:\n  - {name: a, debug: {msg: a}, run_once: true, changed_when: true, notify: one}\nhandlers:\n${handler('one')}`,
    { inventory: HOSTS, hosts: 'lab' },
  ),
  playOf(
    'an ignored failure notifies nobody',
    `tasks:\n  - {name: a, debug: {msg: a}, changed_when: true, failed_when: true, ignore_errors: true, notify: one}\nhandlers:\n${handler('one')}`,
  ),
  playOf(
    'failed_when: false with a change notifies',
    `tasks:\n  - {name: a, fail: {msg: a}, changed_when: true, failed_when: false, notify: one}\nhandlers:\n${handler('one')}`,
  ),
  playOf(
    'flushed with nothing to do',
    `tasks:\n  - meta: flush_handlers\n  - {name: a, debug: {msg: a}}\n  - meta: flush_handlers\nhandlers:\n${handler('one')}`,
  ),
  playOf('a play of handlers alone', `tasks: []\nhandlers:\n${handler('one')}`),
  playOf(
    'the full name of a handler with a role-like prefix',
    `tasks:\n${changed('a', "'web : restart'")}\nhandlers:\n  - {name: 'web : restart', debug: {msg: ran}}`,
  ),
  playOf(
    'two handlers of one name: the later one is meant',
    `tasks:\n${changed('a', 'one')}\nhandlers:\n  - {name: one, debug: {msg: first}}\n  - {name: one, debug: {msg: second}}`,
    { differs: 'duplicate_handler' },
  ),
  playOf('handlers in check mode', `tasks:\n${changed('a', 'one')}\nhandlers:\n${handler('one')}`, {
    args: ['--check'],
  }),
  playOf(
    'end_host before the flush',
    `tasks:\n${changed('a', 'one')}\n  - meta: end_host\n    when: inventory_hostname == 'lab01'\n  - {name: b, debug: {msg: b}}\nhandlers:\n${handler('one')}`,
    { inventory: HOSTS, hosts: 'lab' },
  ),
  playOf(
    'end_play before the flush',
    `tasks:\n${changed('a', 'one')}\n  - meta: end_play\nhandlers:\n${handler('one')}`,
  ),
]
