import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectHosts } from '../../../src/runner/inventory/patterns.ts'
import { Project } from '../project.ts'

const groups = {
  all: ['lab1', 'lab2', 'lab3', 'web1', 'db.lan'],
  lab: ['lab1', 'lab2', 'lab3'],
  gpu: ['lab2', 'web1'],
  none: [],
}
const fleet = { hosts: groups.all, groups: new Map<string, readonly string[]>(Object.entries(groups)) }

test.for([
  ['all', groups.all],
  ['*', groups.all],
  ['lab2', ['lab2']],
  ['gpu,lab1', ['lab2', 'web1', 'lab1']],
  ['gpu:lab1', ['lab2', 'web1', 'lab1']],
  ['web1, lab1', ['web1', 'lab1']],
  ['lab:&gpu', ['lab2']],
  ['lab:!gpu', ['lab1', 'lab3']],
  ['!gpu:lab', ['lab1', 'lab3']],
  ['!gpu', ['lab1', 'lab3', 'db.lan']],
  ['&gpu', ['lab2', 'web1']],
  ['lab:gpu:!lab2:&lab', ['lab1', 'lab3']],
  ['lab,!lab1', ['lab2', 'lab3']],
  ['lab*', ['lab1', 'lab2', 'lab3']],
  ['lab?', ['lab1', 'lab2', 'lab3']],
  ['*.lan', ['db.lan']],
  ['?[eg]b1', ['web1']],
  ['?eb1[0]', ['web1']],
  ['*b*[1:2]', ['lab2', 'lab3']],
  ['none[3]', []],
  ['~(?i)LAB1', ['lab1']],
  ['~(web|db)', ['web1', 'db.lan']],
  ['~lab[13]$', ['lab1', 'lab3']],
  ['lab[0]', ['lab1']],
  ['lab[-1]', ['lab3']],
  ['lab[0:1]', ['lab1', 'lab2']],
  ['lab[1:]', ['lab2', 'lab3']],
  ['lab[1-2]', ['lab2', 'lab3']],
  ['lab[0:1]:&gpu', ['lab2']],
  ['none', []],
  ['localhost', ['localhost']],
] as const)('%s chooses %j', ([pattern, hosts]) => {
  expect(selectHosts(pattern, fleet)).toEqual({ hosts, mistakes: [] })
})

test.for([
  ['laab', { why: 'there is no host or group "laab"', hint: 'did you mean "lab"?' }],
  ['lab:!wbe1', { why: 'there is no host or group "wbe1"', hint: 'did you mean "web1"?' }],
  ['production', { why: 'there is no host or group "production"' }],
  ['x*', { why: 'no host or group matches "x*"' }],
  ['~x', { why: 'no host or group matches "~x"' }],
  ['~(', { why: '"~(" is no regular expression' }],
  ['lab[7]', { why: '"lab[7]" is out of range, of 3 hosts' }],
  ['lab[1:0]', { why: '"lab[1:0]" is out of range, of 3 hosts' }],
  ['?eb?[12]', { why: '"?eb?[12]" is out of range, of 1 host' }],
  ['lab:!', { why: 'a part of the pattern is empty' }],
  ['', { why: 'the pattern is empty' }],
] as const)('%s is a mistake', ([pattern, mistake]) => {
  expect(selectHosts(pattern, fleet).mistakes).toMatchObject([mistake])
})

test('a name that means a host and a group of others is a mistake', () => {
  const twins = {
    hosts: ['a', 'b'],
    groups: new Map([
      ['all', ['a', 'b']],
      ['a', ['a', 'b']],
      ['b', ['b']],
    ]),
  }
  expect(selectHosts('a', twins).mistakes).toEqual([
    { why: '"a" is a host and a group', hint: 'rename one of them' },
  ])
  expect(selectHosts('b', twins)).toEqual({ hosts: ['b'], mistakes: [] })
})

test('any pattern gives hosts of the inventory, each once, or a mistake', () => {
  const pattern = fc.string({ unit: fc.constantFrom(...'lab12we:,&!*?[]~-.(') })
  fc.assert(
    fc.property(pattern, text => {
      const { hosts, mistakes } = selectHosts(text, fleet)
      expect(hosts).toEqual([...new Set(hosts)].filter(host => fleet.hosts.includes(host)))
      expect(mistakes.every(mistake => mistake.why !== '')).toBe(true)
    }),
    { numRuns: 500 },
  )
})

const FILES = {
  'hosts.yaml': 'all: {children: {lab: {hosts: {"lab[1:3]":}}, gpu: {hosts: {lab2:, web1:}}}}',
  'play.yaml':
    '- hosts: lab\n  tasks: [check: {what: x}]\n- hosts: [gpu, "!lab2"]\n  tasks: [check: {what: x}]\n',
  'some.txt': '# the first rack\nlab1\n\n web1 \n',
}

test('--limit cuts the hosts of every play', async () => {
  using project = new Project(FILES)
  const hosts = async (limit: string) => (await project.load({ limit })).plays.map(play => play.hosts)
  expect(await hosts('lab2')).toEqual([['lab2'], []])
  expect(await hosts('lab:!lab2')).toEqual([['lab1', 'lab3'], []])
  expect(await hosts(`@${project.path('some.txt')}`)).toEqual([['lab1'], ['web1']])
  expect([...(await project.load({ limit: 'lab1' })).targets.keys()]).toEqual(['lab1'])
})

test('a name in --limit or hosts that nothing answers to is an error with the nearest one', async () => {
  using project = new Project({ ...FILES, 'play.yaml': `- hosts: labb\n  tasks: []\n${FILES['play.yaml']}` })
  expect(await project.mistakes({ limit: 'gup' })).toEqual([
    '--limit: there is no host or group "gup" (did you mean "gpu"?)',
    'play.yaml:1:10: there is no host or group "labb" (did you mean "lab"?)',
  ])
})

test('a limit that leaves no host at all is an error', async () => {
  using project = new Project({ ...FILES, 'play.yaml': '- hosts: lab\n  tasks: []\n' })
  expect(await project.mistakes({ limit: 'web1' })).toEqual(['--limit: leaves no host of any play'])
  expect(await project.mistakes({ limit: '@none.txt' })).toEqual(['--limit: none.txt: no such file'])
})
