import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ActionResult } from '../../../src/runner/actions/action.ts'
import { include_vars } from '../../../src/runner/actions/include_vars.ts'
import type { Scope } from '../../../src/runner/template/template.ts'
import { Project } from '../project.ts'
import { act, complaints } from './fake_context.ts'

const FILES = {
  'vars/gpu.yaml': 'card: 10de:13c2\nboth: "{{ card }},{{ who }}"\n',
  'gpu.yaml': 'card: other\n',
  'plain.json': '{"a": [1, 2]}',
  'tasks/own.yaml': 'own: true\n',
  'empty.yaml': '',
  'list.yaml': '- a\n',
  'broken.yaml': 'a: [\n',
  'many/10.yaml': 'a: 1\nb: 1\n',
  'many/20.yml': 'b: 2\n',
  'many/below/30.json': '{"c": 3}',
  'mixed/a.yaml': 'a: 1\n',
  'mixed/README.md': 'about',
}

async function include(
  args: Readonly<Record<string, unknown>>,
  taskFile = 'play.yaml',
): Promise<ActionResult> {
  using project = new Project(FILES)
  const folder = dirname(project.path('play.yaml'))
  const answer = await act(include_vars, args, {
    scope: { playbook_dir: folder },
    at: { file: project.path(taskFile), line: 3, column: 5 },
  })
  const relative = (text: string) => text.replaceAll(`${folder}/`, '')
  return {
    ...answer,
    why: relative(answer.why),
    ...(answer.hint !== undefined && { hint: relative(answer.hint) }),
  }
}

const valuesOf = ({ include: layer }: ActionResult, scope: Scope = {}) =>
  Object.fromEntries([...(layer ?? [])].map(([name, variable]) => [name, variable.render(scope)]))

describe('include_vars', () => {
  it('looks in vars first, and leaves templates to be rendered', async () => {
    const answer = await include({ file: 'gpu.yaml' })
    expect(valuesOf(answer, { card: 'x', who: 'me' })).toEqual({ card: '10de:13c2', both: 'x,me' })
    expect(answer.why).toBe('2 variables from vars/gpu.yaml')
  })

  it("looks beside the task's file before it looks beside the playbook", async () => {
    expect(valuesOf(await include({ file: 'own.yaml' }, 'tasks/main.yaml'))).toEqual({ own: true })
    expect(valuesOf(await include({ file: 'plain.json' }, 'tasks/main.yaml'))).toEqual({ a: [1, 2] })
  })

  it('reads an empty file as no variables', async () => {
    expect(await include({ file: 'empty.yaml' })).toMatchObject({
      status: 'ok',
      why: '0 variables from empty.yaml',
    })
  })

  it('puts them into one mapping of a name', async () => {
    expect(valuesOf(await include({ dir: 'many', name: 'all' }))).toEqual({ all: { a: 1, b: 2, c: 3 } })
  })

  it.each([
    [{}, { a: 1, b: 2, c: 3 }],
    [{ depth: 1 }, { a: 1, b: 2 }],
    [{ files_matching: '^10' }, { a: 1, b: 1 }],
    [{ ignore_files: ['\\.json'] }, { a: 1, b: 2 }],
    [{ extensions: ['json'], ignore_unknown_extensions: true }, { c: 3 }],
  ])('reads of a folder with %j', async (args, values) => {
    expect(valuesOf(await include({ dir: 'many', ...args }))).toEqual(values)
  })

  it.each([
    [{ file: 'none.yaml' }, 'play.yaml:3:5: there is no file of variables none.yaml'],
    [{ file: 'list.yaml' }, 'list.yaml:1:1: a file of variables must be a mapping'],
    [{ file: 'broken.yaml' }, /^broken\.yaml:\d:\d: not YAML/],
    [{ dir: 'none' }, 'play.yaml:3:5: there is no folder none'],
    [{ dir: 'mixed' }, 'play.yaml:3:5: mixed/README.md does not end in .yaml or .yml or .json'],
    [{ dir: 'many', files_matching: '(' }, 'play.yaml:3:5: "(" is not a regular expression'],
  ])('fails on %j', async (args, why) => {
    const answer = await include(args)
    expect(answer.status).toBe('failed')
    if (typeof why === 'string') expect(answer.why).toBe(why)
    else expect(answer.why).toMatch(why)
  })

  it.each([[{}], [{ file: 'a', dir: 'b' }]])('refuses %j', args => {
    expect(complaints(include_vars.args, args)).toEqual(['takes file or dir, and one of them'])
  })
})
