import { formatPosition, type Position, UserError } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import { ANSIBLE_VARIABLES } from '../inventory/ansible_variables.ts'
import type { Scope, Template } from '../template/template.ts'
import type { Identity } from '../transport/transport.ts'
import type { Definitions } from './definitions.ts'
import { type Finding, findingOf, withOrigin } from './findings.ts'
import type { Become } from './identity.ts'
import { notificationsOf, valuesOf } from './keywords.ts'
import { bindLoop, namesOfLoop } from './loops.ts'
import { type Names, optionalNames, placeOf, type Trace, traceNames } from './name_trace.ts'
import type { Problems } from './problems.ts'
import type { TaskSource } from './task_source.ts'
import type { Templated } from './templated.ts'
import { FACT_NAMES, type Layer, lookUp, MAGIC_NAMES, REFUSED_FACTS } from './variables.ts'

/** A task on one host, before anything was observed there. */
export interface TaskOnHost {
  readonly host: string
  readonly layers: readonly Layer[]
  /** Before the run; `locals`: the variables of one round of a loop. */
  scope(locals?: Scope): Scope
  /** The become words of the task and of all that it stands in. */
  readonly becomes: readonly Become[]
  /** Throws UserError. */
  identity(scope: Scope): Identity
  /** -e sets it: nothing that comes into being during the run has a say. */
  isExtra(name: string): boolean
}

export interface TaskCheck {
  readonly task: TaskSource
  /** It stands in a rescue, or in an always. */
  readonly isAfterFailure: boolean
  /** What is there before it without any task: of the first of a play. */
  readonly comesWith?: Definitions
  /** What it gives the tasks that follow. */
  readonly gives: Definitions
  /** Made when they are wanted: with many hosts they are large. */
  places(): readonly TaskOnHost[]
}

/**
 * Tells, before the first connection, what would go wrong with tasks, in the order they run in: names that nothing
 * defines, and, where nothing depends on facts or results, conditions and arguments that cannot be rendered or are not
 * what the module takes. What has one cause is told once, with all the hosts it concerns. `later`: where names are
 * defined that no task has given yet.
 */
export function checkTasks(
  checks: readonly TaskCheck[],
  later: ReadonlyMap<string, Position>,
  problems: Problems,
): void {
  const found = new Map<string, { error: UserError; hosts: Set<string> }>()
  const live = new Map<string, LiveNames>()
  for (const { task, comesWith, gives, isAfterFailure, places } of checks) {
    for (const place of places()) {
      const known = live.get(place.host) ?? new LiveNames(problems)
      live.set(place.host, known)
      if (comesWith) known.add(comesWith)
      if (isAfterFailure) known.add(FAILURE_NAMES)
      const findings = problemsOf(task, { ...place, live: known, later })
      for (const { error, cause } of findings.filter(each => !problems.has(each.error))) {
        const known = found.get(cause) ?? { error, hosts: new Set() }
        found.set(cause, known)
        known.hosts.add(place.host)
      }
      known.add(gives)
    }
  }
  for (const { error, hosts } of found.values())
    problems.add(error.where, `${error.why} for ${some([...hosts])}`, error.hint)
}

const FAILURE_NAMES: Definitions = {
  names: new Map([
    ['ansible_failed_task', undefined],
    ['ansible_failed_result', undefined],
  ]),
  isOpen: false,
}

/** The names that come into being during the run, on one host. */
class LiveNames {
  readonly #names: Set<string>
  #isOpen = false

  constructor({ refusedNames, hasUnreadTasks }: Problems) {
    this.#names = new Set(refusedNames)
    this.#isOpen = hasUnreadTasks
  }

  add({ names, isOpen }: Definitions): void {
    for (const name of names.keys()) this.#names.add(name)
    this.#isOpen ||= isOpen
  }

  has(name: string): boolean {
    return this.#isOpen || this.#names.has(name)
  }

