import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import type { Secrets } from '../secrets.ts'

/** The passwords that values and files of ansible-vault may be closed with, by vault id; '' is the one without. */
export interface VaultSecrets {
  /** In the order of their options. */
  readonly passwords: readonly { readonly id: string; readonly password: string }[]
  /** What was behind them, over the whole run. */
  readonly opened?: Secrets
}

/** The text, or why it could not be opened and what to do. */
export type Opened =
  | { readonly text: string; readonly why?: undefined }
  | { readonly why: string; readonly hint: string }

/** Whether ansible-vault has closed this text. */
export const isVaulted = (text: string): boolean => text.startsWith(MAGIC)

/**
 * Opens what `ansible-vault encrypt` and `encrypt_string` write, of format 1.1 and 1.2. The passwords of its own vault id
 * are tried first, then all others, as Ansible does (ansible/ansible, lib/ansible/parsing/vault/__init__.py).
 */
export function openVault(closed: string, secrets: VaultSecrets | undefined): Opened {
  const envelope = readEnvelope(closed)
  if (envelope === undefined)
    return { why: 'is not in the form of ansible-vault', hint: `it begins with ${MAGIC};1.1;AES256` }
  if (envelope.why !== undefined) return envelope
  const passwords = secrets?.passwords ?? []
  if (passwords.length === 0)
    return { why: `is closed by ansible-vault${named(envelope.id)}, and no password is given`, hint: HINT }
  const inOrder = [
    ...passwords.filter(({ id }) => id === envelope.id),
    ...passwords.filter(({ id }) => id !== envelope.id),
  ]
  for (const { password } of inOrder) {
    const bytes = decrypt(envelope, password)
    if (bytes !== undefined) return asText(bytes)
  }
  const which = passwords.length === 1 ? 'the password does not open it' : 'none of the passwords opens it'
  return { why: `is closed by ansible-vault${named(envelope.id)}, and ${which}`, hint: HINT }
}

const MAGIC = '$ANSIBLE_VAULT'
const HINT = 'give its password: --vault-password-file FILE, --vault-id ID@FILE or --ask-vault-pass'

const named = (id: string): string => (id === '' ? '' : ` (vault id ${id})`)

interface Envelope {
  readonly id: string
  readonly salt: Buffer
  readonly digest: Buffer
  readonly bytes: Buffer
  readonly why?: undefined
}

type Refusal = { readonly why: string; readonly hint: string }

/** A header of fields at semicolons, then hexadecimal lines of 80: three hexadecimal numbers, each on a line, once more in hexadecimal. */
function readEnvelope(closed: string): Envelope | Refusal | undefined {
  const [header = '', ...lines] = closed.trim().split(/\s*\n\s*/)
  const [magic, version, cipher, id = ''] = header.split(';').map(field => field.trim())
  if (magic !== MAGIC || (version !== '1.1' && version !== '1.2')) return undefined
  if (cipher !== 'AES256')
    return { why: `is closed with the cipher ${cipher}`, hint: 'ansible-vault rekey closes it with AES256' }
  const inner = fromHex(lines.join(''))?.toString('latin1') ?? ''
  const [salt, digest, bytes, ...rest] = inner.split('\n').map(fromHex)
  return salt && digest && bytes && rest.length === 0 ? { id, salt, digest, bytes } : undefined
}

const fromHex = (text: string): Buffer | undefined =>
  text.length > 0 && text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text)
    ? Buffer.from(text, 'hex')
    : undefined

/** Undefined where the password is not the right one: the digest is made with it. */
function decrypt({ salt, digest, bytes }: Envelope, password: string): Buffer | undefined {
  const keys = keysOf(password, salt)
  const made = createHmac('sha256', keys.subarray(32, 64)).update(bytes).digest()
  if (made.length !== digest.length || !timingSafeEqual(made, digest)) return undefined
  const decipher = createDecipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64, 80))
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()])
  // PKCS #7 (RFC 5652, 6.3): the last byte is the number of bytes to take away.
  return padded.subarray(0, Math.max(padded.length - (padded.at(-1) ?? 0), 0))
}

const derived = new Map<string, Buffer>()

/** A key for the cipher, one for the digest, and the first counter. Slow on purpose: once for a password and salt. */
function keysOf(password: string, salt: Buffer): Buffer {
  const name = `${salt.toString('hex')} ${password}`
  const known = derived.get(name)
  if (known) return known
  const keys = pbkdf2Sync(password, salt, 10_000, 80, 'sha256')
  derived.set(name, keys)
  return keys
}

function asText(bytes: Buffer): Opened {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { why: 'is not UTF-8 text behind ansible-vault', hint: 'only text can be read' }
  }
}
