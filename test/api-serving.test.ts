// How the management API listens, follows the configuration, and stops.
import { equal, match, ok } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { startApi } from './support/api.ts'
import { selfSigned } from './support/certificate.ts'
import { startServed } from './support/served.ts'

const certificate = selfSigned()
const skip = certificate === undefined && 'openssl is not installed'

test('over TLS it speaks TLS 1.3 and nothing older', { skip }, async (t) => {
  const served = await startServed(t, {
    yaml: 'api: { listen: { port: 0, tls: { certificate: file:tls.pem, key: file:tls.key } } }',
    prepare(cwd) {
      writeFileSync(join(cwd, 'tls.pem'), `${certificate?.certificatePem}`)
      writeFileSync(join(cwd, 'tls.key'), `${certificate?.keyPem}`)
    },
  })
  const { api } = JSON.parse(served.gateway.stdout().split('\n')[0] ?? '{}')
  const { port } = new URL(api)
  const { secret } = await served.control.createKey({ name: 'a', principal: 'a', tenant: 't', scopes: ['admin'] })
  const answer = await new Promise<{ status: number | undefined; hsts: unknown }>((resolve, reject) => {
    const asked = request(
      {
        port,
        host: '127.0.0.1',
        path: '/api/v1/keys',
        ca: certificate?.certificatePem,
        servername: 'localhost',
        headers: { authorization: `Bearer ${secret}` },
      },
      (response) => {
        response.resume()
        resolve({ status: response.statusCode, hsts: response.headers['strict-transport-security'] })
      },
    )
    asked.on('error', reject).end()
  })
  equal(answer.status, 200)
  match(String(answer.hsts), /max-age/)
  const older = await new Promise<string>((resolve) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', maxVersion: 'TLSv1.2', rejectUnauthorized: false })
    socket.on('secureConnect', () => resolve('connected')).on('error', () => resolve('refused'))
  })
  equal(older, 'refused')
})

test('plain HTTP on an address that is not loopback, and a certificate that is none, are refused at the start', async (t) => {
  const { cwd, command, edit } = await startApi(t)
  edit((yaml) => yaml.replace(/api:\n {2}listen: \{ port: 0 \}/, 'api:\n  listen: { host: 0.0.0.0 }'))
  const open = await command('config', 'check')
  equal(open.code, 2)
  match(open.stderr, /api\.listen/)
  writeFileSync(join(cwd, 'bad.pem'), 'no certificate')
  edit((yaml) => yaml.replace('host: 0.0.0.0', 'tls: { certificate: file:bad.pem, key: file:bad.pem }'))
  const bad = await command('config', 'check')
  equal(bad.code, 2)
  match(bad.stderr, /api\.listen\.tls: the certificate/)
})

test('its limits change while it runs; where it listens, at the next start', async (t) => {
  const { admin, edit, control, as, keyWith } = await startApi(t)
  const ci = as(await keyWith('scan'))
  equal((await ci.post('/api/v1/scans?threshold=medium', Buffer.from('{}'))).status, 202)
  edit((yaml) =>
    yaml.replace('api:\n  listen: { port: 0 }', 'api:\n  listen: { port: 1 }\n  scans: { threshold: low }'),
  )
  const result = await control.reload('command')
  ok(result.outcome === 'applied' && result.waiting.includes('api.listen.port'), JSON.stringify(result))
  equal((await ci.post('/api/v1/scans?threshold=medium', Buffer.from('{}'))).status, 400)
  equal((await admin.get('/api/v1/keys')).status, 200)
})

test('whoever waits for a scan when the program stops is told how far it is', async (t) => {
  const { as, keyWith, gateway } = await startApi(t)
  const ci = as(await keyWith('scan'))
  const many = Array.from({ length: 6 }, (_, number) =>
    ci.post(`/api/v1/scans?name=m${number}`, Buffer.from('{}'), { prefer: 'wait=60' }),
  )
  await Promise.race(many)
  const [code, ...answers] = await Promise.all([gateway.stop(), ...many.map((each) => each.catch(() => undefined))])
  equal(code, 0)
  for (const answer of answers) ok(answer === undefined || [200, 202].includes(answer.status))
  ok(answers.some((answer) => answer !== undefined))
})
