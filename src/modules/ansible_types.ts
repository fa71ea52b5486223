import { z } from 'zod'

/**
 * Argument types of the words that Ansible has, too. What -e and templates give is text, and Ansible takes "5" for 5 and
 * "yes" for true (lib/ansible/module_utils/common/validation.py).
 */

/** A string; a number or a boolean is written as Python writes it. */
export const text = typed('string', value => {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
})

export const number = typed('number', value => {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)\s*$/.test(value) ? Number(value) : undefined
})

/** Not negative, as all that is waited for. */
export const seconds = number.refine(value => value >= 0, { error: 'must not be negative' })

export const flag = typed('boolean', value =>
  typeof value === 'boolean' ? value : FLAGS.get(String(value).toLowerCase()),
)

const FLAGS = new Map([
  ...['yes', 'on', '1', 'true', 't', 'y', '1.0'].map(word => [word, true] as const),
  ...['no', 'off', '0', 'false', 'f', 'n', '0.0'].map(word => [word, false] as const),
])

/** An absolute path on the host, without `.` and `..`: it is compared, and shown, as it is written. */
export const hostPath = typed('string', value => (typeof value === 'string' ? value : undefined)).refine(
  path => /^\/[^\0\n]*[^/\0\n]$/.test(path) && !/\/(\.\.?)?(\/|$)/.test(path),
  { error: issue => `"${String(issue.input)}" is not an absolute path without . or ..` },
)

/** One of them, or a list of them; a list in any case for who reads it. */
export const oneOrMore = <T>(item: z.ZodType<T>) =>
  z
    .unknown()
    .transform((written, context): T[] => {
      const isList = Array.isArray(written)
      return (isList ? written : [written]).flatMap((one: unknown, n) => {
        const answer = item.safeParse(one)
        if (answer.success) return [answer.data]
        for (const { path, message } of answer.error.issues)
          context.addIssue({ code: 'custom', message, path: [...(isList ? [n] : []), ...path] })
        return []
      })
    })
    .meta({ anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }] })

type TypeName = keyof typeof TYPES
const TYPES = { string: 'a string', number: 'a number', boolean: 'true or false' } as const

/** `read` answers undefined for what it does not take. For documentation and editors it is the plain type. */
function typed<T>(type: TypeName, read: (value: unknown) => T | undefined) {
  return z
    .unknown()
    .transform((value, context) => {
      const answer = read(value)
      if (answer !== undefined) return answer
      const message = value === undefined ? 'is required' : `must be ${TYPES[type]}, not ${kindOf(value)}`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
    .meta({ type })
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} ${JSON.stringify(value)}`
}
