import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseChatRequest } from './openai/chat-request.ts'
import { publicPath } from './public-path.ts'

test('positions and names of the format are told, names that a client chose are not', () => {
  const told: Record<string, string> = {
    '': '',
    '/messages/0/content/12/text': '/messages/0/content/12/text',
    '/choices/0/delta/tool_calls/1/function/arguments': '/choices/0/delta/tool_calls/1/function/arguments',
    '/metadata/jane.doe@example.com': '/metadata/*',
    '/metadata/jane.doe@example.com~key': '/metadata/*~key',
    '/metadata/a~1b~0key': '/metadata/*',
    '/tools/0/function/parameters/properties/AKIAIOSFODNN7EXAMPLQ/description':
      '/tools/0/function/parameters/properties/*/description',
    '/4111111111111111/0': '/*/0',
  }
  for (const [path, expected] of Object.entries(told)) assert.equal(publicPath(path), expected)
})

test('no key of a body is in a path, whatever it is called', () => {
  const name = fc.string({ minLength: 12 }).map((text) => `xylophone${text}`)
  fc.assert(
    fc.property(name, (key) => {
      const body = { model: 'm', messages: [], metadata: { [key]: { [`${key}2`]: 'text' } } }
      const { parts } = parseChatRequest(Buffer.from(JSON.stringify(body)))
      for (const { path } of parts) assert.doesNotMatch(publicPath(path), /xylophone/)
      assert.equal(parts.length, 3)
    }),
  )
})
