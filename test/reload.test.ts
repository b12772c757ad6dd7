// The configuration changes while requests run: those go on as they began, new ones see what is new, and what is wrong
// changes nothing. Every change is in the log.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import type { OcsfEvent } from '#audit'
import { selfSigned } from './support/certificate.ts'
import { holdfast } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw } from './support/raw.ts'
import { type Served, startServed } from './support/served.ts'
import { say, startUpstream, streamOf } from './support/upstream.ts'

for (const workers of ['1', '2']) {
  const args = ['--workers', workers]
  const how = workers === '1' ? 'in one process' : `with ${workers} workers`

  test(`a stream that runs ends where it began, and the next request goes to the new upstream, ${how}`, async (t) => {
    const served = await startServed(t, { args })
    const other = await startUpstream(say('From the other one.'))
    t.after(() => other.close())
    const stream = Promise.withResolvers<ServerResponse>()
    served.upstream.answer = (_, response) => stream.resolve(response)
    const connection = await connectRaw(served.port)
    connection.write(chatRequest(served.key, { body: chat('Go on.', { stream: true }) }))
    const events = streamOf(['It ', 'goes ', 'on.'])
    const answer = await stream.promise
    answer.writeHead(200, { 'content-type': 'text/event-stream' })
    answer.write(events.slice(0, 2).join(''))
    await connection.until('It ')

    served.edit((yaml) => yaml.replace(served.upstream.url, other.url))
    await changed(served)
    equal(await served.status(), 200)
    equal(other.received.length, 1)
    answer.end(events.slice(2).join(''))
    match((await connection.read()).body, /"content":"goes ".*\[DONE\]\n\n$/s)
    equal(await served.gateway.stop(), 0)
    equal(served.gateway.stderr(), '')
  })

  test(`a policy that is edited decides the next request, ${how}`, async (t) => {
    const served = await startServed(t, { args })
    equal(await served.status(), 200)
    const policies = readFileSync(join(served.cwd, 'policies/default.cedar'), 'utf8')
    served.write('policies/default.cedar', `${policies}\n@id("closed") forbid (principal, action, resource);\n`)
    deepEqual(dataOf(await changed(served)).changed, ['policy: default.cedar'])
    equal(await served.status(), 403)
    served.write('policies/default.cedar', policies)
    await changed(served, 2)
    equal(await served.status(), 200)
  })

  test(`what is wrong is told with its place, in the log too, and the old configuration serves, ${how}`, async (t) => {
    const served = await startServed(t, { args })
    served.edit((yaml) => yaml.replace('allowPrivate: true', 'allowPrivate: maybe'))
    const refused = await served.event(3004, isRefusedChange)
    const reason = /holdfast\.yaml:5:5: upstreams\[0\]\.allowPrivate: expected boolean, received string$/
    match(refused.status_detail ?? '', reason)
    match(served.gateway.stderr(), /^holdfast: the configuration stays as it was: .*holdfast\.yaml:5:5: /)
    equal(await served.status(), 200)
    const { code, stderr } = await served.command('config', 'reload')
    equal(code, 1)
    match(stderr.trim(), reason)

    served.edit((yaml) => yaml.replace('allowPrivate: maybe', 'allowPrivate: true'))
    equal((await served.command('config', 'reload')).stdout, 'nothing has changed\n')
  })
}

test('a secret that is rotated in its file is the next one that the upstream sees, and is in no log', async (t) => {
  const served = await startServed(t, {
    upstream: 'key: file:upstream.key',
    prepare: (cwd) => writeFileSync(join(cwd, 'upstream.key'), 'sk-the-first\n'),
  })
  await served.status()
  served.write('upstream.key', 'sk-the-second\n')
  const event = await changed(served)
  await served.status()
  const seen = served.upstream.received.map(({ headers }) => headers.authorization)
  deepEqual(seen, ['Bearer sk-the-first', 'Bearer sk-the-second'])
  const { changed: paths, digest_before, digest_after } = dataOf(event)
  deepEqual(paths, ['upstreams[test].key'])
  equal(digest_before, digest_after, 'a digest tells nothing of a secret')
  ok(!JSON.stringify(await served.events()).includes('sk-the'))
  equal(served.gateway.stderr(), '')
})

test('files behind links that are swapped, as Kubernetes does, are noticed', async (t) => {
  const served = await startServed(t, {
    upstream: 'key: file:mounted/key',
    prepare(cwd) {
      mount(cwd, 'first')
      symlinkSync('..data/key', join(cwd, 'mounted/key'))
    },
  })
  mount(served.cwd, 'second')
  rmSync(join(served.cwd, 'mounted/..first'), { recursive: true })
  deepEqual(dataOf(await changed(served)).changed, ['upstreams[test].key'])
  await served.status()
  equal(served.upstream.received[0]?.headers.authorization, 'Bearer sk-second')
})

