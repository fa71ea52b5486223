import type { Block, Expression, For, Macro, Parameter, Statement, Target } from './ast.ts'
import { BODY } from './ast.ts'
import { checkedCharacters } from './coerce.ts'
import { type Environment, evaluate, evaluateGiven, MAX_STEPS, requireItem, spendStep } from './evaluate.ts'
import type { Lookups } from './lookups.ts'
import { readsName } from './names.ts'
import { LoopState, MacroObject, Namespace } from './objects.ts'
import { toPlain } from './plain.ts'
import { located, Problem } from './problem.ts'
import { toText } from './python_text.ts'
import type { Scope, Value } from './template.ts'
import {
  describe,
  dictOf,
  type GivenItems,
  type Item,
  isList,
  isTruthy,
  itemsOf,
  Missing,
  present,
  tuple,
} from './values.ts'

/** The value of a bare expression. Throws Problem only. */
export function renderExpression(block: Block, scope: Scope, lookups: Lookups): Value {
  const [only] = block
  if (only?.kind === 'text') return only.text
  if (only?.kind !== 'output') throw new Problem('an expression is missing')
  return plainValue(only.expression, freshFrame(scope, lookups))
}

/** A text that is one expression keeps its type; else a string. Throws Problem only. */
export function renderBlock(block: Block, scope: Scope, lookups: Lookups): Value {
  const env = freshFrame(scope, lookups)
  const [first, ...rest] = block
  return first?.kind === 'output' && rest.length === 0
    ? plainValue(first.expression, env)
    : renderText(block, env)
}

/** A template file is text, whatever stands in it. Throws Problem only. */
export function renderFile(block: Block, scope: Scope, lookups: Lookups): string {
  return renderText(block, freshFrame(scope, lookups))
}

function plainValue(expression: Expression, env: Environment): Value {
  try {
    return toPlain(evaluate(expression, env))
  } catch (error) {
    throw error instanceof Problem ? located(error, expression.offset) : error
  }
}

const freshFrame = (scope: Scope, lookups: Lookups): Frame => ({
  scope,
  lookups,
  locals: new Map(),
  budget: { steps: MAX_STEPS },
})

interface Frame extends Environment {
  readonly locals: Map<string, Item>
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
  switch (statement.kind) {
    case 'output':
      return statement.expression.offset
    case 'if':
      return statement.condition.offset
    case 'for':
      return statement.iterable.offset
    case 'set':
      return statement.value.offset
    case 'capture':
      return statement.target?.offset ?? statement.filters?.offset ?? 0
    case 'call block':
      return statement.call.offset
    case 'with':
      return statement.assignments[0]?.value.offset ?? 0
    case 'text':
    case 'macro':
      return 0
  }
}

function renderStatement(statement: Statement, env: Frame): string {
  switch (statement.kind) {
    case 'text':
      return statement.text
    case 'output':
      return outputText(requireItem(statement.expression, env))
    case 'if':
      return renderText(
        isTruthy(requireItem(statement.condition, env)) ? statement.body : statement.otherwise,
        env,
      )
    case 'for':
      return renderLoop(statement, requireItem(statement.iterable, env), env, 0)
    case 'set':
      assign(statement.target, evaluate(statement.value, env), env)
      return ''
    case 'capture': {
      const body = renderText(statement.body, inner(env))
      const value = statement.filters ? evaluate(statement.filters, withLocal(env, BODY, body)) : body
      if (!statement.target) return outputText(value)
      assign(statement.target, value, env)
      return ''
    }
    case 'macro':
      env.locals.set(statement.name, macro(statement, env))
      return ''
    case 'call block': {
      const caller = macro({ ...statement, kind: 'macro', name: 'caller' }, env)
      return outputText(callWith(statement.call, caller, env))
    }
    case 'with': {
      const body = inner(env)
      for (const { name, value } of statement.assignments) body.locals.set(name, evaluate(value, env))
      return renderText(statement.body, body)
    }
  }
}

/** Jinja2 writes `None`; Ansible's finalize step makes it '' (ansible/template, _ansible_finalize), and so do we. */
function outputText(item: Item): string {
  const value = present(item)
  return value === null ? '' : toText(value)
}

/** What a loop's body sets is gone after each round, as in Jinja2. */
const inner = (env: Frame): Frame => ({ ...env, locals: new Map(env.locals) })
const withLocal = (env: Frame, name: string, value: Item): Frame => ({
  ...env,
  locals: new Map([...env.locals, [name, value]]),
})

