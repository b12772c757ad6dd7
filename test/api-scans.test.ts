// Admission of files over the management API: a real process, the real scanner in its sandbox.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ApiAnswer, startApi } from './support/api.ts'
import { startServe, temporaryFolder } from './support/holdfast.ts'

/** Runs `id` when it is loaded, and is only ever read here. */
const malicious = Buffer.from("cos\nsystem\n(S'id'\ntR.")
const harmless = Buffer.from('{"hidden_size": 64}\n')
const wait = { prefer: 'wait=60' }

interface Scan {
  readonly id: string
  readonly state: string
  readonly admitted: boolean | null
  readonly reasons: readonly string[]
  readonly report: { readonly files: readonly { readonly path: string; readonly verdict: string }[] } | null
}
const scanIn = ({ body }: ApiAnswer) => body as Scan

async function startWithModels(t: TestContext, more = '') {
  const models = temporaryFolder(t)
  const api = await startApi(t, `scans:\n  roots: [${models}]\n${more}`)
  return { ...api, models, ci: api.as(await api.keyWith('scan')) }
}

test('an uploaded file is judged, its findings are kept once, and the upload is deleted', async (t) => {
  const { ci, admin, gateway } = await startWithModels(t)
  const bad = await ci.post('/api/v1/scans?name=model.pkl', malicious, wait)
  equal(bad.status, 200)
  equal(scanIn(bad).state, 'done')
  equal(scanIn(bad).admitted, false)
  match(scanIn(bad).reasons.join(), /at or over medium/)
  equal(scanIn(bad).report?.files[0]?.path, 'model.pkl')
  equal(bad.headers.get('preference-applied'), 'wait=60')

  const good = await ci.post('/api/v1/scans?name=config.json', harmless, wait)
  deepEqual([scanIn(good).state, scanIn(good).admitted, scanIn(good).reasons], ['done', true, []])

  await ci.post('/api/v1/scans?name=renamed.bin', malicious, wait)
  const found = (await admin.get('/api/v1/findings')).body as { items: { rule: string; count: number }[] }
  ok(found.items.some(({ rule }) => rule.startsWith('artifacts/')))
  equal(new Set(found.items.map(({ rule }) => rule)).size, found.items.length)
  const assets = (await admin.get('/api/v1/assets?kind=artifact')).body as { items: object[] }
  equal(assets.items.length, 2, 'the same content is the same asset')
  deepEqual(readdirSync(join(gateway.data, 'uploads')), [])
})

test('without Prefer the answer is 202, and the verdict is where location says', async (t) => {
  const { ci } = await startWithModels(t)
  const taken = await ci.post('/api/v1/scans', harmless)
  equal(taken.status, 202)
  equal(scanIn(taken).admitted, null)
  const location = taken.headers.get('location') ?? ''
  equal(location, `/api/v1/scans/${scanIn(taken).id}`)
  equal(scanIn(await ci.get(location, wait)).admitted, true)
})

test('what lies below a root is scanned by its path, and nothing else is, whatever links and dots say', async (t) => {
  const { ci, models } = await startWithModels(t)
  mkdirSync(join(models, 'bert'))
  writeFileSync(join(models, 'bert', 'config.json'), harmless)
  const good = await ci.post('/api/v1/scans', { path: join(models, 'bert') }, wait)
  equal(scanIn(good).admitted, true)
  equal(scanIn(good).report?.files[0]?.path, join(models, 'bert', 'config.json'))

  const outside = temporaryFolder(t)
  writeFileSync(join(outside, 'secret'), 'secret')
  symlinkSync(join(outside, 'secret'), join(models, 'link'))
  symlinkSync(outside, join(models, 'folder'))
  const paths = [
    join(outside, 'secret'),
    join(models, 'link'),
    join(models, 'folder', 'secret'),
    `${models}/../${outside.split('/').at(-1)}/secret`,
    `${models}x`,
    '/etc/passwd',
    'relative',
    '/proc/self/environ',
    `${models}/\0`,
  ]
  const details = new Set<string>()
  for (const path of paths) {
    const { status, body } = await ci.post('/api/v1/scans', { path }, wait)
    equal(status, 400, path)
    details.add((body as { errors: { detail: string }[] }).errors[0]?.detail ?? '')
  }
  ok(![...details].some((detail) => detail.includes(outside)))
  // A folder with nothing in it proves nothing.
  mkdirSync(join(models, 'empty'))
  equal(scanIn(await ci.post('/api/v1/scans', { path: join(models, 'empty') }, wait)).admitted, false)
})

