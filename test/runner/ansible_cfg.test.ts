import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.ts'
import { parseIni } from '../../src/runner/ansible_cfg/ini.ts'
import {
  ignoredLine,
  readAnsibleConfiguration,
  refuseUncheckedHostKeys,
} from '../../src/runner/ansible_cfg.ts'

const folder = mkdtempSync(join(tmpdir(), 'vfio-run-cfg-'))
const [cwd, home] = [join(folder, 'work'), join(folder, 'home')]
const at = (name: string): string => join(cwd, name)
beforeEach(() => {
  rmSync(folder, { recursive: true })
  for (const each of [cwd, home]) mkdirSync(each, { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true }))

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const read = (env: Record<string, string> = {}) => readAnsibleConfiguration(env, cwd, home)

const refusal = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    if (error instanceof UserError)
      return `${error.where.replace(`${cwd}/`, '')}: ${error.why}${error.hint ? ` (${error.hint})` : ''}`
    throw error
  }
}

describe('the file that is read', () => {
  it('is ansible.cfg of the working directory, before the one at home', () => {
    write(at('ansible.cfg'), '[defaults]\nforks = 3\n')
    write(join(home, '.ansible.cfg'), '[defaults]\nforks = 4\nremote_user = x\n')
    const { path, forks, remoteUser, warnings } = read()
    expect([path, forks, remoteUser, warnings]).toEqual([
      at('ansible.cfg'),
      { value: 3, from: `${at('ansible.cfg')}:2:1` },
      undefined,
      [],
    ])
  })

  it('is ~/.ansible.cfg where there is no other', () => {
    write(join(home, '.ansible.cfg'), '[defaults]\nforks = 4\n')
    expect(read().forks?.value).toBe(4)
  })

  it.each(['other/a.cfg', 'other', '../work/other', '$WHERE/a.cfg'])(
    'is the one that ANSIBLE_CONFIG names: %s',
    named => {
      write(at('ansible.cfg'), '[defaults]\nforks = 3\n')
      write(at('other/a.cfg'), '[defaults]\nforks = 5\n')
      write(at('other/ansible.cfg'), '[defaults]\nforks = 5\n')
      expect(read({ ANSIBLE_CONFIG: named, WHERE: at('other') }).forks?.value).toBe(5)
    },
  )

  it('is not what everybody may have written, and that is said', () => {
    write(at('ansible.cfg'), '[defaults]\nforks = 3\n')
    chmodSync(cwd, 0o777)
    const { forks, warnings } = read()
    expect([forks, warnings]).toEqual([undefined, [expect.stringContaining('everybody may write')]])
    expect(read({ ANSIBLE_CONFIG: 'ansible.cfg' }).forks?.value).toBe(3)
  })

  it('is said to be missing where ANSIBLE_CONFIG names none', () => {
    expect(read({ ANSIBLE_CONFIG: 'none.cfg' }).warnings).toEqual([expect.stringContaining('none.cfg')])
  })
})

const ALL = `
[defaults]
# where they are
inventory = hosts.yaml, ~/more,/etc/x ; all of them
remote_user: "deploy"
private_key_file=keys/id
FORKS = 7
timeout = 12
host_key_checking = True
vault_password_file = $VAULTS/pass
vault_identity_list = dev@one, two
become_password_file = ./pw
gathering = smart
nocows = 1
[privilege_escalation]
become = yes
become_method = community.general.doas
become_user = root
become_ask_pass = off
[ssh_connection]
ssh_args = -C
    -o ControlMaster=auto
ssh_common_args = -J bastion
pipelining = True
[colors]
warn = red
`

