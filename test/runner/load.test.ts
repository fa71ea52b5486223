import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { argsOn, firstTask, Project, scopeOn } from './project.ts'

const HOSTS = `
all:
  vars:
    cards: ["10de:13c2"]
  children:
    lab:
      hosts:
        lab[1:3]:
        odd: {extra: 8086, cards: ["10de-1aef"]}
`
const play = (tasks: string, more = ''): string => `- hosts: all\n${more}  tasks:\n${tasks}`

const mistakesIn = async (playbook: string, options = {}) => {
  using project = new Project({ 'hosts.yaml': HOSTS, 'play.yaml': playbook })
  return project.mistakes(options)
}

test.for([
  [
    'an argument',
    play('    - claim: {devices: "{{ cadrs }}"}\n'),
    'play.yaml:3:28: "cadrs" is not defined for lab1, lab2, lab3, odd (did you mean "cards"?)',
  ],
  [
    'a condition',
    play('    - {check: {what: x}, when: wanted}\n'),
    'play.yaml:3:32: "wanted" is not defined for lab1, lab2, lab3, odd',
  ],
  [
    'a name',
    play('    - {check: {what: x}, name: "at {{ building }}"}\n'),
    'play.yaml:3:39: "building" is not defined for lab1, lab2, lab3, odd',
  ],
  [
    'a variable that only some hosts have',
    play('    - check: {what: "{{ extra }}"}\n'),
    'play.yaml:3:25: "extra" is not defined for lab1, lab2, lab3',
  ],
  [
    'a variable of a variable',
    play('    - check: {what: "{{ a }}"}\n', '  vars: {a: "{{ frob }}"}\n'),
    'play.yaml:2:17: "frob" is not defined for lab1, lab2, lab3, odd',
  ],
  [
    'a user to become',
    play('    - check: {what: x}\n      become: yes\n      become_user: "{{ nobody }}"\n'),
    'play.yaml:5:24: "nobody" is not defined for lab1, lab2, lab3, odd',
  ],
  [
    'a fact',
    play('    - check: {what: "{{ ansible_facts.distribtion }}"}\n'),
    'play.yaml:3:39: there is no fact "distribtion" for lab1, lab2, lab3, odd (did you mean "distribution"?)',
  ],
  [
    'a fact by its old name',
    play('    - check: {what: "{{ ansible_distribtion }}"}\n'),
    'play.yaml:3:25: "ansible_distribtion" is not defined for lab1, lab2, lab3, odd (did you mean "ansible_distribution"?)',
  ],
] as const)('a name that nothing defines is told before connecting, in %s', async ([, playbook, message]) => {
  expect(await mistakesIn(playbook)).toContain(message)
})

test.for([
  ['stands under default()', play('    - check: {what: "{{ gone | default(\'x\') }}"}\n')],
  ['is asked for in the condition', play('    - {check: {what: "{{ gone }}"}, when: gone is defined}\n')],
  [
    'is only read where the task is skipped',
    play('    - {check: {what: "{{ gone }}"}, when: inventory_hostname == "none"}\n'),
  ],
  [
    'is asked for beside a fact',
    play('    - {check: {what: "{{ gone }}"}, when: ansible_facts.kernel == "6" and gone is defined}\n'),
  ],
  ['is given with -e', play('    - check: {what: "{{ given }}"}\n')],
  [
    'stands in a variable that nobody reads',
    play('    - check: {what: x}\n', '  vars: {unread: "{{ gone }}"}\n'),
  ],
])('a name may be undefined where it %s', async ([, playbook]) => {
  expect(await mistakesIn(playbook ?? '', { extraVars: ['given=x'] })).toEqual([])
})

test('--limit spares the other hosts the check', async () => {
  expect(await mistakesIn(play('    - check: {what: "x{{ extra }}"}\n'), { limit: 'odd' })).toEqual([])
})

