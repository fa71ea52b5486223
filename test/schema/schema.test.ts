import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { modules } from '../../src/modules/index.ts'
import { actions } from '../../src/runner/actions/index.ts'
import {
  BLOCK_WORDS,
  HANDLER_WORDS,
  LOOP_LOOKUPS,
  PLAY_WORDS,
  TASK_WORDS,
} from '../../src/runner/playbook/vocabulary.ts'
import { inventorySchema } from '../../src/schema/inventory.ts'
import { DESCRIBED_KEYS, playbookSchema } from '../../src/schema/playbook.ts'

const ajv = new Ajv({ strict: false })
const declared = [...modules.values(), ...actions.values()]
const isPlaybook = ajv.compile(
  playbookSchema(declared, {
    play: PLAY_WORDS.known,
    task: TASK_WORDS.known,
    handler: HANDLER_WORDS.known,
    block: BLOCK_WORDS.known,
    lookups: LOOP_LOOKUPS,
  }),
)
const isInventory = ajv.compile(inventorySchema(modules))

const examplesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.ya?ml$/.test(name))
    .map(name => `${folder}/${name}`)

test.each(examplesIn('playbooks'))('%s is a playbook', path => {
  expect(isPlaybook(parse(readFileSync(path, 'utf8'))), ajv.errorsText(isPlaybook.errors)).toBe(true)
})

test.each(examplesIn('inventories'))('%s is an inventory', path => {
  expect(isInventory(parse(readFileSync(path, 'utf8'))), ajv.errorsText(isInventory.errors)).toBe(true)
})

test.each(declared.map(word => [word.name, word] as const))(
  'the example of %s is right',
  (_, { example }) => {
    const written: unknown = parse(example)
    const play = Array.isArray(written) ? { tasks: written } : written
    expect(isPlaybook([{ hosts: 'all', ...Object(play) }]), ajv.errorsText(isPlaybook.errors)).toBe(true)
  },
)

test.each([...new Set([...PLAY_WORDS.known, ...HANDLER_WORDS.known, ...BLOCK_WORDS.known])])(
  'the key %s is described',
  key => {
    if (!key.startsWith('with_')) expect(DESCRIBED_KEYS).toContain(key)
  },
)

test.each([
  ['a key that no play has', [{ hosts: 'all', task: [] }]],
  ['a play without hosts', [{ tasks: [] }]],
  ['a module that there is not', [{ hosts: 'all', tasks: [{ vfio_idz: {} }] }]],
  [
    'an argument that the module does not take',
    [{ hosts: 'all', tasks: [{ vfio_ids: { device: ['10de:13c2'] } }] }],
  ],
  ['an argument of another type', [{ hosts: 'all', tasks: [{ reboot: { reboot_timeout: 'long' } }] }]],
  ['a required argument left out', [{ hosts: 'all', tasks: [{ vfio_ids: {} }] }]],
])('%s is a mistake', (_, playbook) => {
  expect(isPlaybook(playbook)).toBe(false)
})

test.each([
  [
    'a template in place of a list',
    [{ hosts: 'all', tasks: [{ vfio_ids: { devices: '{{ vfio_devices }}' } }] }],
  ],
  ['the full name of a module', [{ hosts: 'all', tasks: [{ 'ansible.builtin.reboot': null }] }]],
])('%s is fine', (_, playbook) => {
  expect(isPlaybook(playbook), ajv.errorsText(isPlaybook.errors)).toBe(true)
})

test.each([
  ['a word that no group has', { all: { host: { lab: null } } }],
  ['hosts as a list', { all: { hosts: ['lab'] } }],
  ['a port that is none', { all: { hosts: { lab: { ansible_port: 99_999 } } } }],
  ['devices that are no list', { all: { hosts: { lab: { vfio_devices: 7 } } } }],
])('in an inventory, %s is a mistake', (_, inventory) => {
  expect(isInventory(inventory)).toBe(false)
})
