import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readInventories } from '../../../src/runner/inventory/inventory.ts'
import { selectHosts } from '../../../src/runner/inventory/patterns.ts'
import { fleetOf } from '../../../src/runner/inventory/play_hosts.ts'
import { showInventory, type Wanted } from '../../../src/runner/inventory/show/show.ts'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { Project } from '../project.ts'
import { INVENTORIES, type Sample, VAULTED } from './inventories.ts'

const hasAnsible = spawnSync('ansible-inventory', ['--version']).status === 0

const LISTINGS: readonly {
  readonly name: string
  readonly wanted: Wanted
  readonly words: readonly string[]
}[] = [
  { name: '--list', wanted: { kind: 'list', form: 'json' }, words: ['--list'] },
  { name: '--list --yaml', wanted: { kind: 'list', form: 'yaml' }, words: ['--list', '--yaml'] },
  { name: '--graph', wanted: { kind: 'graph', group: 'all', withVariables: false }, words: ['--graph'] },
  {
    name: '--graph --vars',
    wanted: { kind: 'graph', group: 'all', withVariables: true },
    words: ['--graph', '--vars'],
  },
]

const PATTERNS: readonly string[] = [
  ...['all', '*', 'web', 'gpu:web', 'web,gpu', 'web:&gpu', 'all:!web', '!db', '&gpu', 'web:db:!gpu:&web'],
  ...['web*', 'f*', '*.lan', '?b*', 'web[0]', 'web[-1]', 'web[1:2]', 'web[1:]', 'w*[1:2]', '[wd]*', '[!wd]*'],
  ...[
    '~(web|db).*[12]',
    '~.*lan$',
    'solo,web1',
    'web1:solo:web',
    '192.168.0.1',
    'ungrouped',
    'all[2]',
    'db0*.lan',
  ],
]

describe.skipIf(!hasAnsible)('beside ansible-inventory (skipped where it is not installed)', () => {
  describe.each(INVENTORIES)('$name', sample => {
    test.each(LISTINGS)('$name prints the same', async ({ wanted, words }) => {
      using project = new Project({ ...sample.files, 'ansible.cfg': '[defaults]\n' })
      for (const name of sample.programs ?? []) chmodSync(project.path(name), 0o755)
      const theirs = await theirsOf(sample, project, words)
      const ours = showInventory(wanted, oursOf(sample, project))
      // PyYAML writes what several hosts have of one group once, with an anchor; each host has its own here.
      if (/: &id001$/m.test(theirs)) expect(parse(ours)).toEqual(parse(theirs))
      else expect(ours).toBe(theirs)
    })
  })

  test.each(LISTINGS.slice(0, 2))(
    '$name leaves closed what ansible-vault closed',
    async ({ wanted, words }) => {
      using project = new Project({ ...VAULTED.files, 'ansible.cfg': '[defaults]\n' })
      const theirs = await theirsOf(VAULTED, project, words)
      expect(theirs).toContain('$ANSIBLE_VAULT')
      expect(showInventory(wanted, oursOf(VAULTED, project))).toBe(theirs)
    },
  )

  test('--host prints the same', async () => {
    const [sample] = INVENTORIES
    if (sample === undefined) throw new Error('no inventory')
    using project = new Project({ ...sample.files, 'ansible.cfg': '[defaults]\n' })
    const wanted = { kind: 'host', name: 'two', form: 'json' } as const
    expect(showInventory(wanted, oursOf(sample, project))).toBe(
      await theirsOf(sample, project, ['--host', 'two']),
    )
  })

  test.each(PATTERNS)('the pattern %s chooses the same hosts in the same order', async pattern => {
    using project = new Project({ 'hosts.yaml': FLEET, 'ansible.cfg': '[defaults]\n' })
    const inventory = readInventories([project.path('hosts.yaml')], new Problems())
    const { stdout } = await execa('ansible', [pattern, '-i', project.path('hosts.yaml'), '--list-hosts'], {
      env: environmentOf(project),
      reject: false,
    })
    const theirs = stdout
      .split('\n')
      .slice(1)
      .map(line => line.trim())
    expect(selectHosts(pattern, fleetOf(inventory)).hosts).toEqual(theirs)
  })
})

/** Groups below groups that have one parent each: with several, Ansible's order changes from run to run. */
const FLEET = `all:
  hosts: {solo: , "192.168.0.1": }
web: {hosts: {"web[1:3]": }, children: {front: {hosts: {f1: , web2: }}}}
db: {hosts: {"db[01:02].lan": , web3: }}
gpu: {hosts: {web3: , f1: , "db01.lan": }}
empty:
`

const sourcesOf = ({ inventories }: Sample, project: Project): readonly string[] =>
  inventories.map(name => (name.includes(',') ? name : project.path(name)))

const oursOf = (sample: Sample, project: Project) => ({
  inventories: sourcesOf(sample, project),
  limit: undefined,
  extraVars: [],
  playbookFolder: sample.playbookFolder === undefined ? undefined : project.path(sample.playbookFolder),
  vault: { passwords: [{ id: '', password: 'lab' }] },
})

async function theirsOf(sample: Sample, project: Project, words: readonly string[]): Promise<string> {
  const folder = sample.playbookFolder
  const { stdout } = await execa(
    'ansible-inventory',
    [
      ...words,
      ...sourcesOf(sample, project).flatMap(path => ['-i', path]),
      ...(folder === undefined ? [] : ['--playbook-dir', project.path(folder)]),
      ...(sample.files.password === undefined ? [] : ['--vault-password-file', project.path('password')]),
    ],
    { env: environmentOf(project), stripFinalNewline: false },
  )
  return stdout
}

const environmentOf = (project: Project) => ({
  ANSIBLE_CONFIG: project.path('ansible.cfg'),
  LC_ALL: 'C.UTF-8',
})
