import type { Position } from '../errors.ts'
import type { Module } from '../modules/define.ts'
import type { Action } from './actions/action.ts'
import type { LiveVariables } from './live_variables.ts'
import type { Secrets } from './secrets.ts'
import type { Scope, Value } from './template/template.ts'
import type { Identity, Target } from './transport/transport.ts'
import type { VaultSecrets } from './yaml/vault.ts'

/** A playbook and an inventory, loaded, joined and checked: everything that can be known before a connection. */
export interface Run {
  /** What looks like a slip, and stops nothing. */
  readonly warnings?: readonly string[] | undefined
  readonly playbook: string
  readonly plays: readonly Play[]
  /** Of every host that a play names, by inventory name. */
  readonly targets: ReadonlyMap<string, Target>
  /** What no event shows. */
  readonly secrets?: Secrets
}

export interface Play {
  readonly name: string
  /** What `hosts` says. */
  readonly pattern?: string
  /** Each of its list, where it is one. */
  readonly patterns?: readonly string[]
  readonly tags?: readonly string[]
  readonly at: Position
  /** Inventory names, after --limit, in the play's `order`. */
  readonly hosts: readonly string[]
  /** The same as its pattern has them. */
  readonly named?: readonly string[]
  /** The hosts as `serial` divides them; one batch with all of them where it does not. */
  readonly batches: readonly (readonly string[])[]
  /** The rest of the batch is stopped once more than this share of it, in percent, has failed; undefined: never. */
  readonly maxFailPercentage: number | undefined
  readonly anyErrorsFatal: boolean
  /** Handlers run on hosts that have failed, too. */
  readonly forceHandlers: boolean
  /** gather_facts is set: who looks at a host before its first task. Throws UserError. */
  looksFirst?(host: string, sight: Sight): Identity
  /** pre_tasks, tasks and post_tasks in order, with the flushes that follow each. */
  readonly steps: readonly Step[]
  /** In the order they are defined, which is the order they run in. */
  readonly handlers: readonly Task[]
}

export type Step =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'flush_handlers' }
  /** Only where something follows on a failure: of a block without rescue and always the tasks stand in its place. */
  | { readonly kind: 'block'; readonly block: Block }

export interface Block {
  readonly name: string
  readonly at: Position
  readonly steps: readonly Step[]
  readonly rescue: readonly Step[]
  readonly always: readonly Step[]
}

/** What a task does: a state module, which is planned, or an action, which the runner runs. */
export type Word =
  | { readonly kind: 'module'; readonly module: Module }
  | { readonly kind: 'action'; readonly action: Action }

export const wordName = (word: Word): string => (word.kind === 'module' ? word.module.name : word.action.name)

export interface Task {
  /** As it is written, or rendered where it comes out the same on all hosts. */
  readonly name: string
  readonly at: Position
  readonly word: Word
  /** Its own and those that it inherits. */
  readonly tags: readonly string[]
  /** Handlers only: the topics it also answers to. */
  readonly listen: readonly string[]
  readonly register: string | undefined
  readonly loop: Loop | undefined
  readonly until: Until | undefined
  /** How many hosts may be at it at a time. */
  readonly throttle: number | undefined
  /** The first host of the batch does it for all of them. */
  readonly runOnce: boolean
  readonly anyErrorsFatal: boolean
  /** It reads what other hosts have come to. */
  readonly readsOthers?: boolean
  /** delegate_to: localhost. */
  readonly onController: boolean
  /** Nothing of its arguments and of its result is shown. */
  readonly noLog: boolean
  /** What opens closed files that it reads in the run. */
  readonly vault?: VaultSecrets
  /** This host's variables at this moment. Throws UserError. */
  scope(host: string, sight: Sight): Scope
  /** Its name on this host; as it is written where it cannot be rendered. */
  title(scope: Scope): string
  /** Throws UserError at the condition; UnknownYet where it depends on what a dry run cannot know. So do all below. */
  when(scope: Scope): Answer
  /** Rendered and validated arguments. Of an action's `expressions`, what `Evaluated` says. */
  args(scope: Scope): Record<string, unknown>
  identity(scope: Scope): Identity
  /** Handlers' names or `listen` topics. */
  notify(scope: Scope): readonly string[]
  environment(scope: Scope): Readonly<Record<string, string>>
  ignoreErrors(scope: Scope): boolean
  ignoreUnreachable(scope: Scope): boolean
  /** undefined: as the run is. */
  checkMode(scope: Scope): boolean | undefined
  diff(scope: Scope): boolean | undefined
  /** Seconds that it may take; undefined: as long as it takes. */
  timeout?(scope: Scope): number | undefined
  /** undefined: as the module says. `scope` has what was registered. */
  changedWhen(scope: Scope): Answer | undefined
  failedWhen(scope: Scope): Answer | undefined
}

export type Answer =
  | { readonly run: true; readonly because: string }
  /** The condition that does not hold, as it is written. */
  | { readonly run: false; readonly why: string }

export interface Loop {
  /** Throws UserError where it is no list. */
  items(scope: Scope): readonly Value[]
  /** What tells one round from the others, for people. */
  label(scope: Scope): string
  /** The variables of one round: `item` or what loop_var says, index_var, ansible_loop with `extended`. */
  round(items: readonly Value[], n: number): Scope
  /** Seconds between two rounds. */
  pause(scope: Scope): number
}

export interface Until {
  holds(scope: Scope): Answer
  /** Tries in all: one more than `retries:` says, 3 where it says nothing (executor/task_executor.py). */
  retries(scope: Scope): number
  /** Seconds. */
  delay(scope: Scope): number
}

/** What a run knows at one moment, for the variables of one host. */
export interface Sight {
  /** What was observed; undefined: nothing yet. */
  readonly facts: Scope | undefined
  readonly live: LiveVariables
  /** Over all but -e: a loop's variables, what a task has just registered, what a rescue is told. */
  readonly locals?: Scope | undefined
  /** The hosts that are still in the play, and those of them that are in this batch; else all of the play's. */
  readonly playHosts?: readonly string[] | undefined
  readonly batch?: readonly string[] | undefined
}
