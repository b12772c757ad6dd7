// Bad input, group 19: messages that are not plainly one HTTP/1.1 request, and requests inside requests.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw } from './support/raw.ts'
import { assertRefusal, assertRefused, type ExpectedRefusal } from './support/refused.ts'

const gateway = await openGateway()
after(() => gateway.close())
const patience = { timeout: 10_000 }
const { key } = gateway
const malformed = { status: 400, code: 'malformed_http' }
const body = JSON.stringify(chat('Hi.'))
const hidden = chatRequest(key, { body: chat('SMUGGLED') }).toString('latin1')
const chunked = { 'content-length': null, 'transfer-encoding': 'chunked' }
const inChunks = (text: string, more = '') => `${text.length.toString(16)}${more}\r\n${text}\r\n0\r\n\r\n`

const cases: Record<string, { bytes: Uint8Array | string } & ExpectedRefusal> = {
  'HTTP/0.9': { bytes: 'GET /v1/models\r\n\r\n', status: 426, code: 'http_version' },
  'HTTP/1.0': {
    bytes: chatRequest(key, { start: 'POST /v1/chat/completions HTTP/1.0' }),
    status: 426,
    code: 'http_version',
  },
  'HTTP/1.0 with a transfer encoding': {
    bytes: chatRequest(key, {
      start: 'POST /v1/chat/completions HTTP/1.0',
      headers: chunked,
      body: inChunks(body),
    }),
    status: 426,
    code: 'http_version',
  },
  'HTTP/1.2': { bytes: chatRequest(key, { start: 'POST /v1/chat/completions HTTP/1.2' }), ...malformed },
  'HTTP/3.0': { bytes: chatRequest(key, { start: 'POST /v1/chat/completions HTTP/3.0' }), ...malformed },
  'the preface of HTTP/2': { bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', ...malformed },
  'a TLS greeting': { bytes: Buffer.from('160301020001000001fc0303', 'hex'), ...malformed },
  'another protocol': { bytes: 'SSH-2.0-evil\r\n', ...malformed },
  TRACE: {
    bytes: chatRequest(key, {
      start: 'TRACE /v1/chat/completions HTTP/1.1',
      headers: { 'content-length': null, 'content-type': null },
      body: '',
    }),
    status: 405,
    code: 'method',
    hostile: [key],
  },
  CONNECT: {
    bytes: 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n',
    status: 405,
    code: 'connect',
    hostile: ['evil'],
  },
  'an upgrade': {
    bytes: chatRequest(key, { lines: ['Upgrade: websocket', 'Sec-WebSocket-Key: x'] }),
    status: 400,
    code: 'upgrade',
  },
  'an upgrade to HTTP/2 in the clear': {
    bytes: chatRequest(key, { lines: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: x'] }),
    status: 400,
    code: 'connection',
  },
  'a length and a transfer encoding': {
    bytes: chatRequest(key, { headers: { 'transfer-encoding': 'chunked' }, body: inChunks(body) + hidden }),
    ...malformed,
  },
  'a transfer encoding and a length': {
    bytes: chatRequest(key, { headers: chunked, lines: ['Content-Length: 4'], body: inChunks(body) + hidden }),
    ...malformed,
  },
  'two lengths': { bytes: chatRequest(key, { lines: ['Content-Length: 3'] }), ...malformed },
  'the same length twice': { bytes: chatRequest(key, { lines: [`Content-Length: ${body.length}`] }), ...malformed },
  'a list of lengths': {
    bytes: chatRequest(key, { headers: { 'content-length': `${body.length}, ${body.length}` } }),
    ...malformed,
  },
  'a length with a sign': {
    bytes: chatRequest(key, { headers: { 'content-length': `+${body.length}` } }),
    ...malformed,
  },
  'a negative length': { bytes: chatRequest(key, { headers: { 'content-length': '-1' } }), ...malformed },
  'a hexadecimal length': { bytes: chatRequest(key, { headers: { 'content-length': '0x10' } }), ...malformed },
  'a length with a fraction': { bytes: chatRequest(key, { headers: { 'content-length': '10.0' } }), ...malformed },
  'a length beyond every number': {
    bytes: chatRequest(key, { headers: { 'content-length': '9'.repeat(30) } }),
    ...malformed,
  },
  'no length at all': {
    bytes: chatRequest(key, { headers: { 'content-length': null }, body: '' }),
    status: 400,
    code: 'invalid_json',
  },
  'an unknown transfer encoding': {
    bytes: chatRequest(key, {
      headers: { 'content-length': null, 'transfer-encoding': 'xchunked' },
      body: inChunks(body),
    }),
    status: 400,
    code: 'transfer_encoding',
  },
  'a stacked transfer encoding': {
    bytes: chatRequest(key, {
      headers: { 'content-length': null, 'transfer-encoding': 'gzip, chunked' },
      body: inChunks(body),
    }),
    status: 400,
    code: 'transfer_encoding',
  },
  'a transfer encoding that ends in another': {
    bytes: chatRequest(key, {
      headers: { 'content-length': null, 'transfer-encoding': 'chunked, identity' },
      body: inChunks(body),
    }),
    ...malformed,
  },
  'two transfer encodings': {
    bytes: chatRequest(key, { headers: chunked, lines: ['Transfer-Encoding: chunked'], body: inChunks(body) }),
    ...malformed,
  },
  'a transfer encoding with a tab': {
    bytes: chatRequest(key, {
      headers: { 'content-length': null, 'transfer-encoding': '\vchunked' },
      body: inChunks(body),
    }),
    ...malformed,
  },
  'a trailer that is announced': {
    bytes: chatRequest(key, { headers: chunked, lines: ['Trailer: Authorization'], body: inChunks(body) }),
    status: 400,
    code: 'trailer',
  },
  'a trailer that is not announced': {
    bytes: chatRequest(key, {
      headers: chunked,
      body: `${inChunks(body).slice(0, -2)}Authorization: Bearer evil\r\n\r\n`,
    }),
    status: 400,
    code: 'trailer',
    hostile: ['evil'],
  },
  'an expectation that we do not know': {
    bytes: chatRequest(key, { lines: ['Expect: evil'] }),
    status: 417,
    code: 'expect',
    hostile: ['evil'],
  },
  'a folded header': { bytes: chatRequest(key, { lines: ['X-Test: a', ' X-Evil: b'] }), ...malformed },
  'a space before the colon': { bytes: chatRequest(key, { lines: ['X-Test : a'] }), ...malformed },
  'a space before the first header': {
    bytes: chatRequest(key, { start: 'POST /v1/chat/completions HTTP/1.1\r\n X-Test: a' }),
    ...malformed,
  },
  'a header without a name': { bytes: chatRequest(key, { lines: [': evil'] }), ...malformed },
  'a header without a colon': { bytes: chatRequest(key, { lines: ['evil'] }), ...malformed },
  'a header name of Latin-1': { bytes: chatRequest(key, { lines: ['X-\xe4: a'] }), ...malformed },
  'a NUL in a header name': { bytes: chatRequest(key, { lines: ['X-\0: a'] }), ...malformed },
  'bare line feeds': { bytes: chatRequest(key).toString('latin1').replaceAll('\r\n', '\n'), ...malformed },
  'bare carriage returns': { bytes: chatRequest(key).toString('latin1').replaceAll('\r\n', '\r'), ...malformed },
  'headers of more than 16 KB': {
    bytes: chatRequest(key, { lines: [`X-Test: ${'a'.repeat(17_000)}`] }),
    status: 431,
    code: 'headers_too_large',
  },
  '3,000 headers': {
    bytes: chatRequest(key, { lines: Array.from({ length: 3000 }, (_, n) => `X-${n}: a`) }),
    status: 431,
    code: 'headers_too_large',
  },
  '2,500 headers within 16 KB, the last one a second credential (Node drops those beyond 2,000)': {
    bytes: chatRequest(key, { lines: [...Array.from({ length: 2500 }, () => 'a:'), 'Authorization: Bearer evil'] }),
    status: 431,
    code: 'too_many_headers',
    hostile: ['evil'],
  },
  'a request line of more than 16 KB': {
    bytes: chatRequest(key, { start: `POST /${'a'.repeat(17_000)} HTTP/1.1` }),
    status: 431,
    code: 'headers_too_large',
  },
  'an unknown method': { bytes: chatRequest(key, { start: 'EVIL /v1/chat/completions HTTP/1.1' }), ...malformed },
  'a method in small letters': {
    bytes: chatRequest(key, { start: 'post /v1/chat/completions HTTP/1.1' }),
    ...malformed,
  },
  'a flood of chunk extensions': {
    bytes: chatRequest(key, { headers: chunked, body: inChunks(body, `;${'a'.repeat(20_000)}`) }),
    status: 413,
    code: 'chunk_extensions',
  },
  'a chunk size that is no number': {
    bytes: chatRequest(key, { headers: chunked, body: `evil\r\n${body}\r\n0\r\n\r\n` }),
    ...malformed,
  },
  'a chunk size beyond every number': {
    bytes: chatRequest(key, { headers: chunked, body: `${'f'.repeat(20)}\r\n${body}` }),
    ...malformed,
  },
  'a chunk that is longer than it says': {
    bytes: chatRequest(key, { headers: chunked, body: `4\r\n${body}\r\n0\r\n\r\n` }),
    ...malformed,
  },
  'a body where none belongs': {
    bytes: chatRequest(key, { start: 'GET /v1/models HTTP/1.1' }),
    status: 400,
    code: 'unexpected_body',
    scan: 'not_applicable',
  },
  'a chunked body where none belongs': {
    bytes: chatRequest(key, { start: 'GET /v1/models HTTP/1.1', headers: chunked, body: inChunks(body) }),
    status: 400,
    code: 'unexpected_body',
    scan: 'not_applicable',
  },
}
for (const [what, { bytes, ...expected }] of Object.entries(cases))
  test(`${what}: refused, and on record once`, patience, () => assertRefused(gateway, bytes, expected))

test('a connection that goes on sending garbage is on record once', patience, () =>
  assertRefusal(
    gateway,
    async () => {
      const connection = await connectRaw(gateway.port)
      for (let n = 0; n < 20; n++) connection.write(`garbage ${n}\r\n\r\n`)
      const response = await connection.read()
      for (let n = 0; n < 20; n++) connection.write(`garbage ${n}\r\n\r\n`)
      await connection.closed
      assert.equal(connection.received, '', 'it is answered once')
      return response
    },
    malformed,
  ),
)

test('a client that never closes its side is closed', patience, async () => {
  const connection = await connectRaw(gateway.port)
  connection.write('garbage\r\n\r\n')
  await connection.read()
  await connection.closed
})

test('a request inside the body of a refused one is not carried out', patience, async () => {
  for (const start of ['POST /v1/x HTTP/1.1', 'GET /v1/chat/completions HTTP/1.1', 'OPTIONS * HTTP/1.1'])
    await assertRefusal(
      gateway,
      async () => {
        const connection = await connectRaw(gateway.port)
        connection.write(chatRequest(key, { start, body: hidden }))
        const response = await connection.read()
        connection.socket.end()
        await connection.closed
        assert.equal(connection.received, '', 'there is one answer')
        return response
      },
      start.startsWith('GET') ? { status: 405, code: 'method' } : { status: 404, code: 'not_found' },
    )
})