function renderLoop(loop: For, iterable: Item, env: Frame, depth: number): string {
  const items = itemsOf(iterable).filter(item => isChosen(loop, item, env))
  if (items.length === 0) return renderText(loop.otherwise, env)
  const again = (children: Item, level: number): string => renderLoop(loop, children, env, level)
  const state = new LoopState(items, depth, loop.recursive ? again : undefined)
  return items.reduce((text: string, item, i) => {
    const round = inner(env)
    state.moveTo(i)
    assign(loop.target, item, round)
    round.locals.set('loop', state)
    const all = text + renderText(loop.body, round)
    checkedCharacters(all.length)
    return all
  }, '')
}

function isChosen(loop: For, item: Item, env: Frame): boolean {
  if (!loop.condition) return true
  const round = inner(env)
  assign(loop.target, item, round)
  return isTruthy(requireItem(loop.condition, round))
}

function assign(target: Target, value: Item, env: Frame): void {
  if (target.kind === 'name') {
    env.locals.set(target.name, value)
  } else if (target.kind === 'member') {
    const object = env.locals.get(target.object)
    if (!(object instanceof Namespace))
      throw new Problem(
        `"${target.object}" is no namespace: nothing can be set on it`,
        `{% set ${target.object} = namespace(${target.name}=…) %}`,
        target.offset,
      )
    object.set(target.name, value)
  } else {
    unpack(target, value, env)
  }
}

function unpack(target: Extract<Target, { kind: 'tuple' }>, value: Item, env: Frame): void {
  const found = present(value)
  const values = isList(found) ? found : typeof found === 'string' ? [...found] : []
  if (values.length !== target.items.length)
    throw new Problem(`${namesOf(target)} need ${target.items.length} values`)
  for (const [i, each] of target.items.entries()) assign(each, values[i] ?? null, env)
}

const namesOf = (target: Target): string => {
  if (target.kind === 'tuple') return target.items.map(namesOf).join(', ')
  return target.kind === 'name' ? target.name : `${target.object}.${target.name}`
}

/** `varargs` and `kwargs` take what no parameter does, in a macro that reads them (jinja2/runtime.py, Macro). */
function macro({ name, parameters, body }: Macro, env: Frame): MacroObject {
  const [takesMore, takesNames] = [readsName(body, 'varargs'), readsName(body, 'kwargs')]
  return new MacroObject(name, ({ positional, named }) => {
    spendStep(env)
    const frame = inner(env)
    const others = Object.entries(named).filter(([key]) => !parameters.some(each => each.name === key))
    if (positional.length > parameters.length && !takesMore)
      throw new Problem(`the macro "${name}" takes at most ${parameters.length} arguments`)
    const stranger = others.find(([key]) => key !== 'caller')?.[0]
    if (stranger !== undefined && !takesNames)
      throw new Problem(`the macro "${name}" has no argument "${stranger}"`)
    frame.locals.set('varargs', tuple(...positional.slice(parameters.length)))
    frame.locals.set('kwargs', dictOf(others))
    const { caller } = Object.fromEntries(others)
    if (caller !== undefined) frame.locals.set('caller', caller)
    for (const [i, parameter] of parameters.entries())
      frame.locals.set(
        parameter.name,
        argument(name, parameter, positional[i] ?? named[parameter.name], frame),
      )
    return renderText(body, frame)
  })
}

function argument(
  macroName: string,
  { name, otherwise }: Parameter,
  given: Item | undefined,
  env: Frame,
): Item {
  if (given !== undefined) return given
  if (otherwise) return evaluate(otherwise, env)
  return new Missing(`the macro "${macroName}" is called without its argument "${name}"`)
}

function callWith(call: Expression, caller: MacroObject, env: Frame): Item {
  if (call.kind !== 'call')
    throw new Problem('only a macro can be called with a block', undefined, call.offset)
  const callee = requireItem(call.callee, env)
  if (!(callee instanceof MacroObject))
    throw new Problem(`${describe(callee)} is no macro`, undefined, call.offset)
  return callee.call(withCaller(call, caller, env))
}

function withCaller(
  call: Extract<Expression, { kind: 'call' }>,
  caller: MacroObject,
  env: Frame,
): GivenItems {
  const { positional, named } = evaluateGiven(call.given, env)
  return { positional, named: { ...named, caller } }
}
