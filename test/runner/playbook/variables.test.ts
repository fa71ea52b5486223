import { expect, test } from 'vitest'
import { argsOn, firstTask, Project, scopeOn } from '../project.ts'

const PLAY = '- hosts: all\n  tasks:\n    - check: {what: "{{ here }}"}\n'

/** Every place that can set a variable, lowest precedence first. */
const PLACES: readonly (readonly [file: string, text: (value: string) => string])[] = [
  ['hosts.yaml', value => `all: {vars: {here: ${value}}}`],
  ['hosts.yaml', value => `rack: {vars: {here: ${value}}, children: {gpu:}}`],
  ['hosts.yaml', value => `gpu: {vars: {here: ${value}}, hosts: {lab:}}`],
  ['inventory/group_vars/all.yml', value => `here: ${value}`],
  ['group_vars/all/10-site.yaml', value => `here: ${value}`],
  ['group_vars/all/20-more.json', value => `{"here": "${value}"}`],
  ['inventory/group_vars/rack.yaml', value => `here: ${value}`],
  ['inventory/group_vars/gpu', value => `here: ${value}`],
  ['group_vars/gpu.yml', value => `here: ${value}`],
  ['hosts.yaml', value => `gpu: {hosts: {lab: {here: ${value}}}}`],
  ['inventory/host_vars/lab.yml', value => `here: ${value}`],
  ['host_vars/lab.yml', value => `here: ${value}`],
]

/** One inventory file for each place in an inventory: several -i are joined. */
function filesOf(places: typeof PLACES): Record<string, string> {
  const files: Record<string, string> = { 'inventory/base.yaml': 'rack: {children: {gpu: {hosts: {lab:}}}}' }
  places.forEach(([file, text], index) => {
    const name = file === 'hosts.yaml' ? `inventory/${index}.yaml` : file
    files[name] = text(`place${index}`)
  })
  return files
}

test.for(PLACES.map((_, index) => index + 1))(
  'of the first %i places that set a variable the last wins',
  async count => {
    const files = filesOf(PLACES.slice(0, count))
    using project = new Project({ ...files, 'play.yaml': PLAY })
    const inventories = Object.keys(files).filter(name => /^inventory\/[^/]*$/.test(name))
    const run = await project.load({ inventories: inventories.map(name => project.path(name)) })
    expect(argsOn(run, 'lab')).toEqual({ what: `place${count - 1}` })
  },
)

test('above the inventory stand the play, its files, the task, and -e', async () => {
  const parts = [
    '  vars: {here: play}\n',
    '  vars_files: [more.yml]\n',
    '  tasks:\n    - check: {what: "{{ here }}"}\n',
    '      vars: {here: task}\n',
  ]
  const files = { 'hosts.yaml': 'all: {hosts: {lab: {here: host}}}', 'more.yml': 'here: file' }
  const whatOf = async (chosen: readonly (string | undefined)[], extraVars: readonly string[] = []) => {
    using project = new Project({ ...files, 'play.yaml': `- hosts: all\n${chosen.join('')}` })
    return argsOn(await project.load({ extraVars }), 'lab').what
  }
  expect(await whatOf([parts[2]])).toBe('host')
  expect(await whatOf([parts[0], parts[2]])).toBe('play')
  expect(await whatOf([parts[0], parts[1], parts[2]])).toBe('file')
  expect(await whatOf(parts)).toBe('task')
  expect(await whatOf(parts, ['here=option'])).toBe('option')
  expect(await whatOf(parts, ['here=option', 'here=second'])).toBe('second')
})

test('ansible_group_priority decides between groups of one depth, else the name does', async () => {
  const inventory = (priority: string) => `
a: {vars: {here: a${priority}}, hosts: {lab:}}
b: {vars: {here: b}, hosts: {lab:}}
`
  const whatOf = async (text: string) => {
    using project = new Project({ 'hosts.yaml': text, 'play.yaml': PLAY })
    return argsOn(await project.load(), 'lab').what
  }
  expect(await whatOf(inventory(''))).toBe('b')
  expect(await whatOf(inventory(', ansible_group_priority: 10'))).toBe('a')
})

