import { formatPosition, UserError } from '../../errors.ts'
import type { Scope } from '../template/template.ts'
import type { Templated } from './templated.ts'

/** What words of a play come to. All throw UserError at the word. */

/** max_fail_percentage: 30, or "30%". */
export function asPercentage(word: Templated | undefined, scope: Scope): number | undefined {
  if (word === undefined) return undefined
  const value = word.render(scope)
  const text =
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value.replace(/%$/, '') : ''
  const number = text.trim() === '' ? Number.NaN : Number(text)
  if (number >= 0 && number <= 100) return number
  throw failure(word, `max_fail_percentage must be a number from 0 to 100, not ${JSON.stringify(value)}`)
}

export function asYes(word: Templated | undefined, what: string, scope: Scope): boolean | undefined {
  if (word === undefined) return undefined
  const value = word.render(scope)
  const text = String(value).toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return true
  if (['false', 'no', 'off', '0'].includes(text)) return false
  throw failure(word, `${what} must be true or false, not ${JSON.stringify(value)}`)
}

const failure = ({ at }: Templated, why: string): UserError =>
  new UserError({ where: formatPosition(at), why })
