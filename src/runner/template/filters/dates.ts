import { asNumber } from '../coerce.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Filter } from '../signature.ts'
import { type Item, isTruthy, present } from '../values.ts'

/** `'%Y-%m-%d' | strftime(seconds, utc=true)`. The clock and the controller's time zone are no part of a playbook. */
export const DATE_FILTERS: Readonly<Record<string, Filter>> = {
  strftime: {
    takes: 'second? utc?',
    apply: (operand, { second = null, utc = false }) => {
      if (second === null)
        throw new Problem('strftime needs the seconds since 1970', 'ansible_date_time is of the host')
      if (!isTruthy(utc))
        throw new Problem(
          'strftime needs utc=true',
          'a time zone of the controller says nothing about a host',
        )
      return format(toText(operand), dateOf(present(second)))
    },
  },
}

function dateOf(second: Item): Date {
  const seconds = typeof second === 'string' && second.trim() !== '' ? Number(second) : asNumber(second)
  const date = new Date(Math.floor(seconds) * 1000)
  if (Number.isNaN(date.getTime())) throw new Problem(`"${toText(second)}" is no number of seconds`)
  return date
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const two = (number: number, fill = '0'): string => String(number).padStart(2, fill)
const twelve = (hours: number): number => hours % 12 || 12

/** strftime(3), in the C locale. */
const FIELDS: Readonly<Record<string, (date: Date) => string>> = {
  Y: date => String(date.getUTCFullYear()),
  C: date => two(Math.floor(date.getUTCFullYear() / 100)),
  y: date => two(date.getUTCFullYear() % 100),
  m: date => two(date.getUTCMonth() + 1),
  d: date => two(date.getUTCDate()),
  e: date => two(date.getUTCDate(), ' '),
  H: date => two(date.getUTCHours()),
  I: date => two(twelve(date.getUTCHours())),
  k: date => two(date.getUTCHours(), ' '),
  l: date => two(twelve(date.getUTCHours()), ' '),
  M: date => two(date.getUTCMinutes()),
  S: date => two(date.getUTCSeconds()),
  p: date => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: date => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  A: date => DAYS[date.getUTCDay()] ?? '',
  a: date => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  B: date => MONTHS[date.getUTCMonth()] ?? '',
  b: date => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  h: date => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  j: date => String(dayOfYear(date) + 1).padStart(3, '0'),
  u: date => String(date.getUTCDay() || 7),
  w: date => String(date.getUTCDay()),
  U: date => two(Math.floor((dayOfYear(date) + 7 - date.getUTCDay()) / 7)),
  W: date => two(Math.floor((dayOfYear(date) + 7 - ((date.getUTCDay() + 6) % 7)) / 7)),
  s: date => String(date.getTime() / 1000),
  z: () => '+0000',
  Z: () => 'GMT',
  F: date => format('%Y-%m-%d', date),
  T: date => format('%H:%M:%S', date),
  R: date => format('%H:%M', date),
  r: date => format('%I:%M:%S %p', date),
  D: date => format('%m/%d/%y', date),
  x: date => format('%m/%d/%y', date),
  X: date => format('%H:%M:%S', date),
  c: date => format('%a %b %e %H:%M:%S %Y', date),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
}

function format(text: string, date: Date): string {
  return text.replace(/%([A-Za-z%])/g, (whole, field: string) => {
    const write = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined
    return write ? write(date) : whole
  })
}

const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
