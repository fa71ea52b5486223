import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SshSettings } from '../../../../src/runner/transport/ssh_config/settings.ts'
import { SshConfig } from '../../../../src/runner/transport/ssh_config/ssh_config.ts'

const noSsh = !existsSync('/usr/bin/ssh') && 'ssh is not installed'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vfio-run-ssh-config-'))
  mkdirSync(join(folder, 'd'))
  writeFileSync(join(folder, 'd/a.conf'), 'Host web*\n  User included\nMatch user deploy\n  Port 2022\n')
  writeFileSync(join(folder, 'd/b.conf'), 'HostKeyAlias shared\n')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const write = (text: string): string => {
  const file = join(folder, 'config')
  writeFileSync(file, text)
  return file
}

const resolve = (text: string, alias = 'web1', more: { acceptNewHostKeys?: boolean } = {}): SshSettings =>
  SshConfig.only(write(text)).resolve(alias, {
    commandLine: [],
    localUser: userInfo().username,
    acceptNewHostKeys: false,
    forOpenssh: false,
    ...more,
  })

describe.skipIf(noSsh)(`ssh_config as ssh -G reads it${noSsh ? ` (skipped: ${noSsh})` : ''}`, () => {
  it.each<[string, string]>([
    ['the first value wins', 'User one\nHost *\n  User two\n'],
    ['patterns, several and negated', 'Host w* !web1\n  User no\nHost a b web?\n  User yes\n'],
    ['a negated pattern alone matches nothing', 'Host !other\n  User no\n'],
    ['case matters to Host', 'Host WEB1\n  User no\n'],
    ['tokens', 'Host *\n  HostName %h.example.org\n  IdentityFile ~/keys/%h-%r-%p-%n-%u-%%\n'],
    ['a HostName with capitals', 'HostName WEB.Example.org\n'],
    ['several keys, one of them twice', 'IdentityFile a\nIdentityFile b\nIdentityFile a\n'],
    [
      'quotes, equals signs and comments',
      'User="two words" # no\nHostName = x\n  Port\t=\t2200\nIdentityFile \'a b\'\n',
    ],
    [
      'Match host sees HostName',
      'Host web1\n  HostName db.example.org\nMatch host *.example.org\n  User by-name\n',
    ],
    [
      'Match originalhost does not',
      'HostName db\nMatch originalhost db\n  User no\nMatch originalhost web1\n  User yes\n',
    ],
    ['Match user', 'User deploy\nMatch user root,deploy\n  Port 2022\n'],
    ['a negated criterion', 'Match !host web1\n  User no\nMatch !host db1\n  User yes\n'],
    ['Match localuser', `Match localuser ${userInfo().username}\n  User yes\n`],
    ['Match all', 'Match all\n  User yes\n'],
    [
      'Match final sees what came later',
      'Match final host *.example.org\n  Port 77\nHost web1\n  HostName a.example.org\n',
    ],
    ['Match final all', 'Match final all\n  User late\n  Port 9\nHost *\n  User early\n'],
    ['Match canonical in a second reading', 'Match canonical all\n  User late\nMatch final\n  Port 9\n'],
    [
      'Host in a second reading',
      'Match final\n  Port 9\nHost web1\n  HostName other\nHost other\n  User by-host-name\n',
    ],
    ['Match exec', 'Match exec "test %h = web1"\n  User yes\nMatch exec "false"\n  Port 1\n'],
    ['no command where something else does not hold', 'Match host db exec "true"\n  User no\n'],
    ['ProxyJump', 'ProxyJump one,two@three:2222\n'],
    ['ProxyJump none before another', 'Host web1\n  ProxyJump none\nHost *\n  ProxyJump bastion\n'],
    ['ProxyCommand none before a jump', 'Host web1\n  ProxyCommand none\nHost *\n  ProxyJump bastion\n'],
    ['keep-alive', 'ServerAliveInterval 1m\nServerAliveCountMax 7\nConnectTimeout 90\n'],
    ['known_hosts', 'UserKnownHostsFile ~/a "b c"\nGlobalKnownHostsFile /x /y\nHostKeyAlias other\n'],
    ['switches', 'IdentitiesOnly yes\nHashKnownHosts yes\nStrictHostKeyChecking accept-new\n'],
    ['IdentityAgent', 'IdentityAgent ~/agent.sock\n'],
  ])('%s', (_, text) => {
    expect(shown(resolve(text))).toEqual(askSsh(write(text), 'web1'))
  })

  it('Include, relative to ~/.ssh or not, only where its block holds, and its blocks end with it', () => {
    for (const block of ['Host web*', 'Host db*']) {
      const text = `User deploy\n${block}\n  Include ${folder}/d/* ${folder}/d/*.conf ${folder}/missing ~/no-such-*\n  ServerAliveInterval 5\n`
      expect(shown(resolve(text))).toEqual(askSsh(write(text), 'web1'))
    }
  })

  it('any configuration of these lines', () => {
    const pattern = fc.constantFrom('web1', 'web*', '*', '!web1', 'db?', '!db*', 'x.example.org', '*.org')
    const block = fc.oneof(
      fc.array(pattern, { minLength: 1, maxLength: 3 }).map(list => `Host ${list.join(' ')}`),
      fc
        .tuple(
          fc.constantFrom('host', 'originalhost', '!host', 'final host', '!originalhost'),
          fc.array(pattern, { minLength: 1, maxLength: 2 }),
        )
        .map(([name, list]) => `Match ${name} ${list.join(',')}`),
      fc.constantFrom('Match all', 'Match final', 'Match user deploy', 'Match !final host *'),
    )
    const line = fc.oneof(
      block,
      fc.constantFrom(
        'User deploy',
        'User=root',
        'user "two words"',
        'HostName x.example.org',
        'HostName %h.org',
      ),
      fc.constantFrom('Port 22', 'Port 2222', 'IdentityFile ~/a', 'IdentityFile b-%n', 'IdentityFile "c d"'),
      fc.constantFrom('ProxyJump one', 'ProxyJump me@two:99', 'ProxyJump none', 'ProxyCommand none'),
      fc.constantFrom('HostKeyAlias alias', 'ConnectTimeout 5', 'IdentitiesOnly yes', '# nothing', ''),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.constantFrom('web1', 'db1'), (lines, alias) => {
        const text = `${lines.join('\n')}\n`
        expect(shown(resolve(text, alias))).toEqual(askSsh(write(text), alias))
      }),
      { numRuns: 120 },
    )
  })
})

