import type { Case } from '../case.ts'
import { ONE } from './inventory.ts'

const FILES = {
  'hosts.yaml': ONE,
  'more.yaml': `- {name: imported, debug: {msg: imported}}
- {name: imported deep, debug: {msg: deep}, tags: deep}
`,
  'play.yaml': `- hosts: all
  gather_facts: false
  tasks:
    - {name: plain, debug: {msg: plain}}
    - {name: one, debug: {msg: one}, tags: one}
    - {name: both, debug: {msg: both}, tags: [one, two]}
    - {name: comma, debug: {msg: comma}, tags: "two,three"}
    - {name: never, debug: {msg: never}, tags: [never, rare]}
    - {name: always, debug: {msg: always}, tags: always}
    - name: block
      tags: four
      block:
        - {name: inner, debug: {msg: inner}}
        - {name: inner five, debug: {msg: inner}, tags: five}
    - import_tasks: more.yaml
      tags: six
- hosts: all
  gather_facts: false
  tags: play
  tasks:
    - {name: second, debug: {msg: second}}
    - {name: second never, debug: {msg: second}, tags: never}
  post_tasks:
    - {name: last, debug: {msg: last}, tags: one}
`,
}

const with_ = (name: string, ...args: string[]): Case => ({ name, files: FILES, args })

export const tags: readonly Case[] = [
  with_('without tags everything runs but what is never'),
  with_('one tag', '-t', 'one'),
  with_('one of two tags', '--tags', 'two'),
  with_('several tags at a comma', '-t', 'three,four'),
  with_('several options', '-t', 'three', '-t', 'five'),
  with_('the tag of a block is that of its tasks', '-t', 'four'),
  with_('a tag of an import', '-t', 'six'),
  with_('a tag within an import', '-t', 'deep'),
  with_('the tag of a play', '-t', 'play'),
  with_('tagged', '-t', 'tagged'),
  with_('untagged', '-t', 'untagged'),
  with_('all', '-t', 'all'),
  with_('never, asked for by its name', '-t', 'never'),
  with_('never, asked for by its other tag', '-t', 'rare'),
  with_('a skipped tag', '--skip-tags', 'one'),
  with_('a skipped tag beats a chosen one', '-t', 'two', '--skip-tags', 'one'),
  with_('skipped always', '--skip-tags', 'always'),
  with_('skipped tagged', '--skip-tags', 'tagged'),
  with_('skipped untagged', '--skip-tags', 'untagged'),
  with_('skipped all', '--skip-tags', 'all'),
  with_('all but always', '-t', 'all', '--skip-tags', 'always'),
  with_('always as a tag', '-t', 'always'),
  with_('start at a task', '--start-at-task', 'always'),
  with_('start at a task of the second play', '--start-at-task', 'second'),
  with_('start at a glob', '--start-at-task', 'inner*'),
  with_('start at a task, of those with a tag', '--start-at-task', 'both', '-t', 'one'),
]
