import { expect, test } from 'vitest'
import { type ShowOptions, showInventory, type Wanted } from '../../../src/runner/inventory/show/show.ts'
import { yamlText } from '../../../src/runner/inventory/show/yaml_text.ts'
import { mistakesIn, Project } from '../project.ts'

const FILES = {
  'hosts.yaml': 'gpu: {hosts: {lab1: {a: 1}, lab2: }, vars: {b: 2}}\nstore: {hosts: {d1: }}\n',
  'plays/group_vars/gpu.yml': 'c: 3\n',
}

const shown = (wanted: Wanted, options: Partial<ShowOptions> = {}): string => {
  using project = new Project(FILES)
  return showInventory(wanted, {
    inventories: [project.path('hosts.yaml')],
    limit: undefined,
    extraVars: [],
    playbookFolder: project.path('plays'),
    vault: undefined,
    ...options,
  })
}

const LIST = { kind: 'list', form: 'json' } as const

test('--limit leaves the hosts it names, and no empty group', () => {
  const list = JSON.parse(shown(LIST, { limit: 'gpu:!lab2' }))
  expect(list).toEqual({
    _meta: { hostvars: { lab1: { a: 1, b: 2, c: 3 } } },
    all: { children: ['ungrouped', 'gpu', 'store'] },
    gpu: { hosts: ['lab1'] },
  })
})

test('-e stands over all', () => {
  expect(shown({ kind: 'host', name: 'lab1', form: 'yaml' }, { extraVars: ['c=x', '{"d": [1]}'] })).toBe(
    'a: 1\nb: 2\nc: x\nd:\n- 1\n',
  )
})

test('--graph draws one group', () => {
  expect(shown({ kind: 'graph', group: 'gpu', withVariables: true })).toBe(
    `@gpu:
  |--lab1
  |  |--{a = 1}
  |  |--{b = 2}
  |  |--{c = 3}
  |--lab2
  |  |--{b = 2}
  |  |--{c = 3}
  |--{b = 2}
  |--{c = 3}
`,
  )
})

test.for([
  [
    { kind: 'graph', group: 'gup', withVariables: false },
    {},
    '--graph: there is no group "gup" (did you mean "gpu"?)',
  ],
  [
    { kind: 'host', name: 'lab3', form: 'json' },
    {},
    '--host: there is no host or group "lab3" (did you mean "lab1"?)',
  ],
  [{ kind: 'host', name: 'gpu', form: 'json' }, {}, '--host: "gpu" is more than one host (use --list)'],
  [{ kind: 'host', name: 'localhost', form: 'json' }, {}, '--host: there is no host "localhost"'],
  [LIST, { limit: 'storr' }, '--limit: there is no host or group "storr" (did you mean "store"?)'],
] as const)('%j with %j is refused: %s', ([wanted, options, mistake]) => {
  const refused = (): readonly string[] => {
    try {
      return [shown(wanted, options)]
    } catch (error) {
      return mistakesIn(error)
    }
  }
  expect(refused()).toEqual([mistake])
})

test.for([
  ['plain', 'plain'],
  ['yes', "'yes'"],
  ['0644', "'0644'"],
  ['a: b', "'a: b'"],
  ['a #b', "'a #b'"],
  ["it's: x", "'it''s: x'"],
  ['- x', "'- x'"],
  ['-x', '-x'],
  ['tab\t', '"tab\\t"'],
  [' edge', "' edge'"],
  ['', "''"],
  ['😀', '"\\U0001F600"'],
] as const)('%j in YAML is %s', ([text, yaml]) => {
  expect(yamlText(text, { column: 0, indent: 2, isKey: false })).toBe(yaml)
})