describe('ssh_config that cannot be held to', () => {
  it.each<[string, string, string]>([
    [
      'a command',
      'Host web1\n  ProxyCommand nc %h %p\n',
      'config:2:3: web1: ProxyCommand nc %h %p cannot be run by the connection ssh',
    ],
    [
      'a certificate',
      'CertificateFile ~/c\n',
      'config:1:1: web1: certificatefile ~/c cannot be done by the connection ssh',
    ],
    [
      'a smart card',
      'PKCS11Provider /x.so\n',
      'config:1:1: web1: pkcs11provider /x.so cannot be done by the connection ssh',
    ],
    [
      'no check of keys',
      'Host *\n StrictHostKeyChecking no\n',
      'config:2:2: web1: StrictHostKeyChecking no would take any host key, changed ones too',
    ],
    ['a port', 'Port ssh\n', 'config:1:1: "ssh" is no value of port'],
    ['no value', 'User\n', 'config:1:1: there is no value behind user'],
    ['an open quote', 'User "a\n', 'config:1:1: a quote is not closed'],
    ['a token', 'IdentityFile %z\n', 'config:1:1: identityfile cannot have %z'],
    ['a criterion', 'Match moon full\n', 'config:1:1: Match moon is not understood here'],
    ['files in a circle', 'Include config\n', 'config:1:1: the files include each other too deep'],
  ])('%s', (_, text, message) => {
    const absolute = text.replace('Include config', `Include ${folder}/config`)
    expect(() => resolve(absolute)).toThrow(`${folder}/${message}`)
  })

  it.each(['web1;id', '$(id)', '-oProxyCommand=id', 'web 1', "web'1"])('a command for the name %s', alias => {
    expect(() => resolve('Match exec "true %h"\n  User no\n', alias)).toThrow(
      'a shell would find more in it than a name',
    )
  })

  it('a command for a user with a command in the name', () => {
    const text = 'User "a`id`"\nMatch exec "true %h"\n  Port 1\n'
    expect(() => resolve(text)).toThrow('Match exec is not run for "a`id`"')
  })

  it('of what does not matter is passed over', () => {
    const text = 'GSSAPIAuthentication yes\nControlMaster auto\nUseKeychain yes\nCiphers x\nUser me\n'
    expect(resolve(text).user).toBe('me')
  })

  it('StrictHostKeyChecking no means accept-new once --accept-new-host-keys says so', () => {
    expect(resolve('StrictHostKeyChecking no\n', 'web1', { acceptNewHostKeys: true }).acceptNewHostKeys).toBe(
      true,
    )
  })

  it('never throws anything but a mistake with its place, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'Hhost Match User%"\'\\=!*#\n\t$-{}').map(String)), letters => {
        try {
          resolve(letters.join(''))
        } catch (error) {
          expect(error).toMatchObject({ name: 'UserError' })
        }
      }),
    )
  })
})

