import { userInfo } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandHostRange } from '../../../src/runner/inventory/host_ranges.ts'
import { argsOn, firstTask, Project, scopeOn } from '../project.ts'

const PLAY = '- hosts: all\n  tasks:\n    - check: {what: hosts}\n'

const hostsOf = async (inventory: string): Promise<readonly string[]> => {
  using project = new Project({ 'hosts.yaml': inventory, 'play.yaml': PLAY })
  return (await project.load()).plays[0]?.hosts ?? []
}

test('hosts stand in the order of their first appearance, each once', async () => {
  const inventory =
    'all:\n  children:\n    b:\n      hosts: {zoe:, abe:}\n    a:\n      hosts: {abe:, max:}\n'
  expect(await hostsOf(inventory)).toEqual(['zoe', 'abe', 'max'])
})

test('a group may be defined in several places, and at the top or below children', async () => {
  using project = new Project({
    'hosts.yaml': 'gpu:\n  hosts: {one:}\nall:\n  children:\n    gpu:\n      hosts: {two:}\n',
    'more.yaml': 'gpu:\n  hosts:\n    three:\n',
    'play.yaml': PLAY.replace('all', 'gpu'),
  })
  const run = await project.load({ inventories: [project.path('hosts.yaml'), project.path('more.yaml')] })
  expect(run.plays[0]?.hosts).toEqual(['one', 'two', 'three'])
})

test.for([
  ['lab[01:03]', ['lab01', 'lab02', 'lab03']],
  ['lab[8:11]', ['lab8', 'lab9', 'lab10', 'lab11']],
  ['lab[a:c]', ['laba', 'labb', 'labc']],
  ['lab[01:06:2]', ['lab01', 'lab03', 'lab05']],
  ['r[1:2]-[a:b].lan', ['r1-a.lan', 'r1-b.lan', 'r2-a.lan', 'r2-b.lan']],
  ['lab[:2]', ['lab0', 'lab1', 'lab2']],
  ['plain.lan', ['plain.lan']],
] as const)('%s stands for %j', ([name, hosts]) => {
  expect(expandHostRange(name)).toEqual({ hosts })
})

test.for([
  ['lab[3:1]', '"[3:1]" ends before it begins'],
  ['lab[01:100]', '"[01:100]" has ends of different length'],
  ['lab[1:c]', '"[1:c]" is no range: both ends must be numbers, or single letters'],
  ['lab[12]', '"[12]" is no range: write [01:16], [a:f] or [1:9:2]'],
  ['lab[1:9:0]', '"[1:9:0]" is no range: write [01:16], [a:f] or [1:9:2]'],
  ['lab[1:3', '"lab[1:3" has a bracket without its pair'],
  ['lab[0:99999999]', '"[0:99999999]" stands for more than 10000 hosts'],
  ['l[0:999][0:999]', '"l[0:999][0:999]" stands for more than 10000 hosts'],
])('%s is refused: %s', ([name, why]) => {
  expect(expandHostRange(name ?? '')).toEqual({ why })
})

test('a range has as many hosts as its ends say, all different', () => {
  const range = fc.tuple(fc.nat(500), fc.nat(500), fc.integer({ min: 1, max: 20 }))
  fc.assert(
    fc.property(range, ([begin, length, step]) => {
      const { hosts = [] } = { hosts: undefined, ...expandHostRange(`h[${begin}:${begin + length}:${step}]`) }
      expect(new Set(hosts).size).toBe(Math.floor(length / step) + 1)
    }),
  )
})

test('any host name is expanded or refused with a word', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab01:[]-') }), name => {
      const names = expandHostRange(name)
      expect(names.why ?? names.hosts?.length).toBeTruthy()
    }),
  )
})

test('connection variables become the target', async () => {
  using project = new Project({
    'hosts.yaml': `
all:
  vars: {ansible_user: admin, ansible_timeout: 5}
  hosts:
    lab.lan:
      ansible_host: "{{ inventory_hostname_short }}.example.org"
      ansible_port: 2222
      ansible_ssh_private_key_file: /keys/lab
    here: {ansible_connection: local}
    plain: {ansible_user: "{{ nobody | default('me') }}"}
`,
    'play.yaml': PLAY,
  })
  const { targets } = await project.load()
  expect(targets.get('lab.lan')).toMatchObject({
    name: 'lab.lan',
    connection: 'ssh',
    host: 'lab.example.org',
    port: 2222,
    user: 'admin',
    privateKeyFile: '/keys/lab',
    connectTimeout: 5,
  })
  expect(targets.get('here')?.connection).toBe('local')
  expect(targets.get('plain')?.user).toBe('me')
})

