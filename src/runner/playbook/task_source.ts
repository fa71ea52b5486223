import type { Position } from '../../errors.ts'
import type { Word } from '../run_types.ts'
import type { Arguments } from './arguments.ts'
import type { Around } from './keywords.ts'
import type { LoopSource } from './loops.ts'
import type { ResultWords } from './results.ts'
import type { Templated } from './templated.ts'

/** What stands in a section of a play, imports resolved, as it is written. */
export type StepSource =
  | { readonly kind: 'task'; readonly task: TaskSource }
  /** `tags` undefined: the play's own, which no --skip-tags leaves out. */
  | { readonly kind: 'flush_handlers'; readonly tags?: readonly string[] }
  | { readonly kind: 'block'; readonly block: BlockSource }

export interface BlockSource {
  readonly name: string
  readonly at: Position
  readonly steps: readonly StepSource[]
  readonly rescue: readonly StepSource[]
  readonly always: readonly StepSource[]
}

/** A task as it is written, with all that it inherits. */
export interface TaskSource extends Around, ResultWords {
  readonly name: Templated
  readonly at: Position
  readonly word: Word
  readonly arguments: Arguments
  readonly listen: readonly string[]
  readonly loop: LoopSource | undefined
}

/** All tasks, those of blocks too, in the order they are written. */
export const tasksIn = (steps: readonly StepSource[]): readonly TaskSource[] =>
  steps.flatMap(step => {
    if (step.kind === 'flush_handlers') return []
    if (step.kind === 'task') return [step.task]
    return [...tasksIn(step.block.steps), ...tasksIn(step.block.rescue), ...tasksIn(step.block.always)]
  })
