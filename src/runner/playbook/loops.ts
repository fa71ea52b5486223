import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Loop } from '../run_types.ts'
import { toText } from '../template/python_text.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Entry, Node } from '../yaml/yaml_node.ts'
import { LOOKUPS } from './loop_lookups.ts'
import type { Problems } from './problems.ts'
import { countOf } from './results.ts'
import { asBoolean, asMap, asText, describe, readKeys } from './shape.ts'
import { type Templated, templated } from './templated.ts'
import { MAGIC_NAMES } from './variables.ts'
import { LOOP_CONTROL_WORDS, LOOP_LOOKUPS } from './vocabulary.ts'

/** A loop as it is written: `loop`, or one of the lookups of `with_`. */
export interface LoopSource {
  readonly at: Position
  /** As it is written: loop, with_items. */
  readonly word: string
  readonly over: Templated
  readonly variable: string
  readonly index: string | undefined
  readonly label: Templated | undefined
  readonly pause: Templated | undefined
  readonly isExtended: boolean
  readonly hasAllItems: boolean
}

const LOOP_WORDS = ['loop', ...LOOP_LOOKUPS.map(lookup => `with_${lookup}`)]

export function readLoop(keys: ReadonlyMap<string, Entry>, problems: Problems): LoopSource | undefined {
  const [entry, second] = LOOP_WORDS.flatMap(word => keys.get(word) ?? [])
  const control = readControl(keys.get('loop_control'), problems)
  if (entry === undefined) {
    const stray = keys.get('loop_control')
    if (stray) problems.add(stray.keyAt, 'loop_control needs a loop', 'give the task one with loop')
    return undefined
  }
  if (second) problems.add(second.keyAt, `a task has one loop: ${entry.key} or ${second.key}`)
  const over = templated(entry.value, problems)
  if (over.templates.length === 0) problems.attempt(() => itemsOf(entry.key, over, {}))
  return { at: entry.keyAt, word: entry.key, over, ...control }
}

function readControl(entry: Entry | undefined, problems: Problems): Omit<LoopSource, 'at' | 'word' | 'over'> {
  const map = entry && asMap(entry.value, 'loop_control', problems)
  const keys = map ? readKeys(map, LOOP_CONTROL_WORDS, problems) : new Map<string, Entry>()
  const value = (key: string): Node | undefined => keys.get(key)?.value
  const name = (key: string): string | undefined => {
    const node = value(key)
    return node && readName(node, key, problems)
  }
  const yes = (key: string): boolean | undefined => {
    const node = value(key)
    return node && asBoolean(node, key, problems)
  }
  const [label, pause] = [value('label'), value('pause')]
  return {
    variable: name('loop_var') ?? 'item',
    index: name('index_var'),
    label: label && templated(label, problems),
    pause: pause && templated(pause, problems),
    isExtended: yes('extended') ?? false,
    hasAllItems: yes('extended_allitems') ?? true,
  }
}

function readName(node: Node, what: string, problems: Problems): string | undefined {
  const name = asText(node, what, problems)
  if (name === undefined) return undefined
  if (/^[A-Za-z_]\w*$/.test(name) && !MAGIC_NAMES.some(magic => magic === name)) return name
  return problems.add(node.at, `${what}: "${name}" cannot be the name of a variable`)
}

/** The variables that it gives its task. */
export const namesOfLoop = ({ variable, index, isExtended }: LoopSource): readonly string[] => [
  variable,
  'ansible_loop_var',
  ...(index === undefined ? [] : [index, 'ansible_index_var']),
  ...(isExtended ? ['ansible_loop'] : []),
]

export function bindLoop(source: LoopSource): Loop {
  return {
    items: scope => itemsOf(source.word, source.over, scope),
    label: scope => toText(source.label ? source.label.render(scope) : (scope[source.variable] ?? null)),
    round: (items, n) => roundOf(source, items, n),
    pause: scope => countOf(source.pause, 'pause', scope, 0),
  }
}

function itemsOf(word: string, over: Templated, scope: Scope): readonly Value[] {
  const value = over.render(scope)
  const failure = (why: string, hint?: string): UserError =>
    new UserError({ where: formatPosition(over.at), why: `${word}: ${why}`, hint })
  if (word !== 'loop')
    return (LOOKUPS[word.slice('with_'.length)] ?? (terms => terms))(asTerms(value), failure)
  if (Array.isArray(value)) return value
  const given = over.templates.length === 0 ? describe(over.node) : kindOf(value)
  throw failure(`must be a list, not ${given}`, hintFor(value))
}

const asTerms = (value: Value): readonly Value[] => (Array.isArray(value) ? value : [value])

function kindOf(value: Value): string {
  if (value === null) return 'nothing'
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} ${JSON.stringify(value)}`
}

function hintFor(value: Value): string | undefined {
  if (typeof value === 'string') return 'write it as a list, or split it: | split(",")'
  return typeof value === 'object' && value !== null ? 'use | dict2items' : undefined
}

/** lib/ansible/executor/task_executor.py, _run_loop */
function roundOf(source: LoopSource, items: readonly Value[], n: number): Scope {
  const { variable, index, isExtended, hasAllItems } = source
  const length = items.length
  return {
    [variable]: items[n] ?? null,
    ansible_loop_var: variable,
    ...(index !== undefined && { [index]: n, ansible_index_var: index }),
    ...(isExtended && {
      ansible_loop: {
        ...(hasAllItems && { allitems: items }),
        index: n + 1,
        index0: n,
        first: n === 0,
        last: n + 1 === length,
        length,
        revindex: length - n,
        revindex0: length - n - 1,
        ...(n + 1 < length && { nextitem: items[n + 1] ?? null }),
        ...(n > 0 && { previtem: items[n - 1] ?? null }),
      },
    }),
  }
}
