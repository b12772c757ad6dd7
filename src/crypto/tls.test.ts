import { equal, match, rejects } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls'
import { tlsServerOptions } from './tls.ts'

const dir = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const server = selfSigned('server')
const client = selfSigned('client')
const skip = server && client ? false : 'SKIPPED: openssl is not installed, so there are no certificates to test with'

test('a client that knows ML-KEM agrees on a hybrid key over TLS 1.3', { skip }, async (t) => {
  const socket = await handshake(t, {}, {})
  equal(socket.getProtocol(), 'TLSv1.3')
  match(`${sharedGroup(socket)}`, /MLKEM768/)
})

test('a client without ML-KEM still gets through with X25519', { skip }, async (t) => {
  equal(sharedGroup(await handshake(t, {}, { ecdhCurve: 'X25519' })), 'X25519')
})

test('TLS 1.2 is refused', { skip }, async (t) => {
  await rejects(handshake(t, {}, { maxVersion: 'TLSv1.2' }))
})

test('with a client authority, only a client with its certificate gets through', { skip }, async (t) => {
  const mutual = { clientCaPem: client?.certificatePem ?? '' }
  const proven = { cert: client?.certificatePem ?? '', key: client?.keyPem ?? '' }
  equal((await handshake(t, mutual, proven)).authorized, true)
  await rejects(handshake(t, mutual, {}))
})

/** Connects for real and waits for one byte from the server: in TLS 1.3 the client learns only then of a refusal. */
async function handshake(
  t: TestContext,
  extra: { clientCaPem?: string },
  asked: ConnectionOptions,
): Promise<TLSSocket> {
  if (!server) throw new Error('no certificate')
  const listener = createServer(tlsServerOptions({ ...server, ...extra }), (socket) =>
    socket.on('error', () => {}).end('x'),
  )
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  t.after(() => listener.close())
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const socket = connect({ port, host: '127.0.0.1', ca: server.certificatePem, servername: 'localhost', ...asked })
  t.after(() => socket.destroy())
  await once(socket, 'data')
  return socket
}

function sharedGroup(socket: TLSSocket): unknown {
  const info = socket.getEphemeralKeyInfo()
  return info !== null && 'name' in info ? info.name : undefined
}

function selfSigned(name: string): { certificatePem: string; keyPem: string } | undefined {
  const [key, certificate] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
  ])
  if (made.status !== 0) return undefined
  return { certificatePem: readFileSync(certificate, 'utf8'), keyPem: readFileSync(key, 'utf8') }
}
