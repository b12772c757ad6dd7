// What clients may send to the management API that nobody asked for. Whatever it is, it is refused as the document says,
// tells nothing, breaks nothing, and the API goes on.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { startApi, type TestApi } from './support/api.ts'

const far = 'rate: { requests: 1000000, per: 1s, burst: 1000000 }'
const start = (t: TestContext) =>
  startApi(t, far, { yaml: 'limits: { addresses: { failures: 1000000, records: 10, recordsInTotal: 10 } }' })

/** A word that must come back in no answer. */
const marker = 'zq7marker'

const name = fc.oneof(
  fc.constantFrom('name', 'principal', 'scopes', 'reason', 'to', 'until', 'path', 'url', 'threshold', 'dryRun'),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', marker),
  fc.string({ maxLength: 10 }),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      marker,
      `../${marker}`,
      '\0',
      '\ud800',
      'open',
      'resolved',
      'excepted',
      '/etc/passwd',
      'hf:a/b',
      '',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(name, tie('any'), { maxKeys: 5 }),
  ),
})).any

test('no body is answered with a failure of ours, and none is repeated', async (t) => {
  const { admin, document } = await start(t)
  const paths = Object.entries(document.paths).flatMap(([path, { post }]) => (post === undefined ? [] : [path]))
  const target = fc
    .constantFrom(...paths)
    .chain((path) =>
      fc
        .oneof(fc.constant(`act_${'0'.repeat(32)}`), fc.constant(`fnd_${'f'.repeat(32)}`), fc.constant(marker))
        .map((id) => path.replace(/\{\w+\}/, id)),
    )
  await fc.assert(
    fc.asyncProperty(target, fc.oneof(fc.dictionary(name, value, { maxKeys: 6 }), value), async (path, body) => {
      const { status, body: told } = await admin.post(path, JSON.stringify(body) ?? '')
      ok(status < 500, `${status} to ${path}`)
      if (status >= 400) ok(!JSON.stringify(told).includes(marker))
    }),
    { numRuns: 400 },
  )
})

test('no query and no path is answered with a failure of ours', async (t) => {
  const { admin, document } = await start(t)
  const parameters = [
    'limit',
    'cursor',
    'state',
    'minSeverity',
    'asset',
    'rule',
    'kind',
    'owner',
    'digest',
    'since',
    'until',
    'class',
    'exchange',
    'principal',
    'unfinished',
    marker,
  ]
  const cursor = value.map((inner) => Buffer.from(JSON.stringify(inner) ?? '').toString('base64url'))
  const query = fc
    .dictionary(
      fc.constantFrom(...parameters),
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        cursor,
        fc.constantFrom('0', '-1', '1e9', 'NaN', 'open', 'true', marker),
      ),
      { maxKeys: 4 },
    )
    .map((entries) => new URLSearchParams(entries).toString())
  const segment = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom('%00', '%2e%2e%2f', '%ff', '..%2f', marker, '0', '9'.repeat(15), `ast_${'0'.repeat(32)}`),
  )
  const paths = Object.entries(document.paths).flatMap(([path, { get }]) => (get === undefined ? [] : [path]))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), segment, query, async (path, id, search) => {
      const { status, body } = await admin.get(`${path.replace(/\{\w+\}/, id)}?${search}`)
      ok(status < 500, `${status} to ${path} ${id} ${search}`)
      if (status >= 400) ok(!JSON.stringify(body).includes(marker))
    }),
    { numRuns: 400 },
  )
})

