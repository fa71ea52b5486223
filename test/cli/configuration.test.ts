import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { vfioRunIn } from './vfio_run.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vfio-run-configuration-'))
  writeFileSync(join(folder, 'hosts.ini'), '[lab]\nlab[1:3] ansible_connection=local\n')
  writeFileSync(
    join(folder, 'play.yaml'),
    '- hosts: lab\n  gather_facts: false\n  tasks:\n    - {name: one, debug: {msg: one}, tags: a}\n    - {name: two, debug: {msg: two}}\n',
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

const configured = (text: string, ...args: string[]) => {
  const path = join(folder, 'ansible.cfg')
  writeFileSync(path, text)
  return vfioRunIn({ ANSIBLE_CONFIG: path }, join(folder, 'play.yaml'), ...args)
}

test('the inventory of ansible.cfg is used where -i names none', async () => {
  const { exitCode, stdout, stderr } = await configured('[defaults]\ninventory = hosts.ini\n', '--list-hosts')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('hosts (3):\n      lab1\n      lab2\n      lab3\n')
})

test('the command line stands over ansible.cfg', async () => {
  const { stdout } = await configured(
    '[defaults]\ninventory = hosts.ini\n',
    '-i',
    'other,',
    '-l',
    'all',
    '--list-hosts',
  )
  expect(stdout).not.toContain('lab1')
})

test('tags of ansible.cfg choose tasks', async () => {
  const { stdout } = await configured('[defaults]\ninventory = hosts.ini\n[tags]\nrun = a\n', '--list-tasks')
  expect(stdout).toMatch(/one\tTAGS/)
  expect(stdout).not.toMatch(/two\tTAGS/)
})

test('settings that have no effect are named once', async () => {
  const { stderr } = await configured(
    '[defaults]\ninventory = hosts.ini\nroles_path = roles\nstdout_callback = yaml\n',
    '--list-hosts',
  )
  expect(stderr).toMatch(
    /^warning: .*ansible\.cfg: these settings of Ansible have no effect here: .*roles_path.*stdout_callback/,
  )
  expect(stderr.split('\n').filter(Boolean)).toHaveLength(1)
})

test('host_key_checking that is turned off is refused, with the way out', async () => {
  const off = '[defaults]\ninventory = hosts.ini\nhost_key_checking = False\n'
  const refused = await configured(off, '--list-hosts')
  expect(refused.exitCode).toBe(5)
  expect(refused.stderr).toMatch(
    /ansible\.cfg:3:1\s+host keys are always checked[\s\S]*--accept-new-host-keys/,
  )
  expect((await configured(off, '--list-hosts', '--accept-new-host-keys')).exitCode).toBe(0)
})
