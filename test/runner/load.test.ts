import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { argsOn, firstTask, Project } from './project.ts'

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
    play('    - check: {what: "{{ ansible_distribution }}"}\n'),
    'play.yaml:3:25: "ansible_distribution" is not defined for lab1, lab2, lab3, odd (write ansible_facts.distribution)',
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
    'play.yaml:4:25: claim.devices[0]: "10de-1aef" is not a vendor:device id, from {{ chosen }} for odd' +
      ' (write it as 10de:1aef; cards is set at hosts.yaml:9:35)',
    "play.yaml:5:22: check.what: must be a string, not the number 8086, from {{ extra | default('') }} for odd" +
      ' (quote it: without quotes YAML reads a number; extra is set at hosts.yaml:9:22)',
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
  expect(task.when(task.scope('lab', { processor: [] }))).toEqual({
    run: false,
    why: 'ansible_facts.processor | length > 0 is false',
  })
  expect(task.when(task.scope('lab', { processor: ['x'] }))).toEqual({ run: true })
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
