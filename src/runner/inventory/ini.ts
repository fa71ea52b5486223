import type { Position } from '../../errors.ts'
import { readVariables } from '../playbook/variables.ts'
import type { Entry } from '../yaml/yaml_node.ts'
import { splitHostLine } from './host_line.ts'
import type { InventoryBuilder, Origin } from './inventory_builder.ts'
import { literalNode } from './python_literal.ts'

/**
 * An inventory in INI form: `[group]` with hosts, `[group:vars]`, `[group:children]`; what stands before the first
 * section is in no group (ansible/ansible, lib/ansible/plugins/inventory/ini.py).
 */
export function readIniInventory(
  text: string,
  file: string,
  origin: Origin,
  builder: InventoryBuilder,
): void {
  const reading: Reading = { origin, builder, wanted: new Map(), section: UNGROUPED }
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.trim()
    if (line === '' || /^[#;]/.test(line)) continue
    const column = whole.length - whole.trimStart().length + 1
    const at: Position = { file, line: index + 1, column }
    if (/^\[[^\]]*\]\s*(?:#.*)?$/.test(line)) enterSection(line, at, reading)
    else LINES[reading.section.kind](line, at, reading)
  }
  for (const { why, at } of reading.wanted.values()) builder.problems.add(at, why, 'declare it: [NAME]')
}

type Kind = 'hosts' | 'vars' | 'children'

interface Reading {
  readonly origin: Origin
  readonly builder: InventoryBuilder
  /** Groups that were used and may yet be declared. */
  readonly wanted: Map<string, { readonly why: string; readonly at: Position }>
  section: { readonly group: string; readonly kind: Kind }
}

const UNGROUPED = { group: 'ungrouped', kind: 'hosts' } as const

function enterSection(line: string, at: Position, reading: Reading): undefined {
  const { builder, wanted } = reading
  const [, group, kind = 'hosts'] = line.match(/^\[([^:\]\s]+)(?::(\w+))?\]/) ?? []
  if (group === undefined)
    return builder.problems.add(at, `"${line}" is no section`, 'write [group], without spaces')
  if (!isKind(kind))
    return builder.problems.add(
      at,
      `there are no sections of the kind "${kind}"`,
      'write [group], [group:vars] or [group:children]',
    )
  if (kind !== 'vars') wanted.delete(group)
  else if (!builder.hasGroup(group))
    wanted.set(group, { why: `the group "${group}" of these variables is declared nowhere`, at })
  builder.addGroup(group, at)
  reading.section = { group, kind }
}

const isKind = (word: string): word is Kind => ['hosts', 'vars', 'children'].includes(word)

const LINES: Readonly<Record<Kind, (line: string, at: Position, reading: Reading) => void>> = {
  hosts: readHostLine,
  vars: readVariableLine,
  children: readChildLine,
}

function readHostLine(line: string, at: Position, { origin, builder, section }: Reading): undefined {
  const { words, why } = splitHostLine(line)
  if (why !== undefined) return builder.problems.add(at, why)
  const [name, ...settings] = words
  if (name === undefined) return undefined
  if (name.text === '---')
    return builder.problems.add(at, '"---" begins a YAML file, and this is read as INI')
  const entries = settings.flatMap(({ text, offset }): readonly Entry[] => {
    const place = { ...at, column: at.column + offset }
    const sign = text.indexOf('=')
    if (sign > 0) return [entryOf(text.slice(0, sign), text.slice(sign + 1), place)]
    builder.problems.add(place, `"${text}" is no name=value`, 'behind a host stand its variables')
    return []
  })
  const map = { kind: 'map', at, entries: lastOfEach(entries) } as const
  const variables = readVariables(map, `the host "${name.text}"`, 'inventory', builder.problems)
  builder.setHostVariables(builder.addHosts(name.text, section.group, at, origin), variables)
}

const lastOfEach = (entries: readonly Entry[]): readonly Entry[] => [
  ...new Map(entries.map(entry => [entry.key, entry])).values(),
]

function readVariableLine(line: string, at: Position, { builder, section }: Reading): undefined {
  const sign = line.indexOf('=')
  if (sign < 1) return builder.problems.add(at, `"${line}" is no name=value`)
  const entry = entryOf(line.slice(0, sign).trim(), line.slice(sign + 1).trim(), at)
  const map = { kind: 'map', at, entries: [entry] } as const
  builder.setGroupVariables(section.group, readVariables(map, 'vars', 'inventory', builder.problems))
}

function entryOf(key: string, text: string, at: Position): Entry {
  return { key, keyAt: at, value: literalNode(text, { ...at, column: at.column + key.length + 1 }) }
}

function readChildLine(line: string, at: Position, { builder, section, wanted }: Reading): undefined {
  const [, child] = line.match(/^([^:\]\s]+)\s*(?:#.*)?$/) ?? []
  if (child === undefined) return builder.problems.add(at, `"${line}" is no group name`)
  if (!builder.hasGroup(child))
    wanted.set(child, { why: `the child "${child}" is a group that is declared nowhere`, at })
  builder.addChild(section.group, child, at)
}