test('without connection variables the options count, then the local user', async () => {
  using project = new Project({ 'hosts.yaml': 'all: {hosts: {lab:}}', 'play.yaml': PLAY })
  const given = await project.load({ user: 'ops', privateKey: '~/key', connectTimeout: 3 })
  expect(given.targets.get('lab')).toMatchObject({ user: 'ops', connectTimeout: 3, port: 22, host: 'lab' })
  expect(given.targets.get('lab')?.privateKeyFile).toMatch(/^\/.*\/key$/)
  expect((await project.load({ user: undefined })).targets.get('lab')?.user).toBe(userInfo().username)
})

test('localhost needs no inventory: it is reached without a connection, and has the variables of all', async () => {
  using project = new Project({
    'play.yaml': '- hosts: localhost\n  tasks:\n    - check: {what: "{{ site }}"}\n',
    'group_vars/all.yml': 'site: lab',
  })
  const run = await project.load({ inventories: [] })
  expect(run.targets.get('localhost')).toMatchObject({ connection: 'local', name: 'localhost' })
  expect(argsOn(run, 'localhost')).toEqual({ what: 'lab' })
})

test('magic variables tell what the run knows', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {children: {gpu: {hosts: {lab01.lan: {slot: 1}, lab02.lan: {slot: "{{ 1 + 1 }}"}}}}}',
    'play.yaml': `- hosts: all
  tasks:
    - check:
        what: "{{ inventory_hostname }} {{ inventory_hostname_short }} {{ groups.gpu | join('+') }}
          {{ group_names | join('+') }} {{ hostvars['lab02.lan'].slot }} {{ ansible_check_mode }} {{ ansible_play_hosts | length }}"
    - check: {what: "{{ playbook_dir }} {{ inventory_dir }}"}
`,
  })
  const run = await project.load({ check: true })
  expect(argsOn(run, 'lab01.lan')).toEqual({ what: 'lab01.lan lab01 lab01.lan+lab02.lan gpu 2 True 2' })
  const second = run.plays[0]?.steps[1]
  const folder = project.path('x').replace(/\/x$/, '')
  if (second?.kind !== 'task') throw new Error('no second task')
  expect(second.task.args(scopeOn(second.task, 'lab01.lan'))).toEqual({ what: `${folder} ${folder}` })
})

test('become takes the variables, then the words of the task, then the play, then the options', async () => {
  const identityOf = async (host: string, play: string, task: string, options = {}) => {
    using project = new Project({
      'hosts.yaml': `all: {hosts: {lab: ${host}}}`,
      'play.yaml': `- hosts: all\n${play}  tasks:\n    - check: {what: x}\n${task}`,
    })
    const first = firstTask(await project.load(options))
    return first.identity(scopeOn(first, 'lab')).become
  }
  const sudo = { method: 'sudo', user: 'root', password: undefined }
  expect(await identityOf('{}', '', '')).toBeUndefined()
  expect(await identityOf('{}', '', '', { become: true, becomePassword: 'pw' })).toEqual({
    ...sudo,
    password: 'pw',
  })
  expect(await identityOf('{ansible_become: yes}', '', '')).toEqual(sudo)
  expect(await identityOf('{ansible_become: yes}', '  become: no\n', '')).toEqual(sudo)
  expect(await identityOf('{}', '  become: no\n', '      become: yes\n      become_user: kvm\n')).toEqual({
    ...sudo,
    user: 'kvm',
  })
  expect(
    await identityOf('{ansible_become_password: s3}', '  become: yes\n', '', { becomePassword: 'pw' }),
  ).toEqual({ ...sudo, password: 's3' })
  expect(
    await identityOf('{ansible_user: root}', '  become: yes\n', ''),
    'who is root already needs no sudo',
  ).toBeUndefined()
})

