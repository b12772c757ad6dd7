import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import { describeApi, operations } from './operations.ts'

const explanation = z.strictObject({ exchange: z.string() }).describe('An explanation.')
const routes = operations(explanation)
const document = describeApi('0.0.0', explanation)

test('the document is OpenAPI 3.1, by the schema of OpenAPI itself', async () => {
  const validator = new Validator()
  const result = await validator.validate(structuredClone(document))
  deepEqual(result.errors ?? [], [])
  equal(result.valid, true)
  equal(validator.version, '3.1')
})

test('every operation has a name of its own that a client can be generated with, and words that teach', () => {
  const names = routes.map(({ operationId }) => operationId)
  equal(new Set(names).size, names.length)
  for (const { operationId, summary, description, answers } of routes) {
    ok(/^[a-z][a-zA-Z]+$/.test(operationId), operationId)
    ok(summary.length > 5 && description.length > 20, operationId)
    ok(Object.keys(answers).length > 0, operationId)
  }
})

test('every example fits its schema', () => {
  let seen = 0
  for (const { operationId, answers, body, bodyExample } of routes) {
    if (body !== undefined) {
      const { success, error } = body.safeParse(bodyExample)
      ok(success, `${operationId}: ${error}`)
      seen++
    }
    for (const { content, example } of Object.values(answers)) {
      if ('mediaType' in content || example === undefined) continue
      const { success, error } = content.safeParse(example)
      ok(success, `${operationId}: ${error}`)
      seen++
    }
  }
  ok(seen > 15)
})

test('every reference leads somewhere', () => {
  const { components } = z
    .object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) })
    .parse(document)
  const known = new Set(Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`))
  for (const [, reference = ''] of JSON.stringify(document).matchAll(/"\$ref":"(#\/components\/schemas\/[^"]+)"/g))
    ok(known.has(reference), reference)
})
