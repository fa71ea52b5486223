import { expect, test } from 'vitest'
import { list } from '../../../src/runner/listing.ts'
import { isChosen } from '../../../src/runner/playbook/tags.ts'
import type { Run, Step } from '../../../src/runner/run_types.ts'
import { Project } from '../project.ts'

// lib/ansible/playbook/taggable.py
test.for([
  [[], [], [], true],
  [['a'], ['a'], [], true],
  [['b'], ['a'], [], false],
  [[], ['a'], [], false],
  [['always'], ['a'], [], true],
  [['never'], [], [], false],
  [['never', 'a'], [], [], false],
  [['never', 'a'], ['a'], [], true],
  [['never', 'always'], [], [], true],
  [['never'], ['tagged'], [], false],
  [['a'], ['tagged'], [], true],
  [[], ['tagged'], [], false],
  [[], ['untagged'], [], true],
  [['a'], ['untagged'], [], false],
  [['a'], [], ['a'], false],
  [['always'], [], ['always'], false],
  [['always'], [], ['all'], true],
  [['always'], [], ['all', 'always'], false],
  [['a'], [], ['tagged'], false],
  [[], [], ['tagged'], true],
  [[], [], ['untagged'], false],
  [['a', 'b'], ['a'], ['b'], false],
] as const)('tags %j with --tags %j --skip-tags %j: %s', ([tags, only, skip, chosen]) => {
  expect(isChosen(tags, { only: only.length === 0 ? ['all'] : only, skip })).toBe(chosen)
})

const FILES = {
  'hosts.yaml': 'lab: {hosts: {a:, b:}}',
  'play.yaml': `
- name: First
  hosts: all
  tags: gpu
  vars: {mine: [v1, v2]}
  tasks:
    - {name: one, debug: {msg: x}, tags: "x, y"}
    - block:
        - {name: two, debug: {msg: x}, tags: [y]}
      rescue:
        - {name: mend, debug: {msg: x}}
      always:
        - {name: after, debug: {msg: x}, tags: [never, last]}
      tags: blk
    - import_tasks: more.yaml
      tags: imp
    - {name: third, debug: {msg: x}, tags: "{{ mine }}"}
- hosts: lab
  tasks:
    - {name: four, debug: {msg: x}}
`,
  'more.yaml': '- {name: inner, debug: {msg: x}}\n',
}

const names = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap(step => {
    if (step.kind === 'task') return [step.task.name]
    if (step.kind === 'flush_handlers') return []
    const { block } = step
    return [...names(block.steps), ...names(block.rescue), ...names(block.always)]
  })
const tasksOf = (run: Run): readonly string[] => run.plays.flatMap(play => names(play.steps))

test.for([
  [{}, ['one', 'two', 'mend', 'inner', 'third', 'four']],
  [{ tags: ['x'] }, ['one']],
  [{ tags: ['blk'] }, ['two', 'mend', 'after']],
  [{ tags: ['last'] }, ['after']],
  [{ tags: ['imp', 'v2'] }, ['inner', 'third']],
  [{ skipTags: ['gpu'] }, ['four']],
  [{ tags: ['untagged'] }, ['four']],
  [{ startAtTask: 'two' }, ['two', 'mend', 'inner', 'third', 'four']],
  [{ startAtTask: 'thi*' }, ['third', 'four']],
  [{ startAtTask: 'four' }, ['four']],
] as const)('%j leaves %j', async ([options, left]) => {
  using project = new Project(FILES)
  expect(tasksOf(await project.load(options))).toEqual(left)
})

test('a task to start at that is not there is an error with the nearest name', async () => {
  using project = new Project(FILES)
  expect(await project.mistakes({ startAtTask: 'thrid' })).toEqual([
    '--start-at-task: no task is called "thrid" (did you mean "third"?)',
  ])
})

test.for([
  [{ tags: ['x', 'all', 'never'] }, []],
  [{ tags: ['lats'] }, ['no task has the tag "lats": did you mean "last"?']],
  [{ skipTags: ['elsewhere'] }, ['no task has the tag "elsewhere": --list-tags shows them']],
] as const)('%j: a tag that no task has is warned of', async ([options, warnings]) => {
  using project = new Project(FILES)
  expect((await project.load(options)).warnings).toEqual(warnings)
})

test('lists are laid out as Ansible lays them out', async () => {
  using project = new Project(FILES)
  const run = { ...(await project.load()), playbook: 'play.yaml' }
  expect(list(run, { tags: true })).toBe(`
playbook: play.yaml

  play #1 (all): First	TAGS: [gpu]
      TASK TAGS: [blk, gpu, imp, v1, v2, x, y]

  play #2 (lab): lab	TAGS: []
      TASK TAGS: []
`)
  expect(list(run, { tasks: true })).toContain('    tasks:\n      one\tTAGS: [gpu, x, y]\n')
})

test('a name that a task sets which the tags leave out is told with its place', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml':
      '- hosts: all\n  tasks:\n    - {command: "true", register: seen}\n    - {debug: {msg: "{{ seen.rc }}"}, tags: t}\n',
  })
  expect(await project.mistakes({ tags: ['t'] })).toEqual([
    expect.stringMatching(
      /^play\.yaml:4:25: "seen" is not defined for lab \(play\.yaml:3:35 sets it, and does not come before/,
    ),
  ])
  expect(await project.mistakes()).toEqual([])
})
