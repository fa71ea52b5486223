import { connect as connectSocket, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import ssh2, {
  type AnyAuthMethod,
  type AuthenticationType,
  type Client,
  type ClientErrorExtensions,
} from 'ssh2'
import type { HostKeyCheck } from './host_key.ts'
import { type Keys, OfferAgent } from './keys.ts'
import { closedEarly, explain, notAuthenticated, timedOut } from './ssh_errors.ts'
import type { Target } from './transport.ts'

/**
 * TCP connection (or `way`, a channel of another connection), host key, login: until the machine takes commands.
 * Throws UserError.
 */
export async function logIn(
  target: Target,
  keys: Keys,
  hostKey: HostKeyCheck,
  { signal, way }: { readonly signal: AbortSignal | undefined; readonly way: Duplex | undefined },
): Promise<Login> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = () => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  // A socket of our own: ssh2 gives no way to destroy one after it has said goodbye on it.
  const socket = way ?? openSocket(target)
  const client = new ssh2.Client()
  const isConnecting = () => socket instanceof Socket && socket.connecting
  const limit = stopwatch(target.connectTimeout, () => reject(timedOut(target, isConnecting())))
  const authentication = authenticate(target, keys, limit, reject)
  client.on('ready', resolve)
  client.on('error', error => {
    if (isFatal(error)) reject(explain(target, error, authentication.refusal()))
  })
  client.on('close', () => reject(closedEarly(target)))
  try {
    client.connect({
      sock: socket,
      username: target.user,
      // ssh2's own limit would run on while a passphrase is typed.
      readyTimeout: 0,
      ...keepalive(target),
      algorithms: { serverHostKey: [...hostKey.algorithms] },
      hostVerifier(key: Buffer) {
        const refusal = hostKey.refusal(key)
        if (refusal) reject(refusal)
        return refusal === undefined
      },
      authHandler: authentication.next,
    })
    await ready
    return { client, socket }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    limit.stop()
    signal?.removeEventListener('abort', onAbort)
  }
}

export interface Login {
  readonly client: Client
  readonly socket: Duplex
}

/** ssh2 reports an agent that fails, and goes on to the next key. */
export const isFatal = (error: ClientErrorExtensions): boolean => error.level !== 'agent'

const openSocket = ({ host, port, ssh }: Target): Socket =>
  connectSocket({
    host,
    port,
    noDelay: true,
    ...(ssh?.family ? { family: ssh.family } : {}),
    ...(ssh?.bindAddress === undefined ? {} : { localAddress: ssh.bindAddress }),
  })

/** Finds a machine that went without a word: after a minute, unless ServerAliveInterval says otherwise. */
const keepalive = ({ ssh }: Target) => ({
  keepaliveInterval: (ssh?.keepAlive?.seconds ?? 15) * 1000,
  keepaliveCountMax: ssh?.keepAlive?.count ?? 3,
})

interface Stopwatch {
  stop(): void
  /** Stands still meanwhile, and starts anew. */
  pausing<T>(work: () => Promise<T>): Promise<T>
}

function stopwatch(seconds: number, onEnd: () => void): Stopwatch {
  const start = () => setTimeout(onEnd, seconds * 1000)
  let timer: NodeJS.Timeout | undefined = start()
  let isOver = false
  return {
    stop() {
      isOver = true
      clearTimeout(timer)
    },
    async pausing(work) {
      clearTimeout(timer)
      try {
        return await work()
      } finally {
        clearTimeout(timer)
        if (!isOver) timer = start()
      }
    },
  }
}

/** Offers what there is to log in with, one by one; `refusal` says why none was enough. */
function authenticate(target: Target, keys: Keys, limit: Stopwatch, onProblem: (problem: unknown) => void) {
  const username = target.user
  const offers: AnyAuthMethod[] = keys.offers.map(offer => ({
    type: 'agent',
    username,
    agent: new OfferAgent({ ...offer, unlock: () => limit.pausing(offer.unlock) }, onProblem),
  }))
  const password = target.password === undefined ? [] : byPassword(username, target.password)
  // sshd ends the connection after six tries (MaxAuthTries): the keys that nobody named must not use them up.
  const isNamed = target.privateKeyFile !== undefined || target.ssh?.identityFiles !== undefined
  const none: AnyAuthMethod = { type: 'none', username }
  // Without a key a few machines let in, the others say what they take: at last, or first where a password must not
  // be sent to one that does not take it.
  const waiting = [
    ...(password.length > 0 ? [none] : []),
    ...(isNamed ? [...offers, ...password] : [...password, ...offers]),
    ...(password.length > 0 ? [] : [none]),
  ]
  let accepted: readonly string[] = []
  return {
    next(methods: AuthenticationType[] | null) {
      accepted = methods ?? []
      // A password that the machine does not ask for is not sent.
      while (methods !== null && waiting[0] !== undefined && isRefused(waiting[0], methods)) waiting.shift()
      return waiting.shift() ?? false
    },
    refusal: () => notAuthenticated(target, keys, accepted),
  }
}

const isRefused = ({ type }: AnyAuthMethod, methods: readonly string[]): boolean =>
  (type === 'password' || type === 'keyboard-interactive') && !methods.includes(type)

/** Machines with PAM ask in words of their own (RFC 4256): one hidden question, once, is for the password. */
function byPassword(username: string, password: string): AnyAuthMethod[] {
  let isAnswered = false
  return [
    { type: 'password', username, password },
    {
      type: 'keyboard-interactive',
      username,
      prompt(_name, _instructions, _language, prompts, finish) {
        const isForIt = prompts.length === 1 && prompts[0]?.echo !== true && !isAnswered
        if (prompts.length > 0) isAnswered = true
        finish(isForIt ? [password] : prompts.map(() => ''))
      },
    },
  ]
}
