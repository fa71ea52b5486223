import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { parseExpression, parseTemplate, parseTemplateFile } from '../../../src/runner/template/template.ts'
import { EXPRESSION_DIFFERENCES, type Question } from '../../ansible/expression_differences.ts'
import { CONDITIONS, EXPRESSIONS, FILES, SCOPE, TEMPLATES } from './ansible_cases.ts'

/**
 * The same questions to Ansible's own templating and to ours. Where Ansible 2.14 is not installed its answers are read
 * from ansible_answers.json; where it is, `vitest -u` writes them there.
 */
const RECORD = join(import.meta.dirname, 'ansible_answers.json')
const PYTHONS = ['python3', '/usr/bin/python3']
const at = { file: 'f', line: 1, column: 1 }

/** What is no text as JSON, behind its type; undefined is an error. */
type Answer = string | undefined

const questions: readonly Question[] = [
  ...EXPRESSIONS.map((source): Question => ['expression', source]),
  ...TEMPLATES.map((source): Question => ['template', source]),
  ...FILES.map((source): Question => ['file', source]),
  ...CONDITIONS.map((source): Question => ['condition', source]),
]
const examples = Object.entries(EXPRESSION_DIFFERENCES).flatMap(([name, difference]) =>
  difference.examples.map(example => ({ name, example })),
)
const asked = [...questions, ...examples.map(({ example }) => example)]
const installed = installedPython()
const answers: ReadonlyMap<string, Answer> = new Map(Object.entries(installed ? ask(installed) : recorded()))

describe(`what Ansible ${installed ? '2.14' : '(as recorded)'} answers`, () => {
  it.each(questions.map(question => ({ title: question.join(': '), question })))('$title', ({ question }) => {
    expect(ours(question)).toEqual(answers.get(keyOf(question)))
  })

  it.each(examples)('but for $name: $example.1', ({ example }) => {
    expect(answers.has(keyOf(example))).toBe(true)
    expect(ours(example)).not.toEqual(answers.get(keyOf(example)))
  })

  it('some four hundred questions are asked', () => expect(questions.length).toBeGreaterThan(400))

  it.skipIf(!installed)('is on record', async () => {
    await expect(`${JSON.stringify(Object.fromEntries(answers), withoutUndefined, 2)}\n`).toMatchFileSnapshot(
      RECORD,
    )
  })
})

/** In a list, so that the type shows; `x` before it, or Ansible would read the text as a list again. */
function ours([kind, source]: Question): Answer {
  try {
    if (kind === 'expression') return toAnswer(parseTemplate(`x{{ [${source}] }}`, at).render(SCOPE))
    if (kind === 'template') return toAnswer(parseTemplate(source, at).render(SCOPE))
    if (kind === 'file') return toAnswer(parseTemplateFile(source, at).render(SCOPE))
    return parseExpression(source, at).render(SCOPE) ? 'True' : 'False'
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function keyOf([kind, source]: Question): string {
  return `${kind}: ${source}`
}
const withoutUndefined = (_: string, value: unknown): unknown =>
  value === undefined ? { error: true } : value

function installedPython(): string | undefined {
  const probe = 'import ansible.release, jinja2; print(ansible.release.__version__)'
  return PYTHONS.find(python => {
    const { stdout, failed } = execaSync(python, ['-c', probe], { reject: false })
    return !failed && stdout.startsWith('2.14.')
  })
}

function ask(python: string): Record<string, Answer> {
  const script = join(import.meta.dirname, 'ansible_answers.py')
  const { stdout } = execaSync(python, [script], {
    input: JSON.stringify({ scope: SCOPE, questions: asked }),
  })
  return answersIn(JSON.parse(stdout))
}

function recorded(): Record<string, Answer> {
  return Object.fromEntries(
    Object.entries(JSON.parse(readFileSync(RECORD, 'utf8'))).map(([key, answer]) => [key, unpacked(answer)]),
  )
}

function answersIn(told: readonly unknown[]): Record<string, Answer> {
  return Object.fromEntries(asked.map((question, i) => [keyOf(question), unpacked(told[i])]))
}

function unpacked(answer: unknown): Answer {
  return typeof answer === 'object' && answer !== null && 'error' in answer ? undefined : toAnswer(answer)
}

function toAnswer(value: unknown): string {
  return typeof value === 'string' ? value : `${typeof value}: ${JSON.stringify(value)}`
}
