import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { UserError, UserErrors } from '../../src/errors.ts'
import { converged, defineModule, type Module } from '../../src/modules/define.ts'
import { LiveVariables } from '../../src/runner/live_variables.ts'
import { type LoadOptions, loadRun } from '../../src/runner/load.ts'
import type { Run, Task } from '../../src/runner/run_types.ts'
import type { Scope } from '../../src/runner/template/template.ts'

/** A folder of inventories and playbooks that is gone after the test: `{ 'hosts.yaml': '…', 'play.yaml': '…' }`. */
export class Project implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vfio-run-project-'))

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.#folder, name)), { recursive: true })
      writeFileSync(join(this.#folder, name), text)
    }
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  /** hosts.yaml and play.yaml, unless the options name others. */
  load(options: Partial<LoadOptions> = {}): Promise<Run> {
    return loadRun({
      ...DEFAULTS,
      playbook: this.path('play.yaml'),
      inventories: [this.path('hosts.yaml')],
      ...options,
    })
  }

  /** What a user is told: `where: why`, and the hint in brackets; paths relative to the folder. */
  async mistakes(options: Partial<LoadOptions> = {}): Promise<readonly string[]> {
    try {
      await this.load(options)
      return []
    } catch (error) {
      return mistakesIn(error).map(text => text.replaceAll(`${this.#folder}/`, ''))
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

export function mistakesIn(error: unknown): readonly string[] {
  if (error instanceof UserErrors) return error.errors.map(told)
  if (error instanceof UserError) return [told(error)]
  throw error
}

const told = ({ where, why, hint }: UserError): string =>
  `${where}: ${why}${hint === undefined ? '' : ` (${hint})`}`

const id = z.string().refine(text => /^[0-9a-f]{4}:[0-9a-f]{4}$/.test(text), {
  error: issue => `"${issue.input}" is not a vendor:device id`,
  params: { hint: 'write it as 10de:1aef' },
})

const base = { summary: 'Do nothing', description: '', example: '', plan: () => converged('nothing to do') }

const claim = defineModule({
  ...base,
  name: 'claim',
  args: z.object({
    devices: z.array(id).max(3).default([]),
    ports: z.array(id).min(1).optional(),
    state: z.enum(['present', 'absent']).default('present'),
    order: z.number().int().min(1).optional(),
    wait: z.number().positive().optional(),
    file: z.string().optional(),
  }),
})

const check = defineModule({ ...base, name: 'check', args: z.object({ what: z.string() }) })
const reboot = defineModule({ ...base, name: 'reboot', args: z.object({}) })

/** Modules that accept arguments as real ones do, and plan nothing. */
export const fakeModules: ReadonlyMap<string, Module> = new Map(
  [claim, check, reboot].map(module => [module.name, module as unknown as Module]),
)

const DEFAULTS = {
  limit: undefined,
  extraVars: [],
  become: false,
  becomePassword: undefined,
  user: 'admin',
  privateKey: undefined,
  connectTimeout: 10,
  modules: fakeModules,
} satisfies Omit<LoadOptions, 'playbook' | 'inventories'>

/** The arguments that the first task of a run gets on a host. */
export function argsOn(run: Run, host: string, facts: Scope = {}): Record<string, unknown> {
  const task = firstTask(run)
  return task.args(scopeOn(task, host, facts))
}

/** A task's variables on a host, with these facts and nothing set by tasks. */
export const scopeOn = (task: Task, host: string, facts: Scope = {}): Scope =>
  task.scope(host, { facts, live: new LiveVariables() })

export function firstTask(run: Run): Task {
  const step = run.plays[0]?.steps[0]
  if (step?.kind !== 'task') throw new Error('the run begins with no task')
  return step.task
}
