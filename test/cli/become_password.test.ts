import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readBecomePassword } from '../../src/cli/become_password.ts'
import { readPasswordFile } from '../../src/cli/password_file.ts'

const folder = mkdtempSync(join(tmpdir(), 'vfio-run-password-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('a password file', () => {
  it.each([
    ['plain', 'open sesame\n', 0o600],
    ['windows', 'open sesame\r\n', 0o600],
    ['a program', '#!/bin/sh\necho open sesame\n', 0o700],
  ])('%s', async (name, text, mode) => {
    expect(await readPasswordFile('--become-password-file', file(name, text, mode))).toBe('open sesame')
  })

  it.each([
    ['empty', '\n', 0o600, /holds no password/],
    ['fails', '#!/bin/sh\necho open sesame\nexit 3\n', 0o700, /ended with 3/],
  ])('that is %s is told', async (name, text, mode, why) => {
    const error = await readPasswordFile('--become-password-file', file(name, text, mode)).catch(each => each)
    expect(error).toMatchObject({
      kind: 'usage',
      where: '--become-password-file',
      why: expect.stringMatching(why),
    })
    expect(`${error.message} ${error.hint}`).not.toContain('sesame')
  })

  it.each([
    ['none', /no such file/],
    ['.', /is a directory/],
  ])('that is not there is told: %s', async (name, why) => {
    await expect(readPasswordFile('-f', join(folder, name))).rejects.toMatchObject({
      why: expect.stringMatching(why),
    })
  })
})

describe('the password to become another user', () => {
  const path = file('password', 'from file')
  const ask = async () => 'asked for'
  const both = () => ({ VFIO_RUN_BECOME_PASSWORD: 'from ours', ANSIBLE_BECOME_PASS: 'from theirs' })
  it.each([
    ['-K comes first', { ask, file: { path, from: 'x' }, env: both() }, 'asked for'],
    ['then the file', { ask: undefined, file: { path, from: 'x' }, env: both() }, 'from file'],
    ['then our variable', { ask: undefined, file: undefined, env: both() }, 'from ours'],
    [
      'then the one of Ansible',
      { ask: undefined, file: undefined, env: { ANSIBLE_BECOME_PASS: 'from theirs' } },
      'from theirs',
    ],
    ['else there is none', { ask: undefined, file: undefined, env: {} }, undefined],
  ])('%s', async (_, sources, expected) => {
    expect(await readBecomePassword(sources)).toBe(expected)
    expect(sources.env).toEqual({})
  })
})
