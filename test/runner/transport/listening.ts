import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

/** Resolves once an sshd that writes its log to stderr (-e) takes connections. @returns what it has logged so far. */
export async function untilListening(sshd: ChildProcessByStdio<null, null, Readable>): Promise<() => string> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    sshd.stderr.on('data', (piece: Buffer) => {
      log += String(piece)
      if (log.includes('Server listening')) resolve()
    })
    sshd.on('exit', () => reject(new Error(`sshd ended: ${log}`)))
  })
  return () => log
}
