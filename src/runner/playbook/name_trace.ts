import type { Position, UserError } from '../../errors.ts'
import type { Template } from '../template/template.ts'
import type { Templated } from './templated.ts'
import { circle, FACT_NAMES, injectedFact, MAGIC_NAMES } from './variables.ts'

/** What the templates of a task lead to, through every variable that they read. */
export interface Trace {
  /** Names that nothing defines, and the template that reads each. */
  readonly missing: readonly { readonly name: string; readonly template: Template }[]
  /** Facts that no host has. */
  readonly unknownFacts: readonly { readonly fact: string; readonly template: Template }[]
  readonly circles: readonly UserError[]
  /** The values depend on what is observed or comes into being: they cannot be known before the run. */
  readonly readsFacts: boolean
}

export interface Names {
  /** The variable a name stands for. */
  find(name: string): Templated | undefined
  /** Comes into being during the run: as little known as a fact. */
  isLive(name: string): boolean
  /** Known, though no variable: those of a loop whose items are known. */
  readonly given: ReadonlySet<string>
}

/** Follows the names in `templates`. `excused`: may be undefined. */
export function traceNames(
  templates: readonly Template[],
  { find, isLive, given }: Names,
  excused: ReadonlySet<string> = new Set(),
): Trace {
  const missing: Trace['missing'][number][] = []
  const unknownFacts: Trace['unknownFacts'][number][] = []
  const circles: UserError[] = []
  const seen = new Set<string>()
  let readsFacts = false
  // What another host has of it is known as late.
  const isKnownInRun = (word: string): boolean =>
    word === 'ansible_facts' || injectedFact(word) !== undefined || isLive(word)
  const follow = (template: Template, chain: readonly string[]): void => {
    const optional = optionalNames([template])
    for (const { name } of template.names) {
      if (name === 'ansible_facts') {
        readsFacts = true
        unknownFacts.push(...wrongFacts(template))
      }
      if (name === 'hostvars' && (template.source.match(/\w+/g) ?? []).some(isKnownInRun)) readsFacts = true
      if (given.has(name) || MAGIC_NAMES.some(magic => magic === name)) continue
      if (isLive(name)) {
        readsFacts = true
        continue
      }
      const variable = find(name)
      if (variable === undefined) {
        if (injectedFact(name) !== undefined) readsFacts = true
        else if (!optional.has(name) && !excused.has(name)) missing.push({ name, template })
      } else if (chain.includes(name))
        circles.push(circle([...chain.slice(chain.indexOf(name)), name], variable))
      else if (!seen.has(name)) {
        seen.add(name)
        for (const inner of variable.templates) follow(inner, [...chain, name])
      }
    }
  }
  for (const template of templates) follow(template, [])
  return { missing, unknownFacts, circles, readsFacts }
}

/** Where a template reads a name: a template tells its names, not their places. */
export function placeOf(name: string, { source, at }: Template): Position {
  const before = source.slice(0, Math.max(0, source.search(new RegExp(`\\b${name}\\b`)))).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  return {
    file: at.file,
    line: at.line + before.length - 1,
    column: before.length === 1 ? at.column + column - 1 : column,
  }
}

/** Names that somewhere in the templates stand under default() or `is defined`. */
export function optionalNames(templates: readonly Template[]): ReadonlySet<string> {
  return new Set(
    templates.flatMap(template => template.names.filter(name => name.optional).map(({ name }) => name)),
  )
}

/** Names of facts are read off the text: a template tells root names only. */
function wrongFacts(template: Template): Trace['unknownFacts'] {
  const read = template.source.matchAll(/\bansible_facts\s*(?:\.\s*(\w+)|\[\s*(['"])(\w+)\2\s*\])/g)
  const facts = [...read].map(match => match[1] ?? match[3] ?? '')
  return facts.filter(fact => !FACT_NAMES.some(name => name === fact)).map(fact => ({ fact, template }))
}
