import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2'
import { UserError } from '../../errors.ts'
import type { ConnectOptions, Target } from './transport.ts'

/**
 * The keys to log in with, in the order they are offered: the given file alone, else as OpenSSH does it
 * (sshconnect2.c, pubkey_prepare) with the files of ssh_config, or the usual ones: those that the agent holds, what
 * else it holds, the rest of the files. Throws UserError for a given file that is no key.
 */
export async function findKeys(target: Target, passphrase: Passphrase): Promise<Keys> {
  const agent = await askAgent(agentSocket(target.ssh?.identityAgent))
  if (target.privateKeyFile !== undefined) return onlyFile(target, target.privateKeyFile, agent, passphrase)
  const named = target.ssh?.identityFiles
  const paths = named ?? USUAL_FILES.map(name => join(homedir(), '.ssh', name))
  const files = await Promise.all(paths.map(path => readKeyFile(target, path, passphrase)))
  const held = files.flatMap(file => heldBy(agent, file) ?? [])
  const others = target.ssh?.identitiesOnly ? [] : agent.offers.filter(offer => !held.includes(offer))
  const rest = files.map(file => listedFile(file, agent, passphrase, named !== undefined))
  return {
    offers: [...new Set([...held, ...others, ...rest.flatMap(({ offer }) => offer ?? [])])],
    unusable: [...agent.unusable, ...rest.flatMap(({ unusable }) => unusable ?? [])],
  }
}

/** IdentityAgent: ssh_config(5). */
function agentSocket(said: string | undefined): string | undefined {
  if (said === 'none') return undefined
  if (said === undefined || said === 'SSH_AUTH_SOCK') return process.env.SSH_AUTH_SOCK
  return said.startsWith('$') ? process.env[said.slice(1)] : said
}

export interface Keys {
  readonly offers: readonly Offer[]
  /** Why others are not offered, for the error text. */
  readonly unusable: readonly string[]
}

export interface Offer {
  /** For people: the file's path, or the agent's comment. */
  readonly title: string
  /** undefined: encrypted together with the private key. */
  readonly publicKey: ParsedKey | undefined
  /** Asks for the passphrase where one is needed; throws UserError. */
  unlock(): Promise<Signer>
}

export interface Signer {
  readonly publicKey: ParsedKey
  sign(message: Buffer, options: SigningRequestOptions): Promise<Buffer>
}

export type Passphrase = ConnectOptions['passphrase']

/** One offer as ssh2 takes it: the passphrase is asked for only once the server has said that it takes the key. */
export class OfferAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #offer: Offer
  readonly #onProblem: (problem: unknown) => void

  constructor(offer: Offer, onProblem: (problem: unknown) => void) {
    super()
    this.#offer = offer
    this.#onProblem = onProblem
  }

  getIdentities(answer: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
    const { publicKey } = this.#offer
    const known = publicKey === undefined ? this.#offer.unlock() : Promise.resolve({ publicKey })
    known.then(
      signer => answer(undefined, [signer.publicKey]),
      problem => this.#fail(problem, answer),
    )
  }

  sign(
    _key: ParsedKey,
    message: Buffer,
    options: SigningRequestOptions | SignCallback,
    answer?: SignCallback,
  ): void {
    const [wanted, reply] = typeof options === 'function' ? [{}, options] : [options, answer]
    const signed = this.#offer.unlock().then(signer => signer.sign(message, wanted))
    signed.then(
      signature => reply?.(undefined, signature),
      problem => this.#fail(problem, error => reply?.(error)),
    )
  }

  #fail(problem: unknown, answer: (error: Error) => void): void {
    this.#onProblem(problem)
    answer(problem instanceof Error ? problem : new Error(String(problem)))
  }
}

/** In OpenSSH's order, without those that need a security key. */
const USUAL_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/** Milliseconds. */
const AGENT_LIMIT = 5000

interface AgentKeys extends Keys {
  readonly offers: readonly (Offer & { readonly publicKey: ParsedKey })[]
}

