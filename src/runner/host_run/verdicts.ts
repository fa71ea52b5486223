import { UserError } from '../../errors.ts'
import { UnknownYet } from '../live_variables.ts'
import type { Answer } from '../run_types.ts'
import type { Verdict } from './segment.ts'

/** What changed_when or failed_when says of a result: undefined where it is not set, or a dry run cannot know. */
export function answerOf(question: () => Answer | undefined): Answer | undefined {
  try {
    return question()
  } catch (error) {
    if (error instanceof UnknownYet) return undefined
    throw error
  }
}

/** A failed_when that cannot be evaluated fails, as in Ansible (executor/task_executor.py). */
export function verdictOf(question: () => Answer | undefined): Verdict | undefined {
  try {
    const answer = answerOf(question)
    if (answer === undefined) return undefined
    return { holds: answer.run, why: answer.run ? becauseOf(answer.because) : answer.why }
  } catch (error) {
    if (!(error instanceof UserError) || error.kind !== 'usage') throw error
    return { holds: true, why: `${error.where}: ${error.why}` }
  }
}

const becauseOf = (because: string): string =>
  because === '' ? 'failed_when holds' : `failed_when holds (${because})`
