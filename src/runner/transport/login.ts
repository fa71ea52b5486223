import { connect as connectSocket, type Socket } from 'node:net'
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

/** TCP connection, host key, login: until the machine takes commands. Throws UserError. */
export async function logIn(
  target: Target,
  keys: Keys,
  hostKey: HostKeyCheck,
  signal: AbortSignal | undefined,
): Promise<Login> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = () => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  // A socket of our own: ssh2 gives no way to destroy one after it has said goodbye on it.
  const socket = connectSocket({ host: target.host, port: target.port, noDelay: true })
  const client = new ssh2.Client()
  const limit = stopwatch(target.connectTimeout, () => reject(timedOut(target, socket.connecting)))
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
      ...KEEPALIVE,
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
  readonly socket: Socket
}

/** ssh2 reports an agent that fails, and goes on to the next key. */
export const isFatal = (error: ClientErrorExtensions): boolean => error.level !== 'agent'

/** Finds a machine that went without a word: after a minute. */
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 3 }

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

/** Offers the keys one by one; `refusal` says why none was enough. */
function authenticate(target: Target, keys: Keys, limit: Stopwatch, onProblem: (problem: unknown) => void) {
  const waiting: AnyAuthMethod[] = keys.offers.map(offer => ({
    type: 'agent',
    username: target.user,
    agent: new OfferAgent({ ...offer, unlock: () => limit.pausing(offer.unlock) }, onProblem),
  }))
  // At last without a key: a few machines need none, the others say what they take.
  waiting.push({ type: 'none', username: target.user })
  let accepted: readonly string[] = []
  return {
    next(methods: AuthenticationType[] | null) {
      accepted = methods ?? []
      return waiting.shift() ?? false
    },
    refusal: () => notAuthenticated(target, keys, accepted),
  }
}
