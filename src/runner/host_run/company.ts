import type { HostVariables } from '../live_variables.ts'
import type { Task } from '../run_types.ts'

/** What one host's way through a play has to do with the ways of the others in its batch. */
export interface Company {
  /** Who of the play, and who of the batch, has not failed. */
  readonly playHosts: readonly string[]
  readonly hosts: readonly string[]
  /** A host comes to a place in the play's order. @returns why it goes no further. */
  reach(host: string, position: number): Halt | undefined
  /** Where failures may stop all hosts: waits until each of the others has come as far. */
  gate(host: string, position: number): Promise<void>
  /** Waits until each of the others has come as far. */
  meet(host: string, position: number): Promise<void>
  /** meta: end_host. */
  depart(host: string): void
  /** One host works for all; undefined for that one. Throws UserError on every host where the work has failed. */
  once(host: string, position: number, work: () => Promise<Gifts>): Promise<Gifts | undefined>
  throttled(position: number, limit: number, work: () => Promise<void>): Promise<void>
  /** Others may go on while a host waits. */
  waiting<T>(work: () => Promise<T>): Promise<T>
  /** `isFatal`: any_errors_fatal holds for what failed. */
  fail(host: string, isFatal: boolean): void
  /** meta: end_batch, end_play. */
  end(scope: 'batch' | 'play', position: number, why: string): void
  /** --step: asked once for all hosts. */
  confirms(task: Task, position: number): Promise<boolean>
  /** Asks once for all hosts. */
  ask(position: number, prompt: string, options: { readonly echo: boolean }): Promise<string | undefined>
}

export interface Halt {
  readonly why: string
  /** The play ends here by its own word: what comes before is still done. */
  readonly finishes: boolean
}

/** What a task that ran for all hosts has given the one it ran on: variables and files of them, in order. */
export type Gifts = readonly Partial<HostVariables>[]
