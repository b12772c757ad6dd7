// Bad input, groups 16 to 18: bodies too large, compressed, in another encoding, or that two parsers read in two ways.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, sendRaw } from './support/raw.ts'
import { assertRefusal, assertRefused, type ExpectedRefusal } from './support/refused.ts'

const maxBodyBytes = 256 * 1024
const gateway = await openGateway({ limits: { maxBodyBytes } })
after(() => gateway.close())
const patience = { timeout: 10_000 }
const { key, upstream } = gateway
const good = JSON.stringify(chat('Hi.'))
const chunked = { 'content-length': null, 'transfer-encoding': 'chunked' }

test('a body of the largest size is served, one byte more is refused', patience, async () => {
  const padded = good.padEnd(maxBodyBytes, ' ')
  assert.equal((await sendRaw(gateway.port, chatRequest(key, { body: padded }))).status, 200)
  assert.equal(upstream.received.at(-1)?.body, padded)
  await assertRefused(gateway, chatRequest(key, { body: `${padded} ` }), { status: 413, code: 'request_too_large' })
})

const tooLarge: Record<string, Uint8Array> = {
  'by what it says of itself': chatRequest(key, { headers: { 'content-length': '10000000' } }),
  'by its chunks': chatRequest(key, { headers: chunked, body: `40001\r\n${'a'.repeat(maxBodyBytes + 1)}` }),
  'by many small chunks': chatRequest(key, { headers: chunked, body: '1\r\na\r\n'.repeat(maxBodyBytes + 1) }),
}
for (const [what, bytes] of Object.entries(tooLarge))
  test(`a body too large ${what} is refused before it has all arrived, and the connection closed`, patience, () =>
    assertRefusal(
      gateway,
      async () => {
        const connection = await connectRaw(gateway.port)
        connection.write(bytes)
        const response = await connection.read()
        assert.equal(response.headers.get('connection'), 'close')
        await connection.closed
        return response
      },
      { status: 413, code: 'request_too_large' },
    ),
  )

test('a bomb of 50 MB in 48 KB is refused without being opened', patience, async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
  const before = process.memoryUsage().rss
  for (const encoding of [
    'gzip',
    'GZIP',
    'x-gzip',
    'deflate',
    'br',
    'zstd',
    'compress',
    'gzip, gzip',
    'identity, gzip',
    'identity',
    'evil',
    '',
  ])
    await assertRefused(gateway, chatRequest(key, { headers: { 'content-encoding': encoding }, body: bomb }), {
      status: 415,
      code: 'content_encoding',
      hostile: ['evil'],
    })
  assert.ok(process.memoryUsage().rss - before < 50_000_000)
})

test('a compressed body that does not say so is no JSON', patience, () =>
  assertRefused(gateway, chatRequest(key, { body: gzipSync(good) }), { status: 400, code: 'invalid_json' }),
)

const types = [
  null,
  '',
  'text/plain',
  'text/json',
  'application/jsonp',
  'application/json-seq',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=evil',
  'application/json, text/plain',
  'application/json; charset=utf-16',
  'application/json; charset=utf-7',
  'application/json; charset=utf-8; charset=utf-16',
  'application/json; boundary=evil',
  'application/json;charset=utf-8;',
]
for (const type of types)
  test(`the content type ${type ?? 'that is missing'} is refused`, patience, () =>
    assertRefused(gateway, chatRequest(key, { headers: { 'content-type': type } }), {
      status: 415,
      code: 'content_type',
      hostile: ['evil', 'utf-16'],
    }),
  )

