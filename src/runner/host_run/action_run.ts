import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../../errors.ts'
import type { Action, ActionContext, ActionResult } from '../actions/action.ts'
import { UnknownYet } from '../live_variables.ts'
import type { Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import { HostKeyRefusal } from '../transport/host_key.ts'
import type { Identity } from '../transport/transport.ts'
import type { Link } from './link.ts'
import type { Scene } from './scene.ts'
import { orElse } from './task_scope.ts'

export interface Acted {
  readonly result: ActionResult
  /** Something was run on the host, which may have changed it. */
  readonly touched: boolean
}

export interface ActionCall {
  readonly task: Task
  readonly action: Action
  readonly args: Record<string, unknown>
  readonly scope: Scope
  readonly identity: Identity
  readonly check: boolean
  readonly position: number
}

/** Runs one action once on one host. What it throws that a user can mend is its failure; a host that is gone is not. */
export async function runAction(scene: Scene, call: ActionCall): Promise<Acted> {
  const { task, action, args, scope } = call
  using limit = timeLimit(
    scene.state.name,
    orElse(undefined, () => task.timeout?.(scope)),
  )
  const way = new Way(scene, call, limit.signal)
  try {
    return { result: await action.run(args, way.context), touched: way.touched }
  } catch (error) {
    if (!(error instanceof UserError) || error.kind === 'unreachable' || error.kind === 'locked') throw error
    const why = error.where === scene.state.name ? error.why : `${error.where}: ${error.why}`
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    return { result: { status: 'failed', why, ...hint }, touched: way.touched }
  }
}

/** What an action may do, and whether it has. */
class Way {
  touched = false
  readonly #scene: Scene
  readonly #call: ActionCall
  readonly #link: Link
  readonly #limit: AbortSignal

  constructor(scene: Scene, call: ActionCall, limit: AbortSignal) {
    this.#scene = scene
    this.#call = call
    this.#link = call.task.onController ? scene.options.localhost : scene.state.link
    this.#limit = limit
  }

  get context(): ActionContext {
    const { task, scope, check, position, identity } = this.#call
    const { state, options } = this.#scene
    return {
      host: state.name,
      check,
      rehearsal: options.rehearsal,
      verbosity: options.verbosity,
      at: task.at,
      ...(task.vault && { vault: task.vault }),
      scope,
      environment: task.environment(scope),
      signal: AbortSignal.any([options.abandon, this.#limit]),
      sh: async script => {
        if (options.isOffline) throw new UnknownYet('nothing is run on hosts that are planned from snapshots')
        this.touched ||= !task.onController
        return await this.#link.sh(script, identity, undefined, this.#limit)
      },
      reconnect: limits => this.#reconnect(limits),
      ask: (prompt, how) => options.company.ask(position, prompt, how),
      wait: seconds => options.company.waiting(() => this.#wait(seconds)),
    }
  }

  async #reconnect(limits: Parameters<ActionContext['reconnect']>[0]): Promise<void> {
    const { state, options } = this.#scene
    const deadline = Date.now() + limits.timeout * 1000
    await this.#link.drop()
    for (;;) {
      const rest = Math.max(1, (deadline - Date.now()) / 1000)
      try {
        const whole = Math.min(rest, limits.connect + ANSWER_LIMIT)
        const { exitCode } = await this.#link.poll(':', this.#call.identity, {
          connect: limits.connect,
          whole,
        })
        if (exitCode === 0) return this.#link.adopt()
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof HostKeyRefusal || this.#link.isAbandoned)
          throw error
        if (Date.now() + limits.sleep * 1000 >= deadline)
          throw new UserError({
            kind: 'unreachable',
            where: state.name,
            why: `no connection within ${limits.timeout} s; the last try: ${error.why}`,
          })
      }
      await this.#link.drop()
      if (Date.now() >= deadline || options.stopped())
        throw new UserError({
          kind: 'unreachable',
          where: state.name,
          why: options.stopped() ? 'interrupted while waiting for it' : `no shell within ${limits.timeout} s`,
        })
      await options.company.waiting(() => this.#wait(limits.sleep))
    }
  }

  async #wait(seconds: number): Promise<void> {
    await waitUntil(seconds, AbortSignal.any([this.#scene.options.stop, this.#limit]))
    this.#scene.options.abandon.throwIfAborted()
    this.#limit.throwIfAborted()
  }
}

/** Milliseconds; a timer that is set to more ends at once. */
const LONGEST_DELAY = 2 ** 31 - 1

/** Seconds; ends early with the signal. */
export async function waitUntil(seconds: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  for (let left = seconds * 1000; left > 0 && !signal.aborted; left = deadline - Date.now())
    await delay(Math.min(left, LONGEST_DELAY), undefined, { signal }).catch(error => {
      if (!signal.aborted) throw error
    })
}

/** Seconds for a shell to say a word, once connected. */
const ANSWER_LIMIT = 20

/** `timeout` of a task. */
function timeLimit(host: string, seconds: number | undefined): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  if (seconds === undefined || seconds <= 0) return { signal: controller.signal, [Symbol.dispose]: () => {} }
  const late = new UserError({
    kind: 'failed',
    where: host,
    why: `it took longer than its timeout of ${seconds} s`,
    hint: 'what it has started may still be at work on the host',
  })
  const timer = setTimeout(() => controller.abort(late), Math.min(seconds * 1000, LONGEST_DELAY))
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) }
}