test('SIGHUP and the command reload at once; without a watch nothing else does', async (t) => {
  const served = await startServed(t, { args: ['--no-watch'] })
  served.edit((yaml) => `${yaml}\nstageTimeout: 9s\n`)
  const { stdout } = await served.command('config', 'reload')
  equal(stdout, 'changed:\n  stageTimeout\n')
  served.edit((yaml) => yaml.replace('9s', '8s'))
  process.kill(served.gateway.pid, 'SIGHUP')
  const event = await changed(served, 2)
  equal('comment' in event && event.comment, 'SIGHUP')
  equal(event.actor?.user.uid, 'operator')
})

test('what needs a restart is named and left as it is, and the rest is taken over', async (t) => {
  const served = await startServed(t, { args: ['--no-watch'] })
  served.edit((yaml) => `${yaml.replace('port: 0', 'port: 1')}\ndata: ./elsewhere\nstageTimeout: 9s\n`)
  // The file names another folder now; the gateway still runs on the one that it was started with.
  const { stdout } = await holdfast(['config', 'reload', '--data', 'data'], { cwd: served.cwd })
  equal(stdout, 'changed:\n  data (at the next start)\n  listen.port (at the next start)\n  stageTimeout\n')
  match(served.gateway.stderr(), /listen\.port has changed and takes effect at the next start\n/)
  equal(await served.status(), 200)
})

test('rates that are used up stay used up', async (t) => {
  const limits = 'limits: { rates: { key: { requests: 2, per: 1h, burst: 2 } } }'
  const served = await startServed(t, { yaml: limits })
  deepEqual([await served.status(), await served.status(), await served.status()], [200, 200, 429])
  served.edit((yaml) => `${yaml}\nstageTimeout: 9s\n`)
  await changed(served)
  equal(await served.status(), 429)
})

const first = selfSigned()
const second = selfSigned()
const skip = (first === undefined || second === undefined) && 'NOT TESTED: openssl is not installed'

test('a new certificate is shown to new connections, and open ones go on', { skip }, async (t) => {
  const served = await startServed(t, {
    yaml: '',
    prepare(cwd) {
      writeFileSync(join(cwd, 'tls.pem'), `${first?.certificatePem}`)
      writeFileSync(join(cwd, 'tls.key'), `${first?.keyPem}`)
      const file = join(cwd, 'holdfast.yaml')
      const tls = 'listen: { port: 0, tls: { certificate: file:tls.pem, key: file:tls.key } }'
      writeFileSync(file, readFileSync(file, 'utf8').replace('listen: { port: 0 }', tls))
    },
  })
  const old = await shake(t, served.port)
  // One file at a time: a certificate without its key is refused, and the pair that follows is taken.
  served.write('tls.pem', `${second?.certificatePem}`)
  served.write('tls.key', `${second?.keyPem}`)
  await changed(served)
  const fresh = await shake(t, served.port)
  equal(old.fingerprint === fresh.fingerprint, false)
  old.socket.write(chatRequest(served.key, { lines: ['connection: close'] }))
  let answer = ''
  for await (const bytes of old.socket) answer += bytes
  match(answer, /^HTTP\/1\.1 200 OK\r\n/)
})

async function shake(t: TestContext, port: number): Promise<{ socket: TLSSocket; fingerprint: string }> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  t.after(() => socket.destroy())
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  return { socket, fingerprint: socket.getPeerCertificate().fingerprint256 }
}

/** A volume of Kubernetes: a folder of its own for each version, and a link that is replaced in one step. */
function mount(cwd: string, version: string): void {
  const volume = join(cwd, 'mounted')
  mkdirSync(join(volume, `..${version}`), { recursive: true })
  writeFileSync(join(volume, `..${version}`, 'key'), `sk-${version}`)
  symlinkSync(`..${version}`, join(volume, '..data_tmp'))
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'))
}

/** The `count`-th change that was taken over, once it is in the log. */
async function changed(served: Served, count = 1): Promise<OcsfEvent> {
  let found: OcsfEvent | undefined
  await served.event(3004, () => true)
  for (;;) {
    const changes = (await served.events()).filter((event) => event.status_id === 1 && isConfiguration(event))
    found = changes[count - 1]
    if (found !== undefined) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // On record just before it is used: an answer of the gateway's control socket comes after that.
  await served.control.reload('command')
  return found
}

function isRefusedChange(event: OcsfEvent): boolean {
  return event.status_id === 2 && isConfiguration(event)
}

function isConfiguration(event: OcsfEvent): boolean {
  return 'entity' in event && JSON.stringify(event.entity).includes('"type":"configuration"')
}

function dataOf(event: OcsfEvent): Record<string, unknown> {
  const { data } = (event as { entity?: { data?: Record<string, unknown> } }).entity ?? {}
  return data ?? {}
}