describe('settings', () => {
  it('come with their places; paths are relative to the file, and the rest is named as ignored', () => {
    write(at('ansible.cfg'), ALL)
    const { path, warnings, ignored, ...settings } = read({ VAULTS: '/v', ANSIBLE_STDOUT_CALLBACK: 'x' })
    expect(Object.fromEntries(Object.entries(settings).map(([name, each]) => [name, each?.value]))).toEqual({
      inventory: [at('hosts.yaml'), join(home, 'more'), '/etc/x'],
      remoteUser: 'deploy',
      privateKeyFile: at('keys/id'),
      forks: 7,
      timeout: 12,
      hostKeyChecking: true,
      vaultPasswordFile: '/v/pass',
      vaultIdentities: ['dev@one', 'two'],
      becomePasswordFile: at('pw'),
      become: true,
      becomeMethod: 'doas',
      becomeUser: 'root',
      becomeAskPass: false,
      sshArgs: '-C\n-o ControlMaster=auto',
      sshCommonArgs: '-J bastion',
    })
    expect([path, warnings, settings.sshCommonArgs?.from]).toEqual([
      at('ansible.cfg'),
      [],
      `${at('ansible.cfg')}:23:1`,
    ])
    expect(ignored).toEqual([
      '[defaults] gathering',
      '[defaults] nocows',
      '[ssh_connection] pipelining',
      '[colors] warn',
      'ANSIBLE_STDOUT_CALLBACK',
    ])
    expect(ignoredLine(read())).toBe(
      `${at('ansible.cfg')}: these settings of Ansible have no effect here: [defaults] gathering, [defaults] nocows, [ssh_connection] pipelining, [colors] warn`,
    )
  })

  it('of the environment stand over the file; paths are relative to the working directory', () => {
    write(at('ansible.cfg'), '[defaults]\nforks = 3\nremote_user = file\n')
    const { forks, remoteUser, inventory } = read({
      ANSIBLE_FORKS: '9',
      ANSIBLE_REMOTE_USER: '',
      ANSIBLE_INVENTORY: 'a.ini,b',
    })
    expect([forks, remoteUser?.value, inventory?.value]).toEqual([
      { value: 9, from: 'ANSIBLE_FORKS' },
      'file',
      [at('a.ini'), at('b')],
    ])
  })

  it.skipIf(!existsSync('/usr/bin/ansible-config'))('come out as ansible-config shows them', () => {
    write(at('ansible.cfg'), ALL.replace('become_method = community.general.doas\n', 'become_method = su\n'))
    const { stdout } = spawnSync('ansible-config', ['dump', '--only-changed'], {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home, VAULTS: '/v', LC_ALL: 'C.UTF-8' },
    })
    const theirs = new Map(
      [...stdout.matchAll(/^(\w+)\(.*\) = (.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    )
    const ours = read({ VAULTS: '/v' })
    const python = (value: unknown) =>
      typeof value === 'boolean'
        ? value
          ? 'True'
          : 'False'
        : Array.isArray(value)
          ? `[${value.map(each => `'${each}'`).join(', ')}]`
          : `${value}`
    const pairs = {
      DEFAULT_HOST_LIST: ours.inventory,
      DEFAULT_REMOTE_USER: ours.remoteUser,
      DEFAULT_PRIVATE_KEY_FILE: ours.privateKeyFile,
      DEFAULT_FORKS: ours.forks,
      DEFAULT_TIMEOUT: ours.timeout,
      DEFAULT_VAULT_PASSWORD_FILE: ours.vaultPasswordFile,
      DEFAULT_VAULT_IDENTITY_LIST: ours.vaultIdentities,
      BECOME_PASSWORD_FILE: ours.becomePasswordFile,
      DEFAULT_BECOME: ours.become,
      DEFAULT_BECOME_METHOD: ours.becomeMethod,
    }
    for (const [name, setting] of Object.entries(pairs))
      expect([name, python(setting?.value)]).toEqual([name, theirs.get(name)])
  })

  it.each([
    ['[defaults]\nforks = many\n', 'ansible.cfg:2:1: forks must be a whole number from 1, not "many"'],
    [
      '[defaults]\nhost_key_checking = maybe\n',
      'ansible.cfg:2:1: host_key_checking must be true or false, not "maybe"',
    ],
    [
      '[privilege_escalation]\nbecome_method = pbrun\n',
      'ansible.cfg:2:1: become_method pbrun is not supported (use sudo, su or doas)',
    ],
    [
      '[privilege_escalation]\nbecome_method = sud\n',
      'ansible.cfg:2:1: become_method "sud" is not a way to become another user (did you mean "sudo"?)',
    ],
    ['forks = 1\n', 'ansible.cfg:1:1: stands in no section (begin with a line like [defaults])'],
    ['[defaults]\nforks\n', 'ansible.cfg:2:1: "forks" is no setting (write it as key = value)'],
    ['[a]\nb = 1\nB = 2\n', 'ansible.cfg:3:1: b is already set in line 2 (keep one of them)'],
    ['[a]\n[b]\n[a]\n', 'ansible.cfg:3:1: a second section [a] (join the two)'],
  ])('that are wrong are told with their places: %j', (text, told) => {
    write(at('ansible.cfg'), text)
    expect(refusal(() => read())).toBe(told)
  })

  it('that are wrong in the environment are told by name', () => {
    expect(refusal(() => read({ ANSIBLE_FORKS: '0' }))).toBe(
      'ANSIBLE_FORKS: must be a whole number from 1, not "0"',
    )
  })

  it('are read from any text without a crash', () => {
    const line = fc.constantFrom(
      '[a]',
      '[',
      'b = 1',
      ' c',
      '  d: 2',
      '#x',
      ';',
      '=',
      ':',
      '\t',
      '[a] x',
      'é=;',
      '\0',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string())), lines => {
        try {
          parseIni(lines.join('\n'), 'f')
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
    )
  })
})

describe('host_key_checking = False', () => {
  it('is refused, and the way out is named', () => {
    write(at('ansible.cfg'), '[defaults]\nhost_key_checking = False\n')
    expect(refusal(() => refuseUncheckedHostKeys(read(), false))).toMatch(
      /^ansible\.cfg:2:1: host keys are always checked.*--accept-new-host-keys/,
    )
    expect(refusal(() => refuseUncheckedHostKeys(read(), true))).toBe('none')
    expect(refusal(() => refuseUncheckedHostKeys(read({ ANSIBLE_HOST_KEY_CHECKING: 'yes' }), false))).toBe(
      'none',
    )
  })
})
