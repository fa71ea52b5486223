import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Template } from '../template/template.ts'
import type { Path } from './argument_complaints.ts'
import { follow, holdsTemplate, type WrongArgument } from './arguments.ts'
import type { Names } from './name_trace.ts'

/** What is wrong with a task, found before the first connection. */
export interface Finding {
  readonly error: UserError
  /** Findings with the same one are mended by one edit. */
  readonly cause: string
}

export const findingOf = (error: UserError): Finding => ({
  error,
  cause: [error.where, error.why, error.hint].join('\n'),
})

/** A wrong value that a variable brought is mended where the variable is set, for every argument that takes it. */
export function withOrigin({ error, complaint, from }: WrongArgument, names: Names): Finding {
  const origins = from ? originsOf(from.template, from.below, names) : []
  const [origin, ...others] = origins
  if (from === undefined || origin === undefined) return findingOf(error)
  if (others.length > 0) return findingOf(hinted(error, error.where, origins.map(setAt)))
  const where = formatPosition(origin.at)
  return {
    error: hinted(error, where, [`the argument is at ${error.where}`]),
    cause: [where, ...from.below, complaint.why].join('\n'),
  }
}

interface Origin {
  readonly name: string
  readonly at: Position
}

const setAt = ({ name, at }: Origin): string => `${name} is set at ${formatPosition(at)}`

function hinted(error: UserError, where: string, more: readonly string[]): UserError {
  const hint = [error.hint, ...new Set(more)].filter(text => text !== undefined).join('; ')
  return new UserError({ where, why: error.why, hint })
}

/** Where the values stand that a template comes down to; `below`: the way into its value, where it is one variable's. */
function originsOf(template: Template, below: Path, names: Names): readonly Origin[] {
  const isVariable = /^\s*\{\{-?\s*\w+\s*-?\}\}\s*$/.test(template.source)
  return template.names.flatMap(({ name }) => {
    const variable = names.find(name)
    if (variable === undefined) return []
    if (isVariable) {
      const inside = follow(variable, below)
      if (inside.template) return originsOf(inside.template, inside.below, names)
      if (!holdsTemplate(inside.node, variable)) return [{ name, at: inside.node.at }]
    }
    if (variable.templates.length === 0) return [{ name, at: variable.at }]
    return variable.templates.flatMap(inner => originsOf(inner, [], names))
  })
}
