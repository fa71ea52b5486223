import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { modules } from '../../src/modules/index.ts'
import { Project } from '../runner/project.ts'
import { wordChapters } from './document.ts'
import ansible from './page/ansible_2_14.json' with { type: 'json' }
import { BETTER } from './page/better.ts'
import { expressionChapters } from './page/chapters/expressions.ts'
import { GUIDE } from './page/guide.ts'
import { MORE_DIFFERENCES } from './page/more_differences.ts'
import type { Standing } from './page/standing.ts'

const chapters = [...wordChapters(), ...expressionChapters()]

test('every word of Ansible 2.14 is the same, better, partly there, without effect or refused', () => {
  const undecided = chapters.flatMap(({ title, standings }) =>
    standings.filter(({ is }) => is === 'undecided').map(({ word }) => `${title}: ${word}`),
  )
  expect(undecided).toEqual([])
})

const INVENTORY = 'all: {hosts: {lab01: {ansible_connection: local}}}\n'
const TASK = 'debug: {msg: x}'

/** The error that a playbook with one refused word must have; the first line holds the play, the third the task. */
const mistakesOf = async (play: string): Promise<string> => {
  using project = new Project({ 'hosts.yaml': INVENTORY, 'play.yaml': play, 'tasks.yaml': `- ${TASK}\n` })
  return (await project.mistakes({ modules })).join('\n')
}

const PLAYBOOKS: Readonly<Record<string, (word: string) => string>> = {
  'Keys of a play': word => `- hosts: all\n  ${word}: []\n  tasks:\n    - ${TASK}\n`,
  'Keys of a block': word => `- hosts: all\n  tasks:\n    - block: [{${TASK}}]\n      ${word}: 1\n`,
  'Keys of a task': word => `- hosts: all\n  tasks:\n    - ${TASK}\n      ${word}: 1\n`,
  'Keys beside import_tasks': word =>
    `- hosts: all\n  tasks:\n    - import_tasks: tasks.yaml\n      ${word}: 1\n`,
  loop_control: word =>
    `- hosts: all\n  tasks:\n    - ${TASK}\n      loop: [1]\n      loop_control: {${word}: x}\n`,
  vars_prompt: word =>
    `- hosts: all\n  vars_prompt: [{name: a, default: b, ${word}: c}]\n  tasks:\n    - ${TASK}\n`,
  meta: word => `- hosts: all\n  tasks:\n    - meta: ${word}\n`,
  Modules: word => `- hosts: all\n  tasks:\n    - ${word}: {}\n`,
  Facts: word => `- hosts: all\n  tasks:\n    - debug: {msg: "{{ ansible_facts.${word} }}"}\n`,
}

const refusedIn = (title: string): readonly Standing[] =>
  chapters.find(chapter => chapter.title === title)?.standings.filter(({ is }) => is === 'not supported') ??
  []

describe.each(Object.entries(PLAYBOOKS))(
  '%s: what is not supported is refused in these words',
  (title, play) => {
    test.each(refusedIn(title).map(standing => [standing.word, standing] as const))(
      '%s',
      async (word, { how, instead }) => {
        const told = await mistakesOf(play(word))
        expect(told).toContain(`${word} is not supported: ${how}`)
        expect(told).toContain(instead)
      },
    )
  },
)

test('arguments that are not supported are unknown arguments', async () => {
  for (const { word } of refusedIn('Their arguments')) {
    const [module = '', argument = ''] = word.split('.')
    const told = await mistakesOf(`- hosts: all\n  tasks:\n    - ${module}: {${argument}: x}\n`)
    expect(told, word).toContain(`unknown argument "${argument}"`)
  }
})

test('variables that are not supported can be neither set nor read', async () => {
  for (const { word } of refusedIn('Variables that say how a host is reached')) {
    using project = new Project({
      'hosts.yaml': `all: {hosts: {lab01: {${word}: x}}}\n`,
      'play.yaml': `- hosts: all\n  tasks: [{${TASK}}]\n`,
    })
    expect((await project.mistakes({ modules })).join('\n'), word).toContain(`${word} is not supported`)
  }
  for (const { word } of refusedIn('Variables that are always there')) {
    const told = await mistakesOf(`- hosts: all\n  tasks:\n    - debug: {msg: "{{ ${word} }}"}\n`)
    expect(told, word).toContain(`"${word}" is not defined`)
  }
})

test('what is the same in a playbook is no unknown word', async () => {
  for (const [title, play] of Object.entries(PLAYBOOKS)) {
    const chapter = chapters.find(each => each.title === title)
    for (const { word, is } of chapter?.standings ?? []) {
      if (is === 'not supported') continue
      expect(await mistakesOf(play(word)), `${title}: ${word}`).not.toMatch(
        /unknown key|there is no module|there is no meta/,
      )
    }
  }
})

test('every form of inventories that Ansible has is named, and what is not supported is refused in these words', async () => {
  const title = 'Forms of inventories'
  const named = chapters.find(chapter => chapter.title === title)?.standings.map(({ word }) => word)
  expect(named).toEqual(expect.arrayContaining(ansible.inventoryPlugins))
  const files = { toml: 'hosts.toml', auto: 'a.yaml', constructed: 'c.yaml', generator: 'g.yaml' }
  for (const { word, how, instead } of refusedIn(title)) {
    const file = Object.entries(files).find(([form]) => form === word)?.[1] ?? ''
    using project = new Project({ [file]: `plugin: ${word}\n`, 'play.yaml': '- hosts: all\n' })
    const told = await project.mistakes({ inventories: [project.path(file)] })
    expect(told.join('\n'), word).toContain(`${how} (${instead})`)
  }
})

test('other connections, ways to become another user and strategies are refused', async () => {
  for (const { word } of refusedIn('Ways to reach a host, and to become another user')) {
    const name = ansible.become.includes(word) ? 'ansible_become_method' : 'ansible_connection'
    using project = new Project({
      'hosts.yaml': `all: {hosts: {lab01: {${name}: ${word}}}}\n`,
      'play.yaml': `- hosts: all\n  become: true\n  tasks: [{${TASK}}]\n`,
    })
    const told = (await project.mistakes({ modules })).join('\n')
    expect(told, word).toContain(word)
  }
  const refused = []
  for (const strategy of ansible.strategies)
    if ((await mistakesOf(`- hosts: all\n  strategy: ${strategy}\n  tasks: [{${TASK}}]\n`)) !== '')
      refused.push(strategy)
  expect(refused).toEqual(['debug'])
})

describe('what is different on purpose', () => {
  const shown = Object.values(MORE_DIFFERENCES)
    .flat()
    .flatMap(({ what, files, told }) => (files && told ? [{ what, files, told }] : []))
  test.each(shown)('$what', async ({ files, told }) => {
    using project = new Project(files)
    expect((await project.mistakes({ modules })).join('\n')).toMatch(told)
  })
})

test('what is better has a test each, and there are eleven', () => {
  expect(BETTER).toHaveLength(11)
  for (const { test: name } of BETTER)
    expect(existsSync(join(import.meta.dirname, `../acceptance/${name}.test.ts`)), name).toBe(true)
})

test('the playbook of the guide has no mistakes', async () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(GUIDE)?.[1] ?? ''
  using project = new Project({
    'hosts.yaml': 'all: {children: {gpu: {hosts: {lab01: }}}}\n',
    'play.yaml': yaml.replaceAll(/^ {3}/gm, ''),
  })
  expect(await project.mistakes({ modules })).toEqual([])
})
