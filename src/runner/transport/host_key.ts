import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UserError } from '../../errors.ts'
import {
  fingerprint,
  type HostKeyAlgorithm,
  type HostName,
  hostKeyAlgorithms,
  judgeHostKey,
  type KnownHostLine,
  keyType,
  knownHostsLine,
  knownHostsName,
  parseKnownHosts,
  type Verdict,
} from './known_hosts.ts'
import type { ConnectOptions, Target } from './transport.ts'

/** Holds the keys a host shows against the user's known_hosts files. Throws UserError for a file that cannot be read. */
export async function prepareHostKeyCheck(target: Target, options: ConnectOptions): Promise<HostKeyCheck> {
  const files = knownHostsFilesOf(target, options)
  const lines = (await Promise.all(files.map(file => readLines(target, file)))).flat()
  const name = hostNameOf(target)
  const acceptsNew = options.acceptNewHostKeys || (target.ssh?.acceptNewHostKeys ?? false)
  let accepted: Buffer | undefined
  return {
    algorithms: hostKeyAlgorithms(lines, name),
    refusal(key) {
      if (accepted?.equals(key)) return undefined
      const verdict = judgeHostKey(lines, name, key)
      if (verdict.kind === 'unknown' && acceptsNew && accepted === undefined) {
        accepted = key
        return undefined
      }
      return refuse(target, verdict, key)
    },
    async remember() {
      const [file] = files
      const hashed = target.ssh?.hashKnownHosts ?? false
      if (accepted !== undefined && file !== undefined)
        await append(target, file, knownHostsLine(name, accepted, { hashed }))
    },
  }
}

export interface HostKeyCheck {
  /** To offer, in this order. */
  readonly algorithms: readonly HostKeyAlgorithm[]
  /** Why the connection must not go on; also asked when keys are exchanged anew. */
  refusal(key: Buffer): HostKeyRefusal | undefined
  /** Writes down the key that was accepted as new; once its owner has proved to have it. */
  remember(): Promise<void>
}

/** Final: trying again, as after a reboot, cannot mend it. */
export class HostKeyRefusal extends UserError {}

/** The files that ssh_config names, unless the user names one on the command line. */
function knownHostsFilesOf({ ssh }: Target, options: ConnectOptions): readonly string[] {
  const { knownHostsFiles, knownHostsByDefault } = options
  const [own, ...system] = knownHostsFiles
  if (!knownHostsByDefault || own === undefined) return knownHostsFiles
  return [...(ssh?.userKnownHostsFiles ?? [own]), ...(ssh?.globalKnownHostsFiles ?? system)]
}

const hostNameOf = ({ host, port, ssh }: Target): HostName => ({
  host,
  port,
  hostKeyAlias: ssh?.hostKeyAlias,
})

async function readLines(target: Target, file: string): Promise<readonly KnownHostLine[]> {
  try {
    return parseKnownHosts(file, await readFile(file, 'latin1'))
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return []
    throw unusable(target, file, cause)
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const unusable = ({ name }: Target, file: string, cause: unknown): UserError =>
  new UserError({
    kind: 'unreachable',
    where: name,
    why: `the known_hosts file ${file} cannot be used: ${cause instanceof Error ? cause.message : cause}`,
    cause,
  })

function refuse(target: Target, verdict: Verdict, key: Buffer): HostKeyRefusal | undefined {
  if (verdict.kind === 'known') return undefined
  const shown = `${keyType(key)} ${fingerprint(key)}`
  return new HostKeyRefusal({ kind: 'unreachable', where: target.name, ...explain(target, verdict, shown) })
}

function explain(target: Target, verdict: Exclude<Verdict, { kind: 'known' }>, shown: string) {
  const name = knownHostsName(hostNameOf(target))
  if (verdict.kind === 'revoked')
    return {
      why: `its host key ${shown} is revoked in ${place(verdict.by)}`,
      hint: 'give the machine a new host key',
    }
  if (verdict.kind === 'changed')
    return {
      why: `its host key has changed: ${place(verdict.from)} holds ${verdict.from.type} ${fingerprint(verdict.from.key)}, the machine shows ${shown}`,
      hint: `somebody may be in between; if the machine was set up anew: ssh-keygen -R '${name}' -f ${verdict.from.file}`,
    }
  const hint = `if that is its key: --accept-new-host-keys, or connect once with ssh${target.port === 22 ? '' : ` -p ${target.port}`} ${target.user}@${target.host}`
  if (verdict.authority === undefined) return { why: `its host key ${shown} is not known`, hint }
  const why = `its host key ${shown} is not known: ${place(verdict.authority)} names an authority, but host certificates cannot be checked here`
  return { why, hint: `set ansible_connection: openssh, which checks them; or, ${hint}` }
}

const place = ({ file, line }: KnownHostLine): string => `${file}:${line}`

async function append(target: Target, file: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const before = await readFile(file, 'latin1').catch(() => '')
    const start = before === '' || before.endsWith('\n') ? '' : '\n'
    if (!before.includes(line)) await appendFile(file, start + line, { mode: 0o600 })
  } catch (cause) {
    throw unusable(target, file, cause)
  }
}
