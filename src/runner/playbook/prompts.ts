import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Entry } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { asBoolean, asList, asMap, asText, readKeys } from './shape.ts'
import { type Layer, literalVariable, type Variable } from './variables.ts'
import { PROMPT_WORDS } from './vocabulary.ts'

/** An entry of vars_prompt. */
export interface Prompt {
  readonly name: string
  readonly at: Position
  readonly text: string
  readonly otherwise: string | undefined
  readonly isPrivate: boolean
  readonly isConfirmed: boolean
}

/** Undefined where nobody can answer. */
export type Ask = (prompt: string, options: { readonly echo: boolean }) => Promise<string | undefined>

export function readPrompts(entry: Entry | undefined, problems: Problems): readonly Prompt[] {
  const list = entry && asList(entry.value, 'vars_prompt', problems)
  return (list?.items ?? []).flatMap(item => {
    const map = asMap(item, 'an entry of vars_prompt', problems)
    if (map === undefined) return []
    const keys = readKeys(map, PROMPT_WORDS, problems)
    const text = (key: string): string | undefined => {
      const node = keys.get(key)?.value
      return node && asText(node, key, problems)
    }
    const yes = (key: string): boolean | undefined => {
      const node = keys.get(key)?.value
      return node && asBoolean(node, key, problems)
    }
    const name = text('name')
    if (name === undefined || !/^[A-Za-z_]\w*$/.test(name))
      return (
        problems.add(map.at, 'an entry of vars_prompt needs a name', 'write it as "name: VARIABLE"') ?? []
      )
    return [
      {
        name,
        at: map.at,
        text: text('prompt') ?? name,
        otherwise: text('default'),
        isPrivate: yes('private') ?? true,
        isConfirmed: yes('confirm') ?? false,
      },
    ]
  })
}

/**
 * Asks for each variable that -e does not give. `ask` undefined: nothing is asked, and what has no default stays
 * unknown. Throws UserError where nobody can answer.
 */
export async function answersTo(
  prompts: readonly Prompt[],
  extraVars: readonly Layer[],
  ask: Ask | undefined,
): Promise<Layer> {
  const answers = new Map<string, Variable>()
  for (const prompt of prompts) {
    if (extraVars.some(layer => layer.has(prompt.name))) continue
    const answer = ask === undefined ? prompt.otherwise : await answerTo(prompt, ask)
    if (answer !== undefined) answers.set(prompt.name, literalVariable(answer, prompt.at))
  }
  return answers
}

async function answerTo(prompt: Prompt, ask: Ask): Promise<string> {
  const { name, at, text, otherwise, isPrivate, isConfirmed } = prompt
  const options = { echo: !isPrivate }
  const question = otherwise === undefined ? `${text}: ` : `${text} [${isPrivate ? 'default' : otherwise}]: `
  for (;;) {
    const answer = await ask(question, options)
    if (answer === undefined) {
      if (otherwise !== undefined) return otherwise
      throw new UserError({
        where: formatPosition(at),
        why: `nobody can answer "${text}": there is no terminal`,
        hint: `give it with -e ${name}=…`,
      })
    }
    const given = answer === '' ? (otherwise ?? '') : answer
    if (!isConfirmed || (await ask(`confirm ${text}: `, options)) === answer) return given
  }
}
