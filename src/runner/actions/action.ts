import type { z } from 'zod'
import type { Position } from '../../errors.ts'
import type { ModuleArgs } from '../../modules/define.ts'
import type { Layer } from '../playbook/variables.ts'
import type { Scope, Value } from '../template/template.ts'
import type { ShResult } from '../transport/transport.ts'
import type { VaultSecrets } from '../yaml/vault.ts'

/** A word of playbooks that is run and not planned: `command`, `debug`, `pause`. One file, named as its YAML key. */
export interface Action<Args extends ModuleArgs = ModuleArgs> {
  readonly name: string
  /** One sentence, imperative, no full stop. */
  readonly summary: string
  /** Markdown paragraphs for the generated documentation. */
  readonly description: string
  readonly args: Args
  /** The argument that a plain string in place of the mapping is: `command: ls -l`. */
  readonly freeForm?: string
  /** Arguments that may stand in that string as NAME=VALUE: `command: make -j creates=/opt/x`. See free_form.ts. */
  readonly freeFormOptions?: readonly string[]
  /** Arguments that hold bare expressions: each arrives as an `Evaluated`, or a list of them. */
  readonly expressions?: readonly string[]
  /** It runs something on the host or waits: a barrier between segments. Others only look at variables. */
  readonly isBarrier: boolean
  /** Done once for all hosts of the batch, as with run_once: pause. */
  isForAll?(args: z.output<Args>): boolean
  /** A task as it stands in a playbook. */
  readonly example: string
  run(args: z.output<Args>, context: ActionContext): Promise<ActionResult>
}

export const defineAction = <Args extends ModuleArgs>(action: Action<Args>): Action<Args> => action

/** A bare expression of an argument, and what it is on this host. */
export interface Evaluated {
  readonly expression: string
  readonly value: Value
}

export interface ActionContext {
  readonly host: string
  /** Nothing may be changed: a dry run, or the rehearsal of a real one. */
  readonly check: boolean
  /** Before a real run: nothing is asked, nothing is waited for. */
  readonly rehearsal: boolean
  /** How many -v there are; none where it is not told. */
  readonly verbosity?: number
  /** Of the task: what its arguments name may lie beside its file. */
  readonly at?: Position
  readonly vault?: VaultSecrets
  readonly scope: Scope
  readonly environment: Readonly<Record<string, string>>
  /** Aborted by the second Ctrl-C, and when the task's `timeout` is over. */
  readonly signal: AbortSignal
  /** Runs a POSIX sh script as the task's user, on the host or, delegated, here. Throws UserError. */
  sh(script: string): Promise<ShResult>
  /** Waits for a connection and a shell, for `timeout` seconds at most. Throws UserError (unreachable). */
  reconnect(limits: {
    readonly timeout: number
    readonly connect: number
    readonly sleep: number
  }): Promise<void>
  /** Asks at the terminal, once for all hosts; undefined where nobody can answer. */
  ask(prompt: string, options: { readonly echo: boolean }): Promise<string | undefined>
  /** Seconds; ends early when the user interrupts. */
  wait(seconds: number): Promise<void>
}

/** What became of it. `unknown`: a dry run cannot tell. */
export interface ActionResult {
  readonly status: 'ok' | 'changed' | 'failed' | 'skipped' | 'unknown'
  readonly why: string
  readonly hint?: string
  /** For `register`, beside changed, failed and skipped, which the runner adds. */
  readonly result?: Readonly<Record<string, Value>>
  /** For `register` where only some of it is known: reading another field is unknown. */
  readonly unknownBut?: Readonly<Record<string, Value>>
  /** Variables of this host from now on: set_fact. */
  readonly facts?: Scope
  readonly include?: Layer
  /** meta: end_host, end_batch, end_play. */
  readonly ends?: 'host' | 'batch' | 'play'
  /** meta: clear_facts looks anew; clear_host_errors; reset_connection. */
  readonly runner?: 'clear_facts' | 'clear_host_errors' | 'reset_connection'
  /** What was run, for -v and for failures. */
  readonly ran?: Ran
}

export interface Ran {
  /** As people would type it. */
  readonly command: string
  /** undefined: ended by a signal, or not run. */
  readonly exitCode: number | undefined
  /** stdout and then stderr, the last 100 lines. */
  readonly output: readonly string[]
}