function askAgent(socket: string | undefined): Promise<AgentKeys> {
  if (socket === undefined || socket === '')
    return Promise.resolve({ offers: [], unusable: ['no agent runs'] })
  const agent = new ssh2.OpenSSHAgent(socket)
  return new Promise(resolve => {
    const silent = () => resolve({ offers: [], unusable: [`the agent at ${socket} does not answer`] })
    const limit = setTimeout(silent, AGENT_LIMIT)
    agent.getIdentities((error, keys) => {
      clearTimeout(limit)
      if (error || !keys) return silent()
      resolve({
        offers: keys.filter(key => 'getPublicSSH' in key).map(key => agentOffer(agent, key)),
        unusable: [],
      })
    })
  })
}

const agentOffer = (agent: ssh2.OpenSSHAgent, publicKey: ParsedKey) => ({
  title: `the agent's ${publicKey.comment || publicKey.type}`,
  publicKey,
  unlock: async (): Promise<Signer> => ({
    publicKey,
    sign: (message, options) =>
      new Promise((resolve, reject) => {
        agent.sign(publicKey, message, options, (error, signature) =>
          signature === undefined
            ? reject(error ?? new Error('the agent does not sign'))
            : resolve(signature),
        )
      }),
  }),
})

const heldBy = (agent: AgentKeys, file: KeyFile): AgentKeys['offers'][number] | undefined =>
  agent.offers.find(held => isSameKey(held.publicKey, publicKeyOf(file)))

const publicKeyOf = (file: KeyFile): ParsedKey | undefined =>
  file.kind === 'key' ? file.offer.publicKey : file.publicKey

/** A file that is of no use is passed over, as ssh does; of the usual ones nobody even said that they are there. */
function listedFile(
  file: KeyFile,
  agent: AgentKeys,
  passphrase: Passphrase,
  isNamed: boolean,
): { offer?: Offer; unusable?: string } {
  if (file.kind === 'unusable') return file.isAbsent && !isNamed ? {} : { unusable: file.why }
  if (heldBy(agent, file) !== undefined) return {}
  if (file.kind === 'public') return isNamed ? { unusable: `the agent does not hold ${file.path}` } : {}
  if (file.isLocked && !passphrase) return { unusable: `${file.offer.title} is encrypted` }
  return { offer: file.offer }
}

async function onlyFile(
  target: Target,
  path: string,
  agent: AgentKeys,
  passphrase: Passphrase,
): Promise<Keys> {
  const file = await readKeyFile(target, path, passphrase)
  if (file.kind === 'key' && !file.isLocked) return { offers: [file.offer], unusable: [] }
  // An agent that holds the key spares the passphrase, and makes do with the public half.
  const held = heldBy(agent, file)
  if (held) return { offers: [{ ...held, title: path }], unusable: [] }
  if (file.kind === 'key' && passphrase) return { offers: [file.offer], unusable: [] }
  if (file.kind === 'key') throw lockedForGood(target, path)
  throw problem(
    target,
    file.kind === 'public' ? `${path} is a public key that the agent does not hold` : file.why,
  )
}

type KeyFile =
  | { readonly kind: 'key'; readonly offer: Offer; readonly isLocked: boolean }
  | { readonly kind: 'public'; readonly path: string; readonly publicKey: ParsedKey }
  | {
      readonly kind: 'unusable'
      readonly isAbsent: boolean
      readonly why: string
      readonly publicKey?: undefined
    }

async function readKeyFile(target: Target, path: string, passphrase: Passphrase): Promise<KeyFile> {
  let text: string
  try {
    text = await readFile(path, 'latin1')
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    // The private half may be in the agent only: ssh looks for the file beside it, too.
    const publicKey = isAbsent ? await readPublicHalf(path) : undefined
    if (publicKey) return { kind: 'public', path: `${path}.pub`, publicKey }
    const why = isAbsent ? 'does not exist' : `cannot be read: ${messageOf(cause)}`
    return { kind: 'unusable', isAbsent, why: `the key file ${path} ${why}` }
  }
  return parseKeyFile(target, path, text, passphrase)
}

