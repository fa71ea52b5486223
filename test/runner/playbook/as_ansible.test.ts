import { expect, test } from 'vitest'
import { firstTask, Project } from '../project.ts'

test.for([
  ['check: {what: "x{{ hostvars.b.x }}"}', true],
  ['check: {what: "x{{ ansible_play_hosts | length }}"}', true],
  ['check: {what: "x{{ by_variable }}"}', true],
  ['check: {what: x}\n      when: ansible_play_batch | length > 1', true],
  ['check: {what: "{{ item }}"}\n      loop: "{{ play_hosts }}"', true],
  ['check: {what: "x{{ groups.all }}"}', false],
  ['check: {what: "{{ inventory_hostname }}"}', false],
  ['check: {what: hostvars}', false],
] as const)('%s: reads what other hosts have come to: %s', async ([task, expected]) => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {a: {x: 1}, b: {x: 2}}}',
    'play.yaml': `- hosts: all
  vars: {by_variable: "{{ through }}", through: "{{ hostvars['b'].x }}"}
  tasks:
    - ${task}
`,
  })
  expect(firstTask(await project.load()).readsOthers).toBe(expected)
})

test('ansible_play_hosts keep the order of the pattern, whatever the order of the play', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {b: , a: }}',
    'play.yaml': '- {hosts: all, order: sorted, tasks: [{check: {what: x}}]}',
  })
  const [play] = (await project.load()).plays
  expect(play).toMatchObject({ hosts: ['a', 'b'], named: ['b', 'a'] })
})

test('playbook_dir is the folder of the imported playbook', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {a: }}',
    'play.yaml': '- import_playbook: sub/other.yaml',
    'sub/other.yaml': '- {hosts: all, tasks: [{name: "{{ playbook_dir | basename }}", check: {what: x}}]}',
  })
  expect(firstTask(await project.load()).name).toBe('sub')
})

test('the name of a play may be a template', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {a: }}',
    'play.yaml':
      '- {name: "set up {{ what }}", hosts: all, vars: {what: cards}, tasks: [{check: {what: x}}]}',
  })
  expect((await project.load()).plays[0]?.name).toBe('set up cards')
})

test('names of set_fact may be templates, and what they set is known', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {a: }}',
    'play.yaml': `- hosts: all
  tasks:
    - set_fact: {"of_{{ item }}": "{{ item }}"}
      loop: [x]
    - check: {what: "{{ of_x }}"}
`,
  })
  const task = firstTask(await project.load())
  const scope = { inventory_hostname: 'a', item: 'x' }
  expect(task.args(scope)).toMatchObject({ of_x: 'x' })
})

test('an empty list is no changed_when and no failed_when', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {a: }}',
    'play.yaml': '- {hosts: all, tasks: [{check: {what: x}, changed_when: [], failed_when: []}]}',
  })
  const task = firstTask(await project.load())
  expect([task.changedWhen({}), task.failedWhen({})]).toEqual([undefined, undefined])
})
