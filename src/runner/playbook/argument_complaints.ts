import type { z } from 'zod'
import type { ModuleArgs } from '../../modules/define.ts'
import { didYouMean } from '../../nearest.ts'
import type { Value } from '../template/template.ts'

export type Path = readonly (string | number)[]

/** What is wrong with an argument, in a user's words. */
export interface Complaint {
  readonly path: Path
  readonly why: string
  readonly hint: string | undefined
  /** `shape`: true of the structure alone, whatever values stand in it. */
  readonly about: 'shape' | 'value'
  readonly unknownKey?: string
}

export type Validated =
  | { readonly kind: 'valid'; readonly args: Record<string, unknown> }
  | { readonly kind: 'wrong'; readonly complaints: readonly Complaint[] }

/** Checks values against a module's schema. Unknown arguments are refused, also where the schema would drop them. */
export function validate(module: { readonly args: ModuleArgs }, value: Value): Validated {
  // set_fact takes any name, and says so.
  const schema = module.args.def.catchall === undefined ? module.args.strict() : module.args
  const answer = schema.safeParse(value, { reportInput: true })
  if (answer.success) return { kind: 'valid', args: answer.data }
  return {
    kind: 'wrong',
    complaints: answer.error.issues.flatMap(issue => complaintsOf(issue, Object.keys(module.args.shape))),
  }
}

/** vfio_ids.devices[1] */
export const pathText = (module: string, path: Path): string =>
  path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`), module)

type Issue = z.core.$ZodIssue

function complaintsOf(issue: Issue, argumentNames: readonly string[]): readonly Complaint[] {
  const path = plainPath(issue.path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownArgument(path, key, path.length === 0 ? argumentNames : []))
    case 'invalid_union':
      return nearestBranch(issue, argumentNames)
    case 'invalid_type':
      return [issue.input === undefined ? missing(path) : wrongType(issue, path)]
    case 'invalid_value':
      return [issue.input === undefined ? missing(path) : wrongWord(issue, path)]
    case 'too_small':
    case 'too_big':
      return [{ path, why: boundText(issue), hint: undefined, about: 'value' }]
    default:
      if (issue.input === undefined) return [missing(path)]
      return [{ path, why: issue.message, hint: hintOf(issue), ...unknownKeyOf(issue) }]
  }
}

const plainPath = (path: readonly PropertyKey[]): Path =>
  path.map(key => (typeof key === 'number' ? key : String(key)))

function unknownArgument(path: Path, key: string, known: readonly string[]): Complaint {
  const hint = didYouMean(key, known) ?? (known.length > 0 ? `arguments are ${known.join(', ')}` : undefined)
  return { path, why: `unknown argument "${key}"`, hint, about: 'shape', unknownKey: key }
}

const missing = (path: Path): Complaint => ({ path, why: 'is required', hint: undefined, about: 'shape' })

function wrongType(issue: z.core.$ZodIssueInvalidType, path: Path): Complaint {
  const isOwnText = !issue.message.startsWith('Invalid input')
  const why = isOwnText
    ? issue.message
    : `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}, not ${valueText(issue.input)}`
  return { path, why, hint: typeHint(issue.expected, issue.input), about: 'shape' }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** An id such as 8086 or 1e10 is a number to YAML, and `on` is true. */
function typeHint(expected: string, input: unknown): string | undefined {
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) {
    return `quote it: without quotes YAML reads a ${typeof input}`
  }
  return expected === 'array' && typeof input === 'string' ? `write it as a list: ["${input}"]` : undefined
}

function wrongWord(issue: z.core.$ZodIssueInvalidValue, path: Path): Complaint {
  const words = issue.values.map(String)
  const near = typeof issue.input === 'string' ? didYouMean(issue.input, words) : undefined
  return {
    path,
    why: `must be ${words.join(' or ')}, not ${valueText(issue.input)}`,
    hint: near,
    about: 'value',
  }
}

function boundText(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  // A module's own text says more than the bound.
  if (!/^Too (?:small|big): /.test(issue.message)) return issue.message
  const isSmall = issue.code === 'too_small'
  const bound = isSmall ? issue.minimum : issue.maximum
  if (issue.origin === 'string')
    return isSmall && bound === 1 ? 'must not be empty' : `must have at ${most(isSmall)} ${bound} characters`
  if (issue.origin === 'array') return `must name at ${most(isSmall)} ${bound === 1 ? 'one' : bound}`
  const limit = issue.inclusive ? `at ${most(isSmall)}` : isSmall ? 'greater than' : 'less than'
  return `must be ${limit} ${bound}, not ${String(issue.input)}`
}

const most = (isSmall: boolean): string => (isSmall ? 'least' : 'most')

/** Of a union's branches the one that was followed furthest tells most; of equal ones, what all of them want. */
function nearestBranch(
  issue: z.core.$ZodIssueInvalidUnion,
  argumentNames: readonly string[],
): readonly Complaint[] {
  const path = plainPath(issue.path)
  if (issue.message !== 'Invalid input')
    return [{ path, why: issue.message, hint: hintOf(issue), about: 'value' }]
  const branches = issue.errors.map(errors => errors.flatMap(error => complaintsOf(error, argumentNames)))
  const depth = (branch: readonly Complaint[]): number =>
    Math.max(0, ...branch.map(complaint => complaint.path.length))
  const [deepest] = branches.toSorted((a, b) => depth(b) - depth(a))
  if (deepest && depth(deepest) > 0)
    return deepest.map(complaint => ({ ...complaint, path: [...path, ...complaint.path] }))
  const wanted = issue.errors
    .flat()
    .flatMap(error => (error.code === 'invalid_type' ? [TYPE_NAMES[error.expected] ?? error.expected] : []))
  const why =
    wanted.length > 0
      ? `must be ${[...new Set(wanted)].join(' or ')}, not ${valueText(issue.input)}`
      : issue.message
  return [{ path, why, hint: deepest?.[0]?.hint, about: 'value' }]
}

/** A module's own check says what to do next in `params.hint`. */
function hintOf(issue: Issue): string | undefined {
  const hint = issue.code === 'custom' ? issue.params?.hint : undefined
  return typeof hint === 'string' ? hint : undefined
}

/** Where a module reads a mapping by itself, `params.unknownKey` is the key that it does not know. */
function unknownKeyOf(issue: Issue): Pick<Complaint, 'about' | 'unknownKey'> {
  const key = issue.code === 'custom' ? issue.params?.unknownKey : undefined
  return typeof key === 'string' ? { about: 'shape', unknownKey: key } : { about: 'value' }
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return typeof value === 'string' ? `the string "${value}"` : `the ${typeof value} ${value}`
}
