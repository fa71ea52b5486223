import { didYouMean } from '../../nearest.ts'
import type { Entry, Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { asBoolean, asText, asTexts } from './shape.ts'
import { type Templated, templated } from './templated.ts'
import type { Layer } from './variables.ts'

/** Words of a play about its hosts: in which order, how many at a time, how they are reached. */
export interface PlayWords {
  readonly serial: readonly Templated[]
  readonly order: Order
  readonly maxFailPercentage: Templated | undefined
  readonly forceHandlers: Templated | undefined
  readonly gatherFacts: Templated | undefined
  /** remote_user, port and connection, as the variables they stand for; under all others. */
  readonly connection: Layer
}

export const ORDERS = ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'] as const
export type Order = (typeof ORDERS)[number]

export function readPlayWords(keys: ReadonlyMap<string, Entry>, problems: Problems): PlayWords {
  const value = (key: string): Node | undefined => keys.get(key)?.value
  const template = (key: string): Templated | undefined => {
    const node = value(key)
    return node && templated(node, problems)
  }
  readStrategy(value('strategy'), problems)
  return {
    serial: readSerial(value('serial'), problems),
    order: readOrder(value('order'), problems),
    maxFailPercentage: template('max_fail_percentage'),
    forceHandlers: template('force_handlers'),
    gatherFacts: readGatherFacts(value('gather_facts'), problems),
    connection: readConnection(keys, problems),
  }
}

function readGatherFacts(node: Node | undefined, problems: Problems): Templated | undefined {
  const word = node && templated(node, problems)
  if (word === undefined || word.templates.length > 0) return word
  return node && asBoolean(node, 'gather_facts', problems) === undefined ? undefined : word
}

const readSerial = (node: Node | undefined, problems: Problems): readonly Templated[] =>
  node === undefined ? [] : asTexts(node, 'serial', problems).map(each => templated(each.node, problems))

function readOrder(node: Node | undefined, problems: Problems): Order {
  const text = node && asText(node, 'order', problems)
  const order = ORDERS.find(each => each === text)
  if (node && text !== undefined && order === undefined)
    problems.add(
      node.at,
      `there is no order "${text}"`,
      didYouMean(text, ORDERS) ?? `orders are ${ORDERS.join(', ')}`,
    )
  return order ?? 'inventory'
}

/** Each host runs at its own pace in any case; linear and free differ in that only. */
const STRATEGIES = ['linear', 'free', 'host_pinned']

function readStrategy(node: Node | undefined, problems: Problems): void {
  const text = node && asText(node, 'strategy', problems)
  if (node === undefined || text === undefined) return
  if (STRATEGIES.includes(text.replace(/^ansible\.builtin\./, ''))) return
  problems.add(
    node.at,
    `the strategy ${text} is not supported: each host runs at its own pace`,
    'leave it out, or use serial and throttle',
  )
}

const VARIABLE_OF = {
  remote_user: 'ansible_user',
  port: 'ansible_port',
  connection: 'ansible_connection',
} as const

function readConnection(keys: ReadonlyMap<string, Entry>, problems: Problems): Layer {
  const layer = new Map()
  for (const [key, name] of Object.entries(VARIABLE_OF)) {
    const entry = keys.get(key)
    if (entry === undefined || asText(entry.value, key, problems) === undefined) continue
    const value = templated(entry.value, problems)
    const isDefault = value.templates.length === 0 && value.render({}) === 'smart'
    if (!isDefault) layer.set(name, { ...value, keyAt: entry.keyAt })
  }
  return layer
}
