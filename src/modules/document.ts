import { z } from 'zod'
import type { ModuleArgs } from './define.ts'

/** What the documentation of a word of playbooks is made from: a module's declaration, or an action's. */
export interface Documented {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly args: ModuleArgs
  /** The argument that a plain string in place of the mapping is. */
  readonly freeForm?: string
  readonly example: string
}

/** Terminals are 80 columns wide, and Markdown does not mind. */
const WIDTH = 80

/** One line a word, in groups, for `vfio-run modules`. */
export function listModules(...groups: readonly ReadonlyMap<string, Documented>[]): string {
  const width = Math.max(...groups.flatMap(group => [...group.keys()]).map(name => name.length))
  const lines = groups.map(group =>
    [...group.values()].map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join(''),
  )
  return `${lines.join('\n')}\nvfio-run modules NAME documents one.\n`
}

/** The documentation of one module or action as Markdown that reads well in a terminal. */
export function describeModule(module: Documented): string {
  const rows = argumentsOf(module).map(({ name, type, fallback, text }) =>
    wrap(`- \`${name}\`: ${type}${fallback}. ${sentence(text)}`, '  '),
  )
  const parts = [
    `## ${module.name}`,
    `${module.summary}.`,
    module.description
      .split('\n\n')
      .map(paragraph => wrap(paragraph))
      .join('\n\n'),
    rows.length > 0 ? `Arguments:\n\n${rows.join('\n')}` : 'It takes no arguments.',
    ...(module.freeForm === undefined
      ? []
      : [wrap(`A plain string in place of the arguments is \`${module.freeForm}\`.`)]),
    `\`\`\`yaml\n${module.example}\n\`\`\``,
  ]
  return `${parts.join('\n\n')}\n`
}

interface Argument {
  readonly name: string
  readonly type: string
  readonly fallback: string
  readonly text: string
}

/** From the declaration alone, by way of its JSON Schema. */
function argumentsOf(module: Documented): Argument[] {
  const args: z.ZodType = module.args
  const schema = z.toJSONSchema(args, { io: 'input' })
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { type, fallback, description } =
      typeof property === 'object'
        ? facts(property)
        : { type: 'anything', fallback: undefined, description: '' }
    const required = schema.required?.includes(name) ? ', required' : ''
    return {
      name,
      type,
      fallback: fallback === undefined ? required : `, default \`${JSON.stringify(fallback)}\``,
      text: description,
    }
  })
}

type Property = z.core.JSONSchema.JSONSchema

function facts(property: Property): { type: string; fallback: unknown; description: string } {
  const items =
    typeof property.items === 'object' && !Array.isArray(property.items) ? property.items : undefined
  const either = property.anyOf?.map(one => (typeof one === 'object' ? facts(one).type : 'value'))
  const type =
    property.enum?.join(' | ') ??
    either?.join(' or ') ??
    (property.type === 'array' ? `list of ${membersOf(items)}` : String(property.type ?? 'any value'))
  return { type, fallback: property.default, description: property.description ?? '' }
}

/** `strings`, or `strings or mappings` where either will do. */
function membersOf(items: Property | undefined): string {
  const types = (items?.anyOf ?? []).map(one => (typeof one === 'object' ? one.type : undefined))
  return (types.length > 0 ? types : [items?.type]).map(type => `${nameOf(type)}s`).join(' or ')
}

/** As YAML calls it. */
const nameOf = (type: Property['type']): string => (type === 'object' ? 'mapping' : String(type ?? 'value'))

/** Breaks at blanks; `indent` goes before every line but the first. */
function wrap(text: string, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && `${line} ${word}`.length > WIDTH) {
      lines.push(line)
      line = indent + word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}

const sentence = (text: string): string =>
  text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
