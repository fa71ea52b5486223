import { expect, test } from 'vitest'
import { firstTask, Project, scopeOn } from '../project.ts'

const loopOf = async (words: string) => {
  using project = new Project({
    'hosts.yaml':
      'all: {hosts: {lab: {list: [a, [b, [c]]], map: {x: 1, y: 2}, users: [{n: u, keys: [1, 2]}, {n: v}]}}}',
    'play.yaml': `- hosts: all\n  tasks:\n    - debug: {msg: "{{ item | default('') }}"}\n${words.replace(/^/gm, '      ')}\n`,
  })
  const task = firstTask(await project.load())
  if (task.loop === undefined) throw new Error('the task has no loop')
  return { loop: task.loop, scope: scopeOn(task, 'lab') }
}

// What ansible-core 2.14 makes of the same.
test.for([
  ['loop: [1, [2]]', [1, [2]]],
  ['loop: "{{ list }}"', ['a', ['b', ['c']]]],
  ['with_items: [1, [2, [3]]]', [1, 2, [3]]],
  ['with_items: "{{ list }}"', ['a', 'b', ['c']]],
  ['with_items: one', ['one']],
  ['with_list: "{{ list }}"', ['a', ['b', ['c']]]],
  ['with_flattened: "{{ list }}"', ['a', 'b', 'c']],
  [
    'with_dict: "{{ map }}"',
    [
      { key: 'x', value: 1 },
      { key: 'y', value: 2 },
    ],
  ],
  [
    'with_indexed_items: [a, b]',
    [
      [0, 'a'],
      [1, 'b'],
    ],
  ],
  [
    'with_together: [[a, b], [1, 2, 3]]',
    [
      ['a', 1],
      ['b', 2],
      [null, 3],
    ],
  ],
  [
    'with_nested: [[a, b], [1, 2]]',
    [
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['b', 2],
    ],
  ],
  ['with_sequence: start=1 end=3', ['1', '2', '3']],
  ['with_sequence: 3', ['1', '2', '3']],
  ['with_sequence: count=3 start=5 stride=2', ['5', '7', '9']],
  ['with_sequence: 0x0-0xa/5:n%02x', ['n00', 'n05', 'n0a']],
  ['with_sequence: start=3 end=1 stride=-1 format=lab%02d', ['lab03', 'lab02', 'lab01']],
  ['with_sequence: count=0', []],
  [
    'with_subelements: ["{{ users }}", keys, {skip_missing: true}]',
    [
      [{ n: 'u', keys: [1, 2] }, 1],
      [{ n: 'u', keys: [1, 2] }, 2],
    ],
  ],
] as const)('%s', async ([words, items]) => {
  const { loop, scope } = await loopOf(words)
  expect(loop.items(scope)).toEqual(items)
})

test('loop_control names what a round sees', async () => {
  const { loop, scope } = await loopOf(
    'loop: [a, b, c]\nloop_control: {loop_var: it, index_var: n, extended: yes, label: "{{ it }}-{{ n }}", pause: 2}',
  )
  const items = loop.items(scope)
  const round = loop.round(items, 1)
  expect(round).toMatchObject({
    it: 'b',
    n: 1,
    ansible_loop_var: 'it',
    ansible_index_var: 'n',
    ansible_loop: {
      index: 2,
      index0: 1,
      first: false,
      last: false,
      length: 3,
      revindex: 2,
      revindex0: 1,
      previtem: 'a',
      nextitem: 'c',
    },
  })
  expect(loop.label({ ...scope, ...round })).toBe('b-1')
  expect(loop.pause(scope)).toBe(2)
})

const mistakes = async (words: string) => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml': `- hosts: all\n  tasks:\n    - debug: {msg: x}\n${words.replace(/^/gm, '      ')}\n`,
  })
  return project.mistakes()
}

test.for([
  [
    'loop: x',
    'play.yaml:4:13: loop: must be a list, not the string "x" (write it as a list, or split it: | split(","))',
  ],
  ['loop: {a: 1}', 'play.yaml:4:13: loop: must be a list, not a mapping (use | dict2items)'],
  [
    'with_fileglob: "*.conf"',
    'play.yaml:4:7: with_fileglob is not supported: what a run does must be known before it begins, not follow from the files that happen to lie there (name the files: loop: [a.conf, b.conf])',
  ],
  [
    'with_sequence: start=1',
    'play.yaml:4:22: with_sequence: cannot read "start=1" (write it as start=1 end=5 stride=2 format=lab%02d)',
  ],
  [
    'with_sequence: start=5 end=1',
    'play.yaml:4:22: with_sequence: to count backwards make the stride negative',
  ],
  [
    'with_sequence: count=9999999',
    'play.yaml:4:22: with_sequence: gives 9999999 items; at most 100000 are sensible',
  ],
  [
    'loop: [1]\nloop_control: {loop_vr: x}',
    'play.yaml:5:22: unknown key "loop_vr" in loop_control (did you mean "loop_var"?)',
  ],
  [
    'loop: [1]\nloop_control: {loop_var: omit}',
    'play.yaml:5:32: loop_var: "omit" cannot be the name of a variable',
  ],
  ['loop_control: {loop_var: x}', 'play.yaml:4:7: loop_control needs a loop (give the task one with loop)'],
] as const)('refused: %s', async ([words, mistake]) => {
  expect(await mistakes(words)).toEqual([mistake])
})

test('each round is checked before the first connection', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml':
      '- hosts: all\n  tasks:\n    - {claim: {devices: ["{{ item }}"]}, loop: ["10de:13c2", x], when: item != "y"}\n',
  })
  expect(await project.mistakes()).toEqual([
    'play.yaml:3:27: claim.devices[0]: "x" is not a vendor:device id, from {{ item }} for lab (write it as 10de:1aef)',
  ])
})
