import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import ssh2, { type Client as SshClient } from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newKeyPair } from './keys.ts'
import { createSandbox, type Sandbox } from './machine.ts'
import { guide } from './machines/guide.ts'
import { type SandboxServer, type ServeOptions, serveSandbox } from './ssh_server.ts'

const KEY = newKeyPair()
const OTHER_KEY = newKeyPair()

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await createSandbox(guide)
})
afterAll(() => sandbox.dispose())

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

async function served(options: Partial<ServeOptions> = {}): Promise<SandboxServer> {
  const server = await serveSandbox(sandbox, {
    user: 'admin',
    authorizedKey: KEY.public,
    sudo: 'nopasswd',
    ...options,
  })
  open.push(server)
  return server
}

async function connect(
  { port }: SandboxServer,
  { username = 'admin', privateKey = KEY.private } = {},
): Promise<SshClient> {
  const client = new ssh2.Client()
  open.push({
    async [Symbol.asyncDispose]() {
      client.destroy()
    },
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.on('ready', resolve).on('error', reject)
  client.connect({ host: '127.0.0.1', port, username, privateKey })
  await promise
  return client
}

interface Ended {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly stdout: string
  readonly stderr: string
}

/** @param stdin undefined: left open. */
async function exec(client: SshClient, command: string, stdin: string | undefined = ''): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  client.exec(command, (error, channel) => {
    if (error) return reject(error)
    const ended = {
      code: undefined as number | undefined,
      signal: undefined as string | undefined,
      stdout: '',
      stderr: '',
    }
    channel.on('exit', (code: number | null, signal?: string) =>
      Object.assign(ended, { code: code ?? undefined, signal }),
    )
    channel.on('data', (piece: Buffer) => {
      ended.stdout += piece
    })
    channel.stderr.on('data', (piece: Buffer) => {
      ended.stderr += piece
    })
    channel.on('close', () => resolve(ended))
    if (stdin !== undefined) channel.end(stdin)
  })
  return promise
}

describe('commands', () => {
  test("run in the sandbox, with its machine, its user and nothing of the tests' own environment", async () => {
    process.env.VFIO_RUN_LEAK = 'leaked'
    const server = await served()
    const client = await connect(server)
    const { stdout } = await exec(client, 'pwd; uname -rn; id -u; env | cut -d= -f1 | sort | tr "\\n" " "')
    delete process.env.VFIO_RUN_LEAK
    expect(stdout).toBe(
      `${sandbox.root}\nz170 6.1.76-acs-override\n1000\nHOME LANG PATH PWD SANDBOX_UID SSH_CONNECTION USER VFIO_RUN_PATH VFIO_RUN_ROOT `,
    )
  })

  test.each([
    ['their exit code', 'exit 7', { code: 7, signal: undefined }],
    ['the signal that ended them', 'kill -TERM $$', { code: undefined, signal: 'SIGTERM' }],
    ['both streams apart', 'echo out; echo err >&2', { code: 0, stdout: 'out\n', stderr: 'err\n' }],
  ])('give back %s', async (_, command, expected) => {
    const server = await served()
    expect(await exec(await connect(server), command)).toMatchObject(expected)
  })

  test('read a script from stdin and find $root in it', async () => {
    const server = await served()
    const { stdout } = await exec(
      await connect(server),
      'sh -s',
      'root=$VFIO_RUN_ROOT; cat "$root/etc/hostname"\n',
    )
    expect(stdout).toBe('z170\n')
  })

  test('are counted with their command lines, and so are connections', async () => {
    const server = await served()
    const client = await connect(server)
    await exec(client, 'true')
    await exec(client, 'false')
    expect(server.counters).toMatchObject({ connections: 1, execs: ['true', 'false'] })
  })

  test('live on when the client is gone', async () => {
    const server = await served()
    const client = await connect(server)
    await sandbox.sh('rm -f started ended; mkfifo started ended')
    // `read` ends when the lost connection closes stdin.
    client.exec('echo >started; read _; echo still here >ended', () => {})
    await readFile(sandbox.at('/started'))
    client.destroy()
    expect(await readFile(sandbox.at('/ended'), 'utf8')).toBe('still here\n')
  })
})

describe('logins', () => {
  test.each([
    ['another key', { privateKey: OTHER_KEY.private }],
    ['another user', { username: 'root' }],
  ])('with %s are refused', async (_, login) => {
    const server = await served()
    await expect(connect(server, login)).rejects.toThrow('All configured authentication methods failed')
  })

  test('as root have uid 0', async () => {
    const server = await served({ user: 'root', sudo: 'root' })
    expect((await exec(await connect(server, { username: 'root' }), 'id -u')).stdout).toBe('0\n')
  })

  test('see the host key that was given', async () => {
    const hostKey = newKeyPair()
    const server = await served({ hostKey: hostKey.private })
    expect(hostKey.public).toContain(server.hostKeyPublic)
  })
})

describe('sudo', () => {
  const AS_ROOT = 'sudo -S -p "pass: " sh -c "id -u; cat"'

  test.each<[string, Partial<ServeOptions>, string, Partial<Ended>]>([
    [
      'without a password leaves all of stdin to the command',
      { sudo: 'nopasswd' },
      'script\n',
      { code: 0, stdout: '0\nscript\n', stderr: '' },
    ],
    [
      'takes one line of stdin for the password',
      { sudo: 'password', password: 's3cret' },
      's3cret\nscript\n',
      { code: 0, stdout: '0\nscript\n', stderr: 'pass: ' },
    ],
    [
      'asks again after a wrong password',
      { sudo: 'password', password: 's3cret' },
      'x\ns3cret\n',
      { code: 0, stderr: 'pass: Sorry, try again.\npass: ' },
    ],
    [
      'gives up after three wrong ones',
      { sudo: 'password', password: 's3cret' },
      'x\ny\nz\n',
      {
        code: 1,
        stdout: '',
        stderr:
          'pass: Sorry, try again.\npass: Sorry, try again.\npass: sudo: 3 incorrect password attempts\n',
      },
    ],
    [
      'refuses who is not in sudoers, after the password',
      { sudo: 'denied', password: 's3cret' },
      's3cret\n',
      { code: 1, stdout: '', stderr: 'pass: admin is not in the sudoers file.\n' },
    ],
  ])('%s', async (_, options, stdin, expected) => {
    const server = await served(options)
    expect(await exec(await connect(server), AS_ROOT, stdin)).toMatchObject(expected)
  })

  test('-n does not ask', async () => {
    const server = await served({ sudo: 'password', password: 's3cret' })
    expect(await exec(await connect(server), 'sudo -n true')).toMatchObject({
      code: 1,
      stderr: 'sudo: a password is required\n',
    })
  })

  test('gives its command an environment of its own', async () => {
    const server = await served()
    const { stdout } = await exec(
      await connect(server),
      'sudo sh -c \'echo "$USER $HOME $SUDO_USER [$SSH_CONNECTION]"\'',
    )
    expect(stdout).toBe('root /root admin []\n')
  })
})

describe('a reboot', () => {
  test('asked for by a command drops the connections after that command, and brings another boot up at the same port', async () => {
    const server = await served()
    const client = await connect(server)
    const closed = once(client, 'close')
    const before = sandbox.running.bootId
    const booted = sandbox.nextBoot()
    expect(await exec(client, 'sudo systemctl reboot && echo going')).toMatchObject({
      code: 0,
      stdout: 'going\n',
    })
    await closed
    await booted
    const { stdout } = await exec(await connect(server), 'cat proc/sys/kernel/random/boot_id')
    expect(stdout.trim()).toBe(sandbox.running.bootId)
    expect(stdout.trim()).not.toBe(before)
  })

  test('takes no new connections while the machine is down', async () => {
    const server = await served()
    sandbox.fail('boot', 'the disk is gone')
    await sandbox.reboot()
    sandbox.fail('boot', undefined)
    await expect(connect(server)).rejects.toThrow('ECONNREFUSED')
  })

  test('needs root', async () => {
    const server = await served()
    const { code, stderr } = await exec(await connect(server), 'systemctl reboot')
    expect([code, stderr]).toEqual([1, 'Call to Reboot failed: Interactive authentication required.\n'])
  })

  test('ends commands that do not end by themselves', async () => {
    const server = await served()
    const client = await connect(server)
    await sandbox.sh('rm -f started; mkfifo started')
    const waiting = exec(client, 'echo >started; exec sleep 1000', undefined)
    await readFile(sandbox.at('/started'))
    await sandbox.reboot()
    expect((await waiting).code).toBeUndefined()
  })

  test('ends what commands have left running in a session of its own', async () => {
    const server = await served()
    const client = await connect(server)
    await sandbox.sh('rm -f alive; mkfifo alive')
    client.exec('setsid sh -c "exec >alive; echo; exec sleep 1000" &', () => {})
    const pipe = createReadStream(sandbox.at('/alive'))
    await once(pipe, 'data')
    await sandbox.reboot()
    // A fifo comes to its end when its last writer is gone.
    await once(pipe, 'end')
  })
})

describe('a cut', () => {
  test('lets exactly as many bytes through as it is told, in each direction', async () => {
    for (const direction of ['in', 'out'] as const) {
      const server = await served()
      const client = await connect(server)
      client.on('error', () => {})
      const closed = once(client, 'close')
      const counter = direction === 'in' ? 'bytesIn' : 'bytesOut'
      const before = server.counters[counter]
      server.cutAfter({ direction, bytes: 5000 })
      client.exec('cat', (_, channel) => channel.write('x'.repeat(20_000)))
      await closed
      expect(server.counters[counter] - before).toBe(5000)
    }
  })

  test('can wait for an exec request, and happens once', async () => {
    const server = await served()
    const client = await connect(server)
    client.on('error', () => {})
    server.cutAfter({ direction: 'out', bytes: 0, fromExec: 2 })
    expect((await exec(client, 'echo first')).stdout).toBe('first\n')
    const closed = once(client, 'close')
    client.exec('echo second', () => {})
    await closed
    expect((await exec(await connect(server), 'echo third')).stdout).toBe('third\n')
  })
})