test('values of variables are validated before connecting, and told with the place they come from', async () => {
  const playbook = play(
    '    - claim: {devices: "{{ chosen }}"}\n    - check: {what: "{{ extra | default(\'\') }}"}\n',
    '  vars: {chosen: "{{ cards }}"}\n',
  )
  expect(await mistakesIn(playbook)).toEqual([
    "hosts.yaml:9:22: check.what: must be a string, not the number 8086, from {{ extra | default('') }} for odd" +
      ' (quote it: without quotes YAML reads a number; the argument is at play.yaml:5:22)',
    'hosts.yaml:9:36: claim.devices[0]: "10de-1aef" is not a vendor:device id, from {{ chosen }} for odd' +
      ' (write it as 10de:1aef; the argument is at play.yaml:4:25)',
  ])
})

test('one wrong value is told once, however many tasks and hosts take it', async () => {
  using project = new Project({
    'hosts.yaml': 'all:\n  vars: {cards: ["10de:13c2", x], ansible_become: 7}\n  hosts: {one:, two:}\n',
    'play.yaml': play(
      '    - claim: {devices: "{{ cards }}"}\n    - claim: {ports: "{{ cards }}"}\n    - claim: {ports: "{{ cards }}"}\n',
    ),
  })
  expect(await project.mistakes()).toEqual([
    'hosts.yaml:2:31: claim.devices[1]: "x" is not a vendor:device id, from {{ cards }} for one, two' +
      ' (write it as 10de:1aef; the argument is at play.yaml:3:25)',
    'hosts.yaml:2:51: ansible_become must be true or false, not 7 for one, two',
  ])
})

test.for([
  ['in a list beside templates is told where it stands', '{{ c }}', 'hosts.yaml:5:9: claim.devices[0]: "y" '],
  ['of several variables is told where it is read', '{{ a + b }}', 'play.yaml:3:25: claim.devices[1]: "x" '],
] as const)('a wrong value %s', async ([, template, beginning]) => {
  using project = new Project({
    'hosts.yaml':
      'all:\n  vars:\n    a: ["10de:13c2"]\n    b: [x]\n    c: [y, "{{ a[0] }}"]\n  hosts: {lab:}\n',
    'play.yaml': play(`    - claim: {devices: "${template}"}\n`),
  })
  expect(await project.mistakes()).toEqual([expect.stringContaining(beginning)])
})

const GUARDED = play(
  '    - {claim: {devices: "{{ vfio_blacklist }}"}, when: vfio_blacklist is defined}\n' +
    '    - claim: {ports: "{{ vfio_devices }}"}\n',
)

test.for([
  [
    'in the inventory',
    {
      'hosts.yaml': 'all:\n  hosts:\n    lab:\n      vfio_devices: ["10de:13c2"]\n      vfio_blacklst: [x]\n',
    },
    [],
    ['hosts.yaml:5:7: nothing reads the variable "vfio_blacklst" (did you mean "vfio_blacklist"?)'],
  ],
  [
    'in -e, over the right one in the inventory',
    { 'hosts.yaml': 'all: {hosts: {lab: {vfio_devices: ["10de:13c2"]}}}' },
    ['a=1 vfio_device=x'],
    ['-e:1:5: nothing reads the variable "vfio_device" (did you mean "vfio_devices"?)'],
  ],
  [
    'in a file of a group',
    {
      'hosts.yaml': 'all: {hosts: {lab: {vfio_devices: ["10de:13c2"]}}}',
      'group_vars/all.yml': 'vfio_backlist: []',
    },
    [],
    ['group_vars/all.yml:1:1: nothing reads the variable "vfio_backlist" (did you mean "vfio_blacklist"?)'],
  ],
  [
    'beside the right one, and others far off or of a series',
    {
      'hosts.yaml':
        'all: {hosts: {lab: {vfio_devices: ["10de:13c2"], vfio_device: x, vfio_devices2: x, site: x, vfio_hosts: x}}}',
    },
    [],
    [],
  ],
  [
    'that other variables mention',
    {
      'hosts.yaml':
        'all: {vars: {vfio_devices: "{{ hostvars.lab.vfio_device }}"}, hosts: {lab: {vfio_device: ["10de:13c2"]}}}',
    },
    [],
    [],
  ],
] as const)(
  'a variable that nothing reads, named almost as one that is read, %s',
  async ([, files, extraVars, mistakes]) => {
    using project = new Project({ ...files, 'play.yaml': GUARDED })
    expect(await project.mistakes({ extraVars })).toEqual(mistakes)
  },
)

