import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#config'
import { anthropicHeaders, requestHeaders, responseHeaders } from './headers.ts'

test('the credential goes where the upstream wants it, or nowhere', () => {
  const key = new Secret('sk-upstream')
  const bearer = requestHeaders('bearer', key, true)
  assert.equal(bearer[bearer.indexOf('authorization') + 1], 'Bearer sk-upstream')
  const apiKey = requestHeaders('api-key', key, true)
  assert.equal(apiKey[apiKey.indexOf('api-key') + 1], 'sk-upstream')
  assert.ok(!apiKey.includes('authorization'))
  const xApiKey = requestHeaders('x-api-key', key, true)
  assert.equal(xApiKey[xApiKey.indexOf('x-api-key') + 1], 'sk-upstream')
  assert.ok(!requestHeaders('none', undefined, true).join().includes('sk-'))
})

test('a request names only these headers', () => {
  const names = requestHeaders('bearer', new Secret('k'), true).filter((_, index) => index % 2 === 0)
  assert.deepEqual(names, ['accept', 'accept-encoding', 'user-agent', 'content-type', 'authorization'])
})

test('an Anthropic upstream is told the configured version, and of the beta features those that are allowed and asked for', () => {
  const settings = { version: '2023-06-01', betas: ['one-2026-01-01', 'two-2026-01-01'] }
  assert.deepEqual(anthropicHeaders(settings, []), ['anthropic-version', '2023-06-01'])
  assert.deepEqual(anthropicHeaders(settings, ['evil\r\nx: y', 'two-2026-01-01', 'three', 'two-2026-01-01']), [
    ...['anthropic-version', '2023-06-01'],
    ...['anthropic-beta', 'two-2026-01-01'],
  ])
})

test('of an answer only the type, the request id, its duration and Retry-After are seen', () => {
  const received = {
    'content-type': 'text/event-stream',
    'retry-after': '7',
    'x-request-id': 'req_1',
    'openai-processing-ms': '12',
    'set-cookie': ['session=1', 'b=2'],
    'x-ratelimit-remaining-requests': '4999',
    'openai-organization': 'acme',
    'access-control-allow-origin': '*',
    server: 'inside',
  }
  assert.deepEqual(responseHeaders(received), {
    'content-type': 'text/event-stream',
    'retry-after': '7',
    'x-request-id': 'req_1',
    'openai-processing-ms': '12',
  })
})

test('a header value that is not plain text, repeated or overlong is left out', () => {
  assert.deepEqual(
    responseHeaders({ 'x-request-id': 'a\u0080b', 'retry-after': ['1', '2'], 'openai-processing-ms': '1'.repeat(300) }),
    {},
  )
})

test('a compressed, doubly encoded or ambiguous answer is refused', () => {
  const refused = [
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'identity, gzip' },
    { 'content-encoding': ['identity', 'gzip'] },
    { 'content-encoding': '' },
    { 'transfer-encoding': 'gzip, chunked' },
    { 'content-type': ['application/json', 'text/event-stream'] },
  ]
  for (const headers of refused)
    assert.throws(() => responseHeaders(headers), { code: 'bad_response' }, JSON.stringify(headers))
  assert.deepEqual(responseHeaders({ 'content-encoding': 'Identity', 'transfer-encoding': 'chunked' }), {})
})
