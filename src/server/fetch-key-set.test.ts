import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Secret } from '#config'
import { fetchKeySet } from './fetch-key-set.ts'

const world = { resolve: async () => ['127.0.0.1'], now: Date.now }
const set = '{"keys":[]}'

async function serve(t: TestContext, answer: RequestListener, tls?: { key: string; cert: string }): Promise<URL> {
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return new URL(`${tls === undefined ? 'http://127.0.0.1' : 'https://login.test'}:${port}/keys?of=us`)
}

/** What the operator is told of an issuer that answers like this. */
async function refusalOf(t: TestContext, answer: (response: ServerResponse) => void, timeoutMs?: number) {
  const url = await serve(t, (_, response) => answer(response))
  const options = timeoutMs === undefined ? world : { ...world, timeoutMs }
  const error = await fetchKeySet({ url, allowPrivate: true, ca: undefined }, options).then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error)
  return error.message
}

test('a set is fetched with one plain GET that tells nothing of ours', async (t) => {
  let seen: unknown
  const url = await serve(t, ({ method, url: target, headers }, response) => {
    seen = { method, target, names: Object.keys(headers).sort() }
    response.end(set)
  })
  assert.equal(await fetchKeySet({ url, allowPrivate: true, ca: undefined }, world), set)
  assert.deepEqual(seen, {
    method: 'GET',
    target: '/keys?of=us',
    names: ['accept', 'accept-encoding', 'connection', 'host'],
  })
})

test('a redirect is not followed, and an error is no set', async (t) => {
  const redirect = await refusalOf(t, (response) => response.writeHead(302, { location: '/elsewhere' }).end(set))
  assert.match(redirect, /redirect \(302\)/)
  for (const status of [201, 204, 404, 500])
    assert.match(await refusalOf(t, (response) => response.writeHead(status).end()), new RegExp(`answered ${status}`))
})

test('an answer that is huge, endless, compressed, cut off or slow is given up', async (t) => {
  const huge = (response: ServerResponse) => {
    const piece = Buffer.alloc(64 * 1024, ' ')
    const more = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  assert.match(await refusalOf(t, huge), /larger than 262144 bytes/)
  const zipped = (response: ServerResponse) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000)))
  assert.match(await refusalOf(t, zipped), /compressed/)
  const cut = (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write(set, () => response.destroy())
  }
  await refusalOf(t, cut)
  assert.match(await refusalOf(t, () => {}, 50), /no complete answer in 50 ms/)
  const drip = (response: ServerResponse) => response.writeHead(200).write('{')
  assert.match(await refusalOf(t, drip, 50), /no complete answer in 50 ms/)
})

test('an address that is not allowed is not connected to, whoever names it', async (t) => {
  let connections = 0
  const url = await serve(t, (_, response) => {
    connections++
    response.end(set)
  })
  const attempt = (target: string, addresses: readonly string[], allowPrivate = false) =>
    fetchKeySet({ url: new URL(target), allowPrivate, ca: undefined }, { ...world, resolve: async () => addresses })
  const { port } = url
  const literal = [url.href, `http://localhost:${port}/`, `http://[::1]:${port}/`, 'https://10.0.0.1/']
  for (const target of literal) await assert.rejects(attempt(target, []), /is refused/)
  for (const target of ['https://169.254.169.254/latest/', 'https://[::ffff:127.0.0.1]/', 'https://2130706433/'])
    await assert.rejects(attempt(target, []), /refused/)
  for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', 'fd00:ec2::254'])
    await assert.rejects(attempt(`https://login.test:${port}/`, ['93.184.216.34', address]), /refused/)
  await assert.rejects(attempt(`https://login.test:${port}/`, ['169.254.169.254'], true), /never allowed/)
  assert.equal(connections, 0)
})

const certificate = selfSigned()
const skip = certificate === undefined && 'NOT TESTED: openssl is not installed, so there is no certificate'

test('a certificate that is not trusted is refused, and one of our own authority is taken', { skip }, async (t) => {
  const { key, cert } = certificate ?? { key: '', cert: '' }
  const url = await serve(t, (_, response) => void response.end(set), { key, cert })
  await assert.rejects(fetchKeySet({ url, allowPrivate: true, ca: undefined }, world), /self-signed/)
  assert.equal(await fetchKeySet({ url, allowPrivate: true, ca: new Secret(cert) }, world), set)
})

function selfSigned(): { key: string; cert: string } | undefined {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=login.test', '-addext', 'subjectAltName=DNS:login.test', '-keyout', '-', '-out', '-'],
  ])
  if (made.status !== 0) return undefined
  const pem = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----.*-----END ${name}-----\n`, 's').exec(`${made.stdout}`)?.[0] ?? ''
  return { key: pem('PRIVATE KEY'), cert: pem('CERTIFICATE') }
}