test('a file of variables for a group or host that is not there, named almost as one that is', async () => {
  using project = new Project({
    'hosts.yaml': 'workstations: {hosts: {node-a.lan:, node1.lan:}}',
    'play.yaml': play('    - check: {what: x}\n'),
    'group_vars/workstation.yml': 'a: 1',
    'group_vars/elsewhere.yml': 'a: 1',
    'group_vars/.workstation.yml.swp': '',
    'host_vars/nodea.lan/more.yml': 'a: 1',
    'host_vars/node-a.lan': 'a: 1',
    'host_vars/node2.lan.yml': 'a: 1',
  })
  expect(await project.mistakes()).toEqual([
    'group_vars/workstation.yml: there is no group "workstation" (did you mean "workstations"?)',
    'host_vars/nodea.lan: there is no host "nodea.lan" (did you mean "node-a.lan"?)',
  ])
})

const GROUPS = 'a: {hosts: {one:}}\nb: {hosts: {two:}}\nworkstations: {hosts: {three:}}\n'

test.for([
  ['a limit that takes all away', 'all', '!all', ['--limit: leaves no host of any play']],
  ['a limit whose parts have no host in common', 'all', 'a:&b', ['--limit: leaves no host of any play']],
  ['a limit beside the plays', 'a', 'b', ['--limit: leaves no host of any play']],
  [
    'a pattern whose parts have no host in common',
    'a:&b',
    undefined,
    ['play.yaml:1:10: no play has a host: nothing answers to the whole of the pattern'],
  ],
  [
    'an unknown limit',
    'all',
    'workstation',
    ['--limit: there is no host or group "workstation" (did you mean "workstations"?)'],
  ],
  [
    'an unknown group, and a limit',
    'workstation',
    'a',
    ['play.yaml:1:10: there is no host or group "workstation" (did you mean "workstations"?)'],
  ],
] as const)('a run of no play at all is an error: %s', async ([, hosts, limit, mistakes]) => {
  using project = new Project({ 'hosts.yaml': GROUPS, 'play.yaml': `- hosts: ${hosts}\n` })
  expect(await project.mistakes({ limit })).toEqual(mistakes)
})

test('a play may be left without hosts where another has some', async () => {
  using project = new Project({ 'hosts.yaml': GROUPS, 'play.yaml': '- hosts: a\n- hosts: b\n' })
  const run = await project.load({ limit: 'b' })
  expect(run.plays.map(({ hosts }) => hosts)).toEqual([[], ['two']])
})

test.for([
  ['the word no of -e', 'wanted', ['wanted=no'], false],
  ['the word True', 'wanted', ['wanted=True'], true],
  ['an empty string', 'wanted', ['wanted='], false],
  ['a list', 'cards', [], true],
  ['an empty list', 'empty', [], false],
  ['a mapping', 'card', [], true],
  ['nothing', 'none_at_all', [], false],
  ['a number', 'cards | length', [], true],
] as const)('a condition that is %s is true or false as in Ansible', async ([, when, extraVars, run]) => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab: {cards: [x], empty: [], card: {a: 1}, none_at_all: null}}}',
    'play.yaml': play(`    - {check: {what: x}, when: ${when}}\n`),
  })
  const task = firstTask(await project.load({ extraVars }))
  expect(task.when(scopeOn(task, 'lab')).run).toBe(run)
})

test('a condition that is another text is refused', async () => {
  const playbook = play('    - {check: {what: x}, when: wanted}\n')
  expect(await mistakesIn(playbook, { extraVars: ['wanted=perhaps'], limit: 'odd' })).toEqual([
    'play.yaml:3:32: a condition must be true or false, not the string "perhaps" for odd' +
      ' (write it as wanted | length > 0, or compare it with ==)',
  ])
})

