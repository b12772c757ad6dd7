// The JSON Schema (2020-12) of a configuration: for editors, and for the loader's hints.

import { z } from 'zod'
import { secretSchema } from './secret.ts'

export type JsonSchema = z.core.JSONSchema.JSONSchema

/**
 * Describes what may be written in the file, with each `.describe()` as the description. Where a number, boolean or
 * fixed choice is expected the schema also lets a `${NAME}` through, as the loader does.
 *
 * @throws TypeError when an object in the schema would drop unknown keys: use `z.strictObject`
 */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema, path }) => {
      if (zodSchema._zod.def === secretSchema._zod.def) writeSecret(jsonSchema)
      refuseOpenObject(jsonSchema, path)
      allowReference(jsonSchema)
    },
  })
}

/** A program may pass a `Secret` object; a file can only hold its text. */
function writeSecret(schema: JsonSchema): void {
  delete schema.anyOf
  schema.type = 'string'
}

function refuseOpenObject(schema: JsonSchema, path: readonly PropertyKey[]): void {
  if (schema.properties === undefined || schema.additionalProperties !== undefined) return
  throw new TypeError(`the schema at /${path.join('/')} would drop unknown keys; use z.strictObject`)
}

/** Editors would mark `port: ${PORT}` as wrong; the loader turns it into the number. */
function allowReference(schema: JsonSchema): void {
  const isFixed = ['number', 'integer', 'boolean'].includes(String(schema.type)) || schema.enum !== undefined
  if (!isFixed) return
  const { $schema, description, default: byDefault, ...constraints } = schema
  for (const name of Object.keys(constraints)) delete schema[name]
  schema.anyOf = [constraints, { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}' }]
}

/** The schemas that may apply at `path`, with unions and references opened. */
export function schemasAt(root: JsonSchema, path: readonly PropertyKey[]): readonly JsonSchema[] {
  let here = open(root, root)
  for (const step of path) {
    here = here.flatMap((schema) => {
      const next =
        typeof step === 'number'
          ? (schema.prefixItems?.[step] ?? schema.items)
          : (schema.properties?.[String(step)] ?? schema.additionalProperties)
      return isSchema(next) ? open(next, root) : []
    })
  }
  return here
}

function open(schema: JsonSchema, root: JsonSchema, depth = 0): readonly JsonSchema[] {
  if (depth > 32) return []
  const inner: JsonSchema[] = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].filter(
    isSchema,
  )
  const target = schema.$ref === '#' ? root : root.$defs?.[schema.$ref?.replace('#/$defs/', '') ?? '']
  if (schema.$ref !== undefined && isSchema(target)) inner.push(target)
  return [schema, ...inner.flatMap((part) => open(part, root, depth + 1))]
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
