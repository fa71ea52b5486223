import { z } from 'zod'
import { UserError, UserErrors } from '../../errors.ts'
import { flag, number, text } from '../../modules/ansible_types.ts'
import { Problems } from '../playbook/problems.ts'
import { templated } from '../playbook/templated.ts'
import { type Layer, readVariables } from '../playbook/variables.ts'
import { readYamlFile } from '../yaml/files.ts'
import type { MapNode } from '../yaml/yaml_node.ts'
import { type ActionContext, type ActionResult, defineAction } from './action.ts'
import { variableFile, variableFilesBelow } from './include_vars/find.ts'

const list = z.union([z.array(text), text]).optional()

export const include_vars = defineAction({
  name: 'include_vars',
  summary: 'Read variables from a file, or from the files of a folder',
  description: `A file is looked for in \`vars\` beside the task's file, then beside it, then the same beside the
playbook. The variables stand over those of inventory, play and task, and below what set_fact and register set.`,
  args: z
    .strictObject({
      file: text.optional().describe('a file of variables, YAML or JSON'),
      dir: text.optional().describe('a folder whose files are all read, in the order of their names'),
      name: text.optional().describe('put them into one mapping of this name'),
      depth: number.prefault(0).describe('how deep to go below `dir`; 0 for all of it'),
      files_matching: text.optional().describe('a regular expression for names of files in `dir`'),
      ignore_files: list.describe('regular expressions for the ends of names to leave out'),
      extensions: list.describe('of the files in `dir`, by default yaml, yml and json'),
      ignore_unknown_extensions: flag
        .prefault(false)
        .describe('leave other files in `dir` out; without it they are an error'),
      hash_behaviour: z
        .literal('replace')
        .optional()
        .describe('mappings are replaced as a whole; merging is what the filter `combine` is for'),
    })
    .refine(({ file, dir }) => (file === undefined) !== (dir === undefined), {
      error: 'takes file or dir, and one of them',
    }),
  freeForm: 'file',
  isBarrier: false,
  example: `- include_vars: "{{ ansible_facts.distribution }}.yaml"`,
  run: async (args, context): Promise<ActionResult> => {
    const problems = new Problems(context)
    try {
      const files = chosenFiles(args, context)
      const trees = files.flatMap(path => treeOf(path, problems) ?? [])
      problems.throwIfAny()
      const include = layerOf(trees, args.name, problems)
      problems.throwIfAny()
      return {
        status: 'ok',
        why: `${include.size} ${include.size === 1 ? 'variable' : 'variables'} from ${files.join(', ')}`,
        include,
        result: { ansible_included_var_files: files },
      }
    } catch (error) {
      const [first] = error instanceof UserErrors ? error.errors : [error]
      if (!(first instanceof UserError)) throw error
      return failed(first)
    }
  },
})

type Args = z.output<typeof include_vars.args>

function chosenFiles({ file, dir, ...options }: Args, { at, scope }: ActionContext): readonly string[] {
  const beside = { at, playbookFolder: String(scope.playbook_dir ?? '.') }
  return dir === undefined
    ? [variableFile(file ?? '', beside)]
    : variableFilesBelow(dir, beside, {
        depth: options.depth,
        matching: options.files_matching,
        ignored: asList(options.ignore_files),
        extensions: asList(options.extensions ?? ['yaml', 'yml', 'json']),
        ignoresUnknown: options.ignore_unknown_extensions,
      })
}

const asList = (written: string | string[] | undefined): readonly string[] =>
  typeof written === 'string' ? written.split(/[\s,]+/).filter(Boolean) : (written ?? [])

/** A file without anything in it is one without variables. */
function treeOf(path: string, problems: Problems): MapNode | undefined {
  const node = readYamlFile(path, problems)
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return undefined
  if (node.kind === 'map') return node
  return problems.add(node.at, 'a file of variables must be a mapping', 'write them as "name: value"')
}

/** Of one name in several files the last counts. */
function layerOf(trees: readonly MapNode[], name: string | undefined, problems: Problems): Layer {
  const [first] = trees
  if (name === undefined || first === undefined)
    return new Map(trees.flatMap(tree => [...readVariables(tree, 'a file of variables', 'play', problems)]))
  const entries = new Map(trees.flatMap(tree => tree.entries.map(entry => [entry.key, entry])))
  const whole: MapNode = { kind: 'map', at: first.at, entries: [...entries.values()] }
  return new Map([[name, { ...templated(whole, problems), keyAt: first.at }]])
}

const failed = ({ where, why, hint }: UserError): ActionResult => ({
  status: 'failed',
  why: `${where}: ${why}`,
  ...(hint !== undefined && { hint }),
  result: { msg: why, message: why },
})
