import { z } from 'zod'
import type { ModuleArgs } from '../modules/define.ts'
import { type JsonSchema, orTemplate } from './json_schema.ts'

/** The arguments of a module or an action, from its declaration; every value may be a template instead. */
export function argumentsSchema(
  args: ModuleArgs,
  { freeForm }: { freeForm?: string | undefined } = {},
): JsonSchema {
  const schema: JsonSchema = z.toJSONSchema(args, { io: 'input', target: 'draft-7', unrepresentable: 'any' })
  const { $schema: _, definitions: __, required, ...rest } = schema
  const mapping = {
    ...templated(rest),
    properties: templatedAll(schema.properties),
    ...(required ? { required } : {}),
  }
  const hasRequired = Array.isArray(required) && required.length > 0
  return {
    anyOf: [
      mapping,
      ...(freeForm === undefined ? [] : [{ type: 'string' }]),
      ...(hasRequired ? [] : [{ type: 'null' }]),
    ],
  }
}

const templatedAll = (properties: unknown): JsonSchema =>
  Object.fromEntries(
    Object.entries(isMapping(properties) ? properties : {}).map(([name, schema]) => {
      const { description, ...rest } = templated(isMapping(schema) ? schema : {})
      return [name, { ...(description === undefined ? {} : { description }), ...orTemplate(rest) }]
    }),
  )

/** Also within lists and mappings. */
function templated(schema: JsonSchema): JsonSchema {
  // A value of any shape: it refers to itself.
  if ('$ref' in schema) return {}
  const { items, properties, additionalProperties, anyOf, allOf, ...rest } = schema
  return {
    ...rest,
    ...(Array.isArray(allOf) ? { allOf: allOf.filter(isMapping).map(templated) } : {}),
    ...(items === undefined ? {} : { items: isMapping(items) ? orTemplate(templated(items)) : items }),
    ...(isMapping(properties) ? { properties: templatedAll(properties) } : {}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties: isMapping(additionalProperties)
            ? templated(additionalProperties)
            : additionalProperties,
        }),
    ...(Array.isArray(anyOf) ? { anyOf: anyOf.filter(isMapping).map(templated) } : {}),
  }
}

const isMapping = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
