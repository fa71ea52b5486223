import { formatPosition, type Position, UserError } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import { ANSIBLE_VARIABLES } from '../inventory/ansible_variables.ts'
import type { Scope, Template } from '../template/template.ts'
import type { Identity } from '../transport/transport.ts'
import type { Path } from './argument_complaints.ts'
import { follow, holdsTemplate, type WrongArgument } from './arguments.ts'
import type { Become } from './identity.ts'
import { type Names, optionalNames, placeOf, type Trace, traceNames } from './name_trace.ts'
import type { Problems } from './problems.ts'
import type { TaskSource } from './tasks.ts'
import { FACT_NAMES, type Layer, lookUp, MAGIC_NAMES } from './variables.ts'

/** A task on one host, before anything was observed there. */
export interface TaskOnHost {
  readonly host: string
  readonly layers: readonly Layer[]
  readonly scope: Scope
  /** The become words of the task and of its play. */
  readonly becomes: readonly Become[]
  /** Throws UserError. */
  identity(scope: Scope): Identity
}

export interface TaskCheck {
  readonly task: TaskSource
  /** Made when they are wanted: with many hosts they are large. */
  places(): readonly TaskOnHost[]
}

/**
 * Tells, before the first connection, what would go wrong with tasks: names that nothing defines, and, where nothing
 * depends on facts, conditions and arguments that cannot be rendered or are not what the module takes. What has one
 * cause is told once, with all the hosts it concerns.
 */
export function checkTasks(checks: readonly TaskCheck[], problems: Problems): void {
  const found = new Map<string, { error: UserError; hosts: Set<string> }>()
  for (const { task, places } of checks) {
    for (const place of places()) {
      const findings = problemsOf(task, place, problems.refusedNames)
      for (const { error, cause } of findings.filter(each => !problems.has(each.error))) {
        const known = found.get(cause) ?? { error, hosts: new Set() }
        found.set(cause, known)
        known.hosts.add(place.host)
      }
    }
  }
  for (const { error, hosts } of found.values())
    problems.add(error.where, `${error.why} for ${some([...hosts])}`, error.hint)
}

interface Finding {
  readonly error: UserError
  /** Findings with the same one are mended by one edit. */
  readonly cause: string
}

const findingOf = (error: UserError): Finding => ({
  error,
  cause: [error.where, error.why, error.hint].join('\n'),
})

function problemsOf(task: TaskSource, place: TaskOnHost, refused: ReadonlySet<string>): readonly Finding[] {
  const names: Names = { find: name => lookUp(place.layers, name), refused }
  const errors: UserError[] = []
  let isCertain = true
  for (const condition of task.conditions) {
    const trace = traceNames(condition.template ? [condition.template] : [], names)
    const missing = errorsOf(trace, place)
    errors.push(...missing)
    const answer =
      missing.length > 0 || trace.readsFacts ? undefined : attempt(() => condition.holds(place.scope))
    // The task is skipped here: what it would need may well be missing.
    if (answer?.value === false) return errors.map(findingOf)
    // Behind a condition on facts nothing is certain but the names.
    if (isCertain && answer?.error) errors.push(answer.error)
    if (trace.readsFacts) isCertain = false
  }
  const conditions = task.conditions.flatMap(condition => condition.template ?? [])
  const trace = traceNames(templatesOf(task, place, names), names, optionalNames(conditions))
  const values = isCertain ? valueFindings(task, place, names) : []
  return [...[...errors, ...errorsOf(trace, place)].map(findingOf), ...values]
}

function templatesOf(task: TaskSource, place: TaskOnHost, names: Names): readonly Template[] {
  const words = [task.name, ...task.vars.values()].flatMap(word => word.templates)
  return [...task.arguments.templates, ...words, ...becomeTemplates(place, names)]
}

function becomeTemplates(place: TaskOnHost, names: Names): readonly Template[] {
  const words = place.becomes.flatMap(become => [become.become, become.user])
  return [...words, ...ANSIBLE_VARIABLES.become.map(name => names.find(name))].flatMap(
    word => word?.templates ?? [],
  )
}

function errorsOf(trace: Trace, place: TaskOnHost): readonly UserError[] {
  const missing = trace.missing.map(({ name, template }) => {
    const where = formatPosition(placeOf(name, template))
    return new UserError({ where, why: `"${name}" is not defined`, hint: nearestName(name, place.layers) })
  })
  const facts = trace.unknownFacts.map(({ fact, template }) => {
    const hint = didYouMean(fact, FACT_NAMES) ?? `facts are ${FACT_NAMES.join(', ')}`
    return new UserError({
      where: formatPosition(placeOf(fact, template)),
      why: `there is no fact "${fact}"`,
      hint,
    })
  })
  return [...missing, ...facts, ...trace.circles]
}

function nearestName(name: string, layers: readonly Layer[]): string | undefined {
  const fact = name.replace(/^ansible_/, '')
  if (FACT_NAMES.some(known => known === fact)) return `write ansible_facts.${fact}`
  return didYouMean(name, [...new Set(layers.flatMap(layer => [...layer.keys()])), ...MAGIC_NAMES])
}

function valueFindings(task: TaskSource, place: TaskOnHost, names: Names): readonly Finding[] {
  const isKnown = (templates: readonly Template[]): boolean => {
    const trace = traceNames(templates, names)
    return !trace.readsFacts && errorsOf(trace, place).length === 0
  }
  const identity = isKnown(becomeTemplates(place, names))
    ? attempt(() => place.identity(place.scope)).error
    : undefined
  const errors = identity ? [findingOf(identity)] : []
  const { templates } = task.arguments
  if (templates.length === 0 || !isKnown(templates)) return errors
  const { value: answer, error } = attempt(() => task.arguments.validate(place.scope))
  if (error) return [...errors, findingOf(error)]
  return answer?.kind === 'wrong' ? [...errors, ...answer.wrong.map(each => withOrigin(each, names))] : errors
}

/** A wrong value that a variable brought is mended where the variable is set, for every argument that takes it. */
function withOrigin({ error, complaint, from }: WrongArgument, names: Names): Finding {
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

function attempt<T>(read: () => T): { value?: T; error?: UserError } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof UserError) return { error }
    throw error
  }
}

const SOME = 4

function some(hosts: readonly string[]): string {
  const named = hosts.slice(0, SOME).join(', ')
  return hosts.length > SOME ? `${named} and ${hosts.length - SOME} more` : named
}
