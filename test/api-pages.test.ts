// Lists over the management API: the pages together are the whole, whatever their size, and however it is asked for.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type ApiClient, startApi, type TestApi } from './support/api.ts'
import { holdfast } from './support/holdfast.ts'

const far = 'rate: { requests: 1000000, per: 1s, burst: 1000000 }'

interface Page {
  readonly items: readonly Record<string, unknown>[]
  readonly next: string | null
}

/** An installation with some of everything. */
async function startFull(t: TestContext): Promise<TestApi> {
  const api = await startApi(t, far)
  for (let number = 0; number < 13; number++) {
    const { key } = await api.control.createKey({
      name: `k${number}`,
      principal: `p${number % 3}`,
      tenant: 't',
      scopes: [],
    })
    await api.control.revokeKey({ id: key.id, reason: 'a test', actor: 'test', dryRun: number % 2 === 0 })
    const digest = `sha256:${String(number % 5).repeat(64)}`
    await api.control.recordArtifact({
      asset: { kind: 'artifact', identity: digest, name: `m${number}`, digest },
      findings: [
        {
          rule: `artifacts/test-${number}`,
          severity: (['low', 'medium', 'high'] as const)[number % 3] ?? 'low',
          title: `finding ${number}`,
          evidence: [{ kind: 'file', summary: `m${number}` }],
        },
      ],
    })
  }
  return api
}

async function allOf(client: ApiClient, path: string, limit: number): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const search = new URLSearchParams({ limit: String(limit), ...(cursor === '' ? {} : { cursor }) })
    const page = (await client.get(`${path}${path.includes('?') ? '&' : '?'}${search}`)).body as Page
    ok(page.items.length <= limit)
    items.push(...page.items)
    cursor = page.next
  }
  return items
}

test('the pages of a list, whatever their size, are the list, with nothing twice and nothing missing', async (t) => {
  const { admin } = await startFull(t)
  const paths = [
    '/api/v1/keys',
    '/api/v1/findings',
    '/api/v1/findings?minSeverity=medium',
    '/api/v1/actions',
    '/api/v1/actions?kind=revoke_api_key',
    '/api/v1/assets',
    '/api/v1/assets?kind=artifact',
    // Of a past that nothing is added to.
    `/api/v1/events?until=${Date.now()}`,
  ]
  for (const path of paths) {
    const whole = await allOf(admin, path, 200)
    ok(whole.length > 4, path)
    const ids = whole.map((item) => item.id ?? item.index)
    equal(new Set(ids).size, ids.length, path)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (limit) => {
        deepEqual(await allOf(admin, path, limit), whole)
      }),
      { numRuns: 4 },
    )
  }
})

test('what is added while somebody pages neither repeats an item nor hides one', async (t) => {
  const { admin, control } = await startFull(t)
  const before = await allOf(admin, '/api/v1/keys', 200)
  const first = (await admin.get('/api/v1/keys?limit=5')).body as Page
  await control.createKey({ name: 'late', principal: 'late', tenant: 't', scopes: [] })
  const rest: unknown[] = []
  for (let cursor = first.next; cursor !== null; ) {
    const page = (await admin.get(`/api/v1/keys?limit=5&cursor=${cursor}`)).body as Page
    rest.push(...page.items)
    cursor = page.next
  }
  deepEqual([...first.items, ...rest].slice(0, before.length), before)
})

test('a cursor of another list, or of nobody, is refused', async (t) => {
  const { admin } = await startFull(t)
  const { next } = (await admin.get('/api/v1/keys?limit=1')).body as Page
  for (const cursor of [next, 'x', 'e30', Buffer.from('{"before":-1}').toString('base64url')])
    equal((await admin.get(`/api/v1/assets?cursor=${cursor}`)).status, 400)
})

test('findings and actions are the same over the API and on the command line', async (t) => {
  const { admin, cwd, gateway } = await startFull(t)
  const run = async (...args: string[]) => {
    const { stdout, stderr, code } = await holdfast([...args, '--format', 'json', '--config', 'holdfast.yaml'], { cwd })
    return { code, value: stdout === '' ? undefined : JSON.parse(stdout), stderr }
  }
  const listed = (await admin.get('/api/v1/findings')).body as Page
  const onLine = await run('findings', 'list')
  deepEqual(onLine.value, listed.items)
  equal(onLine.code, 1, 'one is open and high')

  const id = String(listed.items[0]?.id)
  equal((await run('findings', 'transition', id, 'excepted', '--reason', 'known')).code, 2)
  equal((await run('findings', 'transition', id, 'acknowledged', '--reason', 'looked at')).value.state, 'acknowledged')
  const resolved = await admin.post(`/api/v1/findings/${id}/transitions`, { to: 'resolved', reason: 'deleted' })
  equal((resolved.body as { state: string }).state, 'resolved')
  equal((await admin.post(`/api/v1/findings/${id}/transitions`, { to: 'resolved', reason: 'again' })).status, 409)
  const shown = await run('findings', 'show', id)
  deepEqual(shown.value, (await admin.get(`/api/v1/findings/${id}`)).body)
  deepEqual(
    (shown.value as { history: { by: string }[] }).history.map(({ by }) => by),
    ['artifacts/test-11', 'operator', 'p-admin'],
  )

  const actions = (await admin.get('/api/v1/actions')).body as Page
  deepEqual((await run('actions', 'list')).value, actions.items)
  const done = String(actions.items.find(({ state }) => state === 'verified')?.id)
  equal((await run('actions', 'invert', done, '--reason', 'a mistake')).value.state, 'verified')
  equal((await run('actions', 'resume', done)).code, 2)
  equal((await run('actions', 'list', '--unfinished')).code, 0)
  await gateway.stop()
  equal((await run('actions', 'show', done)).value.action.state, 'inverted')
  equal((await run('findings', 'show', 'fnd_0')).code, 2)
})

test('the document on the command line is the one that is served', async (t) => {
  const { url, keyWith, document } = await startApi(t)
  const headers = { authorization: `Bearer ${await keyWith('scan')}` }
  const served = await (await fetch(`${url}/api/v1/openapi.json`, { headers })).json()
  const printed = JSON.parse((await holdfast(['api', 'openapi'])).stdout)
  deepEqual(printed, served)
  deepEqual(printed, document)
})
