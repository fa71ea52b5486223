import { expect, test } from 'vitest'
import { firstTask, Project } from '../project.ts'

const HOSTS = 'all: {hosts: {lab:}}'
const task = (text: string): string => `- hosts: all\n  tasks:\n    - ${text.replaceAll('\n', '\n      ')}\n`

test('sections run in order, each followed by its handlers', async () => {
  using project = new Project({
    'hosts.yaml': HOSTS,
    'play.yaml': `
- name: First
  hosts: all
  gather_facts: no
  tags: [gpu]
  post_tasks:
    - {name: c, check: {what: x}}
  pre_tasks:
    - {name: a, check: {what: x}}
  tasks:
    - {name: b, check: {what: x}, notify: restart, tags: x}
    - ansible.builtin.meta: flush_handlers
    - {name: b2, check: {what: x}, notify: [late, soon]}
  handlers:
    - {name: soon, reboot: , listen: restart}
    - {name: late, ansible.builtin.reboot: }
- hosts: all
`,
  })
  const { plays } = await project.load()
  const steps = plays[0]?.steps.map(step => (step.kind === 'task' ? step.task.name : 'flush'))
  expect(steps).toEqual(['a', 'flush', 'b', 'flush', 'b2', 'flush', 'c', 'flush'])
  expect(plays[0]?.handlers.map(({ name, listen }) => [name, listen])).toEqual([
    ['soon', ['restart']],
    ['late', []],
  ])
  expect(plays.map(play => play.name)).toEqual(['First', 'all'])
  expect(plays[1]?.steps).toEqual([{ kind: 'flush_handlers' }])
  expect(firstTask({ plays, playbook: '', targets: new Map() }).at).toMatchObject({ line: 9, column: 7 })
})

test('a task without a name is called as its module; a template in a name is rendered', async () => {
  const nameOf = async (text: string) => {
    using project = new Project({
      'hosts.yaml': 'all: {vars: {card: gtx}, hosts: {lab: {n: 1}, lub: {n: 2}}}',
      'play.yaml': task(text),
    })
    return firstTask(await project.load()).name
  }
  expect(await nameOf('check: {what: x}')).toBe('check')
  expect(await nameOf('name: Claim {{ card }}\ncheck: {what: x}')).toBe('Claim gtx')
  expect(await nameOf('name: Claim {{ n }}\ncheck: {what: x}')).toBe('Claim {{ n }}')
})

