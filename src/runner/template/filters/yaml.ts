import { LineCounter, parseAllDocuments } from 'yaml'
import { UserError } from '../../../errors.ts'
import { Problems } from '../../playbook/problems.ts'
import type { Node } from '../../yaml/yaml_node.ts'
import { readTree } from '../../yaml/yaml_tree.ts'
import { asInteger } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Args, Filter } from '../signature.ts'
import { dictOf, type Item, isTruthy, type List, present, toFloat } from '../values.ts'
import { toYaml, type YamlLayout } from './yaml_emitter.ts'

const OPTIONS = 'default_flow_style= width= sort_keys= allow_unicode= explicit_start= line_break='

export const YAML_FILTERS: Readonly<Record<string, Filter>> = {
  to_yaml: { takes: `indent= ${OPTIONS}`, apply: (operand, args) => dump(operand, { indent: 2, ...args }) },
  to_nice_yaml: {
    takes: `indent? ${OPTIONS}`,
    apply: (operand, args) => dump(operand, { indent: 4, default_flow_style: false, ...args }),
  },
  from_yaml: { takes: '', apply: operand => fromYaml(present(operand)) },
  from_yaml_all: { takes: '', apply: operand => fromYamlAll(present(operand)) },
}

function dump(item: Item, args: Args): string {
  const text = toYaml(item, layoutOf(args))
  return isTruthy(args.explicit_start ?? false) ? `---\n${text}` : text
}

/** PyYAML takes an indent of 2 to 9 only, and a width of more than two indents (yaml/emitter.py). */
function layoutOf({ indent = 2, width = 80, sort_keys = true, default_flow_style = null }: Args): YamlLayout {
  const [step, limit] = [asInteger(indent), asInteger(width)]
  const best = step > 1 && step < 10 ? step : 2
  return {
    indent: best,
    width: limit > best * 2 ? limit : 80,
    sortKeys: isTruthy(sort_keys),
    flow: default_flow_style === null ? undefined : isTruthy(default_flow_style),
  }
}

function fromYaml(value: Item): Item {
  if (typeof value !== 'string') return value
  const documents = readAll(value)
  if (documents.length > 1) throw new Problem('this is more than one document of YAML', 'use from_yaml_all')
  return documents[0] ?? null
}

const fromYamlAll = (value: Item): Item => (typeof value === 'string' ? readAll(value) : value)

/** By the rules that playbooks are read by. */
function readAll(text: string): List {
  const problems = new Problems()
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { file: 'YAML', line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const documents = parseAllDocuments(text, { lineCounter: lines, version: '1.2' })
  const items = [...documents].map(document => {
    const [error] = document.errors
    if (error) throw new Problem(`this is no YAML: line ${at(error.pos[0]).line} of the text`)
    return document.contents === null ? null : itemOf(readTree(document.contents, text, at, problems, false))
  })
  refuseMistakes(problems)
  return items
}

function refuseMistakes(problems: Problems): void {
  try {
    problems.throwIfAny()
  } catch (error) {
    const [first] = error instanceof AggregateError ? error.errors : [error]
    if (first instanceof UserError) throw new Problem(`${first.where}: ${first.why}`, first.hint)
    throw error
  }
}

/** A number that is written with a point is a float. */
function itemOf(node: Node): Item {
  if (node.kind === 'list') return node.items.map(itemOf)
  if (node.kind === 'map') return dictOf(node.entries.map(entry => [entry.key, itemOf(entry.value)] as const))
  return typeof node.value === 'number' && /[.eE]/.test(node.source) && !/^0x/i.test(node.source)
    ? toFloat(node.value)
    : node.value
}
