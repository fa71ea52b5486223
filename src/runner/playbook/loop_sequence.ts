import type { UserError } from '../../errors.ts'
import type { Value } from '../template/template.ts'

/**
 * with_sequence: `start=0 end=11 stride=2 format=lab%02x`, or in short `0-11/2:lab%02x`
 * (ansible/ansible, lib/ansible/plugins/lookup/sequence.py). Its items are strings.
 */
export function sequence(
  terms: readonly Value[],
  failure: (why: string, hint?: string) => UserError,
): readonly Value[] {
  return terms.flatMap(term => {
    const text = typeof term === 'number' ? String(term) : term
    const words = typeof text === 'string' ? (short(text) ?? long(text)) : undefined
    if (words === undefined)
      throw failure(
        `cannot read ${JSON.stringify(term)}`,
        'write it as start=1 end=5 stride=2 format=lab%02d',
      )
    return numbers(words, failure).map(number => shown(number, words.format, failure))
  })
}

interface Words {
  readonly start: number
  readonly end: number | undefined
  readonly count: number | undefined
  readonly stride: number
  readonly format: string
}

const NUMBER = '(?:0x[0-9a-f]+|0[0-7]+|[0-9]+)'
const SHORT = new RegExp(`^(?:(${NUMBER})-)?(${NUMBER})(?:/(${NUMBER}))?(?::(.+))?$`, 'is')

function short(text: string): Words | undefined {
  const [, start, end, stride, format] = SHORT.exec(text.trim()) ?? []
  if (end === undefined) return undefined
  return {
    start: start === undefined ? 1 : whole(start),
    end: whole(end),
    count: undefined,
    stride: stride === undefined ? 1 : whole(stride),
    format: format ?? '%d',
  }
}

function long(text: string): Words | undefined {
  const pairs = text
    .trim()
    .split(/\s+/)
    .map(word => /^(start|end|count|stride|format)=(.+)$/.exec(word))
  if (pairs.some(pair => pair === null)) return undefined
  const given = new Map(pairs.map(pair => [pair?.[1] ?? '', pair?.[2] ?? '']))
  const number = (name: string): number | undefined => {
    const value = given.get(name)
    return value === undefined ? undefined : whole(value)
  }
  const [end, count] = [number('end'), number('count')]
  const words = {
    start: number('start') ?? 1,
    end,
    count,
    stride: number('stride') ?? 1,
    format: given.get('format') ?? '%d',
  }
  const isNumber = [words.start, words.stride, end ?? 0, count ?? 0].every(Number.isInteger)
  return isNumber && (end === undefined) !== (count === undefined) ? words : undefined
}

const whole = (text: string): number => (/^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text))

/** More than this is a slip, and would fill the memory. */
const MOST = 100_000

function numbers(words: Words, failure: (why: string, hint?: string) => UserError): readonly number[] {
  const { start, stride, count } = words
  if (count === 0) return []
  const end = words.end ?? start + ((count ?? 1) - 1) * stride
  if (stride === 0) throw failure('a stride of 0 leads nowhere')
  if (stride > 0 && end < start) throw failure('to count backwards make the stride negative')
  if (stride < 0 && end > start) throw failure('to count forward make the stride positive')
  const length = Math.floor((end - start) / stride) + 1
  if (length > MOST) throw failure(`gives ${length} items; at most ${MOST} are sensible`)
  return Array.from({ length }, (_, n) => start + n * stride)
}

/** printf(3), as far as whole numbers go. */
function shown(number: number, format: string, failure: (why: string) => UserError): string {
  const match = /^((?:[^%]|%%)*)%(0?)(\d*)([dixXos])((?:[^%]|%%)*)$/.exec(format)
  if (match === null)
    throw failure(`the format "${format}" must hold one of %d, %x, %o and %s, as in lab%02d`)
  const [, before = '', zero = '', width = '', kind = '', after = ''] = match
  const digits = number.toString(kind === 'o' ? 8 : kind === 'x' || kind === 'X' ? 16 : 10)
  const text = kind === 'X' ? digits.toUpperCase() : digits
  return `${before}${text.padStart(Number(width), zero === '' ? ' ' : '0')}${after}`.replaceAll('%%', '%')
}