test('what depends on facts is validated when they are known', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': play(
      '    - claim: {devices: ["{{ ansible_facts.hostname }}"]}\n      when: ansible_facts.processor | length > 0\n',
    ),
  })
  const run = await project.load()
  expect(argsOn(run, 'lab', { hostname: '10de:13c2' })).toEqual({ devices: ['10de:13c2'], state: 'present' })
  expect(() => argsOn(run, 'lab', { hostname: 'x' })).toThrow(
    `${project.path('play.yaml')}:3:26: claim.devices[0]: "x" is not a vendor:device id, from {{ ansible_facts.hostname }}`,
  )
  const task = firstTask(run)
  expect(task.when(scopeOn(task, 'lab', { processor: [] }))).toEqual({
    run: false,
    why: 'ansible_facts.processor | length > 0 is false',
  })
  expect(task.when(scopeOn(task, 'lab', { processor: ['x'] }))).toEqual({ run: true, because: '' })
})

test('all mistakes of a playbook are told at once, from top to bottom', async () => {
  const playbook = `
- hosts: all
  tasks:
    - chekc: {what: x}
    - check: {what: "{{ gone }}", wat: 1}
      notfy: x
    - claim: {devices: [1, 2]}
  handlers:
    - reboot: {now: yes}
`
  expect((await mistakesIn(playbook)).map(text => text.replace(/ \(.*$/, ''))).toEqual([
    'play.yaml:4:7: there is no module "chekc"',
    'play.yaml:5:25: "gone" is not defined for lab1, lab2, lab3, odd',
    'play.yaml:5:35: check: unknown argument "wat"',
    'play.yaml:6:7: unknown key "notfy" in a task',
    'play.yaml:7:25: claim.devices[0]: must be a string, not the number 1',
    'play.yaml:7:28: claim.devices[1]: must be a string, not the number 2',
    'play.yaml:9:16: reboot: unknown argument "now"',
  ])
})

test('a broken inventory does not blame the playbook', async () => {
  using project = new Project({
    'hosts.yaml': 'all:\n  hots: {lab:}\n',
    'play.yaml': play('    - check: {what: "{{ gone }}"}\n'),
  })
  expect(await project.mistakes()).toEqual([
    'hosts.yaml:2:3: unknown key "hots" in a group (did you mean "hosts"?)',
  ])
})

test('whatever is damaged in a playbook or an inventory, the answer is a mistake with a place', async () => {
  const playbook = `- hosts: all
  become: yes
  vars: {chosen: "{{ cards }}"}
  tasks:
    - name: Claim {{ chosen }}
      claim:
        devices: "{{ chosen }}"
        state: "{{ state | default('present') }}"
      when: [chosen is defined, ansible_facts.kernel != "x"]
      notify: [reboot]
    - meta: flush_handlers
  handlers:
    - name: reboot
      reboot:
`
  const pieces = [
    '',
    ' ',
    '\n',
    ':',
    '- ',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    '{{',
    '}}',
    '|',
    '&a ',
    '*a',
    '!x ',
    '0',
    'null',
    '~',
    '#',
    '__proto__',
    'constructor',
    '\u0000',
  ]
  const damage = fc.record({ at: fc.nat(), drop: fc.nat(6), put: fc.constantFrom(...pieces) })
  const damaged = (text: string, { at, drop, put }: { at: number; drop: number; put: string }): string => {
    const place = at % text.length
    return text.slice(0, place) + put + text.slice(place + drop)
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(damage, { maxLength: 3 }),
      fc.array(damage, { maxLength: 2 }),
      async (inPlay, inHosts) => {
        using project = new Project({
          'hosts.yaml': inHosts.reduce(damaged, HOSTS),
          'play.yaml': inPlay.reduce(damaged, playbook),
        })
        const mistakes = await project.mistakes()
        expect(mistakes.filter(text => !/^(play|hosts)\.yaml(:\d+:\d+)?: ./s.test(text))).toEqual([])
      },
    ),
    { numRuns: 400 },
  )
})

test.for([
  ['a directory', 'folder', 'folder: is a directory'],
  ['not there', 'none.yaml', 'none.yaml: no such file'],
  ['no text', 'bytes.yaml', 'bytes.yaml: is not UTF-8 text'],
])('a playbook that is %s is refused', async ([, name, message]) => {
  using project = new Project({ 'hosts.yaml': HOSTS, 'folder/x': '' })
  writeFileSync(project.path('bytes.yaml'), Buffer.from([0x2d, 0x20, 0xff, 0xfe]))
  expect(await project.mistakes({ playbook: project.path(name ?? '') })).toEqual([message])
})
