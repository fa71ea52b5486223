import type { Block, Statement } from './ast.ts'
import { checkedCharacters } from './coerce.ts'
import { type Environment, MAX_STEPS, requireValue, spendStep } from './evaluate.ts'
import { located, Problem } from './problem.ts'
import type { Scope, Value } from './template.ts'
import { isList, isTruthy, itemsOf, type List, toText } from './values.ts'

/** The value of a bare expression. Throws Problem only. */
export function renderExpression(block: Block, scope: Scope): Value {
  const [only] = block
  if (only?.kind === 'text') return only.text
  if (only?.kind !== 'output') throw new Problem('an expression is missing')
  return requireValue(only.expression, freshFrame(scope))
}

/** A text that is one expression keeps its type; else a string. Throws Problem only. */
export function renderBlock(block: Block, scope: Scope): Value {
  const env = freshFrame(scope)
  const [first, second, ...rest] = block
  if (first?.kind !== 'output' || rest.length > 0) return renderText(block, env)
  const value = requireValue(first.expression, env)
  if (!second) return value
  // A YAML block scalar ends in a newline, which Jinja2 drops; Ansible adds it again to strings only.
  const isBlockScalar =
    second.kind === 'text' && second.text === '\n' && typeof value !== 'string' && value !== null
  return isBlockScalar ? value : renderText(block, env)
}

const freshFrame = (scope: Scope): Frame => ({ scope, locals: new Map(), budget: { steps: MAX_STEPS } })

interface Frame extends Environment {
  readonly locals: Map<string, Value>
}

function renderText(block: Block, env: Frame): string {
  let text = ''
  spendStep(env)
  for (const statement of block) {
    try {
      text += renderStatement(statement, env)
      checkedCharacters(text.length)
    } catch (error) {
      throw error instanceof Problem ? located(error, offsetOf(statement)) : error
    }
  }
  return text
}

/** Where an error points that no expression in the statement has placed. */
function offsetOf(statement: Statement): number {
  if (statement.kind === 'output') return statement.expression.offset
  if (statement.kind === 'if') return statement.condition.offset
  if (statement.kind === 'for') return statement.iterable.offset
  return statement.kind === 'set' && 'kind' in statement.value ? statement.value.offset : 0
}

function renderStatement(statement: Statement, env: Frame): string {
  switch (statement.kind) {
    case 'text':
      return statement.text
    case 'output':
      return outputText(requireValue(statement.expression, env))
    case 'if':
      return renderText(
        isTruthy(requireValue(statement.condition, env)) ? statement.body : statement.otherwise,
        env,
      )
    case 'for':
      return renderLoop(statement, env)
    case 'set': {
      const { value } = statement
      assign(
        statement.variables,
        'kind' in value ? requireValue(value, env) : renderText(value, inner(env)),
        env,
      )
      return ''
    }
  }
}

/** Jinja2 writes `None`; Ansible's finalize step makes it '' (ansible/template, _ansible_finalize), and so do we. */
const outputText = (value: Value): string => (value === null ? '' : toText(value))

/** What a loop's body sets is gone after each round, as in Jinja2. */
const inner = (env: Frame): Frame => ({ ...env, locals: new Map(env.locals) })

function renderLoop(loop: Extract<Statement, { kind: 'for' }>, env: Frame): string {
  const items = itemsOf(requireValue(loop.iterable, env)).filter(item => isChosen(loop, item, env))
  if (items.length === 0) return renderText(loop.otherwise, env)
  return items.reduce((text: string, item, i) => {
    const round = inner(env)
    assign(loop.variables, item, round)
    round.locals.set('loop', loopState(items, i))
    const all = text + renderText(loop.body, round)
    checkedCharacters(all.length)
    return all
  }, '')
}

function isChosen(loop: Extract<Statement, { kind: 'for' }>, item: Value, env: Frame): boolean {
  if (!loop.condition) return true
  const round = inner(env)
  assign(loop.variables, item, round)
  return isTruthy(requireValue(loop.condition, round))
}

function assign(variables: readonly string[], value: Value, env: Frame): void {
  const [only, ...others] = variables
  if (only !== undefined && others.length === 0) {
    env.locals.set(only, value)
    return
  }
  const values = isList(value) ? value : []
  if (values.length !== variables.length)
    throw new Problem(`${variables.join(', ')} need ${variables.length} values`)
  for (const [i, variable] of variables.entries()) env.locals.set(variable, values[i] ?? null)
}

function loopState(items: List, i: number): Value {
  const { length } = items
  const counters = { index: i + 1, index0: i, revindex: length - i, revindex0: length - i - 1 }
  return { ...counters, first: i === 0, last: i === length - 1, length }
}
