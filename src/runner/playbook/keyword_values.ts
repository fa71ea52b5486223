import { formatPosition, UserError } from '../../errors.ts'
import { toText } from '../template/python_text.ts'
import type { Scope, Value } from '../template/template.ts'
import { innermost, type Keyword } from './keywords.ts'
import { OMIT } from './scopes.ts'
import type { TaskSource } from './task_source.ts'
import type { Templated } from './templated.ts'

/** What the inherited words of a task come to on a host. All throw UserError at the word. */
export function booleanOf(task: TaskSource, keyword: Keyword, scope: Scope): boolean | undefined {
  const word = innermost(task.keywords, keyword)
  const value = word?.render(scope)
  if (word === undefined || value === OMIT || value === null || value === undefined) return undefined
  const text = String(value).toLowerCase()
  if (TRUE.includes(text)) return true
  if (FALSE.includes(text)) return false
  throw failure(word, `${keyword} must be true or false, not ${JSON.stringify(value)}`)
}

const TRUE = ['true', 'yes', 'on', 'y', 't', '1']
const FALSE = ['false', 'no', 'off', 'n', 'f', '0']

/** 0 is none. */
export function wholeOf(task: TaskSource, keyword: Keyword, scope: Scope): number | undefined {
  const word = innermost(task.keywords, keyword)
  const value = word?.render(scope)
  if (word === undefined || value === OMIT || value === null || value === undefined) return undefined
  const number = Number(value)
  if (typeof value === 'object' || typeof value === 'boolean' || !Number.isInteger(number) || number < 0)
    throw failure(word, `${keyword} must be a whole number, not ${JSON.stringify(value)}`)
  return number === 0 ? undefined : number
}

/** Outer ones first, so that inner ones win name by name; each a mapping, or a list of them. */
export function environmentOf(task: TaskSource, scope: Scope): Readonly<Record<string, string>> {
  const words = task.keywords.flatMap(keywords => keywords.environment ?? []).toReversed()
  const mappings = words.flatMap(word => mappingsIn(word.render(scope), word))
  return Object.fromEntries(
    mappings.flatMap(mapping =>
      Object.entries(mapping)
        .filter(([, value]) => value !== OMIT)
        .map(([name, value]) => [name, toText(value)]),
    ),
  )
}

type Mapping = Readonly<Record<string, Value>>

function mappingsIn(value: Value, word: Templated): readonly Mapping[] {
  if (value === null || value === OMIT || value === '') return []
  if (Array.isArray(value)) return value.flatMap((each: Value) => mappingsIn(each, word))
  if (!isMapping(value)) throw failure(word, 'environment must be a mapping of names and values')
  const bad = Object.keys(value).find(name => !/^[A-Za-z_]\w*$/.test(name))
  if (bad !== undefined) throw failure(word, `environment: "${bad}" is no name of a variable`)
  return [value]
}

const isMapping = (value: Value): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const failure = ({ at }: Templated, why: string): UserError =>
  new UserError({ where: formatPosition(at), why })
