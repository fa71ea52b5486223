import type { Position } from '../errors.ts'
import type { Module } from '../modules/define.ts'
import type { Scope } from './template/template.ts'
import type { Identity, Target } from './transport/transport.ts'

/** A playbook and an inventory, loaded, joined and checked: everything that can be known before a connection. */
export interface Run {
  readonly playbook: string
  readonly plays: readonly Play[]
  /** Of every host that a play names, by inventory name. */
  readonly targets: ReadonlyMap<string, Target>
}

export interface Play {
  readonly name: string
  readonly at: Position
  /** Inventory names, after --limit, in inventory order. */
  readonly hosts: readonly string[]
  /** pre_tasks, tasks and post_tasks in order, with the flushes that follow each. */
  readonly steps: readonly Step[]
  /** In the order they are defined, which is the order they run in. */
  readonly handlers: readonly Task[]
}

export type Step = { readonly kind: 'task'; readonly task: Task } | { readonly kind: 'flush_handlers' }

export interface Task {
  readonly name: string
  readonly at: Position
  readonly module: Module
  /** Handlers' names or `listen` topics. */
  readonly notify: readonly string[]
  /** Handlers only: the topics it also answers to. */
  readonly listen: readonly string[]
  /** This host's variables, with what was observed on it under `ansible_facts`. Throws UserError. */
  scope(host: string, facts: Scope): Scope
  /** Throws UserError at the condition. */
  when(scope: Scope): { readonly run: true } | { readonly run: false; readonly why: string }
  /** Rendered and validated arguments of the module. Throws UserError at the argument. */
  args(scope: Scope): Record<string, unknown>
  /** Throws UserError. */
  identity(scope: Scope): Identity
}
