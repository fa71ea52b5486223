import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { targetOf } from '../../../src/runner/inventory/target.ts'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { templated } from '../../../src/runner/playbook/templated.ts'
import { Connector } from '../../../src/runner/transport/connect.ts'
import { HostKeyRefusal } from '../../../src/runner/transport/host_key.ts'
import { SshConfig } from '../../../src/runner/transport/ssh_config/ssh_config.ts'
import type { ConnectOptions, Identity, Target } from '../../../src/runner/transport/transport.ts'
import { textNode } from '../../../src/runner/yaml/yaml_node.ts'
import { newKeyPair } from '../../sandbox/keys.ts'
import { fakeSudo } from './fake_sudo.ts'
import { startTcpServer } from './ssh_server.ts'
import { noAgent, noSshd, skipped, startAgent, startSshd } from './sshd.ts'

describe.skipIf(noSshd)(`ssh as it is set up${skipped(noSshd)}`, () => {
  const login: Identity = { become: undefined }
  const [userKey, otherKey] = [newKeyPair(), newKeyPair()]
  let server: Awaited<ReturnType<typeof startSshd>>
  let sudo: Awaited<ReturnType<typeof fakeSudo>>
  let folder = ''
  let home = ''
  let options: ConnectOptions

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vfio-run-sshd-'))
    sudo = await fakeSudo()
    await writeFile(join(folder, 'authorized_keys'), `${userKey.public}\n`)
    server = await startSshd(folder, sudo.folder, ['LogLevel VERBOSE', 'MaxAuthTries 3', 'MaxSessions 2'])
  })
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vfio-run-home-'))
    await mkdir(join(home, '.ssh'), { mode: 0o700 })
    await writeFile(join(home, '.ssh/id_ed25519'), userKey.private, { mode: 0o600 })
    vi.stubEnv('HOME', home)
    vi.stubEnv('SSH_AUTH_SOCK', '')
    options = {
      knownHostsFiles: [join(home, '.ssh/known_hosts')],
      knownHostsByDefault: true,
      acceptNewHostKeys: true,
      passphrase: undefined,
    }
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(home, { recursive: true })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await sudo[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  /** As ~/.ssh/config has it, for a host of the inventory without a variable but those given. */
  const configured = async (
    config: string,
    name: string,
    variables: Record<string, string> = {},
  ): Promise<Target> => {
    const file = join(home, '.ssh/config')
    await writeFile(file, config)
    const all = { ansible_user: userInfo().username, ...variables }
    const at = { file: 'hosts.yaml', line: 1, column: 1 }
    return targetOf(
      name,
      all,
      variable => (variable in all ? templated(textNode('', at), new Problems()) : undefined),
      {
        user: undefined,
        privateKey: undefined,
        connectTimeout: 20,
        sshConfig: new SshConfig([{ path: file, includes: home }]),
      },
    )
  }
  const machines = () =>
    `Host vm*\n  HostName 127.0.0.1\n  Port ${server.port}\nHost bastion\n  HostName 127.0.0.1\n  Port ${server.port}\n  User ${userInfo().username}\n`
  const logins = () => server.log().split('Accepted publickey').length - 1

  it('three machines behind a bastion share one connection to it, until the run ends', async () => {
    const before = logins()
    {
      await using connector = new Connector(options)
      const config = `Host vm*\n  ProxyJump bastion\n${machines()}`
      const ways = await Promise.all(
        ['vm1', 'vm2', 'vm3'].map(async name => connector.connect(await configured(config, name))),
      )
      const said = await Promise.all(ways.map((way, index) => way.sh(`echo vm${index}`, { identity: login })))
      expect(said.map(({ stdout }) => `${stdout}`)).toEqual(['vm0\n', 'vm1\n', 'vm2\n'])
      expect(logins() - before).toBe(4)
      for (const way of ways) await way[Symbol.asyncDispose]()
      await using _again = await connector.connect(await configured(config, 'vm4'))
      expect(logins() - before).toBe(5)
    }
    // The bastion and those behind it are one address here: written down once, in the file that ssh uses.
    expect((await readFile(join(home, '.ssh/known_hosts'), 'utf8')).trim().split('\n')).toHaveLength(1)
  })

  it('a chain of bastions, each by its own name', async () => {
    const config = `Host vm1\n  ProxyJump bastion,second\nHost second\n  HostName localhost\n  Port ${server.port}\n  User ${userInfo().username}\n${machines()}`
    await using connector = new Connector(options)
    const before = logins()
    await using vm = await connector.connect(await configured(config, 'vm1'))
    expect(`${(await vm.sh('echo ok', { identity: login })).stdout}`).toBe('ok\n')
    expect(logins() - before).toBe(3)
  })

  it('a bastion that fails is asked once for all behind it, and named', async () => {
    let connections = 0
    await using dead = await startTcpServer(socket => {
      connections++
      socket.destroy()
    })
    const config = `Host vm*\n  ProxyJump me@127.0.0.1:${dead.port}\n${machines()}`
    await using connector = new Connector(options)
    for (const name of ['vm1', 'vm2'])
      await expect(connector.connect(await configured(config, name))).rejects.toMatchObject({
        kind: 'unreachable',
        where: name,
        why: expect.stringContaining('bastion 127.0.0.1: the SSH handshake failed'),
      })
    expect(connections).toBe(1)
  })

  it('a machine that the bastion cannot reach is told from a bastion that fails', async () => {
    const config = `Host vm9\n  Port 1\n  ProxyJump bastion\n${machines()}`
    await using connector = new Connector(options)
    await expect(connector.connect(await configured(config, 'vm9'))).rejects.toMatchObject({
      where: 'vm9',
      why: expect.stringMatching(/^127\.0\.0\.1:1 cannot be reached through bastion: /),
    })
  })

  it('a bastion that was lost is connected anew', async () => {
    const config = `Host vm*\n  ProxyJump bastion\n${machines()}`
    await using connector = new Connector(options)
    const first = await connector.connect(await configured(config, 'vm1'))
    await execa('pkill', ['-P', `${server.pid}`], { reject: false })
    await expect(first.sh('sleep 20', { identity: login })).rejects.toMatchObject({
      kind: 'unreachable',
      where: 'vm1',
    })
    await using again = await connector.connect(await configured(config, 'vm1'))
    expect(`${(await again.sh('echo ok', { identity: login })).stdout}`).toBe('ok\n')
  })

  it("the bastion's host key is checked by itself", async () => {
    const other = newKeyPair()
    await writeFile(join(home, '.ssh/known_hosts'), `[127.0.0.1]:${server.port} ${other.public}\n`)
    const config = `Host vm*\n  ProxyJump bastion\n  HostKeyAlias elsewhere\n${machines()}`
    await using connector = new Connector(options)
    const refusal = connector.connect(await configured(config, 'vm1'))
    await expect(refusal).rejects.toBeInstanceOf(HostKeyRefusal)
    await expect(refusal).rejects.toThrow('vm1: bastion bastion: its host key has changed')
  })

  it('HostKeyAlias is the name in known_hosts, without a port, and hashed where that is asked for', async () => {
    const config = `HostKeyAlias cluster\nHashKnownHosts yes\nUserKnownHostsFile ~/known\n${machines()}`
    await using connector = new Connector(options)
    await using _vm = await connector.connect(await configured(config, 'vm1'))
    const { stdout } = await execa('ssh-keygen', ['-F', 'cluster', '-f', join(home, 'known')])
    expect(stdout).toContain('found: line 1')
    const strict = { ...options, acceptNewHostKeys: false }
    await using known = new Connector(strict)
    await using _again = await known.connect(await configured(config, 'vm2'))
  })

  it.skipIf(noAgent)(
    `IdentitiesOnly keeps the agent's other keys back, which sshd would count${skipped(noAgent)}`,
    async () => {
      await using agent = await startAgent(join(home, 'agent'))
      vi.stubEnv('SSH_AUTH_SOCK', agent.socket)
      for (const index of [1, 2, 3, 4]) {
        const file = join(home, `many${index}`)
        await writeFile(file, newKeyPair().private, { mode: 0o600 })
        await execa('ssh-add', ['-q', file])
      }
      await execa('ssh-add', ['-q', join(home, '.ssh/id_ed25519')])
      await writeFile(join(home, 'only.pub'), `${userKey.public}\n`)
      await rm(join(home, '.ssh/id_ed25519'))
      await using connector = new Connector(options)
      await expect(connector.connect(await configured(machines(), 'vm1'))).rejects.toThrow('too many keys')
      const config = `IdentityFile ~/only.pub\nIdentitiesOnly yes\n${machines()}`
      await using _vm = await connector.connect(await configured(config, 'vm1'))
      await expect(
        connector.connect(await configured(`IdentityAgent none\n${config}`, 'vm1')),
      ).rejects.toThrow('no key was accepted')
    },
  )

  it('ansible_ssh_common_args name the bastion, the older way too', async () => {
    await using connector = new Connector(options)
    for (const ansible_ssh_common_args of ['-J bastion', '-o ProxyCommand="ssh -W %h:%p -q bastion"']) {
      const before = logins()
      await using _vm = await connector.connect(
        await configured(machines(), 'vm1', { ansible_ssh_common_args }),
      )
      expect(logins() - before).toBe(ansible_ssh_common_args.startsWith('-J') ? 2 : 1)
    }
  })

  describe("the system's ssh", () => {
    const openssh = (more: Record<string, string> = {}) => ({
      ansible_connection: 'openssh',
      ansible_ssh_extra_args: `-F ${join(home, '.ssh/config')} -o IdentityFile=${join(home, '.ssh/id_ed25519')}`,
      ...more,
    })
    const known = () => ({ ...options, knownHostsByDefault: false })

    it('runs all scripts over one connection, and lets go of it at the end', async () => {
      const before = logins()
      {
        await using connector = new Connector({ ...known() })
        await using vm = await connector.connect(await configured(machines(), 'vm1', openssh()))
        const result = await vm.sh('main() { cat; echo out; echo err >&2; exit 3; }\nmain </dev/null\n', {
          identity: login,
        })
        expect({ ...result, stdout: `${result.stdout}` }).toEqual({
          exitCode: 3,
          stdout: 'out\n',
          stderr: 'err\n',
        })
        const identity: Identity = {
          become: { method: 'sudo', user: 'asks-user', password: 'correct horse' },
        }
        expect(`${(await vm.sh('echo "as $FAKE_USER"', { identity })).stdout}`).toBe('as asks-user\n')
        expect((await vm.sh('exit 255', { identity: login })).exitCode).toBe(255)
        expect(logins() - before).toBe(1)
      }
      const { stdout } = await execa('pgrep', ['-f', `ControlPath.*vfio-run.*vm1`], { reject: false })
      expect(stdout).toBe('')
    })

    it('that is lost says so, and does not connect anew in silence', async () => {
      await using connector = new Connector(known())
      await using vm = await connector.connect(await configured(machines(), 'vm1', openssh()))
      const work = vm.sh('sleep 20', { identity: login, onStdout: () => {} })
      await execa('pkill', ['-P', `${server.pid}`], { reject: false })
      await expect(work).rejects.toMatchObject({ kind: 'unreachable', where: 'vm1' })
      await expect(vm.sh('echo', { identity: login })).rejects.toMatchObject({ kind: 'unreachable' })
    })

    it('whose master was killed, and has left its socket, is lost, too', async () => {
      await using connector = new Connector(known())
      const lenient = '-o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null'
      const target = await configured(machines(), 'vm1', openssh({ ansible_ssh_common_args: lenient }))
      await using vm = await connector.connect(target)
      const before = logins()
      const { stdout: master } = await execa('pgrep', ['-f', `ControlMaster=yes.*${home}/.ssh/config`])
      process.kill(Number(master), 'SIGKILL')
      await expect(vm.sh('echo', { identity: login })).rejects.toMatchObject({ kind: 'unreachable' })
      expect(logins()).toBe(before)
    })

    it.each<[string, () => Promise<void>, Partial<ConnectOptions>, string]>([
      ['an unknown host key', async () => {}, { acceptNewHostKeys: false }, 'its host key is not known'],
      [
        'a changed host key',
        () =>
          writeFile(join(home, '.ssh/known_hosts'), `[127.0.0.1]:${server.port} ${newKeyPair().public}\n`),
        {},
        'its host key has changed',
      ],
      [
        'a key that is not taken',
        () => writeFile(join(home, '.ssh/id_ed25519'), otherKey.private),
        {},
        'Permission denied',
      ],
    ])('refuses %s in our words', async (_, prepare, more, why) => {
      await prepare()
      await using connector = new Connector({ ...known(), ...more })
      await expect(connector.connect(await configured(machines(), 'vm1', openssh()))).rejects.toMatchObject({
        kind: 'unreachable',
        where: 'vm1',
        why: expect.stringContaining(why),
      })
    })
  })
})
