import type { Position } from '../../errors.ts'
import { readYamlFile } from '../yaml/files.ts'
import { parseYaml } from '../yaml/yaml.ts'
import { type Entry, type MapNode, type Node, textNode } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { type Layer, readVariables } from './variables.ts'

/** The variables of `-e`, one layer each, later ones over earlier: `a=1 b='two words'`, `{…}`, or `@file`. */
export function readExtraVars(texts: readonly string[], problems: Problems): readonly Layer[] {
  return texts.flatMap(text => {
    const tree = treeOf(text.trim(), problems)
    return tree ? [readVariables(tree, '-e', 'inventory', problems)] : []
  })
}

function treeOf(text: string, problems: Problems): Node | undefined {
  if (text.startsWith('@')) return readYamlFile(text.slice(1), problems)
  return /^[{[]/.test(text) ? parseYaml(text, OPTION, problems) : pairs(text, problems)
}

/** Stands where an error names a file. */
const OPTION = '-e'

/** Values are strings, as Ansible has it: -e port=22 is "22". */
function pairs(text: string, problems: Problems): MapNode {
  const entries = splitWords(text, problems).flatMap((word): readonly Entry[] => {
    const sign = word.text.indexOf('=')
    const at: Position = { file: OPTION, line: 1, column: word.column }
    if (sign > 0)
      return [{ key: word.text.slice(0, sign), keyAt: at, value: textNode(word.text.slice(sign + 1), at) }]
    problems.add(
      at,
      `"${word.text}" is no name=value`,
      'write -e name=value, -e \'{"name": value}\', or -e @file.yml',
    )
    return []
  })
  return { kind: 'map', at: { file: OPTION, line: 1, column: 1 }, entries }
}

interface Word {
  readonly text: string
  readonly column: number
}

/** A gap, an expression, '…', "…", an escaped character, plain characters; the last matches a quote without its pair. */
const PIECE =
  /(?<gap>\s+)|(?<jinja>\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})|'(?<single>[^']*)'|"(?<double>(?:\\[\s\S]|[^"\\])*)"|\\(?<escaped>[\s\S])|(?<plain>(?:(?!\{[{%])[^\s'"\\])+)|(?<stray>[\s\S])/g

/** Words as a shell splits them. */
function splitWords(text: string, problems: Problems): readonly Word[] {
  const words: Word[] = []
  let word: Word | undefined
  for (const { index, groups = {} } of text.matchAll(PIECE)) {
    const { gap, jinja, single, double, escaped, plain, stray } = groups
    if (gap !== undefined) {
      if (word) words.push(word)
      word = undefined
      continue
    }
    if (stray !== undefined)
      problems.add({ file: OPTION, line: 1, column: index + 1 }, `${stray} has no pair`)
    const piece = jinja ?? single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? ''
    word = { text: (word?.text ?? '') + piece, column: word?.column ?? index + 1 }
  }
  return word ? [...words, word] : words
}
