import { chmodSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readInventories } from '../../../src/runner/inventory/inventory.ts'
import { showInventory } from '../../../src/runner/inventory/show/show.ts'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { argsOn, Project } from '../project.ts'

const PLAY = '- hosts: all\n  tasks:\n    - check: {what: "{{ inventory_dir }} {{ inventory_file }}"}\n'

const mistakesOf = (files: Readonly<Record<string, string>>, inventory: string, executable = false) => {
  using project = new Project({ ...files, 'play.yaml': PLAY })
  if (executable) chmodSync(project.path(inventory), 0o755)
  return project.mistakes({ inventories: [project.path(inventory)] })
}

test('each host knows the inventory that names it first', async () => {
  using project = new Project({
    'inv/a': '[g]\none\n',
    'inv/deep/b.yaml': 'g: {hosts: {one: , two: }}\n',
    'play.yaml': PLAY,
  })
  const run = await project.load({ inventories: [project.path('inv'), 'three,'] })
  const at = (name: string) => project.path(name)
  expect(argsOn(run, 'one')).toEqual({ what: `${at('inv')} ${at('inv/a')}` })
  expect(argsOn(run, 'two')).toEqual({ what: `${at('inv/deep')} ${at('inv/deep/b.yaml')}` })
  expect(argsOn(run, 'three')).toEqual({ what: ' three,' })
})

test.for([
  ['none.yaml', 'none.yaml: no such file'],
  ['hosts.toml', 'hosts.toml: an inventory in TOML form is not supported (write it as YAML or INI)'],
  ['broken.yaml', /^broken\.yaml:1:4: not YAML: Nested mappings are not allowed in compact mappings/],
  [
    'odd',
    /^odd: is no inventory, neither as YAML nor as INI \(as YAML: .*odd:1:1 an inventory must be a mapping, not a list; as INI: .*odd:1:3 "x" is no name=value\)$/,
  ],
  ['script', /^script: is a script that may not be run \(chmod \+x .*script\)$/],
] as const)('%s cannot be read: %s', async ([inventory, expected]) => {
  const files = { 'hosts.toml': '', 'broken.yaml': 'a: b: c\n', odd: '- x\n', script: '#!/bin/sh\n' }
  const [mistake, ...others] = await mistakesOf(files, inventory)
  expect(others).toEqual([])
  if (typeof expected === 'string') expect(mistake).toBe(expected)
  else expect(mistake).toMatch(expected)
})

test.for([
  ['echo "no cloud" >&2; exit 3', /^inv: --list exits 3: no cloud \(run it by hand: .*inv --list\)$/],
  ['echo "{"', /^inv: --list prints no JSON: /],
  ['kill -9 $$', /^inv: --list was ended by SIGKILL/],
  ['echo "[]"', /^.*inv --list:1:1: what .*inv --list prints must be a mapping, not a list$/],
  ['echo \'{"g": {"hosts": "a"}}\'', /^.*:1:17: hosts of "g" must be a list, not the string "a"$/],
  ['echo \'{"g": ["a", "b c"]}\'', /^.*:1:13: "b c" is no host name/],
  ['[ $1 = --list ] && echo \'{"g": ["a"]}\' || exit 4', /^inv: --host a exits 4/],
] as const)('a program that does %j is refused: %s', async ([body, expected]) => {
  const [mistake, ...others] = await mistakesOf({ inv: `#!/bin/sh\n${body}\n` }, 'inv', true)
  expect(others).toEqual([])
  expect(mistake).toMatch(expected)
})

test('a program without its interpreter is refused, and a file that may be run is a file', async () => {
  const [mistake] = await mistakesOf({ inv: '#!/no/such/program\n' }, 'inv', true)
  expect(mistake).toMatch(/^inv: --list cannot be run \(ENOENT\)/)
  expect(await mistakesOf({ inv: 'all: {hosts: {a: }}\n' }, 'inv', true)).toEqual([])
})

test('what a program prints with tabs is JSON as well', async () => {
  const text = '{\n\t"g": {\n\t\t"hosts": ["a"]\n\t},\n\t"_meta": {"hostvars": {}}\n}'
  expect(await mistakesOf({ inv: `#!/bin/sh\ncat <<'END'\n${text}\nEND\n` }, 'inv', true)).toEqual([])
})

interface Model {
  readonly groups: readonly {
    readonly name: string
    readonly hosts: readonly string[]
    readonly children: readonly string[]
    readonly vars: Readonly<Record<string, number | string>>
  }[]
  readonly hostVars: Readonly<Record<string, Readonly<Record<string, number | string>>>>
}

const hosts = ['h1', 'h2', 'h3', 'h4.lan']
const names = ['a', 'b', 'c', 'd']
const variables = fc.dictionary(
  fc.constantFrom('v', 'w', 'x'),
  fc.oneof(fc.nat(99), fc.constantFrom('text', 'two words', '02:00.0', 'yes it is')),
  { maxKeys: 3, noNullPrototype: true },
)

/** Children come later in the list, so no group is its own. */
const models: fc.Arbitrary<Model> = fc
  .record({
    groups: fc.tuple(
      ...names.map((name, index) =>
        fc.record({
          name: fc.constant(name),
          hosts: fc.subarray(hosts),
          children: fc.subarray(names.slice(index + 1)),
          vars: variables,
        }),
      ),
    ),
    hostVars: fc.record(Object.fromEntries(hosts.map(host => [host, variables]))),
  })
  .map(model => model as Model)

const asYaml = ({ groups, hostVars }: Model): string =>
  JSON.stringify(
    Object.fromEntries(
      groups.map(({ name, hosts: members, children, vars }) => [
        name,
        {
          hosts: Object.fromEntries(members.map(host => [host, hostVars[host]])),
          children: Object.fromEntries(children.map(child => [child, null])),
          vars,
        },
      ]),
    ),
  )

function asIni({ groups, hostVars }: Model): string {
  const settings = (vars: Readonly<Record<string, number | string>>, quote: string) =>
    Object.entries(vars).map(([name, value]) => `${name}=${quote}${value}${quote}`)
  return groups
    .flatMap(({ name, hosts: members, children, vars }) => [
      `[${name}]`,
      ...members.map(host => [host, ...settings(hostVars[host] ?? {}, '"')].join(' ')),
      `[${name}:children]`,
      ...children,
      `[${name}:vars]`,
      ...settings(vars, ''),
    ])
    .join('\n')
}

test('one inventory written as YAML and as INI reads the same', () => {
  fc.assert(
    fc.property(models, model => {
      using project = new Project({ 'hosts.yaml': asYaml(model), 'hosts.ini': asIni(model) })
      const listed = (file: string) =>
        showInventory(
          { kind: 'list', form: 'json' },
          {
            inventories: [project.path(file)],
            limit: undefined,
            extraVars: [],
            playbookFolder: undefined,
            vault: undefined,
          },
        )
      expect(listed('hosts.ini')).toBe(listed('hosts.yaml'))
    }),
    { numRuns: 60 },
  )
})

test('a group that all its files agree on is read once', () => {
  using project = new Project({ a: '[g]\none\n', b: 'g: {hosts: {one: , two: }}\n' })
  const problems = new Problems()
  const { groups } = readInventories([project.path('a'), project.path('b')], problems)
  expect(problems.count).toBe(0)
  expect(groups.get('g')?.hosts).toEqual(['one', 'two'])
  expect(groups.get('all')?.children).toEqual(['ungrouped', 'g'])
})
