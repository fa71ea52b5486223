import type { Case } from '../case.ts'
import { playbookOf, playOf } from './play.ts'

const task = (name: string, tags = ''): string =>
  `- {name: ${name}, debug: {msg: ${name}}${tags === '' ? '' : `, tags: ${tags}`}}`
const BODY = `pre_tasks:
  ${task('pre')}
  ${task('pre always', 'always')}
tasks:
  ${task('plain')}
  ${task('x', 'x')}
  ${task('x and always', '[x, always]')}
  ${task('x and never', '[x, never]')}
  ${task('never and always', '[never, always]')}
  ${task('commas', '"y, z"')}
  ${task('list with commas', '["y,w", v]')}
  ${task('number', '[1]')}
  ${task('empty', '[]')}
  - tags: b
    block:
      ${task('in b')}
      ${task('in b never', 'never')}
      - {name: fails, fail: {msg: no}, tags: f}
    rescue:
      ${task('rescue')}
      ${task('rescue r', 'r')}
    always:
      ${task('finally')}
  - tags: never
    block:
      ${task('in never')}
      ${task('in never n', 'n')}
  - import_tasks: more.yml
    tags: [i, x]
post_tasks:
  ${task('post', 'x')}`
const FILES = {
  'more.yml': `${task('imported')}\n${task('imported never', 'never')}\n- import_tasks: deep.yml\n  tags: d\n`,
  'deep.yml': `${task('deep', 'e')}\n`,
}
const chosen = (...args: string[]): Case => playOf(args.join(' '), BODY, { args, files: FILES })

/** One play with tags in all places, and what is chosen from it. */
export const tagWords: readonly Case[] = [
  ...[
    'x',
    'y',
    'w',
    'v',
    'b',
    'f',
    'r',
    'b,f',
    'never',
    'n',
    'i',
    'd',
    'e',
    'always',
    'untagged',
    'tagged',
    'all',
    'x,untagged',
    'never,b',
    'nothing',
  ].map(tags => chosen('--tags', tags)),
  ...['x', 'always', 'never', 'tagged', 'untagged', 'all', 'b', 'f', 'all,always', 'i,b'].map(tags =>
    chosen('--skip-tags', tags),
  ),
  chosen('--tags', 'x', '--skip-tags', 'always'),
  chosen('--tags', 'tagged', '--skip-tags', 'x,b'),
  chosen('--tags', 'all', '--skip-tags', 'untagged'),
  chosen('--tags', 'never', '--skip-tags', 'x'),
  chosen('--tags', 'x,never', '--skip-tags', 'n'),
  chosen('--start-at-task', 'commas'),
  chosen('--start-at-task', 'in b'),
  { ...chosen('--start-at-task', 'rescue'), differs: 'start_in_rescue' },
  { ...chosen('--tags', '1'), differs: 'number_tags' },
  chosen('--start-at-task', 'post'),
  chosen('--start-at-task', 'imp*'),
  playOf(
    'tags by a template',
    `- {name: a, debug: {msg: a}, tags: "{{ t }}"}\n- {name: b, debug: {msg: b}, tags: ["{{ t }}", u]}\n- {name: c, debug: {msg: c}, tags: "{{ l }}"}`,
    {
      head: 'vars: {t: x, l: [p, x]}',
      args: ['-t', 'x'],
    },
  ),
  playOf(
    'tags of a play and of a task',
    `- {name: a, debug: {msg: "{{ ansible_run_tags }} {{ ansible_skip_tags }}"}, tags: always}\n- {name: b, debug: {msg: b}}`,
    {
      head: 'tags: [p, q]',
      args: ['-t', 'p', '--skip-tags', 'z'],
    },
  ),
  playOf('a play that is never', task('a'), { head: 'tags: never' }),
  playOf('a play that is never, asked for', task('a'), { head: 'tags: [never, p]', args: ['-t', 'p'] }),
  playOf(
    'flush_handlers with tags',
    `tasks:\n  - {name: a, debug: {msg: a}, changed_when: true, notify: h, tags: x}\n  - meta: flush_handlers\n  ${task('b', 'x')}\nhandlers:\n  - {name: h, debug: {msg: h}}`,
    {
      args: ['-t', 'x'],
    },
  ),
  playbookOf(
    'tags of import_playbook',
    `- import_playbook: one.yml\n  tags: one\n- import_playbook: two.yml\n  tags: [two]\n`,
    {
      args: ['-t', 'one,deep'],
      files: {
        'one.yml': `- hosts: all\n  gather_facts: false\n  tasks:\n    ${task('in one')}\n`,
        'two.yml': `- hosts: all\n  gather_facts: false\n  tasks:\n    ${task('in two')}\n    ${task('deep', 'deep')}\n`,
      },
    },
  ),
]
