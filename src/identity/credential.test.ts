import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { readCredential } from './credential.ts'

const found = (credential: string) => ({ ok: true, credential })
const refused = (reason: string) => ({ ok: false, reason })

test('a credential comes in one of three headers', () => {
  assert.deepEqual(readCredential(['Authorization', 'Bearer abc']), found('abc'))
  assert.deepEqual(readCredential(['X-Api-Key', 'abc']), found('abc'))
  assert.deepEqual(readCredential(['api-key', 'abc']), found('abc'))
  assert.deepEqual(readCredential(['Host', 'a', 'AUTHORIZATION', 'bEaReR abc==', 'Accept', '*/*']), found('abc=='))
})

test('a request without one of them has no credential', () => {
  assert.deepEqual(readCredential([]), refused('missing'))
  assert.deepEqual(
    readCredential(['Cookie', 'key=abc', 'Proxy-Authorization', 'Bearer abc', 'x_api_key', 'abc']),
    refused('missing'),
  )
})

test('two credentials are refused, even when they are the same', () => {
  const one = ['Authorization', 'Bearer abc']
  for (const other of [
    one,
    ['authorization', 'Bearer def'],
    ['X-Api-Key', 'abc'],
    ['Api-Key', 'abc'],
    ['Api-Key', ''],
  ]) {
    assert.deepEqual(readCredential([...one, ...other]), refused('multiple'))
    assert.deepEqual(readCredential([...other, 'Host', 'a', ...one]), refused('multiple'))
  }
  assert.deepEqual(readCredential(['x-api-key', 'abc', 'X-API-KEY', 'abc']), refused('multiple'))
})

test('anything but a plain token is malformed', () => {
  const values = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer  abc',
    'Bearer\tabc',
    ' Bearer abc',
    'Bearer abc ',
    'Bearer abc def',
    'Bearer abc,Bearer def',
    'Basic YWJj',
    'Bearer "abc"',
    'Bearer abc\u00e9',
    'Bearer abc\u0000',
    'Bearer =abc',
    'abc',
    "Bearer ' OR 1=1 --",
    'BearerX abc',
    'Bearer ａｂｃ',
    'Bearer abc\u2028',
  ]
  for (const value of values) assert.deepEqual(readCredential(['Authorization', value]), refused('malformed'), value)
  for (const value of ['', ' abc', 'abc ', 'a b', 'a,b', 'Bearer abc', 'abc\u0080', '{}']) {
    assert.deepEqual(readCredential(['X-Api-Key', value]), refused('malformed'), value)
  }
})

test('a credential of more than 8192 characters is malformed', () => {
  assert.deepEqual(readCredential(['X-Api-Key', 'a'.repeat(8192)]), found('a'.repeat(8192)))
  assert.deepEqual(readCredential(['X-Api-Key', 'a'.repeat(8193)]), refused('malformed'))
  assert.deepEqual(readCredential(['Authorization', `Bearer ${'='.repeat(1_000_000)}`]), refused('malformed'))
})

test('whatever the headers hold, the answer is one of four, and a found credential is one that was sent', () => {
  const name = fc.oneof(fc.constantFrom('authorization', 'Authorization', 'x-api-key', 'API-KEY', 'host'), fc.string())
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `Bearer ${text}`),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (pairs) => {
      const result = readCredential(pairs.flat())
      if (!result.ok) return assert.ok(['missing', 'multiple', 'malformed'].includes(result.reason))
      assert.ok(pairs.some(([, sent]) => sent === result.credential || sent.slice(7) === result.credential))
    }),
  )
})

test('what Node merges or drops without a word is seen as it was sent', async (t) => {
  assert.deepEqual(await overTheWire(t, 'Authorization: Bearer a\r\nAuthorization: Bearer b'), refused('multiple'))
  assert.deepEqual(await overTheWire(t, 'X-Api-Key: a\r\nX-Api-Key: b'), refused('multiple'))
  assert.deepEqual(await overTheWire(t, 'X-Api-Key: \t a \t'), found('a'))
  assert.deepEqual(await overTheWire(t, 'X-Api-Key: \u00e9'), refused('malformed'))
})

/** What `readCredential` says of headers that really crossed a socket. */
async function overTheWire(t: TestContext, headers: string): Promise<unknown> {
  const server = createServer((request, response) => response.end(JSON.stringify(readCredential(request.rawHeaders))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const socket = connect(address.port, '127.0.0.1')
  socket.write(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n\r\n`, 'latin1'))
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))
}
