import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#config'
import { requestHeaders, responseHeaders } from './headers.ts'

test('the credential goes where the upstream wants it, or nowhere', () => {
  const key = new Secret('sk-upstream')
  const bearer = requestHeaders('bearer', key, true)
  assert.equal(bearer[bearer.indexOf('authorization') + 1], 'Bearer sk-upstream')
  const apiKey = requestHeaders('api-key', key, true)
  assert.equal(apiKey[apiKey.indexOf('api-key') + 1], 'sk-upstream')
  assert.ok(!apiKey.includes('authorization'))
  assert.ok(!requestHeaders('none', undefined, true).join().includes('sk-'))
})

test('a request names only these headers', () => {
  const names = requestHeaders('bearer', new Secret('k'), true).filter((_, index) => index % 2 === 0)
  assert.deepEqual(names, ['accept', 'accept-encoding', 'user-agent', 'content-type', 'authorization'])
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