  get all(): readonly string[] {
    return [...this.#names]
  }
}

interface Place extends TaskOnHost {
  readonly live: LiveNames
  readonly later: ReadonlyMap<string, Position>
}

function problemsOf(task: TaskSource, place: Place): readonly Finding[] {
  const { loop } = task
  const names = namesFor(place, task.arguments.given, [])
  if (loop === undefined) return roundProblems(task, place, place.scope(), names)
  const own = [...namesOfLoop(loop), ...(task.register ? [task.register.name] : [])]
  const trace = traceNames(loop.over.templates, names)
  const missing = errorsOf(trace, place)
  const items =
    missing.length > 0 || trace.readsFacts ? undefined : attempt(() => bindLoop(loop).items(place.scope()))
  const errors = [...missing, ...(items?.error ? [items.error] : [])].map(findingOf)
  const rounds = items?.value?.slice(0, ROUNDS).map((_, n) => bindLoop(loop).round(items.value ?? [], n))
  if (rounds === undefined) {
    // A condition that does not hold whatever the items are skips the task before its list is read.
    const inside = roundProblems(task, place, place.scope(), namesFor(place, task.arguments.given, own))
    return isSkipped(task, place, namesFor(place, [], own)) ? [] : [...errors, ...inside]
  }
  const given = namesFor(place, [...task.arguments.given, ...namesOfLoop(loop)], own)
  return [...errors, ...rounds.flatMap(round => roundProblems(task, place, place.scope(round), given))]
}

/** Of a long list the first will do: the run looks at each. */
const ROUNDS = 20

function namesFor(place: Place, given: readonly string[], own: readonly string[]): Names {
  return {
    find: name => lookUp(place.layers, name),
    isLive: name => own.includes(name) || (place.live.has(name) && !place.isExtra(name)),
    given: new Set(given),
  }
}

function isSkipped(task: TaskSource, place: Place, names: Names): boolean {
  return task.conditions.some(condition => {
    const trace = traceNames(condition.template ? [condition.template] : [], names)
    if (trace.readsFacts || trace.missing.length > 0) return false
    return attempt(() => condition.holds(place.scope())).value === false
  })
}

function roundProblems(task: TaskSource, place: Place, scope: Scope, names: Names): readonly Finding[] {
  const errors: UserError[] = []
  let isCertain = true
  for (const condition of task.conditions) {
    const trace = traceNames(condition.template ? [condition.template] : [], names)
    const missing = errorsOf(trace, place)
    errors.push(...missing)
    const answer = missing.length > 0 || trace.readsFacts ? undefined : attempt(() => condition.holds(scope))
    // The task is skipped here: what it would need may well be missing.
    if (answer?.value === false) return errors.map(findingOf)
    // Behind a condition on facts nothing is certain but the names.
    if (isCertain && answer?.error) errors.push(answer.error)
    if (trace.readsFacts) isCertain = false
  }
  const conditions = task.conditions.flatMap(condition => condition.template ?? [])
  const excused = optionalNames(conditions)
  const trace = traceNames(templatesOf(task, place, names), names, excused)
  const result = traceNames(resultTemplates(task), withResult(task, names), excused)
  const values = isCertain ? valueFindings(task, place, scope, names) : []
  return [...[...errors, ...errorsOf(trace, place), ...errorsOf(result, place)].map(findingOf), ...values]
}

function templatesOf(task: TaskSource, place: Place, names: Names): readonly Template[] {
  const shared = task.keywords.flatMap(keywords => valuesOf(keywords))
  const words = [task.name, ...task.vars.flatMap(layer => [...layer.values()]), ...shared].flatMap(
    word => word.templates,
  )
  const notified = notificationsOf(task.keywords).flatMap(({ name }) => name.templates)
  return [...task.arguments.templates, ...words, ...notified, ...becomeTemplates(place, names)]
}

/** Words about a result may read it, and what a loop calls its rounds. */
function resultTemplates({
  changedWhen = [],
  failedWhen = [],
  until,
  loop,
}: TaskSource): readonly Template[] {
  const conditions = [...changedWhen, ...failedWhen, ...(until?.conditions ?? [])]
  const words = [until?.retries, until?.delay, loop?.label, loop?.pause]
  return [
    ...conditions.flatMap(({ template }) => template ?? []),
    ...words.flatMap(word => word?.templates ?? []),
  ]
}

const withResult = (task: TaskSource, names: Names): Names => ({
  ...names,
  isLive: name => name === task.register?.name || names.isLive(name),
})

function becomeTemplates(place: Place, names: Names): readonly Template[] {
  const words = place.becomes.flatMap((become): readonly Templated[] => Object.values(become))
  return [...words, ...ANSIBLE_VARIABLES.become.map(name => names.find(name))].flatMap(
    word => word?.templates ?? [],
  )
}

function errorsOf(trace: Trace, place: Place): readonly UserError[] {
  const missing = trace.missing.map(({ name, template }) => {
    const where = formatPosition(placeOf(name, template))
    const refused = name.startsWith('ansible_') ? refusedFact(name.slice('ansible_'.length)) : undefined
    if (refused !== undefined) return new UserError({ where, ...refused })
    return new UserError({ where, why: `"${name}" is not defined`, hint: nearestName(name, place) })
  })
  const facts = trace.unknownFacts.map(({ fact, template }) => {
    const where = formatPosition(placeOf(fact, template))
    const refused = refusedFact(fact)
    if (refused !== undefined) return new UserError({ where, ...refused })
    const hint = didYouMean(fact, FACT_NAMES) ?? `facts are ${FACT_NAMES.join(', ')}`
    return new UserError({ where, why: `there is no fact "${fact}"`, hint })
  })
  return [...missing, ...facts, ...trace.circles]
}

function refusedFact(fact: string): { why: string; hint: string } | undefined {
  if (!Object.hasOwn(REFUSED_FACTS, fact)) return undefined
  const refused = REFUSED_FACTS[fact]
  return refused && { why: `the fact ${fact} is not supported: ${refused.because}`, hint: refused.instead }
}

function nearestName(name: string, { layers, live, later }: Place): string | undefined {
  const at = later.get(name)
  if (at) return `${formatPosition(at)} sets it, and does not come before this task on this host`
  const known = [...layers.flatMap(layer => [...layer.keys()]), ...live.all, ...MAGIC_NAMES]
  return didYouMean(name, [...new Set([...known, ...FACT_NAMES.map(fact => `ansible_${fact}`)])])
}

function valueFindings(task: TaskSource, place: Place, scope: Scope, names: Names): readonly Finding[] {
  const isKnown = (templates: readonly Template[]): boolean => {
    const trace = traceNames(templates, names)
    return !trace.readsFacts && errorsOf(trace, place).length === 0
  }
  const identity = isKnown(becomeTemplates(place, names))
    ? attempt(() => place.identity(scope)).error
    : undefined
  const errors = identity ? [findingOf(identity)] : []
  const { templates } = task.arguments
  if (templates.length === 0 || !isKnown(templates)) return errors
  const { value: answer, error } = attempt(() => task.arguments.validate(scope))
  if (error) return [...errors, findingOf(error)]
  return answer?.kind === 'wrong' ? [...errors, ...answer.wrong.map(each => withOrigin(each, names))] : errors
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
