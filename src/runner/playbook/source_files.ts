import { formatPosition, UserError } from '../../errors.ts'
import { parseTemplateFile, type Scope, type Template, type Value } from '../template/template.ts'
import { readTextFile } from '../yaml/files.ts'
import { isVaulted, openVault } from '../yaml/vault.ts'
import type { Node } from '../yaml/yaml_node.ts'
import type { Described } from './arguments.ts'
import { findFile, placesOf } from './find_file.ts'
import { Problems } from './problems.ts'
import type { Templated } from './templated.ts'

/** The file that `src` of a module names (`source` in modules/define.ts), read on this side: the host gets its text. */
export interface SourceFile {
  /** Of the file, where its name is literal. */
  readonly templates: readonly Template[]
  readonly given: readonly string[]
  /** The arguments as a check of what is literal sees them: the text is there, whatever it is. */
  seen(args: Value): Value
  /** The arguments with the text of the file. Throws UserError. */
  withContent(args: Value, scope: Scope): Value
}

interface Place {
  readonly problems: Problems
  readonly playbookFolder: string
}

export function readSource(
  described: Described,
  tree: Templated,
  { problems, playbookFolder }: Place,
): SourceFile {
  const node =
    tree.node.kind === 'map' ? tree.node.entries.find(({ key }) => key === 'src')?.value : undefined
  if (described.source === undefined || node === undefined) return NO_SOURCE
  const read = (name: string): Text => {
    const found = readText(name, node, FOLDERS[described.source ?? 'file'], { problems, playbookFolder })
    return described.source === 'template' ? templateOf(found) : { ...found, render: () => found.text }
  }
  const isLiteral =
    tree.templateOf(node) === undefined && node.kind === 'scalar' && typeof node.value === 'string'
  const literal = isLiteral ? problems.attempt(() => read(node.source)) : undefined
  return {
    templates: literal?.template ? [literal.template] : [],
    given: described.source === 'template' ? TEMPLATE_NAMES : [],
    seen: args => withText(args, described, ''),
    withContent(args, scope) {
      const name = isMapping(args) ? args.src : undefined
      if (typeof name !== 'string') return args
      const text = literal ?? read(name)
      return withText(args, described, text.render(withNames(scope, { path: text.path, args })))
    },
  }
}

const NO_SOURCE: SourceFile = { templates: [], given: [], seen: args => args, withContent: args => args }

/** Beside the playbook, or the file of the task. */
const FOLDERS = { file: 'files', template: 'templates' } as const

interface Text {
  readonly path: string
  readonly text: string
  readonly template?: Template
  render(scope: Scope): string
}

function readText(
  name: string,
  node: Node,
  folder: string,
  { problems: { vault, secrets }, playbookFolder }: Place,
): Pick<Text, 'path' | 'text'> {
  const where = formatPosition(node.at)
  const path = findFile(name, folder, node.at.file, playbookFolder)
  if (path === undefined) {
    const places = placesOf(name, folder, node.at.file, playbookFolder)
    throw new UserError({ where, why: `${name}: no such file`, hint: `looked for ${places.join(', ')}` })
  }
  const problems = new Problems()
  const text = readTextFile(path, problems, where) ?? ''
  problems.throwIfAny()
  if (!isVaulted(text)) return { path, text }
  // As Ansible does unless `decrypt: false` is said (lib/ansible/plugins/action/copy.py): the host cannot open it.
  const opened = openVault(text, vault)
  if (opened.why !== undefined)
    throw new UserError({ where, why: `${path} ${opened.why}`, hint: opened.hint })
  secrets.keep(opened.text)
  return { path, text: opened.text }
}

function templateOf({ path, text }: Pick<Text, 'path' | 'text'>): Text {
  const template = parseTemplateFile(text, { file: path, line: 1, column: 1 })
  return { path, text, template, render: scope => String(template.render(scope)) }
}

const isMapping = (value: Value): value is Readonly<Record<string, Value>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `src` stays where the module takes it. */
function withText(args: Value, { args: schema }: Described, content: string): Value {
  if (!isMapping(args) || typeof args.src !== 'string') return args
  const { src, ...rest } = args
  return { ...rest, ...(Object.hasOwn(schema.shape, 'src') && { src }), content }
}

/** Of those that Ansible adds these are the same on every run (lib/ansible/template/__init__.py, generate_ansible_template_vars). */
const TEMPLATE_NAMES = ['ansible_managed', 'template_path', 'template_fullpath', 'template_destpath']

/** Reading a scope as a whole would render every variable in it. */
function withNames(scope: Scope, { path, args }: { path: string; args: Value }): Scope {
  const destination = isMapping(args) ? (args.dest ?? null) : null
  const names: Scope = {
    ansible_managed: 'Ansible managed',
    template_path: path,
    template_fullpath: path,
    template_destpath: destination,
  }
  const missing = Object.entries(names).filter(([name]) => !Object.hasOwn(scope, name))
  const all: Record<string, Value> = Object.create(null)
  Object.defineProperties(all, Object.getOwnPropertyDescriptors(scope))
  for (const [name, value] of missing)
    Object.defineProperty(all, name, { value, enumerable: true, configurable: true })
  return all
}