const json: Record<string, { body: string | Uint8Array } & Partial<ExpectedRefusal>> = {
  'is empty': { body: '' },
  'is a space': { body: ' ' },
  'is cut off': { body: good.slice(0, -1) },
  'has something behind it': { body: `${good}{"model":"evil"}` },
  'has a NUL behind it': { body: `${good}\0` },
  'is in single quotes': { body: good.replaceAll('"', "'") },
  'has a comment': { body: good.replace('{', '{/* evil */') },
  'has a comma too many': { body: good.replace(/}$/, ',}') },
  'has NaN': { body: good.replace(/}$/, ',"temperature":NaN}') },
  'has a plus sign': { body: good.replace(/}$/, ',"temperature":+1}') },
  'has a number with a leading zero': { body: good.replace(/}$/, ',"temperature":01}') },
  'has a bare line feed in a string': { body: good.replace('Hi.', 'Hi\n.') },
  'has an escape that does not exist': { body: good.replace('Hi.', 'Hi\\x41') },
  'has invalid UTF-8': { body: Buffer.from(good.replace('Hi.', '\xff\xfe'), 'latin1') },
  'has overlong UTF-8': { body: Buffer.from(good.replace('Hi.', '\xc0\xae'), 'latin1') },
  'has a surrogate in UTF-8': { body: Buffer.from(good.replace('Hi.', '\xed\xa0\x80'), 'latin1') },
  'has a lone high surrogate': { body: good.replace('Hi.', '\\ud83d') },
  'has a lone low surrogate': { body: good.replace('Hi.', '\\ude00') },
  'has surrogates in the wrong order': { body: good.replace('Hi.', '\\ude00\\ud83d') },
  'has a byte order mark': { body: `\ufeff${good}` },
  'is UTF-16': { body: Buffer.from(good, 'utf16le') },
  'is UTF-16 with a byte order mark': { body: Buffer.from(`\ufeff${good}`, 'utf16le') },
  'is UTF-32': { body: Buffer.from([...good].flatMap((char) => [char.charCodeAt(0), 0, 0, 0])) },
  'has a key twice': { body: good.replace('{', '{"model":"evil",'), code: 'duplicate_key' },
  'has a key twice, once escaped': { body: good.replace('{', '{"m\\u006fdel":"evil",'), code: 'duplicate_key' },
  'has a key twice, deep inside': {
    body: JSON.stringify(chat('Hi.', { tools: [] })).replace('"role"', '"role":"system","role"'),
    code: 'duplicate_key',
  },
  'has a key twice by case': {
    body: good.replace('{', '{"Messages":[{"role":"user","content":"evil"}],'),
    code: 'ambiguous_key',
  },
  'has a key twice by the long s': { body: good.replace('{', '{"me\u017fsages":["evil"],'), code: 'ambiguous_key' },
  'is nested 100,000 deep': {
    body: '['.repeat(100_000) + ']'.repeat(100_000),
    status: 413,
    code: 'json_too_complex',
  },
  'is nested deep in objects': {
    body: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    status: 413,
    code: 'json_too_complex',
  },
  'is nested deep inside a message': {
    body: good.replace('"Hi."', '['.repeat(20_000) + ']'.repeat(20_000)),
    status: 413,
    code: 'json_too_complex',
  },
  'is null': { body: 'null', code: 'invalid_request' },
  'is an array': { body: `[${good}]`, code: 'invalid_request' },
  'is a string': { body: '"evil"', code: 'invalid_request' },
  'has no messages': { body: '{"model":"test-model"}', code: 'invalid_request' },
  'has messages that are an object': { body: '{"model":"test-model","messages":{"0":{}}}', code: 'invalid_request' },
  'has a message that is null': { body: '{"model":"test-model","messages":[null]}', code: 'invalid_request' },
  'has a role that is a prototype': { body: good.replace('"user"', '"__proto__"'), code: 'invalid_request' },
  'has no model': { body: '{"messages":[]}', code: 'invalid_request' },
  'has a model that is an object': { body: good.replace('"test-model"', '{"evil":1}'), code: 'invalid_request' },
  'has a model with a line feed': { body: good.replace('test-model', 'a\\nevil'), code: 'invalid_request' },
  'has a stream that is a string': { body: good.replace('{', '{"stream":"true",'), code: 'invalid_request' },
  'asks for a million answers': { body: good.replace('{', '{"n":1000000,'), code: 'invalid_request' },
  'asks for minus one answer': { body: good.replace('{', '{"n":-1,'), code: 'invalid_request' },
  'has a prototype with text in it': {
    body: good.replace('{', '{"__proto__":{"evil":"evil"},'),
    code: 'unknown_content',
  },
  'has a constructor with text in it': {
    body: good.replace('{', '{"constructor":{"prototype":{"evil":"evil"}},'),
    code: 'unknown_content',
  },
}
for (const [what, { body, ...expected }] of Object.entries(json))
  test(`a body that ${what} is refused`, patience, () =>
    assertRefused(gateway, chatRequest(key, { body }), {
      status: 400,
      code: 'invalid_json',
      hostile: ['evil'],
      ...expected,
    }),
  )

const exact: Record<string, string> = {
  'integers of 20 digits': '{"seed":12345678901234567890,"max_tokens":9007199254740991',
  'numbers beyond every double': '{"temperature":1e999,"top_p":-1e-999',
  'numbers in unusual spellings': '{"temperature":1.000000000000000000001,"top_p":1E+0,"frequency_penalty":-0.0',
  'keys that are prototypes': '{"__proto__":1,"constructor":true,"toString":null',
  'spaces and tabs everywhere': '{ \t\r\n "stream" : false',
  'escapes where none are needed': '{"\\u0073tream":false,"user":"\\u0061\\/b"',
}
for (const [what, start] of Object.entries(exact))
  test(`${what} go upstream byte for byte`, patience, async () => {
    const body = `${start},"model":"test-model","messages":[{"role":"user","content":"\\u0048i"}]}\n`
    const response = await sendRaw(gateway.port, chatRequest(key, { body }))
    assert.equal(response.status, 200, response.body)
    assert.equal(upstream.received.at(-1)?.body, body)
    assert.equal(Object.hasOwn(Object.prototype, 'evil'), false)
  })

test('what is masked leaves every other byte as it was', patience, async () => {
  const start = '{"seed":12345678901234567890,"temperature":1e999, "user":"\\u0061","model":"test-model",'
  const body = `${start}"messages":[ {"role":"user","content":"Ask jane.doe@example.com."}]}`
  const response = await sendRaw(gateway.port, chatRequest(key, { body }))
  assert.equal(response.status, 200, response.body)
  const sent = upstream.received.at(-1)?.body ?? ''
  assert.match(sent, /Ask \[EMAIL_[a-z2-7]{8}\]\./)
  assert.equal(sent.replace(/\[EMAIL_[a-z2-7]{8}\]/, 'jane.doe@example.com'), body)
})
