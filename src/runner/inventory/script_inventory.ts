import { execaSync } from 'execa'
import { asList, asMap, asTexts } from '../playbook/shape.ts'
import { readVariables } from '../playbook/variables.ts'
import { parseYaml } from '../yaml/yaml.ts'
import { type Entry, isNothing, type MapNode, type Node } from '../yaml/yaml_node.ts'
import type { InventoryBuilder, Origin } from './inventory_builder.ts'

/**
 * A program that prints the inventory as JSON: `--list` for groups and, in `_meta.hostvars`, for the variables of the
 * hosts; without `_meta` it is asked with `--host NAME` for each (docs.ansible.com, "Developing dynamic inventory").
 */
export function readScriptInventory(path: string, origin: Origin, builder: InventoryBuilder): undefined {
  const tree = jsonOf(path, ['--list'], builder)
  const map = tree && asMap(tree, `what ${path} --list prints`, builder.problems)
  if (!map) return
  const reading = { origin, builder, hosts: new Set<string>() }
  for (const entry of map.entries) if (entry.key !== '_meta') readGroup(entry, reading)
  const known = variablesInMeta(map, builder)
  for (const host of reading.hosts) {
    const own = known ? known.get(host) : jsonOf(path, ['--host', host], builder)
    if (own)
      builder.setHostVariables(
        [host],
        readVariables(own, `the host "${host}"`, 'inventory', builder.problems),
      )
  }
}

interface Reading {
  readonly origin: Origin
  readonly builder: InventoryBuilder
  readonly hosts: Set<string>
}

/** Undefined where the program wants to be asked for each host. */
function variablesInMeta(
  map: MapNode,
  { problems }: InventoryBuilder,
): ReadonlyMap<string, Node> | undefined {
  const meta = entryOf(map, '_meta')
  const hosts = meta?.value.kind === 'map' ? entryOf(meta.value, 'hostvars') : undefined
  if (!hosts) return undefined
  return new Map(
    asMap(hosts.value, '_meta.hostvars', problems)?.entries.map(({ key, value }) => [key, value]),
  )
}

const entryOf = (map: MapNode, key: string): Entry | undefined => map.entries.find(entry => entry.key === key)

/** A list is one of hosts; a mapping without any of the three words is the variables of a host of that name. */
function readGroup({ key: name, keyAt, value }: Entry, reading: Reading): undefined {
  const { builder, origin } = reading
  if (!builder.addGroup(name, keyAt)) return
  const addHost = (host: string, node: Node): void => {
    builder.addHost(host, name, node.at, origin)
    reading.hosts.add(host)
  }
  if (value.kind !== 'map') return eachName(value, `the group "${name}"`, builder, addHost)
  const [hosts, vars, children] = ['hosts', 'vars', 'children'].map(word => entryOf(value, word)?.value)
  const isHost = hosts === undefined && vars === undefined && children === undefined
  if (isHost) addHost(name, value)
  if (hosts) eachName(hosts, `hosts of "${name}"`, builder, addHost)
  const own = isHost ? value : vars
  if (own)
    builder.setGroupVariables(
      name,
      readVariables(own, `the variables of "${name}"`, 'inventory', builder.problems),
    )
  if (children)
    eachName(children, `children of "${name}"`, builder, (child, node) =>
      builder.addChild(name, child, node.at),
    )
}

function eachName(
  node: Node,
  what: string,
  { problems }: InventoryBuilder,
  add: (name: string, node: Node) => void,
): undefined {
  if (isNothing(node)) return
  const list = asList(node, what, problems)
  for (const { text, node: at } of list ? asTexts(list, `a name in ${what}`, problems) : []) add(text, at)
}

/** A program that hangs must not hang the run. */
const LIMIT_IN_SECONDS = 60

function jsonOf(path: string, words: readonly string[], { problems }: InventoryBuilder): Node | undefined {
  const command = [path, ...words].join(' ')
  const done = execaSync(path, words, {
    reject: false,
    timeout: LIMIT_IN_SECONDS * 1000,
    stdin: 'ignore',
    maxBuffer: 100_000_000,
  })
  const said = lastWords(done.stderr)
  const because = said === '' ? '' : `: ${said}`
  if (done.timedOut)
    return problems.add(path, `${words.join(' ')} took longer than ${LIMIT_IN_SECONDS} seconds`)
  if (done.failed)
    return problems.add(path, `${words.join(' ')} ${endOf(done)}${because}`, `run it by hand: ${command}`)
  const text = done.stdout.trim()
  if (text === '' && words[0] === '--host') return undefined
  try {
    // Read once more below, for the places: YAML has all of JSON but tabs before a line.
    const value: unknown = JSON.parse(text)
    return parseYaml(text.includes('\t') ? JSON.stringify(value) : text, command, problems)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return problems.add(path, `${words.join(' ')} prints no JSON: ${error.message}${because}`)
  }
}

/** Undefined where the program could not be started. */
const lastWords = (stderr: string | undefined): string =>
  (stderr ?? '').trim().split('\n').slice(-3).join(' ')

function endOf(done: {
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly code?: string | undefined
}): string {
  if (done.exitCode !== undefined) return `exits ${done.exitCode}`
  return done.signal === undefined
    ? `cannot be run (${done.code ?? 'unknown'})`
    : `was ended by ${done.signal}`
}
