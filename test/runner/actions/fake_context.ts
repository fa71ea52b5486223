import { spawnSync } from 'node:child_process'
import type { z } from 'zod'
import type { ModuleArgs } from '../../../src/modules/define.ts'
import type { Action, ActionContext, ActionResult } from '../../../src/runner/actions/action.ts'

/** What an action may do, where it may do nothing. */
export const aContext = (differing: Partial<ActionContext> = {}): ActionContext => ({
  host: 'lab',
  check: false,
  rehearsal: false,
  scope: {},
  environment: {},
  signal: new AbortController().signal,
  sh: () => Promise.reject(new Error('no script was to be run')),
  reconnect: () => Promise.reject(new Error('nothing was to be waited for')),
  ask: () => Promise.reject(new Error('nothing was to be asked')),
  wait: () => Promise.reject(new Error('nothing was to be waited for')),
  ...differing,
})

/** Runs an action as a playbook would write it: arguments checked and defaults filled in. */
export const act = <Args extends ModuleArgs>(
  action: Action<Args>,
  args: Readonly<Record<string, unknown>> = {},
  context: Partial<ActionContext> = {},
): Promise<ActionResult> => action.run(action.args.parse(args), aContext(context))

/** Why arguments are refused; none where they are not. */
export function complaints(args: z.ZodObject, written: Readonly<Record<string, unknown>>): readonly string[] {
  const answer = args.safeParse(written)
  return answer.success ? [] : answer.error.issues.map(({ message }) => message)
}

/** Runs scripts in a shell of this machine, as the local transport does. */
export const shellHere =
  ([program = '', ...args]: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  async (script: string) => {
    const { status, stdout, stderr } = spawnSync(program, [...args, '-s'], {
      input: script,
      env: { PATH: '/usr/bin:/bin', HOME: '/root', ...environment },
      maxBuffer: 2 ** 26,
      timeout: 30_000,
    })
    return { exitCode: status ?? undefined, stdout, stderr: stderr.toString() }
  }
