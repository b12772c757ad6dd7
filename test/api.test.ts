// The management API, end to end: a real process, and every answer held against the OpenAPI document.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseVerifierKeys, verifyProof } from '#audit'
import { startApi } from './support/api.ts'
import { chatRequest, sendRaw } from './support/raw.ts'

test('a key is made, used, planned to be revoked, revoked and reinstated over the API', async (t) => {
  const { admin, status, events } = await startApi(t)
  const input = { name: 'bot', principal: 'bot', tenant: 'acme', scopes: ['chat'] }
  const created = await admin.post('/api/v1/keys', input)
  equal(created.status, 201)
  const { secret, key } = created.body as { secret: string; key: { id: string } }
  equal(await status(secret), 200)

  const listed = await admin.get('/api/v1/keys')
  ok(JSON.stringify(listed.body).includes(key.id))
  ok(!JSON.stringify(listed.body).includes(secret))

  const planned = await admin.post(`/api/v1/keys/${key.id}/revocation`, { reason: 'a drill', dryRun: true })
  equal((planned.body as { state: string }).state, 'planned')
  equal(await status(secret), 200)

  const headers = { 'idempotency-key': 'incident-17' }
  const revoked = await admin.post(`/api/v1/keys/${key.id}/revocation`, { reason: 'leaked' }, headers)
  const again = await admin.post(`/api/v1/keys/${key.id}/revocation`, { reason: 'leaked' }, headers)
  const action = revoked.body as { id: string; state: string; actor: string; logIndex: number }
  equal(action.state, 'verified')
  equal(action.actor, 'p-admin')
  deepEqual(again.body, revoked.body)
  equal(await status(secret), 401)

  const inverse = await admin.post(`/api/v1/actions/${action.id}/inversion`, { reason: 'a false alarm' })
  equal((inverse.body as { state: string }).state, 'verified')
  equal(await status(secret), 200)

  const shown = await admin.get(`/api/v1/actions/${action.id}`)
  equal((shown.body as { action: { state: string } }).action.state, 'inverted')

  const made = (await events()).find((event) => event.class_uid === 3004 && JSON.stringify(event).includes(key.id))
  equal(made?.actor?.user.uid, 'p-admin')
})

test('a change is on record before it is made, and refusals are too', async (t) => {
  const { admin, as, key, events } = await startApi(t)
  await admin.post('/api/v1/keys', { name: 'a', principal: 'a', tenant: 't', scopes: [] })
  equal((await as(key).get('/api/v1/keys')).status, 403)
  equal((await as('hold_nothing').get('/api/v1/keys')).status, 401)
  // Written with whatever is written next, at the latest after 50 ms.
  await admin.post('/api/v1/keys', { name: 'b', principal: 'b', tenant: 't', scopes: [] })
  const all = await events()
  const decided = all.findIndex(
    (event) =>
      event.metadata.uid?.startsWith('api_') &&
      event.status_id === 1 &&
      JSON.stringify(event).includes('management.createKey'),
  )
  const made = all.findIndex((event) => event.class_uid === 3004 && JSON.stringify(event).includes('"name":"a"'))
  ok(decided >= 0 && made > decided)
  const refused = all.filter((event) => event.class_uid === 6003 && event.status_id === 2)
  deepEqual(
    refused.map(({ status_code }) => status_code),
    ['forbidden', 'unauthenticated'],
  )
})

test('what happened in an exchange is explained, and its entries are proven', async (t) => {
  const { admin, port, key, gateway, event } = await startApi(t)
  const { headers } = await sendRaw(port, chatRequest(key, { lines: ['connection: close'] }))
  const id = headers.get('x-request-id') ?? ''
  // Its outcome is written a little after its answer.
  await event(6003, ({ metadata }) => metadata.uid === `${id}.outcome`)
  const found = await admin.get(`/api/v1/exchanges/${id}/explanation`)
  equal(found.status, 200)
  const explanation = found.body as { result: string; entries: { index: number }[] }
  equal(explanation.result, 'answered')

  const entry = explanation.entries[0]?.index ?? -1
  const proof = await admin.get(`/api/v1/log/entries/${entry}/proof`)
  const keys = parseVerifierKeys(readFileSync(join(gateway.data, 'log', 'log.pub'), 'utf8'))
  equal(verifyProof(String(proof.body), undefined, keys).index, entry)
  match(String((await admin.get('/api/v1/log/checkpoint')).body), /^holdfast\.local\//)

  equal((await admin.get('/api/v1/exchanges/ex_0/explanation')).status, 404)
  equal((await admin.get('/api/v1/log/entries/999999/proof')).status, 404)
})
