import { hasTemplate } from '../template/template.ts'
import { type Entry, isNothing, type Node } from '../yaml/yaml_node.ts'
import { type Become, readBecome } from './become_words.ts'
import { type Condition, readConditions } from './conditions.ts'
import type { Problems } from './problems.ts'
import { asTexts, describe } from './shape.ts'
import { type Templated, templated } from './templated.ts'
import { type Layer, readVariables } from './variables.ts'

/** What a play, a block or an import says for all that stands in it. */
export interface Around {
  /** Innermost first. */
  readonly keywords: readonly Keywords[]
  /** Outermost first: all must hold. */
  readonly conditions: readonly Condition[]
  /** Outermost first: the later win. */
  readonly vars: readonly Layer[]
  /** Of all of them. */
  readonly tags: readonly string[]
}

/** The words of one of them, or of a task, that are inherited: of most the innermost counts. */
export interface Keywords extends Readonly<Partial<Record<Keyword, Templated>>> {
  readonly become: Become
  readonly notify: readonly Notification[] | undefined
}

/** The name of a handler, or a topic; `node` where it stands. */
export interface Notification {
  readonly name: Templated
  readonly text: string
}

export type Keyword = keyof typeof KINDS

/** What a literal of each must be. */
const KINDS = {
  any_errors_fatal: 'true or false',
  check_mode: 'true or false',
  delegate_to: 'a host',
  diff: 'true or false',
  environment: 'a mapping',
  ignore_errors: 'true or false',
  ignore_unreachable: 'true or false',
  no_log: 'true or false',
  run_once: 'true or false',
  throttle: 'a whole number',
  timeout: 'a whole number',
} as const

/** What `outer` says, and what stands inside it. */
export function inside(
  outer: Around,
  keys: ReadonlyMap<string, Entry>,
  problems: Problems,
  tags: readonly string[],
): Around {
  const [when, vars] = ['when', 'vars'].map(key => keys.get(key)?.value)
  return {
    keywords: [readKeywords(keys, problems), ...outer.keywords],
    conditions: [...outer.conditions, ...(when ? readConditions(when, 'when', problems) : [])],
    vars: vars ? [...outer.vars, readVariables(vars, 'vars', 'play', problems)] : outer.vars,
    tags: [...new Set([...outer.tags, ...tags])],
  }
}

export function readKeywords(keys: ReadonlyMap<string, Entry>, problems: Problems): Keywords {
  const values: Partial<Record<Keyword, Templated>> = {}
  for (const keyword of keywordNames) {
    const node = keys.get(keyword)?.value
    if (node === undefined) continue
    const value = templated(node, problems)
    if (value.templates.length === 0 && !isFine(keyword, node))
      problems.add(node.at, `${keyword} must be ${KINDS[keyword]}, not ${describe(node)}`)
    else values[keyword] = value
  }
  return { ...values, become: readBecome(keys, problems), notify: readNotify(keys.get('notify'), problems) }
}

const isKeyword = (name: string): name is Keyword => Object.hasOwn(KINDS, name)
const keywordNames = Object.keys(KINDS).filter(isKeyword)

function isFine(keyword: Keyword, node: Node): boolean {
  const kind = KINDS[keyword]
  if (kind === 'a mapping')
    return isNothing(node) || node.kind === 'map' || (node.kind === 'list' && node.items.every(isMapping))
  if (node.kind !== 'scalar') return false
  if (kind === 'true or false') return typeof node.value === 'boolean' || isBooleanWord(node.source)
  if (kind === 'a whole number') return /^\d+$/.test(node.source)
  return typeof node.value === 'string' && node.value !== ''
}

const isMapping = (node: Node): boolean => node.kind === 'map'
const isBooleanWord = (word: string): boolean => /^(?:true|yes|on|1|false|no|off|0)$/i.test(word)

function readNotify(entry: Entry | undefined, problems: Problems): Keywords['notify'] {
  if (entry === undefined) return undefined
  const texts = isNothing(entry.value) ? [] : asTexts(entry.value, entry.key, problems)
  return texts.map(({ text, node }) => ({ text, name: templated(node, problems) }))
}

/** The innermost one that is set. */
export const innermost = (keywords: readonly Keywords[], name: Keyword): Templated | undefined =>
  keywords.map(words => words[name]).find(each => each !== undefined)

/** All that are set, but for become and notify. */
export const valuesOf = (keywords: Keywords): readonly Templated[] =>
  keywordNames.flatMap(name => keywords[name] ?? [])

export const notificationsOf = (keywords: readonly Keywords[]): readonly Notification[] =>
  keywords.map(words => words.notify).find(each => each !== undefined) ?? []

/** Names that listen, or are listed: literal texts only. */
export function readLiteralNames(entry: Entry | undefined, problems: Problems): readonly string[] {
  const texts = entry && !isNothing(entry.value) ? asTexts(entry.value, entry.key, problems) : []
  return texts.flatMap(({ text, node }) => {
    if (!hasTemplate(text)) return [text]
    problems.add(node.at, `a template in ${entry?.key} is not supported`, 'write the topic itself')
    return []
  })
}