it.each<[string, readonly string[]]>([
  ['ProxyCommand ssh -W %h:%p bastion', ['bastion']],
  ['ProxyCommand ssh -q -W [%h]:%p -p 2222 -l me bastion', ['bastion port=2222 user=me']],
  ['ProxyCommand exec /usr/bin/ssh -o "User me" -J first -W%h:%p bastion', ['first', 'bastion user=me']],
  ['ProxyJump ssh://me@bastion:22', ['bastion user=me port=22']],
  ['ProxyJump [2001:db8::1]:2222', ['2001:db8::1 port=2222']],
])('the jumps of %s', (line, jumps) => {
  const said = resolve(`${line}\n`).jumps.map(({ host, commandLine }) =>
    [host, ...commandLine.map(({ keyword, words }) => `${keyword}=${words?.join(' ')}`)].join(' '),
  )
  expect(said).toEqual(jumps)
})

/** In ssh -G's own words, as far as it shows them. */
const shown = (settings: SshSettings): Shown => ({
  hostname: settings.hostName,
  port: `${settings.port}`,
  user: settings.user,
  identityfile: settings.identityFiles ?? [],
  identitiesonly: settings.identitiesOnly ? 'yes' : 'no',
  identityagent: settings.identityAgent,
  proxyjump: settings.jumps.length === 0 ? undefined : settings.jumps.map(jumpText).join(','),
  hostkeyalias: settings.hostKeyAlias,
  userknownhostsfile: settings.userKnownHostsFiles?.join(' '),
  globalknownhostsfile: settings.globalKnownHostsFiles?.join(' '),
  hashknownhosts: settings.hashKnownHosts ? 'yes' : 'no',
  stricthostkeychecking: settings.acceptNewHostKeys ? 'accept-new' : 'ask',
  connecttimeout: settings.connectTimeout === undefined ? 'none' : `${settings.connectTimeout}`,
  serveraliveinterval: `${settings.keepAlive?.seconds ?? 0}`,
  serveralivecountmax: `${settings.keepAlive?.count ?? 3}`,
})

type Shown = Readonly<Record<string, string | readonly string[] | undefined>>

const jumpText = ({ host, commandLine }: SshSettings['jumps'][number]): string => {
  const said = (keyword: string) => commandLine.find(each => each.keyword === keyword)?.words?.[0]
  const [user, port] = [said('user'), said('port')]
  return `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`
}

const DEFAULT_HOSTS = /known_hosts2$/

function askSsh(file: string, alias: string): Shown {
  const lines = execFileSync('ssh', ['-G', '-T', '-F', file, alias], { encoding: 'utf8' }).split('\n')
  const words = (keyword: string) =>
    lines.filter(line => line.startsWith(`${keyword} `)).map(line => line.slice(keyword.length + 1))
  const first = (keyword: string) => words(keyword)[0]
  const isUsual = words('identityfile').includes('~/.ssh/id_xmss')
  const files = (keyword: string) => (DEFAULT_HOSTS.test(first(keyword) ?? '') ? undefined : first(keyword))
  const tokens: Readonly<Record<string, string | undefined>> = {
    h: first('hostname'),
    n: alias,
    p: first('port'),
    r: first('user'),
    u: userInfo().username,
    '%': '%',
  }
  // -G shows them as they are written.
  const expanded = (path: string | undefined) =>
    path?.replace(/^~/, homedir()).replace(/%(.)/g, (_, letter: string) => tokens[letter] ?? '')
  return {
    ...Object.fromEntries(
      ['hostname', 'port', 'user', 'identitiesonly', 'proxyjump', 'hostkeyalias', 'hashknownhosts'].map(
        each => [each, first(each)],
      ),
    ),
    identityfile: isUsual ? [] : words('identityfile').map(path => expanded(path) ?? ''),
    identityagent: expanded(first('identityagent')),
    userknownhostsfile: files('userknownhostsfile'),
    globalknownhostsfile: files('globalknownhostsfile'),
    stricthostkeychecking: first('stricthostkeychecking'),
    connecttimeout: first('connecttimeout'),
    serveraliveinterval: first('serveraliveinterval'),
    serveralivecountmax: first('serveralivecountmax'),
  }
}
