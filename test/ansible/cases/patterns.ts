import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'

const playOn = (pattern: string): string => `- hosts: ${JSON.stringify(pattern)}
  gather_facts: false
  tasks:
    - {name: order, run_once: true, debug: {msg: "{{ ansible_play_hosts_all | join(' ') }}"}}
    - {name: tell, debug: {msg: "{{ inventory_hostname }}"}}
`

const on = (pattern: string): Case => ({
  name: `hosts: ${pattern}`,
  files: { 'hosts.yaml': HOSTS, 'play.yaml': playOn(pattern) },
})

const limited = (limit: string, pattern = 'all', more: Record<string, string> = {}): Case => ({
  name: `hosts: ${pattern}, --limit ${limit}`,
  files: { 'hosts.yaml': HOSTS, 'play.yaml': playOn(pattern), ...more },
  args: ['--limit', limit],
})

export const patterns: readonly Case[] = [
  ...[
    'all',
    '*',
    'lab',
    'lab,spare',
    'lab:spare',
    'lab:!gpu',
    'lab,!lab01',
    'lab:&spare',
    'lab0*',
    '*1',
    'lab[0:1]',
    'lab[1:]',
    'lab[-1]',
    'lab[0]',
    '~lab0[12]',
    '~(lab|s).*1',
    'lab:&~.*1',
    '!gpu',
    'gpu:lab01',
    'lab01,gpu,lab01',
    'gpu?',
    'ungrouped:lab01',
    'all[1:2]',
    'lab:!lab[0:1]',
    '&spare:lab',
    'spare:lab:!s1:&lab',
  ].map(on),
  ...['all:!lab:!spare', 'lab[-2:]', 'lab0[13]', 'nosuch', 'lab,nosuch'].map(pattern => ({
    ...on(pattern),
    differs: 'no_match',
  })),
  ...['lab01', 'gpu', 'lab:!gpu', '~.*1', 'gpu[0]', 'lab0*,s1', 'all:!spare'].map(limit => limited(limit)),
  limited('lab', 'spare'),
  limited('@chosen.txt', 'all', { 'chosen.txt': 'lab01\ngpu1\n' }),
]
