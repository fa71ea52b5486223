import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { UserError } from '../../errors.ts'
import type { Argv } from '../../host/change.ts'
import { advance, becomeArgv, checkBecome, type Dialogue, type Heard, startDialogue } from './become.ts'
import type { ShOptions, ShResult } from './transport.ts'

/** Runs a script in a shell that `start` brings up on the machine; the same over a channel and as a child. */
export async function runScript(machine: Machine, script: string, options: ShOptions): Promise<ShResult> {
  options.signal?.throwIfAborted()
  const entry = entrance(machine, options)
  const shell = await machine.start(entry.argv)
  const { promise: aborted, reject: abort } = Promise.withResolvers<never>()
  const onAbort = () => abort(options.signal?.reason)
  options.signal?.addEventListener('abort', onAbort)
  if (options.signal?.aborted) onAbort()
  try {
    return await Promise.race([aborted, enterAndTell(machine, shell, entry, script, options)])
  } catch (error) {
    shell.kill()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

export interface Machine {
  /** Name in the inventory. */
  readonly name: string
  /** Who the shells belong to. */
  readonly login: string
  /** Throws UserError. */
  start(argv: Argv): Promise<StartedShell>
}

/** A shell that waits for its script. */
export interface StartedShell {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Its exit code, once both streams have been read to their ends. Rejects with UserError when it cannot be known. */
  readonly ended: Promise<number | undefined>
  /** Gives it up without waiting. */
  kill(): void
}

interface Entrance {
  readonly argv: Argv
  /** With the program that changes users. */
  readonly talk: { readonly dialogue: Dialogue; readonly password: string | undefined } | undefined
}

/** Seconds until the other user's shell must listen: an emulated machine takes its time to check a password. */
const BECOME_LIMIT = 60

function entrance(machine: Machine, { identity: { become } }: ShOptions): Entrance {
  // As Ansible does (BECOME_ALLOW_SAME_USER, off by default): root needs no sudo, and may not have it.
  if (become === undefined || become.user === machine.login) return { argv: ['sh', '-s'], talk: undefined }
  checkBecome(machine.name, become)
  const nonce = randomBytes(12).toString('hex')
  const dialogue = startDialogue(nonce, machine.login, become)
  return { argv: becomeArgv(dialogue, become), talk: { dialogue, password: become.password } }
}

async function enterAndTell(
  machine: Machine,
  shell: StartedShell,
  { talk }: Entrance,
  script: string,
  { onStdout }: ShOptions,
): Promise<ShResult> {
  // A shell that ends early closes its stdin; its exit code tells, not the write that came too late.
  shell.stdin.on('error', () => {})
  if (talk !== undefined) await becomeOther(machine, shell, talk)
  return tell(shell, script, onStdout)
}

async function tell(shell: StartedShell, script: string, onStdout: ShOptions['onStdout']): Promise<ShResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  shell.stdout.on('data', (piece: Buffer) => {
    stdout.push(piece)
    onStdout?.(piece)
  })
  shell.stderr.on('data', (piece: Buffer) => stderr.push(piece))
  shell.stdout.resume()
  shell.stderr.resume()
  shell.stdin.end(script)
  const exitCode = await shell.ended
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8') }
}

const refused = (
  { name }: Machine,
  { why, hint }: { readonly why: string; readonly hint: string | undefined },
) => new UserError({ kind: 'failed', where: name, why, hint })

/** Returns once the other user's shell listens, its streams paused and free of the program's words. */
async function becomeOther(
  machine: Machine,
  shell: StartedShell,
  talk: NonNullable<Entrance['talk']>,
): Promise<void> {
  const { promise: passed, resolve, reject } = Promise.withResolvers<void>()
  let { dialogue } = talk
  const hear = (heard: Heard): void => {
    const [next, say] = advance(dialogue, heard)
    dialogue = next
    if (say.kind === 'password') shell.stdin.write(`${talk.password}\n`)
    if (say.kind === 'give up') reject(refused(machine, say))
    if (say.kind === 'script') {
      hush()
      shell.stdout.unshift(say.rest)
      if (dialogue.program.before !== '') shell.stdin.write(dialogue.program.before)
      resolve()
    }
  }
  const onStdout = (piece: Buffer) => hear({ stdout: piece })
  const onStderr = (piece: Buffer) => hear({ stderr: piece })
  const limit = setTimeout(() => hear({ silentFor: BECOME_LIMIT }), BECOME_LIMIT * 1000)
  const hush = () => {
    clearTimeout(limit)
    shell.stdout.off('data', onStdout).pause()
    shell.stderr.off('data', onStderr).pause()
  }
  shell.stdout.on('data', onStdout)
  shell.stderr.on('data', onStderr)
  shell.ended.then(exitCode => hear({ exitCode }), reject)
  try {
    await passed
  } finally {
    hush()
  }
}
