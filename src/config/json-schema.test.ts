// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a configuration writes a reference
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { z } from 'zod'
import { durationMs, jsonSchemaOf, secretSchema, sizeBytes } from './index.ts'

const schema = z.strictObject({
  port: z.int().min(1).max(65535).default(8443).describe('Where to listen.'),
  level: z.enum(['low', 'high']).optional(),
  key: secretSchema.describe('The key of the upstream.'),
  wait: durationMs.optional().describe('How long to wait.'),
  limit: sizeBytes.default(1024),
  routes: z.array(z.strictObject({ name: z.string(), tls: z.boolean() })).default([]),
})

test('the JSON Schema accepts what the loader accepts, references included, and refuses what it refuses', () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(jsonSchemaOf(schema))
  const good = [
    { key: 'x' },
    { key: 'file:x', port: 80, wait: '5m', limit: '4MiB' },
    { key: '${K}', port: '${PORT}', level: '${L}', wait: '${W}', limit: '${S}', routes: [{ name: 'a', tls: '${T}' }] },
    { key: 'x', wait: 1500, limit: 0, level: 'low' },
  ]
  const bad = [
    {},
    { key: 1 },
    { key: 'x', prot: 1 },
    { key: 'x', port: '80' },
    { key: 'x', port: 0 },
    { key: 'x', wait: '5 parsecs' },
    { key: 'x', level: 'mid' },
    { key: 'x', routes: [{ name: 'a', tls: true, x: 1 }] },
  ]
  for (const value of good) assert.ok(validate(value), JSON.stringify([value, validate.errors]))
  for (const value of bad) assert.ok(!validate(value), JSON.stringify(value))
})

test('descriptions and defaults reach the editor', () => {
  const { properties } = jsonSchemaOf(schema)
  assert.deepEqual(properties?.port, {
    description: 'Where to listen.',
    default: 8443,
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 65535 },
      { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}' },
    ],
  })
  assert.deepEqual(properties?.key, { type: 'string', description: 'The key of the upstream.' })
  assert.match(JSON.stringify(properties?.wait), /How long to wait/)
})

test('a schema that would drop unknown keys is a mistake in the program, and is refused', () => {
  const open = z.strictObject({ inner: z.array(z.object({ name: z.string() })) })
  assert.throws(() => jsonSchemaOf(open), { name: 'TypeError', message: /would drop unknown keys; use z.strictObject/ })
  assert.doesNotThrow(() => jsonSchemaOf(z.looseObject({ a: z.string() })))
})