test('only the hosts that are named may be scanned at, and addresses hold nothing secret', async (t) => {
  const { ci } = await startWithModels(t, '  hosts: [models.example]')
  for (const url of [
    'https://other.example/a',
    'http://models.example/a',
    'https://models.example/a?signature=x',
    'https://user:password@models.example/a',
    'https://models.example:8443/a',
    'hf:org/model',
    'file:///etc/passwd',
    'https://models.example.evil/a',
  ])
    equal((await ci.post('/api/v1/scans', { url })).status, 400, url)
  equal((await ci.post('/api/v1/scans', { url: 'https://models.example/a', path: '/a' })).status, 400)
  equal((await ci.post('/api/v1/scans', {})).status, 400)
})

test('a request may be stricter than the installation, never laxer', async (t) => {
  const { ci } = await startWithModels(t)
  equal((await ci.post('/api/v1/scans?threshold=low', harmless, wait)).status, 200)
  const laxer = await ci.post('/api/v1/scans?threshold=critical', malicious, wait)
  equal(laxer.status, 400)
})

test('an upload that is too large is refused while it arrives, and leaves nothing', async (t) => {
  const { ci, url, keyWith, gateway } = await startWithModels(t, '  maxUpload: 64KiB')
  equal((await ci.post('/api/v1/scans', Buffer.alloc(64 * 1024 + 1))).status, 413)
  const chunked = request(`${url}/api/v1/scans`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await keyWith('scan')}`, 'content-type': 'application/octet-stream' },
  })
  const status = new Promise((resolve, reject) => {
    chunked.on('response', (response) => resolve(response.statusCode)).on('error', reject)
  })
  for (let piece = 0; piece < 3; piece++) chunked.write(Buffer.alloc(32 * 1024))
  equal(await status, 413)
  chunked.destroy()
  deepEqual(readdirSync(join(gateway.data, 'uploads')), [])
})

test('a scan that waits survives a kill of the program, and is judged after the next start', async (t) => {
  const { admin, models, cwd, gateway, as, keyWith } = await startWithModels(t)
  writeFileSync(join(models, 'model.pkl'), malicious)
  const key = await keyWith('scan')
  const taken = [
    await as(key).post('/api/v1/scans?name=up.pkl', malicious),
    await admin.post('/api/v1/scans', { path: join(models, 'model.pkl') }),
  ].map(scanIn)
  await gateway.stop('SIGKILL')
  const again = await startServe(cwd)
  t.after(() => again.stop('SIGKILL'))
  const { api } = JSON.parse(again.stdout().split('\n')[0] ?? '{}')
  for (const { id } of taken) {
    const answer = await fetch(`${api}/api/v1/scans/${id}`, { headers: { authorization: `Bearer ${key}`, ...wait } })
    const scan = (await answer.json()) as Scan
    deepEqual([scan.state, scan.admitted], ['done', false])
  }
  deepEqual(readdirSync(join(gateway.data, 'uploads')), [])
})

test('more scans than may wait are refused, and those that were taken are all judged', async (t) => {
  const { ci } = await startWithModels(t, '  queued: 3')
  const answers = await Promise.all(Array.from({ length: 12 }, () => ci.post('/api/v1/scans', harmless)))
  const statuses = answers.map(({ status }) => status)
  ok(statuses.includes(503) && statuses.includes(202), statuses.join())
  for (const answer of answers.filter(({ status }) => status === 202))
    equal(scanIn(await ci.get(`/api/v1/scans/${scanIn(answer).id}`, wait)).admitted, true)
})
