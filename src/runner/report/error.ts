import { type UserError, UserErrors } from '../../errors.ts'
import { hang, painter, visible, widthOf } from './text.ts'

/**
 * What a user can mend, as short lines: where it is, why it is wrong, and under that what to do next.
 * Several mistakes follow one another. Without `columns` nothing is wrapped.
 */
export function formatError(
  error: UserError | UserErrors,
  options: { color: boolean; columns?: number | undefined } = { color: false },
): string {
  const errors = error instanceof UserErrors ? error.errors : [error]
  return errors.map(one => formatOne(one, options)).join('')
}

/** Beyond this a place pushes its reason off the screen: the reason gets lines of its own. */
const LONGEST_WHERE = 38

function formatOne(error: UserError, options: { color: boolean; columns?: number | undefined }): string {
  const paint = painter(options.color)
  const columns = options.columns ?? Number.POSITIVE_INFINITY
  const where = visible(error.where)
  const head = paint('bold', where)
  const hint = (indent: string): string => (error.hint === undefined ? '' : hang(indent, error.hint, columns))
  if (widthOf(where) > LONGEST_WHERE) return `${head}\n${hang('  ', error.why, columns)}${hint('  ')}`
  return hang(`${head}  `, error.why, columns) + hint(' '.repeat(widthOf(where) + 2))
}
