import { UserError } from '../../../../src/errors.ts'
import { parseTemplate } from '../../../../src/runner/template/template.ts'
import ansible from '../ansible_2_14.json' with { type: 'json' }
import { type Chapter, judge, type Refused, type Standing } from '../standing.ts'

/** What stands between {{ }} and {% %}. Each word is tried: what is refused says itself why. */
export const expressionChapters = (): readonly Chapter[] => [
  { title: 'Filters', standings: tried(ansible.filters, name => `{{ x | ${name} }}`, FILTERS_PARTLY) },
  { title: 'Tests', standings: tried(ansible.tests, testOf) },
  {
    title: 'Lookups',
    intro: "`lookup('NAME', …)` and `query('NAME', …)`; those after `with_` stand among the keys of a task.",
    standings: tried(ansible.lookups, name => `{{ lookup('${name}', x) }}`),
  },
  { title: 'Functions', standings: tried(ansible.functions, name => `{{ ${name}(x) }}`) },
  { title: 'Statements', standings: tried(ansible.statements, name => `{% ${name} %}`) },
]

const testOf = (name: string): string =>
  /^\W/.test(name) ? `{{ x | select('${name}', 1) }}` : `{{ x is ${name} }}`

const SEED = 'with `seed`; without it a run would not do what the dry run has shown'
const FILTERS_PARTLY = { random: SEED, shuffle: SEED, strftime: 'with a time; the clock is not read' }

const tried = (
  words: readonly string[],
  text: (word: string) => string,
  partly: Readonly<Record<string, string>> = {},
): readonly Standing[] =>
  judge(words, {
    partly,
    has: word => !/^there is no /.test(complaint(text(word))?.because ?? ''),
    refused: word => refusalOf(text(word)),
  })

/** What says how the word must be used is not about the word. */
function refusalOf(text: string): Refused | undefined {
  const told = complaint(text)
  return told && / is not available$/.test(told.because) ? { ...told, because: '' } : undefined
}

function complaint(text: string): Refused | undefined {
  try {
    parseTemplate(text, { file: 'play.yaml', line: 1, column: 1 }).render({ x: [] })
    return undefined
  } catch (error) {
    if (error instanceof UserError) return { because: error.why, instead: error.hint ?? '' }
    throw error
  }
}