async function readPublicHalf(path: string): Promise<ParsedKey | undefined> {
  const text = await readFile(`${path}.pub`, 'latin1').catch(() => '')
  const key = parse(text)
  return key instanceof Error ? undefined : key
}

function parseKeyFile(target: Target, path: string, text: string, passphrase: Passphrase): KeyFile {
  const key = parse(text)
  if (!(key instanceof Error)) {
    if (!key.isPrivateKey()) return { kind: 'public', path, publicKey: key }
    const offer = { title: path, publicKey: key, unlock: async () => fileSigner(key) }
    return { kind: 'key', isLocked: false, offer }
  }
  if (!/no passphrase given/.test(key.message))
    return {
      kind: 'unusable',
      isAbsent: false,
      why: `the key file ${path} is not understood: ${key.message}`,
    }
  const unlock = async () => fileSigner(await unlockFile(target, path, text, passphrase))
  return { kind: 'key', isLocked: true, offer: { title: path, publicKey: publicHalf(text), unlock } }
}

const parse = (text: string | Buffer, passphrase?: string): ParsedKey | Error =>
  ssh2.utils.parseKey(text, passphrase)

const fileSigner = (key: ParsedKey): Signer => ({
  publicKey: key,
  async sign(message, { hash }) {
    const signature: Buffer | Error = key.sign(message, hash)
    if (signature instanceof Error) throw signature
    return signature
  },
})

/** An encrypted OpenSSH key shows its public half: openssh-portable, PROTOCOL.key. PEM files hide it. */
function publicHalf(text: string): ParsedKey | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text)?.[1]
  if (body === undefined) return undefined
  const blob = Buffer.from(body, 'base64')
  const fields = { at: 'openssh-key-v1\0'.length }
  for (const _ of ['cipher', 'kdf', 'kdf options']) takeString(blob, fields)
  fields.at += 'keys'.length
  const key = takeString(blob, fields)
  const parsed = key === undefined ? undefined : parse(key)
  return parsed instanceof Error ? undefined : parsed
}

function takeString(blob: Buffer, fields: { at: number }): Buffer | undefined {
  if (fields.at + 4 > blob.length) return undefined
  const start = fields.at + 4
  fields.at = start + blob.readUInt32BE(fields.at)
  return blob.subarray(start, fields.at)
}

/** Per asker, so that a fleet which shares a key and a run which reconnects ask once. */
const unlocked = new WeakMap<NonNullable<Passphrase>, Map<string, Promise<ParsedKey | Error>>>()

async function unlockFile(
  target: Target,
  path: string,
  text: string,
  passphrase: Passphrase,
): Promise<ParsedKey> {
  if (!passphrase) throw lockedForGood(target, path)
  const files = unlocked.get(passphrase) ?? new Map<string, Promise<ParsedKey | Error>>()
  unlocked.set(passphrase, files)
  const asked = files.get(path) ?? passphrase(path).then(answer => parse(text, answer ?? ''))
  files.set(path, asked)
  const key = await asked
  if (key instanceof Error)
    throw problem(target, `wrong passphrase for the key file ${path}`, addToAgent(path))
  return key
}

const lockedForGood = (target: Target, path: string): UserError =>
  problem(
    target,
    `the key file ${path} is encrypted, and nobody can be asked for its passphrase`,
    addToAgent(path),
  )

const addToAgent = (path: string): string => `let an agent hold the key: ssh-add ${path}`

const problem = (target: Target, why: string, hint?: string): UserError =>
  new UserError({ kind: 'unreachable', where: target.name, why, hint })

const isSameKey = (one: ParsedKey | undefined, other: ParsedKey | undefined): boolean =>
  one !== undefined && other !== undefined && one.getPublicSSH().equals(other.getPublicSSH())

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
