import { Problem } from '../problem.ts'
import type { Value } from '../template.ts'
import { isDict, isList } from '../values.ts'

/** As Python's json.dumps spaces it: `{"a": [1, 2]}`; beyond ASCII as \u escapes. */
export function toJson(value: Value): string {
  if (isList(value)) return `[${value.map(toJson).join(', ')}]`
  if (isDict(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${toJson(key)}: ${toJson(item)}`)
      .join(', ')}}`
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, escapeUnicode)
}

const escapeUnicode = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

export function parseJson(text: string): Value {
  try {
    const value: Value = JSON.parse(text)
    return value
  } catch {
    throw new Problem('this is no JSON')
  }
}
