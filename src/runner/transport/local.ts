import { userInfo } from 'node:os'
import { execa } from 'execa'
import { UserError } from '../../errors.ts'
import type { Argv } from '../../host/change.ts'
import { type Machine, runScript, type StartedShell } from './shell.ts'
import type { ConnectOptions, Target, Transport } from './transport.ts'

/** The machine that runs the play. */
export async function connectLocal(target: Target, options: ConnectOptions): Promise<Transport> {
  options.signal?.throwIfAborted()
  const machine: Machine = {
    name: target.name,
    login: userInfo().username,
    start: argv => startChild(target.name, argv),
  }
  return {
    sh: (script, shOptions) => runScript(machine, script, shOptions),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function startChild(where: string, [file, ...args]: Argv): Promise<StartedShell> {
  // A session of its own: Ctrl-C at the terminal goes to the whole foreground group, and would end the step that
  // the runner wants to finish.
  const child = execa(file, args, { stdin: 'pipe', buffer: false, reject: false, detached: true })
  const ended = child.then(result => {
    if (result.exitCode === undefined && result.signal === undefined) throw notStarted(where, file, result)
    return result.exitCode
  })
  ended.catch(() => {})
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended, kill: () => kill(child) }
}

const notStarted = (
  where: string,
  file: string,
  cause: { code?: string | undefined; originalMessage?: string | undefined },
) =>
  new UserError({
    kind: 'failed',
    where,
    why:
      cause.code === 'ENOENT'
        ? `${file}: command not found`
        : `${file} does not start: ${cause.originalMessage}`,
    hint: file === 'sudo' || file === 'doas' ? `install ${file}, or run as root` : undefined,
    cause,
  })

function kill(child: Pick<ReturnType<typeof execa>, 'pid' | 'stdin' | 'stdout' | 'stderr' | 'unref'>): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
  child.unref()
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch {
    // It has ended already, or it is root's: then the closed stdin must do.
  }
}
