import { createHash, createHmac, randomBytes } from 'node:crypto'
import { matchesAny } from './pattern.ts'

/**
 * What known_hosts says of the key that a host has just shown; pure, over the format of sshd(8), section
 * "SSH_KNOWN_HOSTS FILE FORMAT".
 */
export function judgeHostKey(lines: readonly KnownHostLine[], host: HostName, key: Buffer): Verdict {
  const matching = lines.filter(line => matches(line, knownHostsName(host)))
  const revoked = matching.find(line => line.marker === '@revoked' && line.key.equals(key))
  if (revoked) return { kind: 'revoked', by: revoked }
  const held = matching.filter(line => line.marker === undefined)
  if (held.some(line => line.key.equals(key))) return { kind: 'known' }
  const usable = held.filter(line => isUsable(line.type))
  const changed = usable.find(line => line.type === keyType(key)) ?? usable[0]
  if (changed) return { kind: 'changed', from: changed }
  if (isKnownWithoutPort(lines, host, key)) return { kind: 'known' }
  return { kind: 'unknown', authority: matching.find(line => line.marker === '@cert-authority') }
}

/** As the user named it: OpenSSH does not look for addresses that a name resolves to. */
export interface HostName {
  readonly host: string
  readonly port: number
  /** HostKeyAlias: stands for both. */
  readonly hostKeyAlias?: string | undefined
}

export interface KnownHostLine {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly marker: '@revoked' | '@cert-authority' | undefined
  /** Patterns separated by commas, or one |1|salt|hash. */
  readonly hosts: string
  readonly type: string
  readonly key: Buffer
}

export type Verdict =
  | { readonly kind: 'known' }
  /** `authority`: an authority is known for the host, but its certificates cannot be checked here. */
  | { readonly kind: 'unknown'; readonly authority: KnownHostLine | undefined }
  /** Another key of this type is held, or only keys of types which the host no longer offers. */
  | { readonly kind: 'changed'; readonly from: KnownHostLine }
  | { readonly kind: 'revoked'; readonly by: KnownHostLine }

/** Comments and lines that are no host key (SSH 1's among them) are passed over, as OpenSSH does. */
export const parseKnownHosts = (file: string, text: string): readonly KnownHostLine[] =>
  text.split(/\r?\n/).flatMap((content, index) => parseLine(file, index + 1, content) ?? [])

/**
 * The algorithms to offer, those of the host's known keys first: the server picks the first that it has, and a
 * host known by its RSA key would look changed if it were asked for its Ed25519 key.
 */
export function hostKeyAlgorithms(
  lines: readonly KnownHostLine[],
  host: HostName,
): readonly HostKeyAlgorithm[] {
  const name = knownHostsName(host)
  const held = new Set(
    lines.filter(line => line.marker === undefined && matches(line, name)).map(line => line.type),
  )
  const rows = [
    ...ALGORITHMS.filter(([type]) => held.has(type)),
    ...ALGORITHMS.filter(([type]) => !held.has(type)),
  ]
  return rows.flatMap(([, algorithms]) => algorithms)
}

/** The line that makes the key known, with its line break. */
export const knownHostsLine = (host: HostName, key: Buffer, { hashed = false } = {}): string =>
  `${hashed ? hashOf(knownHostsName(host), randomBytes(20)) : knownHostsName(host)} ${keyType(key)} ${key.toString('base64')}\n`

/** `host`, or `[host]:port` where it is not 22. */
export function knownHostsName({ host, port, hostKeyAlias }: HostName): string {
  if (hostKeyAlias !== undefined) return hostKeyAlias.toLowerCase()
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** As ssh-keygen -l prints it. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** The name that a key in SSH's wire format opens with (RFC 4253, 6.6); '' where there is none. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return ''
  return key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

export type HostKeyAlgorithm = (typeof ALGORITHMS)[number][1][number]

/** Key types with the signature algorithms that use them (RFC 8332 for RSA), in OpenSSH's order of preference. */
const ALGORITHMS = [
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
] as const

const isUsable = (type: string): boolean => ALGORITHMS.some(([usable]) => usable === type)

function parseLine(file: string, line: number, content: string): KnownHostLine | undefined {
  const words = content.trim().split(/[ \t]+/)
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined
  const [hosts = '', type = '', base64 = ''] = words
  if (hosts === '' || hosts.startsWith('#')) return undefined
  if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return undefined
  const key = Buffer.from(base64, 'base64')
  return type !== '' && keyType(key) === type ? { file, line, marker, hosts, type, key } : undefined
}

function matches({ hosts }: KnownHostLine, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name)
  return matchesAny(hosts.toLowerCase().split(','), name)
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  return hashOf(name, Buffer.from(salt, 'base64')) === hosts
}

const hashOf = (name: string, salt: Buffer): string =>
  `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`

// OpenSSH (sshconnect.c, check_host_key) takes the very same key held under the bare name for another port, too.
const isKnownWithoutPort = (
  lines: readonly KnownHostLine[],
  { host, port, hostKeyAlias }: HostName,
  key: Buffer,
): boolean =>
  port !== 22 && hostKeyAlias === undefined && judgeHostKey(lines, { host, port: 22 }, key).kind === 'known'
