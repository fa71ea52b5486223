import type { ClientErrorExtensions } from 'ssh2'
import { UserError } from '../../errors.ts'
import type { Keys } from './keys.ts'
import type { Target } from './transport.ts'

/** What ssh2 reported before the machine took commands, in words that say what to do next. */
export function explain(target: Target, error: SshError, refusal: Problem): UserError {
  if (error.level === 'client-socket') return unreachable(target, socketProblem(target, error), error)
  if (error.level === 'client-authentication') return unreachable(target, refusal, error)
  if (/Too many authentication failures/.test(error.message))
    return unreachable(target, tooMany(refusal), error)
  return unreachable(target, { why: `the SSH handshake failed: ${error.message}` }, error)
}

export type SshError = Error & ClientErrorExtensions & { readonly code?: unknown }

export interface Problem {
  readonly why: string
  readonly hint?: string
}

export const notAuthenticated = (
  { user, password }: Target,
  { offers, unusable }: Keys,
  accepted: readonly string[],
): Problem => {
  const tried =
    offers.length === 0 ? 'there is none to offer' : `tried ${offers.map(({ title }) => title).join(', ')}`
  const server = accepted.length === 0 ? [] : [`the machine takes ${accepted.join(', ')}`]
  const next = `add one with ssh-copy-id, or name it in ansible_ssh_private_key_file`
  return {
    why: `no key${password === undefined ? '' : ', and not the password,'} was accepted for user ${user}`,
    hint: [tried, ...unusable, ...server, next].join('; '),
  }
}

export const timedOut = (target: Target, isConnecting: boolean): UserError =>
  unreachable(target, {
    why: `${at(target)} ${isConnecting ? 'does not answer' : 'did not finish the SSH handshake'} within ${target.connectTimeout} s`,
    hint: 'is the machine up, and the address right? ansible_timeout raises the limit',
  })

export const closedEarly = (target: Target): UserError =>
  unreachable(target, {
    why: `${at(target)} closed the connection during the SSH handshake`,
    hint: 'its sshd log says why: journalctl -u ssh -u sshd',
  })

/** The machine on the way cannot, or must not, open a connection to the target. */
export const notForwarded = (target: Target, bastion: string, cause: Error): UserError =>
  unreachable(
    target,
    {
      why: `${at(target)} cannot be reached through ${bastion}: ${cause.message.replace(/^\(SSH\) /, '')}`,
      hint: 'is the machine up, the address right as seen from there, and AllowTcpForwarding on?',
    },
    cause,
  )

/** What is wrong with a machine on the way is wrong for all that are behind it. */
export const behind = (target: Target, bastion: string, cause: UserError): UserError =>
  unreachable(target, { why: `bastion ${bastion}: ${cause.why}`, ...hintOf(cause) }, cause)

const hintOf = ({ hint }: UserError): { hint?: string } => (hint === undefined ? {} : { hint })

/** A connection that worked before. */
export const lost = (target: Target, cause: Error): UserError =>
  unreachable(target, { why: `the connection was lost: ${cause.message}` }, cause)

export const disposed = (target: Target): UserError =>
  unreachable(target, { why: 'the connection is closed' })

/** A working connection on which no shell can be started. */
export const refused = (target: Target, cause: unknown): UserError =>
  new UserError({
    kind: 'failed',
    where: target.name,
    why: `the machine starts no shell for ${target.user}: ${cause instanceof Error ? cause.message : cause}`,
    hint: 'log in with ssh and look: a forced command, or a login shell that is not there',
    cause,
  })

const tooMany = (refusal: Problem): Problem => ({
  ...refusal,
  why: 'the machine closed the connection: too many keys were offered before the right one',
})

const at = ({ host, port }: Target): string => `${host}:${port}`

function socketProblem(target: Target, { code, message }: SshError): Problem {
  const row = typeof code === 'string' ? SOCKET_PROBLEMS[code] : undefined
  return row
    ? { why: row.why(target), hint: row.hint }
    : { why: `no connection to ${at(target)}: ${message}` }
}

const UNRESOLVED = {
  why: ({ host }: Target) => `the name ${host} cannot be resolved`,
  hint: 'mend ansible_host, or the resolver of this machine',
}

const NO_ROUTE = {
  why: (target: Target) => `there is no route to ${at(target)}`,
  hint: 'is the machine up, and on a network that this one reaches?',
}

const SOCKET_PROBLEMS: Readonly<Record<string, { why(target: Target): string; readonly hint: string }>> = {
  ENOTFOUND: UNRESOLVED,
  EAI_AGAIN: UNRESOLVED,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ECONNREFUSED: {
    why: target => `${at(target)} refuses the connection`,
    hint: 'does sshd run there, and listen on that port (ansible_port)?',
  },
  ETIMEDOUT: {
    why: target => `${at(target)} does not answer`,
    hint: 'is the machine up, and does a firewall let us through?',
  },
  ECONNRESET: {
    why: target => `${at(target)} closed the connection`,
    hint: 'its sshd log says why: journalctl -u ssh -u sshd',
  },
}

const unreachable = ({ name }: Target, { why, hint }: Problem, cause?: unknown): UserError =>
  new UserError({ kind: 'unreachable', where: name, why, hint, cause })
