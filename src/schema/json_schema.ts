/** A JSON Schema of draft 7, which the language servers of editors know best (https://json-schema.org/draft-07). */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

export const DRAFT = 'http://json-schema.org/draft-07/schema#'

/** A text with `{{ }}` in it: what it comes out as is only known on a host. */
export const TEMPLATE: JsonSchema = { type: 'string', pattern: '\\{[{%]' }

export const text: JsonSchema = { type: 'string' }
/** Numbers and booleans are taken as they are written. */
export const word: JsonSchema = { type: ['string', 'number', 'boolean'] }
export const words: JsonSchema = { anyOf: [word, { type: 'array', items: word }] }
export const anything: JsonSchema = {}
export const mapping: JsonSchema = { type: 'object' }

export const described = (schema: JsonSchema, description: string): JsonSchema => ({ ...schema, description })

export const orTemplate = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, TEMPLATE] })

export const whole: JsonSchema = orTemplate({ type: 'integer', minimum: 0 })
export const seconds: JsonSchema = orTemplate({ type: 'number', minimum: 0 })
/** `-e wanted=yes` and templates give strings, as Ansible's users write them. */
export const flag: JsonSchema = orTemplate({ type: 'boolean' })
/** An expression without {{ }}, true, false, or a list of them that must all hold. */
export const condition: JsonSchema = {
  anyOf: [{ type: ['string', 'boolean'] }, { type: 'array', items: { type: ['string', 'boolean'] } }],
}