test.for([
  [
    'no YAML',
    'all:\n  hosts: [a\n',
    'hosts.yaml:3:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'INI with a slip',
    '[gpu]\nlab ansible_host\n',
    'hosts.yaml:2:5: "ansible_host" is no name=value (behind a host stand its variables)',
  ],
  [
    'hosts at its top',
    'hosts:\n  lab:\n',
    'hosts.yaml:1:1: hosts belongs to a group, and at the top of an inventory stand groups (put it under all:)',
  ],
  [
    'a plugin',
    'plugin: constructed\nstrict: no\n',
    'hosts.yaml:1:1: inventory plugins are not supported (let ansible-inventory --list write it: an executable that prints JSON is an inventory)',
  ],
  ['nobody in it', 'all:\n', 'hosts.yaml: names no host (write each below hosts: of a group, as "NAME:")'],
  ['a list', '- lab\n', 'hosts.yaml:1:1: an inventory must be a mapping, not a list'],
  [
    'an unknown key',
    'all:\n  host: {lab:}\n',
    'hosts.yaml:2:3: unknown key "host" in a group (did you mean "hosts"?)',
  ],
  [
    'a group without children:',
    'all:\n  gpu: {hosts: {lab:}}\n',
    'hosts.yaml:2:3: unknown key "gpu" in a group (a group takes hosts, vars, children)',
  ],
  [
    'hosts as a list',
    'all:\n  hosts: [lab]\n',
    'hosts.yaml:2:10: hosts must be a mapping (write each host as "NAME:")',
  ],
  [
    'variables that are no mapping',
    'all:\n  vars: 3\n',
    'hosts.yaml:2:9: vars must be a mapping, not the number 3',
  ],
  [
    'a key twice',
    'all:\n  hosts:\n    lab:\n    lab:\n',
    'hosts.yaml:4:5: "lab" is given twice; first at hosts.yaml:3:5',
  ],
  ['an odd range', 'all:\n  hosts:\n    lab[3:1]:\n', 'hosts.yaml:3:5: "[3:1]" ends before it begins'],
  [
    'a group that is its own child',
    'a: {children: {b: {children: {a:}}}}\n',
    'hosts.yaml:1:31: the group "a" is its own child: a → b → a',
  ],
  [
    'an unsupported variable',
    'all:\n  vars:\n    ansible_shell_type: csh\n',
    'hosts.yaml:3:5: ansible_shell_type is not supported: nothing would read it (leave it out: scripts run in sh)',
  ],
  [
    'a variable with a slip',
    'all:\n  hosts: {lab: {ansible_hots: x}}\n',
    'hosts.yaml:2:17: unknown variable "ansible_hots" (did you mean "ansible_host"?)',
  ],
  [
    'a name that is no variable',
    'all:\n  vars: {vfio-ids: x}\n',
    'hosts.yaml:2:10: "vfio-ids" is no variable name (use letters, digits and underscores, no digit first)',
  ],
  [
    'a magic variable',
    'all:\n  vars: {groups: x}\n',
    'hosts.yaml:2:10: groups cannot be set: it tells what the run knows',
  ],
  [
    'a port that is none',
    'all:\n  hosts:\n    lab: {ansible_port: ssh}\n',
    'hosts.yaml:3:25: ansible_port must be a port number (1 to 65535)',
  ],
  [
    'an unknown connection',
    'all:\n  hosts:\n    lab: {ansible_connection: locl}\n',
    'hosts.yaml:3:31: there is no connection "locl" (did you mean "local"?)',
  ],
  [
    'a connection to come',
    'all:\n  hosts:\n    lab: {ansible_connection: docker}\n',
    'hosts.yaml:3:31: the connection docker is not supported (use ssh, openssh or local)',
  ],
  [
    'a vault secret and no password',
    'all:\n  vars:\n    key: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      3330\n',
    'hosts.yaml:3:17: the value is not in the form of ansible-vault (it begins with $ANSIBLE_VAULT;1.1;AES256)',
  ],
  ['a template that is none', 'all:\n  vars:\n    key: "{{ 1 + }}"\n', /^hosts\.yaml:3:1[0-9]: /],
] as const)('an inventory with %s is refused at its place', async ([, inventory, expected]) => {
  using project = new Project({ 'hosts.yaml': inventory, 'play.yaml': PLAY })
  const mistakes = await project.mistakes()
  expect(mistakes).toHaveLength(1)
  if (typeof expected === 'string') expect(mistakes[0]).toBe(expected)
  else expect(mistakes[0]).toMatch(expected)
})
