import { chmodSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { isVaulted, openVault } from '../../../src/runner/yaml/vault.ts'
import { readVaultSecrets } from '../../../src/runner/yaml/vault_secrets.ts'
import { parseYaml } from '../../../src/runner/yaml/yaml.ts'
import { toValue } from '../../../src/runner/yaml/yaml_node.ts'
import { argsOn, mistakesIn, Project } from '../project.ts'
import { CLOSED, CLOSED_FILE, CLOSED_FOR_OPS, OTHER_SECRETS, SECRETS, tagged } from './closed.ts'

const HINT = 'give its password: --vault-password-file FILE, --vault-id ID@FILE or --ask-vault-pass'

test('what ansible-vault closed is opened with its password', () => {
  expect(openVault(CLOSED, SECRETS)).toEqual({ text: 's3cret value' })
  expect(openVault(CLOSED_FOR_OPS, OTHER_SECRETS)).toEqual({ text: 'two\nlines\n' })
  expect(openVault(CLOSED_FILE.replaceAll('\n', '\r\n'), SECRETS)).toEqual({
    text: 'token: t0ken-in-file\nnumber: 7\n',
  })
})

test('of several passwords that of its own id is tried first, then the others', () => {
  const both = { passwords: [...SECRETS.passwords, ...OTHER_SECRETS.passwords] }
  expect(openVault(CLOSED, both)).toEqual({ text: 's3cret value' })
  expect(openVault(CLOSED_FOR_OPS, { passwords: [{ id: 'dev', password: 'other' }] })).toEqual({
    text: 'two\nlines\n',
  })
})

test.for([
  [CLOSED, undefined, 'is closed by ansible-vault, and no password is given'],
  [CLOSED_FOR_OPS, SECRETS, 'is closed by ansible-vault (vault id ops), and the password does not open it'],
  [
    CLOSED,
    { passwords: [...OTHER_SECRETS.passwords, ...OTHER_SECRETS.passwords] },
    'is closed by ansible-vault, and none of the passwords opens it',
  ],
] as const)('%#: %s cannot be opened: why and what to do', ([closed, secrets, why]) => {
  expect(openVault(closed, secrets)).toEqual({ why, hint: HINT })
})

test('a text with a changed byte is not opened', () => {
  expect(openVault(CLOSED.replace('6530\n', '6531\n'), SECRETS).why).toMatch(/does not open it/)
  expect(openVault(CLOSED.replace('AES256', 'AES'), SECRETS).why).toBe('is closed with the cipher AES')
  expect(openVault(CLOSED.replace('1.1', '2.0'), SECRETS).why).toBe('is not in the form of ansible-vault')
})

test('no text makes the vault throw', () => {
  const lines = fc.array(fc.string({ unit: fc.constantFrom(...'0a3'), maxLength: 90 }))
  const header = fc.constantFrom('$ANSIBLE_VAULT;1.1;AES256', '$ANSIBLE_VAULT;1.2;AES256;x', '$ANSIBLE_VAULT')
  fc.assert(
    fc.property(header, lines, (first, rest) => {
      expect(openVault([first, ...rest].join('\n'), SECRETS).why).toBeTruthy()
    }),
  )
})

test('a vaulted value is a string whatever it looks like, and a vaulted file is YAML', () => {
  const problems = new Problems({ vault: SECRETS })
  const tree = parseYaml(`a: ${tagged(CLOSED, '  ')}b: 1\n`, 'f', problems)
  expect(tree && toValue(tree)).toEqual({ a: 's3cret value', b: 1 })
  const file = parseYaml(CLOSED_FILE, 'f', problems)
  expect(file && toValue(file)).toEqual({ token: 't0ken-in-file', number: 7 })
  expect(isVaulted(CLOSED)).toBe(true)
})

test('a vaulted value and an !unsafe one are data: no template in them is rendered', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab: {v: !unsafe "{{ x }}"}}}',
    'play.yaml': '- hosts: all\n  tasks:\n    - check: {what: "{{ v }}"}\n',
  })
  expect(argsOn(await project.load(), 'lab')).toEqual({ what: '{{ x }}' })
})

test('no message shows what was closed', async () => {
  using project = new Project({
    'hosts.yaml': `all:\n  hosts:\n    lab:\n      port: ${tagged(CLOSED, '        ')}`,
    'group_vars/all.yml': CLOSED_FILE,
    'play.yaml':
      '- hosts: all\n  tasks:\n    - claim: {devices: ["{{ port }}", "{{ token }}"], wait: "{{ token }}"}\n',
  })
  const mistakes = await project.mistakes({ vault: SECRETS })
  expect(mistakes.length).toBeGreaterThan(1)
  expect(mistakes.join('\n')).not.toMatch(/s3cret|t0ken/)
  expect(mistakes.join('\n')).toContain('(secret)')
})

test('a vaulted file without a password is one mistake, at the file', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'group_vars/all.yml': CLOSED_FILE,
    'play.yaml': '- hosts: all\n  tasks:\n    - check: {what: x}\n',
  })
  expect(await project.mistakes()).toEqual([
    `group_vars/all.yml: is closed by ansible-vault, and no password is given (${HINT})`,
  ])
})

const nobody = () => Promise.resolve(undefined)

test('passwords come from ids, then files and programs, then a question', async () => {
  using project = new Project({
    plain: ' lab \n',
    'prints.sh': '#!/bin/sh\necho "it $#"\n',
    'keys-client.sh': '#!/bin/sh\necho "$2 of $1"\n',
  })
  for (const program of ['prints.sh', 'keys-client.sh']) chmodSync(project.path(program), 0o755)
  const options = {
    vaultIds: [`dev@${project.path('keys-client.sh')}`, 'ops@prompt', `default@${project.path('plain')}`],
    vaultPasswordFiles: [project.path('prints.sh')],
    askVaultPassword: true,
  }
  const { passwords } = await readVaultSecrets(options, what => Promise.resolve(`said to ${what}`))
  expect(passwords).toEqual([
    { id: 'dev', password: 'dev of --vault-id' },
    { id: 'ops', password: 'said to vault password (ops)' },
    { id: '', password: 'lab' },
    { id: '', password: 'it 0' },
    { id: '', password: 'said to vault password' },
  ])
})

test.for([
  [{ vaultPasswordFiles: ['/none'] }, '--vault-password-file: /none: no such file'],
  [{ vaultIds: ['x@/tmp'] }, '--vault-id: /tmp: is a directory'],
  [
    { askVaultPassword: true },
    '--ask-vault-pass: there is no terminal to ask for the vault password (name a file with --vault-password-file)',
  ],
] as const)('%j cannot be had: %s', async ([options, mistake]) => {
  const error = await readVaultSecrets(options, nobody).catch((thrown: unknown) => thrown)
  expect(mistakesIn(error)).toEqual([mistake])
})

test('a program that prints no password tells what it said', async () => {
  using project = new Project({ fails: '#!/bin/sh\necho "no agent" >&2; exit 3\n', empty: '\n' })
  chmodSync(project.path('fails'), 0o755)
  const told = async (file: string) =>
    mistakesIn(
      await readVaultSecrets({ vaultPasswordFiles: [project.path(file)] }, nobody).catch(
        (thrown: unknown) => thrown,
      ),
    )
  expect(await told('fails')).toEqual([
    `${project.path('fails')}: prints no vault password: no agent (a file of the password itself must not be executable)`,
  ])
  expect(await told('empty')).toEqual([`${project.path('empty')}: the vault password is empty`])
})
