// Bad input before there is HTTP: bytes that are no TLS, and handshakes that are begun and left.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { tlsServerOptions } from '#crypto'
import { type LoggedExchange, openGateway } from './support/gateway.ts'
import { temporaryFolder } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw } from './support/raw.ts'

const certificate = selfSigned()
const options = certificate === undefined ? { skip: 'SKIPPED: openssl is not installed' } : { timeout: 10_000 }
const gateway = await openGateway({
  limits: { headerTimeout: 200 },
  ...(certificate === undefined ? {} : { tls: tlsServerOptions(certificate) }),
})
after(() => gateway.close())

/** The beginning of a TLS 1.3 greeting that promises more. */
const greeting = Buffer.from('160301020001000001fc0303', 'hex')
const openings: Record<string, string | Uint8Array> = {
  'plain HTTP': chatRequest(gateway.key),
  garbage: 'garbage\r\n\r\n',
  'half a greeting': greeting,
  'a greeting full of nothing': Buffer.concat([greeting, Buffer.alloc(505)]),
  'a record that is too long': Buffer.concat([Buffer.from('160301ffff', 'hex'), Buffer.alloc(70_000)]),
  nothing: '',
}
for (const [what, bytes] of Object.entries(openings)) {
  test(`${what} where TLS is spoken: closed in time, and others are served`, options, async () => {
    const before = gateway.installation.log.size
    const forwarded = gateway.upstream.received.length
    const connection = await connectRaw(gateway.port)
    connection.write(bytes)
    await connection.closed
    assert.doesNotMatch(connection.received, /HTTP/)
    assert.equal(gateway.upstream.received.length, forwarded)
    assert.equal(await statusOverTls(), 200)
    const isRefused = ({ code, status }: LoggedExchange) => code === 'malformed_http' && status === 2
    assert.equal((await gateway.entries(before)).filter(isRefused).length, 1)
  })

  test(`a client that resets after ${what} harms nobody`, options, async () => {
    const connection = await connectRaw(gateway.port)
    connection.write(bytes)
    connection.socket.resetAndDestroy()
    assert.equal(await statusOverTls(), 200)
  })
}

test('TLS 1.2 is not spoken', options, async () => {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
  await assert.rejects(once(socket, 'secureConnect'))
  assert.equal(await statusOverTls(), 200)
})

test('a client that finishes its handshake and then says nothing is told so and closed', options, async () => {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false })
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  await once(socket, 'close')
  assert.match(received, /^HTTP\/1\.1 408 .*request_timeout/s)
})

test('a handshake that is begun and left does not hold up the end', options, async () => {
  const patient = await openGateway(certificate === undefined ? {} : { tls: tlsServerOptions(certificate) })
  const connection = await connectRaw(patient.port)
  connection.write(greeting)
  await patient.close()
  await connection.closed
})

function statusOverTls(): Promise<number | undefined> {
  const body = JSON.stringify(chat('Hi.'))
  const headers = { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        port: gateway.port,
        host: '127.0.0.1',
        path: '/v1/chat/completions',
        method: 'POST',
        headers,
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function selfSigned(): { certificatePem: string; keyPem: string } | undefined {
  const folder = temporaryFolder({ after })
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const made = spawnSync('openssl', [...args, '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert])
  return made.status === 0
    ? { certificatePem: readFileSync(cert, 'utf8'), keyPem: readFileSync(key, 'utf8') }
    : undefined
}
