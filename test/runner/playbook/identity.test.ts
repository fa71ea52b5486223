import { expect, it } from 'vitest'
import type { LoadOptions } from '../../../src/runner/load.ts'
import type { Become } from '../../../src/runner/transport/transport.ts'
import { firstTask, Project, scopeOn } from '../project.ts'

interface Words {
  /** Of the host, of the play, and of its task. */
  readonly vars?: string
  readonly play?: string
  readonly task?: string
  readonly options?: Partial<LoadOptions>
}

const project = ({ vars = '{}', play = '', task = '' }: Words): Project =>
  new Project({
    'hosts.yaml': `all: {hosts: {one: ${vars}}}\n`,
    'play.yaml': `- hosts: one\n${play}  tasks:\n    - check: {what: x}\n${task}`,
  })

async function identityOf(words: Words): Promise<Become | undefined> {
  using files = project(words)
  const task = firstTask(await files.load(words.options))
  return task.identity(scopeOn(task, 'one')).become
}

const sudo: Become = { method: 'sudo', user: 'root', password: undefined }

it.each<[string, Words, Become | undefined]>([
  ['without a word: the login', {}, undefined],
  ['of options: root by sudo', { options: { become: true } }, sudo],
  [
    'of --become-user and --become-method',
    { options: { become: true, becomeUser: 'ann', becomeMethod: 'su', becomePassword: 's3' } },
    { method: 'su', user: 'ann', password: 's3' },
  ],
  [
    'a play goes before the options',
    {
      play: '  become_method: doas\n  become_user: bob\n',
      options: { become: true, becomeUser: 'ann', becomeMethod: 'su' },
    },
    { ...sudo, method: 'doas', user: 'bob' },
  ],
  [
    'a task goes before its play',
    { play: '  become: true\n  become_method: doas\n', task: '      become_method: su\n' },
    { ...sudo, method: 'su' },
  ],
  [
    'variables go before all words',
    {
      play: '  become: true\n  become_method: doas\n',
      vars: '{ansible_become_method: su, ansible_become_user: ann}',
    },
    { ...sudo, method: 'su', user: 'ann' },
  ],
  [
    'the variables of the method go before the common ones',
    {
      play: '  become: true\n  become_method: su\n',
      vars: '{ansible_become_pass: a, ansible_su_pass: b, ansible_sudo_pass: c, ansible_su_user: ann, ansible_become_user: bob}',
    },
    { method: 'su', user: 'ann', password: 'b' },
  ],
  [
    'a program and its flags',
    { play: '  become: true\n  become_exe: /opt/sudo\n  become_flags: "-nH --preserve-env"\n' },
    { ...sudo, exe: '/opt/sudo', flags: ['-H', '-E'] },
  ],
  [
    "Ansible's own flags for sudo",
    { play: '  become: true\n', vars: '{ansible_become_flags: "-H -S -n"}' },
    { ...sudo, flags: ['-H'] },
  ],
  [
    'a shell for su is what it gets anyway',
    { play: '  become: true\n  become_method: su\n  become_flags: "- -s /bin/bash"\n' },
    { ...sudo, method: 'su', flags: ['-l'] },
  ],
  [
    'by its name in a collection, in a template',
    { play: '  become: true\n  become_method: "{{ how }}"\n', vars: '{how: community.general.doas}' },
    { ...sudo, method: 'doas' },
  ],
  ['to become the login is to stay', { play: '  become: true\n  become_user: admin\n' }, undefined],
])('%s', async (_, words, become) => {
  expect(await identityOf(words)).toEqual(become)
})

it.each<[Words, RegExp]>([
  [
    { play: '  become_method: sudoo\n' },
    /^play\.yaml:2:18: become_method "sudoo" is not a way.*did you mean "sudo"/,
  ],
  [
    { task: '      become_method: runas\n' },
    /^play\.yaml:4:22: become_method runas is not supported \(use sudo, su or doas\)/,
  ],
  [
    { play: '  become: true\n', vars: '{ansible_become_method: pbrun}' },
    /^hosts\.yaml:1:\d+: ansible_become_method pbrun is not supported/,
  ],
  [
    { play: '  become: true\n  become_exe: sudo -u x\n' },
    /^play\.yaml:3:15: become_exe "sudo -u x" is not the name.*become_flags/,
  ],
  [
    { play: '  become: true\n  become_flags: -i\n' },
    /^play\.yaml:3:17: become_flags -i cannot be passed to sudo.*-H/,
  ],
  [
    { play: '  become: true\n  become_method: doas\n', vars: '{ansible_doas_flags: -C x}' },
    /^hosts\.yaml:1:\d+: ansible_doas_flags -C cannot be passed to doas/,
  ],
  [
    { play: '  become: true\n', vars: '{ansible_sudo_pass: 12345}' },
    /^hosts\.yaml:1:\d+: ansible_sudo_pass must be a string/,
  ],
])('%o is a mistake before the first connection', async (words, told) => {
  using files = project(words)
  const mistakes = await files.mistakes(words.options)
  expect(mistakes).toEqual([expect.stringMatching(told)])
  expect(mistakes[0]).not.toContain('12345')
})
