import { UserError } from '../../errors.ts'
import type { Requests } from '../../host/gather.ts'
import type { Host } from '../../host/host.ts'
import { FACTS_ON_DEMAND, FactsNeeded } from '../facts_on_demand.ts'
import { UnknownYet } from '../live_variables.ts'
import type { Sight, Task } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import type { Identity } from '../transport/transport.ts'
import { ansibleFacts } from './ansible_facts.ts'
import type { HostPlayOptions, HostState } from './state.ts'

/** The variables of one host's tasks. Facts are looked for when an expression first reads one. */
export class TaskScope {
  /** What a rescue is told. */
  told: Scope = {}
  readonly #state: HostState
  readonly #options: HostPlayOptions
  readonly #look: Look
  /** A scope is large, and a task asks for its own many times. */
  #last: { task: Task; locals: Scope; facts: Scope; version: number; scope: Scope } | undefined
  #seen: { readonly host: Host; readonly canAskForFqdn: boolean; readonly facts: Scope } | undefined

  constructor(state: HostState, options: HostPlayOptions, look: Look) {
    this.#state = state
    this.#options = options
    this.#look = look
  }

  /** Nothing is run here: what tasks would do is not known. */
  get isDry(): boolean {
    return this.#options.check
  }

  /** Throws FactsNeeded from within where no look was taken yet. */
  of(task: Task, locals: Scope = NONE, facts: Scope = this.#facts): Scope {
    const { version } = this.#state.live
    const last = this.#last
    if (last?.task === task && last.locals === locals && last.facts === facts && last.version === version)
      return last.scope
    const scope = this.#scopeOf(task, locals, facts)
    this.#last = { task, locals, facts, version, scope }
    return scope
  }

  /** Time has passed: what expressions say of it, or of files, may be something else by now. */
  forget(): void {
    this.#last = undefined
  }

  #scopeOf(task: Task, locals: Scope, facts: Scope): Scope {
    const { name, live } = this.#state
    const { company } = this.#options
    const told = { ...this.told, ...locals }
    const sight: Sight = {
      facts,
      live,
      locals: told,
      // What few expressions read is found out when one does.
      get playHosts() {
        return company.playHosts
      },
      get batch() {
        return company.hosts
      },
    }
    return task.scope(name, sight)
  }

  /** What an expression says, after a look where it needs one. Throws UserError, UnknownYet. */
  async ask<T>(task: Task, locals: Scope, question: (scope: Scope) => T): Promise<T> {
    for (;;) {
      try {
        return question(this.of(task, locals))
      } catch (error) {
        if (!(error instanceof FactsNeeded)) throw error
        // What is read behind it may need another look.
        await this.#look({ extras: error.extras }, this.identity(task, locals))
      }
    }
  }

  /** Who looks cannot depend on what was seen. */
  identity(task: Task, locals: Scope = NONE): Identity {
    try {
      return task.identity(this.of(task, locals))
    } catch (error) {
      if (!(error instanceof FactsNeeded)) throw error
      return task.identity(this.of(task, locals, {}))
    }
  }

  get #facts(): Scope {
    const { host: now, seen, session } = this.#state
    const host = now ?? seen
    if (host === undefined) return FACTS_ON_DEMAND
    const canAskForFqdn = !session.asksFor('fqdn')
    if (this.#seen?.host !== host || this.#seen.canAskForFqdn !== canAskForFqdn) {
      const facts = ansibleFacts(host, { leavesOutUnknown: !this.isDry, canAskForFqdn })
      this.#seen = { host, canAskForFqdn, facts }
    }
    return this.#seen.facts
  }
}

/** No variables of a round. */
export const NONE: Scope = {}

/** A look at the host that has what is wanted. */
type Look = (wanted: Requests, identity: Identity) => Promise<unknown>

/** For words of a task that are nothing to fail for. */
export function orElse<T>(otherwise: T, question: () => T): T {
  try {
    return orElseButFacts(otherwise, question)
  } catch (error) {
    if (error instanceof FactsNeeded) return otherwise
    throw error
  }
}

/** The same where facts are to be looked for: throws FactsNeeded. */
export function orElseButFacts<T>(otherwise: T, question: () => T): T {
  try {
    return question()
  } catch (error) {
    if (error instanceof UserError || error instanceof UnknownYet) return otherwise
    throw error
  }
}
