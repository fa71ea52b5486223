import { execFile } from 'node:child_process'
import { resolve } from 'node:path'

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Types are stripped from the sources once, not at each start. */
export const ENVIRONMENT: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_COMPILE_CACHE: resolve('node_modules/.cache/vfio-run'),
}

/** As a user starts it, without a terminal. */
export const vfioRun = (...args: string[]): Promise<Outcome> => vfioRunIn({}, ...args)

/** The same with more in its environment. */
export function vfioRunIn(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      ['src/cli.ts', ...args],
      { env: { ...ENVIRONMENT, ...environment }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : Number.NaN
        resolve({ exitCode, stdout, stderr })
      },
    )
    child.stdin?.end()
  })
}
