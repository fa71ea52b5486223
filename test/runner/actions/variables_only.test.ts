import { describe, expect, it, test } from 'vitest'
import { assert } from '../../../src/runner/actions/assert.ts'
import { debug } from '../../../src/runner/actions/debug.ts'
import { fail } from '../../../src/runner/actions/fail.ts'
import { actions } from '../../../src/runner/actions/index.ts'
import { meta } from '../../../src/runner/actions/meta.ts'
import { set_fact } from '../../../src/runner/actions/set_fact.ts'
import { gather_facts, setup } from '../../../src/runner/actions/setup.ts'
import { act, complaints } from './fake_context.ts'

const is = (expression: string, value: unknown) => ({ expression, value })

describe('assert', () => {
  it.each([[true], [1], ['text'], ['yes'], [['a']]])('%j holds', async value => {
    expect(await act(assert, { that: [is('x', value)] })).toEqual({
      status: 'ok',
      why: 'All assertions passed',
      result: { msg: 'All assertions passed' },
    })
  })

  it.each([[false], [0], [''], ['no'], ['False'], [[]], [null]])('%j does not hold', async value => {
    expect(await act(assert, { that: is('x', value) })).toMatchObject({
      status: 'failed',
      why: 'x does not hold',
      result: { msg: 'Assertion failed', assertion: 'x', evaluated_to: false },
    })
  })

  it('names the first condition that does not hold, below what the playbook says of it', async () => {
    const that = [is('a', true), is('b == 1', false), is('c', false)]
    expect(await act(assert, { that, fail_msg: ['no', 'card'] })).toEqual({
      status: 'failed',
      why: 'no\ncard',
      hint: 'b == 1 does not hold',
      result: { msg: ['no', 'card'], assertion: 'b == 1', evaluated_to: false },
    })
    expect((await act(assert, { that, msg: 'else' })).why).toBe('else')
    expect((await act(assert, { that: that[0], success_msg: 'fine' })).why).toBe('fine')
  })
})

describe('debug', () => {
  it.each([
    [{}, 'Hello world!', { msg: 'Hello world!' }],
    [{ msg: 'a\nb' }, 'a\nb', { msg: 'a\nb' }],
    [{ msg: { a: [1] } }, '{\n  "a": [\n    1\n  ]\n}', { msg: { a: [1] } }],
    [{ var: is('x', 'text') }, 'x: text', { x: 'text' }],
    [{ var: is('x.y', null) }, 'x.y: null', { 'x.y': null }],
  ])('%j shows %j', async (args, why, result) => {
    expect(await act(debug, args)).toEqual({ status: 'ok', why, result })
  })

  it('waits for as many -v as are asked for', async () => {
    const args = { msg: 'x', verbosity: '2' }
    expect(await act(debug, args, { verbosity: 1 })).toMatchObject({
      status: 'skipped',
      why: 'shown with -vv',
    })
    expect((await act(debug, args, { verbosity: 2 })).status).toBe('ok')
  })

  it('shows one thing', () => {
    expect(complaints(debug.args, { msg: 'x', var: 'y' })).toEqual(['takes msg or var, not both'])
  })
})

test.each([
  [{}, 'Failed as requested from task'],
  [{ msg: 'no UEFI' }, 'no UEFI'],
  [{ msg: 7 }, '7'],
])('fail with %j says %j', async (args, why) => {
  expect(await act(fail, args)).toEqual({ status: 'failed', why, result: { msg: why } })
})

describe('set_fact', () => {
  it('sets values as they are, but for words that mean true and false', async () => {
    const args = { a: ['x'], b: 'Yes', c: 'false', d: 'on', e: null, cacheable: true }
    const facts = { a: ['x'], b: true, c: false, d: 'on', e: null }
    expect(await act(set_fact, args)).toEqual({
      status: 'ok',
      why: 'sets a, b, c, d, e',
      facts,
      result: { ansible_facts: facts },
    })
  })

  it.each([
    [{}, 'needs at least one variable, as NAME: VALUE'],
    [{ cacheable: true }, 'needs at least one variable, as NAME: VALUE'],
    [{ 'a-b': 1 }, '"a-b" is no variable name'],
    [{ '1a': 1 }, '"1a" is no variable name'],
  ])('refuses %j', (args, complaint) => {
    expect(complaints(set_fact.args, args)).toEqual([complaint])
  })
})

describe('meta', () => {
  it.each([
    ['noop', {}],
    ['end_host', { ends: 'host' }],
    ['end_batch', { ends: 'batch' }],
    ['end_play', { ends: 'play' }],
    ['clear_facts', { runner: 'clear_facts' }],
    ['clear_host_errors', { runner: 'clear_host_errors' }],
    ['reset_connection', { runner: 'reset_connection' }],
  ])('%s', async (free_form, does) => {
    const { status, why, ...rest } = await act(meta, { free_form })
    expect([status, rest]).toEqual(['ok', does])
    expect(why).not.toBe('')
  })

  it.each(['clear_facts', 'reset_connection'])('%s keeps what a dry run has foreseen', async free_form => {
    const { runner, why } = await act(meta, { free_form }, { check: true })
    expect([runner, why.split(' ')[0]]).toEqual([undefined, 'would'])
  })

  it.each([
    [
      'refresh_inventory',
      'refresh_inventory is not supported: a run is checked as a whole before its first connection',
    ],
    ['end_role', 'end_role is not supported: there are no roles'],
  ])('%s is refused by name', (free_form, why) => {
    expect(complaints(meta.args, { free_form })).toEqual([why])
  })
})

test.each([setup, gather_facts])('$name looks anew, and not in a dry run', async action => {
  expect((await act(action, { gather_subset: ['!all'] })).runner).toBe('clear_facts')
  expect((await act(action, {}, { check: true })).runner).toBeUndefined()
})

test('every action is documented under its own name', () => {
  for (const [name, action] of actions) {
    expect(action.name).toBe(name)
    expect(action.example).toContain(`- ${name}:`)
    expect(action.summary).toMatch(/^[A-Z].*[^.]$/)
    if (action.freeForm !== undefined) expect(Object.keys(action.args.shape)).toContain(action.freeForm)
    for (const one of [...(action.expressions ?? []), ...(action.freeFormOptions ?? [])])
      expect(Object.keys(action.args.shape)).toContain(one)
  }
})
