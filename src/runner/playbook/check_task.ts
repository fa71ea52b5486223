import { formatPosition, UserError } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import { ANSIBLE_VARIABLES } from '../inventory/ansible_variables.ts'
import type { Scope, Template } from '../template/template.ts'
import type { Identity } from '../transport/transport.ts'
import type { Become } from './identity.ts'
import { optionalNames, placeOf, type Trace, traceNames } from './name_trace.ts'
import type { Problems } from './problems.ts'
import type { TaskSource } from './tasks.ts'
import type { Templated } from './templated.ts'
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

/**
 * Tells, before the first connection, what would go wrong with a task: names that nothing defines, and, where nothing
 * depends on facts, conditions and arguments that cannot be rendered or are not what the module takes.
 */
export function checkTask(task: TaskSource, places: readonly TaskOnHost[], problems: Problems): void {
  const found = new Map<string, { error: UserError; hosts: ReadonlySet<string> }>()
  for (const place of places) {
    for (const error of problemsOf(task, place).filter(each => !problems.has(each))) {
      const key = [error.where, error.why, error.hint].join('\n')
      found.set(key, { error, hosts: new Set([...(found.get(key)?.hosts ?? []), place.host]) })
    }
  }
  for (const { error, hosts } of found.values())
    problems.add(error.where, `${error.why} for ${some([...hosts])}`, error.hint)
}

function problemsOf(task: TaskSource, place: TaskOnHost): readonly UserError[] {
  const find: Find = name => lookUp(place.layers, name)
  const errors: UserError[] = []
  let isCertain = true
  for (const condition of task.conditions) {
    const trace = traceNames(condition.template ? [condition.template] : [], find)
    const names = errorsOf(trace, place)
    errors.push(...names)
    const answer =
      names.length > 0 || trace.readsFacts ? undefined : attempt(() => condition.holds(place.scope))
    // The task is skipped here: what it would need may well be missing.
    if (answer?.value === false) return errors
    // Behind a condition on facts nothing is certain but the names.
    if (isCertain && answer?.error) errors.push(answer.error)
    if (trace.readsFacts) isCertain = false
  }
  const conditions = task.conditions.flatMap(condition => condition.template ?? [])
  const trace = traceNames(templatesOf(task, place, find), find, optionalNames(conditions))
  return [...errors, ...errorsOf(trace, place), ...(isCertain ? valueErrors(task, place, find) : [])]
}

type Find = (name: string) => Templated | undefined

function templatesOf(task: TaskSource, place: TaskOnHost, find: Find): readonly Template[] {
  const words = [task.name, ...task.vars.values()].flatMap(word => word.templates)
  return [...task.arguments.templates, ...words, ...becomeTemplates(place, find)]
}

function becomeTemplates(place: TaskOnHost, find: Find): readonly Template[] {
  const words = place.becomes.flatMap(become => [become.become, become.user])
  return [...words, ...ANSIBLE_VARIABLES.become.map(find)].flatMap(word => word?.templates ?? [])
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

function valueErrors(task: TaskSource, place: TaskOnHost, find: Find): readonly UserError[] {
  const isKnown = (templates: readonly Template[]): boolean => {
    const trace = traceNames(templates, find)
    return !trace.readsFacts && errorsOf(trace, place).length === 0
  }
  const identity = isKnown(becomeTemplates(place, find))
    ? attempt(() => place.identity(place.scope)).error
    : undefined
  const errors = identity ? [identity] : []
  const { templates } = task.arguments
  if (templates.length === 0 || !isKnown(templates)) return errors
  const { value: answer, error } = attempt(() => task.arguments.validate(place.scope))
  if (error) return [...errors, error]
  return answer?.kind === 'wrong'
    ? [...errors, ...answer.errors.map(wrong => withOrigin(wrong, task, find))]
    : errors
}

/** A wrong value that a variable brought is mended where the variable is set. */
function withOrigin(error: UserError, task: TaskSource, find: Find): UserError {
  const template = task.arguments.templates.find(({ at }) => formatPosition(at) === error.where)
  const origins = template ? originsOf(template, find) : []
  const hint = [error.hint, ...new Set(origins)].filter(text => text !== undefined).join('; ')
  return new UserError({ where: error.where, why: error.why, hint: hint === '' ? undefined : hint })
}

/** Where the variables stand that a template comes down to. */
function originsOf(template: Template, find: Find): readonly string[] {
  return template.names.flatMap(({ name }) => {
    const variable = find(name)
    if (variable === undefined) return []
    if (variable.templates.length > 0) return variable.templates.flatMap(inner => originsOf(inner, find))
    return [`${name} is set at ${formatPosition(variable.at)}`]
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