test.for([
  ['no YAML', '- hosts: all\n  tasks:\n  - a: "x\n', /^play\.yaml:4:1: not YAML: Missing closing "quote/],
  ['nothing in it', '# later\n', 'play.yaml: holds no play'],
  ['an empty list', '[]\n', 'play.yaml: holds no play'],
  [
    'no list',
    'hosts: all\n',
    'play.yaml:1:1: a playbook is a list of plays (begin each play with "- hosts: …")',
  ],
  ['a play that is a word', '- all\n', 'play.yaml:1:3: a play must be a mapping, not the string "all"'],
  [
    'a play without hosts',
    '- tasks: []\n',
    'play.yaml:1:3: a play needs "hosts" (name hosts or groups of the inventory, or "all")',
  ],
  [
    'an unknown key in a play',
    '- hosts: all\n  task: []\n',
    'play.yaml:2:3: unknown key "task" in a play (did you mean "tasks"?)',
  ],
  [
    'roles',
    '- hosts: all\n  roles: [x]\n',
    "play.yaml:2:3: roles is not supported: there are no roles (name the role's tasks with import_tasks and its defaults with vars_files)",
  ],
  [
    'tasks that are no list',
    '- hosts: all\n  tasks: {check: }\n',
    'play.yaml:2:10: tasks must be a list, not a mapping',
  ],
  [
    'a wrong type in a play',
    '- hosts: all\n  gather_facts: 3\n',
    'play.yaml:2:17: gather_facts must be true or false, not the number 3',
  ],
  ['a mapping for hosts', '- hosts: {a: b}\n', 'play.yaml:1:10: hosts must be a string, not a mapping'],
  [
    'a missing vars file',
    '- hosts: all\n  vars_files: [none.yml]\n',
    'play.yaml:2:16: none.yml: no such file (name it as seen from the folder of the playbook)',
  ],
  [
    'a connection in a play',
    '- hosts: all\n  vars: {ansible_port: 1}\n',
    'play.yaml:2:10: ansible_port in a play is not supported: a host is reached in one way throughout a run (set it in the inventory, or with -e)',
  ],
  [
    'another method to become',
    '- hosts: all\n  become_method: pbrun\n',
    'play.yaml:2:18: become_method pbrun is not supported (use sudo, su or doas)',
  ],
  [
    'become that is neither',
    '- hosts: all\n  become: maybe\n',
    'play.yaml:2:11: become must be true or false, not the string "maybe"',
  ],
  ['a task that is a word', task('check'), 'play.yaml:3:7: a task must be a mapping, not the string "check"'],
  [
    'a task without a module',
    task('name: x'),
    /^play\.yaml:3:7: a task needs a module \(modules are claim, check, reboot, command, /,
  ],
  [
    'an unknown module',
    task('name: x\nclam: {}'),
    'play.yaml:4:7: there is no module "clam" (did you mean "claim"?)',
  ],
  [
    'a module far from any',
    task('frobnicate: {}'),
    /^play\.yaml:3:7: there is no module "frobnicate" \(modules are claim, check, reboot, command, /,
  ],
  [
    "a module of Ansible's",
    task('ansible.builtin.apt: {name: vim}'),
    'play.yaml:3:7: the module ansible.builtin.apt is not supported: one module serves all package managers (use package)',
  ],
  [
    'a module of a collection',
    task('community.general.modprobe: {name: vfio}'),
    'play.yaml:3:7: there is no module "community.general.modprobe" (there are no collections: leave it to Ansible, or use command with creates or removes)',
  ],
  [
    'an unknown key in a task',
    task('check: {what: x}\nnotfy: a'),
    'play.yaml:4:7: unknown key "notfy" in a task (did you mean "notify"?)',
  ],
  [
    "a task key of Ansible's",
    task('check: {what: x}\nasync: 5'),
    'play.yaml:4:7: async is not supported: a step runs on when the connection is lost, and the run waits for it (leave it out; `timeout` bounds how long a task may take)',
  ],
  [
    'listen in a task',
    task('check: {what: x}\nlisten: a'),
    /^play\.yaml:4:7: unknown key "listen" in a task/,
  ],
  [
    'two modules in a task',
    task('check: {what: x}\nreboot:'),
    'play.yaml:4:7: a task does one thing: check or reboot (make two of it)',
  ],
  [
    "a meta of Ansible's",
    task('meta: refresh_inventory'),
    'play.yaml:3:13: meta.free_form: refresh_inventory is not supported: a run is checked as a whole before its first connection (make two runs of it)',
  ],
  [
    'an unknown meta',
    task('meta: flush_handler'),
    'play.yaml:3:13: meta.free_form: there is no meta action "flush_handler" (did you mean "flush_handlers"?)',
  ],
  [
    'a condition on meta',
    task('meta: flush_handlers\nwhen: x'),
    'play.yaml:4:7: when beside meta: flush_handlers is not supported: handlers are flushed for the whole play (leave it out, or give the handlers a condition)',
  ],
  [
    'a wrong condition',
    task('check: {what: x}\nwhen: 3'),
    'play.yaml:4:13: when must be an expression, not the number 3',
  ],
  [
    'braces in a condition',
    task('check: {what: x}\nwhen: "{{ a }}"'),
    'play.yaml:4:13: a condition is an expression already (write it without {{ }})',
  ],
  [
    'an unknown handler',
    task('check: {what: x}\nnotify: boot'),
    'play.yaml:4:15: there is no handler "boot" (the play has no handlers)',
  ],
  [
    'arguments that are no mapping',
    task('check: what x'),
    'play.yaml:3:14: check: arguments must be a mapping, not the string "what x" (write them as "name: value")',
  ],
  [
    'arguments in one text, whatever its templates give',
    task('check: what=a {{ inventory_hostname }}'),
    'play.yaml:3:14: check: arguments must be a mapping, not the string "what=a {{ inventory_hostname }}" (write them as "name: value")',
  ],
  ['a required argument missing', task('check:'), 'play.yaml:3:7: check.what: is required'],
  [
    'an unknown argument',
    task('check: {what: x, wat: y}'),
    'play.yaml:3:24: check: unknown argument "wat" (did you mean "what"?)',
  ],
  [
    'a number for a string',
    task('check: {what: 8086}'),
    'play.yaml:3:21: check.what: must be a string, not the number 8086 (quote it: without quotes YAML reads a number)',
  ],
  [
    'a word for a list',
    task('claim: {devices: x}'),
    'play.yaml:3:24: claim.devices: must be a list, not the string "x" (write it as a list: ["x"])',
  ],
  [
    'a word outside its list',
    task('claim: {state: absnt}'),
    'play.yaml:3:22: claim.state: must be present or absent, not the string "absnt" (did you mean "absent"?)',
  ],
  ['an empty list', task('claim: {ports: []}'), 'play.yaml:3:22: claim.ports: must name at least one'],
  [
    'too long a list',
    task("claim: {devices: ['10de:1aef', '10de:1aef', '10de:1aef', '10de:1aef']}"),
    'play.yaml:3:24: claim.devices: must name at most 3',
  ],
  [
    'a number below its bound',
    task('claim: {wait: -1}'),
    'play.yaml:3:21: claim.wait: must be greater than 0, not -1',
  ],
  [
    'a number below its least',
    task('claim: {order: 0}'),
    'play.yaml:3:22: claim.order: must be at least 1, not 0',
  ],
  ['a template that is none', task('claim: {devices: "{{ cards + }}"}'), /^play\.yaml:3:3\d: /],
  [
    'an unknown group',
    '- hosts: labs\n',
    'play.yaml:1:10: there is no host or group "labs" (did you mean "lab"?)',
  ],
  [
    'a fraction',
    task('claim: {order: 1.5}'),
    'play.yaml:3:22: claim.order: must be a whole number, not the number 1.5',
  ],
  [
    'a bad id',
    task('claim:\n  devices:\n    - 10de:1aef\n    - 10de-1aef'),
    'play.yaml:6:13: claim.devices[1]: "10de-1aef" is not a vendor:device id (write it as 10de:1aef)',
  ],
  [
    'a bad id beside a template',
    task('claim:\n  devices: ["{{ a }}", 1aef]\nvars: {a: "10de:1aef"}'),
    'play.yaml:4:30: claim.devices[1]: "1aef" is not a vendor:device id (write it as 10de:1aef)',
  ],
  [
    'an imported playbook',
    '- import_playbook: x.yaml\n',
    'play.yaml:1:20: x.yaml: no such file (name it as seen from the folder of this file)',
  ],
] as const)('a playbook with %s is refused at its place', async ([, playbook, expected]) => {
  using project = new Project({ 'hosts.yaml': HOSTS, 'play.yaml': playbook })
  const mistakes = await project.mistakes()
  if (typeof expected === 'string') expect(mistakes).toContain(expected)
  else expect(mistakes).toContainEqual(expect.stringMatching(expected))
  expect(mistakes).toHaveLength(1)
})

test('handlers are told apart by name, and notified by name or topic', async () => {
  using project = new Project({
    'hosts.yaml': HOSTS,
    'play.yaml': `
- hosts: all
  tasks:
    - {check: {what: x}, notify: rebot}
  handlers:
    - {name: reboot, reboot: }
    - {name: reboot, reboot: , notify: topik}
    - {name: other, reboot: , listen: topic}
`,
  })
  expect(await project.mistakes()).toEqual([
    'play.yaml:4:34: there is no handler "rebot" (did you mean "reboot"?)',
    'play.yaml:7:7: the handler "reboot" is defined twice; first at play.yaml:6:7',
    'play.yaml:7:40: there is no handler "topik" (did you mean "topic"?)',
  ])
})
