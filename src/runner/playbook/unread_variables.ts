import { looksLikeSlip } from '../../nearest.ts'
import type { Template } from '../template/template.ts'
import type { Problems } from './problems.ts'
import type { Layer } from './variables.ts'

/**
 * A variable that nothing reads and whose name is nearly one that is read: a slip that would go unnoticed, as the other
 * name has a default or a value from elsewhere. Names farther off belong to other playbooks.
 */
export function checkUnread(
  layers: ReadonlySet<Layer>,
  taskTemplates: readonly Template[],
  problems: Problems,
): void {
  const variables = [...layers].flatMap(layer => [...layer.values()])
  const templates = new Set([...taskTemplates, ...variables.flatMap(variable => variable.templates)])
  const mentioned = mentionedIn(templates)
  const wanted = wantedNames(templates, layers)
  for (const layer of layers) {
    for (const [name, { keyAt }] of layer) {
      if (mentioned.has(name) || name.startsWith('ansible_')) continue
      const hint = looksLikeSlip(
        name,
        wanted.filter(other => !layer.has(other)),
      )
      if (hint) problems.add(keyAt, `nothing reads the variable "${name}"`, hint)
    }
  }
}

/** Every word, in quotes too: `hostvars[other]['slot']` reads a variable as well. */
const mentionedIn = (templates: ReadonlySet<Template>): ReadonlySet<string> =>
  new Set([...templates].flatMap(({ source }) => source.match(/[A-Za-z_]\w*/g) ?? []))

/** Names that are read and may be missing, or are set somewhere; of the others it is told that they are not defined. */
function wantedNames(templates: ReadonlySet<Template>, layers: ReadonlySet<Layer>): readonly string[] {
  const read = [...templates].flatMap(template => template.names)
  const isSet = (name: string): boolean => [...layers].some(layer => layer.has(name))
  const optional = new Set(read.filter(each => each.optional).map(({ name }) => name))
  return [...new Set(read.map(({ name }) => name))].filter(name => optional.has(name) || isSet(name))
}
