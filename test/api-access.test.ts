// Who may do what over the management API: every operation, with every kind of credential.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type OpenApi, startApi } from './support/api.ts'

/** An address that fits, for each operation. Nothing has these ids. */
const ids: Readonly<Record<string, string>> = {
  '/api/v1/keys/{id}/revocation': 'key_aaaaaaaaaaaaaaaa',
  '/api/v1/findings/{id}': `fnd_${'0'.repeat(32)}`,
  '/api/v1/findings/{id}/transitions': `fnd_${'0'.repeat(32)}`,
  '/api/v1/actions/{id}': `act_${'0'.repeat(32)}`,
  '/api/v1/actions/{id}/inversion': `act_${'0'.repeat(32)}`,
  '/api/v1/assets/{id}': `ast_${'0'.repeat(32)}`,
  '/api/v1/scans/{id}': `scan_${'0'.repeat(32)}`,
  '/api/v1/exchanges/{id}/explanation': 'ex_0',
  '/api/v1/log/entries/{index}/proof': '0',
}

function callsOf(document: OpenApi) {
  return Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, { operationId }]) => ({
      operationId,
      method: method.toUpperCase(),
      path: template.replace(/\{\w+\}/, ids[template] ?? ''),
    })),
  )
}

/** What the default policies give each scope. */
const mayBeDone: Readonly<Record<string, (call: { method: string; path: string }) => boolean>> = {
  admin: () => true,
  audit: ({ method }) => method === 'GET',
  scan: ({ path }) => path.startsWith('/api/v1/scans'),
  chat: () => false,
  embeddings: () => false,
}

test('every operation is refused without a good credential, and given to whom the policies say', async (t) => {
  const { document, as, keyWith, control } = await startApi(t)
  const calls = callsOf(document)
  ok(calls.length >= 18)
  const send = (key: string | undefined, { method, path }: { method: string; path: string }) => {
    const client = as(key ?? '')
    const without = { authorization: '' }
    return method === 'GET' ? client.get(path, key === undefined ? without : {}) : client.post(path, {})
  }
  const revoked = await keyWith('admin')
  const { id } = (await control.listKeys()).at(-1) ?? { id: '' }
  await control.revokeKey({ id, reason: 'a test', actor: 'test', dryRun: false })
  for (const key of [undefined, revoked, `hold_${'a'.repeat(59)}`])
    for (const call of calls) equal((await send(key, call)).status, 401, `${call.operationId} with ${key?.slice(0, 9)}`)
  for (const [scope, isAllowed] of Object.entries(mayBeDone)) {
    const key = await keyWith(scope)
    for (const call of calls) {
      const { status } = await send(key, call)
      // Allowed calls say nothing, or name what is not there.
      if (isAllowed(call)) ok([200, 400, 404].includes(status), `${call.operationId} as ${scope}: ${status}`)
      else equal(status, 403, `${call.operationId} as ${scope}`)
    }
  }
})

test('policies that know nothing of the API give nobody anything, whatever else they permit', async (t) => {
  const { as, keyWith } = await startApi(t, '', {
    prepare(cwd) {
      const folder = join(cwd, 'policies')
      const schema = readFileSync(join(folder, 'holdfast.cedarschema'), 'utf8')
      const cut = schema.indexOf('  // What the management API has')
      writeFileSync(join(folder, 'holdfast.cedarschema'), `${schema.slice(0, cut)}}\n`)
      writeFileSync(join(folder, 'default.cedar'), '@id("all")\npermit (principal, action, resource);\n')
    },
  })
  equal((await as(await keyWith('admin')).get('/api/v1/keys')).status, 403)
})

test('changed policies take effect while it runs', async (t) => {
  const { admin, write, cwd, control } = await startApi(t)
  equal((await admin.get('/api/v1/keys')).status, 200)
  const policies = readFileSync(join(cwd, 'policies', 'default.cedar'), 'utf8')
  write(
    join('policies', 'default.cedar'),
    `${policies}\n@id("nobody")\nforbid (principal, action, resource == Holdfast::Api::"keys");\n`,
  )
  await control.reload('command')
  equal((await admin.get('/api/v1/keys')).status, 403)
  equal((await admin.get('/api/v1/findings')).status, 200)
})

test('a name that is not ours is refused, as a page that rebinds its name would send', async (t) => {
  const { url, keyWith } = await startApi(t, 'hosts: [holdfast.internal]')
  const key = await keyWith('admin')
  const { port } = new URL(url)
  const statusFor = (host: string) =>
    rawStatus(Number(port), `GET /api/v1/keys HTTP/1.1\r\n${host}authorization: Bearer ${key}\r\n`)
  for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST:80', '[::1]:8788', 'holdfast.internal', '10.1.2.3'])
    equal(await statusFor(`host: ${host}\r\n`), 200, host)
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '',
    'a b',
    '127.0.0.1.evil.example',
    '[::1',
    'user@localhost',
  ])
    equal(await statusFor(`host: ${host}\r\n`), 421, host)
  ok([400, 421].includes(await statusFor('')))
  equal(await statusFor('host: localhost\r\nhost: evil.example\r\n'), 400)
})

test('a browser gets no permission from another site, and nothing is cached', async (t) => {
  const { url, admin } = await startApi(t)
  const answer = await admin.get('/api/v1/keys', { origin: 'https://evil.example' })
  equal(answer.headers.get('access-control-allow-origin'), null)
  equal(answer.headers.get('cache-control'), 'no-store')
  equal(answer.headers.get('x-content-type-options'), 'nosniff')
  const preflight = await fetch(`${url}/api/v1/keys`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  equal(preflight.headers.get('access-control-allow-methods'), null)
  equal(preflight.status, 401)
})

test('a key that asks too often is told when to come again', async (t) => {
  const { admin } = await startApi(t, 'rate: { requests: 60, per: 1m, burst: 5 }')
  const answers = []
  for (let call = 0; call < 8; call++) answers.push(await admin.get('/api/v1/budgets'))
  const refused = answers.filter(({ status }) => status === 429)
  ok(refused.length > 0)
  ok(Number(refused[0]?.headers.get('retry-after')) > 0)
})

test('an address that fails too often is refused, and cannot fill the log', async (t) => {
  const { as, events } = await startApi(t, '', {
    yaml: 'limits: { addresses: { failures: 20, records: 5 } }',
  })
  const statuses = new Set<number>()
  for (let call = 0; call < 40; call++) statuses.add((await as(`hold_${'b'.repeat(59)}`).get('/api/v1/keys')).status)
  deepEqual([...statuses].sort(), [401, 429])
  ok((await events()).filter(({ status_code: code }) => code === 'unauthenticated').length <= 5)
})

test('the API is served by the first process when workers serve the traffic', async (t) => {
  const { admin, status } = await startApi(t, '', { args: ['--workers', '2'] })
  const created = await admin.post('/api/v1/keys', { name: 'b', principal: 'b', tenant: 't', scopes: ['chat'] })
  const { secret, key } = created.body as { secret: string; key: { id: string } }
  for (let call = 0; call < 6; call++) equal(await status(secret), 200)
  await admin.post(`/api/v1/keys/${key.id}/revocation`, { reason: 'a test' })
  for (let call = 0; call < 6; call++) equal(await status(secret), 401)
})

function rawStatus(port: number, head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}connection: close\r\n\r\n`))
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)))
  })
}
