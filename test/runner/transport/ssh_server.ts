import { spawn } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import ssh2, { type AuthenticationType, type ParsedKey, type ServerChannel } from 'ssh2'

/** An SSH server on loopback that runs what it is told to, and remembers what it was sent. */
export async function startSshServer(options: {
  readonly hostKeys: readonly string[]
  /** Public keys that may log in; without any, none is asked for. */
  readonly keys?: readonly string[]
  /** Also lets in, asked for in the one way or the other; `seen.passwords` has what was said. */
  readonly password?: { readonly by: 'password' | 'keyboard-interactive'; readonly is: string }
  readonly env?: NodeJS.ProcessEnv
  readonly loginShell?: string
  /** The machine's output travels one byte at a time. */
  readonly bytewise?: boolean
  /** Takes the command and never says anything again. */
  readonly deaf?: boolean
}): Promise<SshServer> {
  const seen = {
    lines: [] as string[],
    stdin: '',
    offered: [] as string[],
    passwords: [] as string[],
    connections: 0,
  }
  const allowed = options.keys?.map(parse)
  const server = new ssh2.Server({ hostKeys: [...options.hostKeys] }, client => {
    client.on('error', () => {})
    client.on('authentication', login => {
      const { password } = options
      const methods: AuthenticationType[] = password ? ['publickey', password.by] : ['publickey']
      const hear = (said: string | undefined) => {
        seen.passwords.push(said ?? '')
        if (said === password?.is) login.accept()
        else login.reject(methods)
      }
      if (allowed === undefined && password === undefined) return login.accept()
      if (login.method === 'password') return hear(login.password)
      if (login.method === 'keyboard-interactive' && password?.by === login.method)
        return login.prompt([{ prompt: 'Password: ', echo: false }], ([said]) => hear(said))
      if (login.method !== 'publickey' || allowed === undefined) return login.reject(methods)
      const offered = login.key.data
      const key = allowed.find(candidate => candidate.getPublicSSH().equals(offered))
      if (!login.signature) seen.offered.push(offered.toString('base64'))
      if (!key || (login.signature && login.blob && !key.verify(login.blob, login.signature, login.hashAlgo)))
        return login.reject(methods)
      login.accept()
    })
    client.on('session', accept => {
      const session = accept()
      session.on('exec', (acceptExec, rejectExec, { command }) => {
        if (command === '') return rejectExec()
        seen.lines.push(command)
        run(acceptExec(), command)
      })
    })
  })
  const run = (channel: ServerChannel, command: string) => {
    channel.on('error', () => {})
    channel.on('data', (piece: Buffer) => {
      seen.stdin += piece.toString('latin1')
    })
    if (options.deaf) return
    const child = spawn(options.loginShell ?? '/bin/sh', ['-c', command], {
      env: { PATH: process.env.PATH, ...options.env },
      detached: true,
    })
    child.stdin.on('error', () => {})
    channel.pipe(child.stdin)
    const write = (stream: NodeJS.WritableStream, piece: Buffer) => {
      if (options.bytewise) for (const byte of piece) stream.write(Buffer.from([byte]))
      else stream.write(piece)
    }
    child.stdout.on('data', (piece: Buffer) => write(channel, piece))
    child.stderr.on('data', (piece: Buffer) => write(channel.stderr, piece))
    channel.on('close', () => endGroup(child.pid))
    child.on('close', (code, signal) => {
      if (signal) channel.exit(signal.slice('SIG'.length))
      else channel.exit(code ?? 0)
      channel.end()
    })
  }
  const front = await startTcpServer(socket => {
    seen.connections++
    server.injectSocket(socket)
  })
  return { ...front, seen }
}

export interface SshServer extends TcpServer {
  readonly seen: {
    readonly lines: readonly string[]
    readonly stdin: string
    /** Public keys, base64. */
    readonly offered: readonly string[]
    readonly passwords: readonly string[]
    readonly connections: number
  }
}

/** Passes bytes on to `port`, and drops both sides once `limit` bytes went one way. */
export const startCutter = (port: number, way: 'to' | 'from', limit: number): Promise<TcpServer> =>
  startTcpServer(near => {
    const far = connect(port, '127.0.0.1')
    let left = limit
    const drop = () => {
      near.destroy()
      far.destroy()
    }
    const pass = (from: Socket, to: Socket, isCounted: boolean) => {
      for (const end of ['error', 'end', 'close']) from.on(end, drop)
      from.on('data', (piece: Buffer) => {
        to.write(isCounted ? piece.subarray(0, left) : piece)
        if (isCounted) left -= piece.length
        if (left <= 0) to.end(drop)
      })
    }
    pass(near, far, way === 'to')
    pass(far, near, way === 'from')
  })

export interface TcpServer extends AsyncDisposable {
  readonly port: number
  /** Drops every connection, without a goodbye. */
  cut(): void
}

/** On a free port of loopback; ends with all its connections. */
export function startTcpServer(onSocket: (socket: Socket) => void): Promise<TcpServer> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    onSocket(socket)
  })
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  const close = () => {
    cut()
    return new Promise<void>(resolve => server.close(() => resolve()))
  }
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      resolve({ port, cut, [Symbol.asyncDispose]: close })
    })
  })
}

/** sshd lets what it started live on; a test must not. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

function parse(key: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(key)
  if (parsed instanceof Error) throw parsed
  return parsed
}
