import { formatPosition, UserError } from '../../errors.ts'
import type { Scope } from '../template/template.ts'
import { readYamlFile } from '../yaml/files.ts'
import { findFile } from './find_file.ts'
import { traceNames } from './name_trace.ts'
import type { PlaySource } from './playbook.ts'
import type { Problems } from './problems.ts'
import type { Templated } from './templated.ts'
import { type Layer, readVariables } from './variables.ts'

/** The files of `vars_files`: a name may be a template, and so another file on each host. Each file is read once. */
export class VarsFiles {
  readonly #problems: Problems
  readonly #playbookFolder: string
  readonly #read = new Map<string, Layer>()

  constructor(playbookFolder: string, problems: Problems) {
    this.#playbookFolder = playbookFolder
    this.#problems = problems
  }

  /** Lowest precedence first. `scopeWith` gives the variables of a host, those of earlier files included. */
  layers(play: PlaySource, scopeWith: (files: readonly Layer[]) => Scope): readonly Layer[] {
    const layers: Layer[] = []
    for (const candidates of play.varsFiles) {
      const layer = this.#problems.attempt(() => this.#first(candidates, scopeWith(layers)))
      if (layer) layers.push(layer)
    }
    return layers
  }

  /** Those that are named literally are checked also where the play has no host. */
  checkLiteral(play: PlaySource): void {
    const literal = play.varsFiles.filter(files => files.every(file => file.templates.length === 0))
    this.layers({ ...play, varsFiles: literal }, () => ({}))
  }

  /** Of the candidates the first that is there. */
  #first(candidates: readonly Templated[], scope: Scope): Layer | undefined {
    const names = candidates.map(candidate => ({ candidate, name: nameOf(candidate, scope) }))
    for (const { candidate, name } of names) {
      const path = findFile(name, 'vars', candidate.at.file, this.#playbookFolder)
      if (path !== undefined) return this.#layer(path, candidate)
    }
    const [first] = names
    if (first === undefined) return undefined
    const missing = names.map(({ name }) => name).join(', ')
    throw new UserError({
      where: formatPosition(first.candidate.at),
      why: `${missing}: no such file`,
      hint: 'name it as seen from the folder of the playbook',
    })
  }

  #layer(path: string, { at }: Templated): Layer {
    const known = this.#read.get(path)
    if (known) return known
    const tree = readYamlFile(path, this.#problems, at)
    const layer = tree ? readVariables(tree, 'a file of variables', 'play', this.#problems) : new Map()
    this.#read.set(path, layer)
    return layer
  }
}

function nameOf(candidate: Templated, scope: Scope): string {
  const where = formatPosition(candidate.at)
  const none = { find: () => undefined, isLive: () => false, given: new Set<string>() }
  if (traceNames(candidate.templates, none).readsFacts)
    throw new UserError({
      where,
      why: 'vars_files are read before the run, when facts are not known',
      hint: 'use include_vars as the first task',
    })
  const name = candidate.render(scope)
  if (typeof name === 'string' && name !== '') return name
  throw new UserError({ where, why: 'the name of a file must be a string' })
}