test('every kind of refusal is a problem with its status', async (t) => {
  const { admin, as, url } = await start(t)
  const json = { 'content-type': 'application/json' }
  const cases: [number, string, () => Promise<{ status: number; body: unknown }>][] = [
    [404, 'not_found', () => admin.get('/api/v1/nothing')],
    [404, 'not_found', () => admin.get('/api/v1/keys/')],
    [404, 'not_found', () => admin.get('/API/v1/keys')],
    [404, 'not_found', () => admin.get('/')],
    [405, 'method_not_allowed', () => admin.post('/api/v1/findings', {})],
    [400, 'malformed_request', () => admin.post('/api/v1/keys', '{')],
    [400, 'malformed_request', () => admin.post('/api/v1/keys', '')],
    [400, 'malformed_request', () => admin.post('/api/v1/keys', `${'['.repeat(1000)}${']'.repeat(1000)}`)],
    [413, 'too_large', () => admin.post('/api/v1/keys', `"${'a'.repeat(70_000)}"`)],
    [415, 'unsupported_media_type', () => admin.post('/api/v1/keys', new Uint8Array(3))],
    [415, 'unsupported_media_type', () => admin.post('/api/v1/keys', 'a=b', { 'content-type': 'text/plain' })],
    [415, 'unsupported_media_type', () => admin.post('/api/v1/keys', '{}', { ...json, 'content-encoding': 'gzip' })],
    [400, 'invalid_request', () => admin.post('/api/v1/keys', {})],
    [401, 'unauthenticated', () => as('').get('/api/v1/keys')],
  ]
  for (const [status, code, ask] of cases) {
    const answer = await ask()
    equal(answer.status, status)
    equal((answer.body as { code: string }).code, code)
  }
  const methods = await Promise.all(
    ['PUT', 'DELETE', 'PATCH', 'HEAD'].map(async (method) => (await fetch(`${url}/api/v1/keys`, { method })).status),
  )
  deepEqual(methods, [401, 401, 401, 401])
})

test('what is no HTTP is refused or dropped, and the API goes on', async (t) => {
  const api = await start(t)
  const key = await api.keyWith('admin')
  const auth = `host: localhost\r\nauthorization: Bearer ${key}\r\n`
  const cases = [
    'GET / HTTP/9.9\r\n\r\n',
    `GET /api/v1/keys HTTP/1.1\r\n${auth}x: ${'a'.repeat(20_000)}\r\n\r\n`,
    `POST /api/v1/keys HTTP/1.1\r\n${auth}content-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /api/v1/keys HTTP/1.1\r\n${auth}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
    `GET /api/v1/%zz HTTP/1.1\r\n${auth}connection: close\r\n\r\n`,
    `GET /api/v1/keys/%zz HTTP/1.1\r\n${auth}connection: close\r\n\r\n`,
    `GET //evil.example/api/v1/keys HTTP/1.1\r\n${auth}connection: close\r\n\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\n${auth}\r\n`,
    `GET /api/v1/keys HTTP/1.1\r\n${auth}${'x: y\r\n'.repeat(100)}connection: close\r\n\r\n`,
    `GET /api/v1/keys HTTP/1.1\r\n${auth}authorization: Bearer x\r\nconnection: close\r\n\r\n`,
    '\x16\x03\x01\x02\x00',
    '\0\0\0\0\r\n\r\n',
  ]
  for (const bytes of cases) {
    const status = await statusOf(api, bytes)
    ok(status === 0 || (status >= 400 && status < 500), `${status} to ${JSON.stringify(bytes.slice(0, 60))}`)
  }
  equal((await api.admin.get('/api/v1/keys')).status, 200)
  ok(!/Error|at file/.test(api.gateway.stderr()), api.gateway.stderr())
})

test('a client that goes away in the middle of an upload takes nothing with it', async (t) => {
  const api = await start(t)
  const key = await api.keyWith('scan')
  const head = `POST /api/v1/scans HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: application/octet-stream\r\ncontent-length: 1000\r\n\r\npart`
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () =>
      socket.write(head, () => setImmediate(() => socket.destroy())),
    )
    socket.on('close', () => resolve())
  })
  equal((await api.as(key).post('/api/v1/scans', Buffer.from('{}'), { prefer: 'wait=60' })).status, 200)
  const { items } = (await api.admin.get('/api/v1/scans')).body as { items: unknown[] }
  equal(items.length, 1)
})

function statusOf({ url }: TestApi, bytes: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
    let text = ''
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
      if (/\r\n\r\n/.test(text)) socket.destroy()
    })
    // What is no end of a request is waited for, as long as any other.
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)))
  })
}