test.for([
  ["word='two words' other=x", { word: 'two words', other: 'x' }],
  ['word=a\\ b other="say \\"x\\""', { word: 'a b', other: 'say "x"' }],
  ['word=5 other=yes', { word: '5', other: 'yes' }],
  ['{"word": "json", "other": "x"}', { word: 'json', other: 'x' }],
  ['{word: yaml, other: x=y}', { word: 'yaml', other: 'x=y' }],
  ['word=a=b other=', { word: 'a=b', other: '' }],
  ['word="{{ 1 + 1 }}" other=x{{ 2 + 2 }}y', { word: '2', other: 'x4y' }],
] as const)('-e %s', async ([text, { word, other }]) => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': PLAY.replace('{{ here }}', '{{ word }}|{{ other }}'),
  })
  expect(argsOn(await project.load({ extraVars: [text] }), 'lab')).toEqual({ what: `${word}|${other}` })
})

test('-e @file reads a file of variables', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': PLAY,
    'v.yml': 'here: file\n',
  })
  expect(argsOn(await project.load({ extraVars: [`@${project.path('v.yml')}`] }), 'lab')).toEqual({
    what: 'file',
  })
})

test.for([
  ['word', '-e:1:1: "word" is no name=value (write -e name=value, -e \'{"name": value}\', or -e @file.yml)'],
  ["here=x word='open", "-e:1:13: ' has no pair"],
  [
    '{here: [}',
    '-e:1:9: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['[a]', '-e:1:1: -e must be a mapping, not a list'],
  ['@none.yml', 'none.yml: no such file'],
  ['ansible_prot=22', '-e:1:1: unknown variable "ansible_prot" (did you mean "ansible_port"?)'],
])('-e %s is refused', async ([text, message]) => {
  using project = new Project({ 'hosts.yaml': 'all: {hosts: {lab:}}', 'play.yaml': PLAY })
  expect((await project.mistakes({ extraVars: [text ?? ''] }))[0]).toBe(message)
})

test('variables may refer to each other, and keep their types', async () => {
  using project = new Project({
    'hosts.yaml': `
all:
  vars:
    chosen: "{{ cards[model] }}"
    cards: {gtx970: ["10de:13c2", "10de:0fbb"]}
  hosts:
    lab: {model: gtx970}
`,
    'play.yaml': '- hosts: all\n  tasks:\n    - claim: {devices: "{{ chosen }}"}\n',
  })
  expect(argsOn(await project.load(), 'lab')).toEqual({
    devices: ['10de:13c2', '10de:0fbb'],
    state: 'present',
  })
})

test('variables that refer to each other in a circle are an error that names it', async () => {
  using project = new Project({
    'hosts.yaml':
      'all:\n  vars:\n    here: "{{ there }}"\n    there: "{{ over }}"\n    over: "x{{ here }}"\n  hosts: {lab:}\n',
    'play.yaml': PLAY,
  })
  expect(await project.mistakes()).toEqual([
    'hosts.yaml:3:11: variables refer to each other in a circle: here → there → over → here for lab',
  ])
})

test('what was observed is data: braces in it are no template', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': PLAY.replace('here', 'ansible_facts.hostname'),
  })
  const run = await project.load()
  expect(argsOn(run, 'lab', { hostname: '{{ 1 + 1 }}' })).toEqual({ what: '{{ 1 + 1 }}' })
})

test('a name of JavaScript is no variable', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': PLAY.replace('here', 'constructor'),
  })
  expect(await project.mistakes()).toEqual(['play.yaml:3:25: "constructor" is not defined for lab'])
})

test('a variable named __proto__ is as good as any', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab: {__proto__: {x: one}, here: "{{ __proto__.x }}"}}}',
    'play.yaml': PLAY,
  })
  expect(argsOn(await project.load(), 'lab')).toEqual({ what: 'one' })
})

test('a file that Ansible would leave out is an error', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': PLAY,
    'group_vars/all.yml': 'here: x',
    'group_vars/all/more.yml': 'here: y',
  })
  expect(await project.mistakes()).toEqual([
    'group_vars/all.yml: is beside group_vars/all, which holds the same variables (keep one of them)',
  ])
})

test.for([
  ['inventory_hostname == "lab"', true],
  ['slot > 2', false],
  ['[slot == 1, yes]', true],
  ['[slot == 1, no]', false],
  ['slot is defined and gone is not defined', true],
] as const)('when: %s is %s', async ([when, run]) => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab: {slot: 1}}}',
    'play.yaml': `- hosts: all\n  tasks:\n    - check: {what: x}\n      when: ${when}\n`,
  })
  const task = firstTask(await project.load())
  expect(task.when(scopeOn(task, 'lab')).run).toBe(run)
})
