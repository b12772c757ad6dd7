import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Action } from '#findings'
import { openStore } from '#store'
import { type ApiKeys, openApiKeys } from './api-keys.ts'
import { identityMigrations } from './migrations.ts'
import { reinstateApiKeyAction, revokeApiKeyAction } from './revoke.ts'

const alice = { name: 'laptop', principal: 'alice', tenant: 'acme', scopes: ['chat'] }
const never = new AbortController().signal

async function openKeys(t: TestContext) {
  const clock = { at: 1_795_000_000_000 }
  const store = await openStore({ path: ':memory:', now: () => clock.at })
  t.after(() => store.close())
  await store.migrate(identityMigrations)
  const keys = await openApiKeys({
    database: store.database(),
    now: () => clock.at,
    randomBytes: (count) => randomBytes(count),
  })
  return { clock, store, keys }
}

test('a dry run says who would lose what, and changes nothing', async (t) => {
  const { keys } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  await keys.create({ ...alice, principal: 'bob', name: 'not hers' })
  await keys.create({ ...alice, tenant: 'other', name: 'not there' })
  const before = keys.list()
  const plan = await revokeApiKeyAction(keys).plan({ keyId: key.id })
  assert.deepEqual(plan.effects, [
    `API key 'laptop' (${key.id}) is refused with 401 from now on; requests that are running end as they would have.`,
    'alice in tenant acme loses what this key allows: chat.',
    'alice has no other key in tenant acme and loses all access to it.',
  ])
  assert.deepEqual(plan.undo, { keyId: key.id })
  assert.equal(keys.authenticate(secret).ok, true)
  assert.deepEqual(keys.list(), before)
})

test('the plan names the keys that still work', async (t) => {
  const { keys, clock } = await openKeys(t)
  const { key } = await keys.create(alice)
  const ci = await keys.create({ ...alice, name: 'ci' })
  await keys.create({ ...alice, name: 'old', expiresAt: clock.at + 1 })
  await keys.revoke((await keys.create({ ...alice, name: 'lost' })).key.id)
  clock.at += 1
  const plan = await revokeApiKeyAction(keys).plan({ keyId: key.id })
  assert.equal(plan.effects[2], `alice keeps one other key in tenant acme: 'ci' (${ci.key.id}).`)
})

test('applied, the key is refused, and the probe proves it at the door and in the store', async (t) => {
  const { keys } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  const action = revokeApiKeyAction(keys)
  assert.equal((await action.probe({ keyId: key.id }, never)).ok, false)
  await action.apply({ keyId: key.id }, never)
  await action.apply({ keyId: key.id }, never)
  assert.equal(keys.authenticate(secret).ok, false)
  assert.deepEqual(await action.probe({ keyId: key.id }, never), {
    ok: true,
    detail: `authentication answers 'revoked' to key ${key.id}; the store says revoked`,
  })
  assert.match((await action.plan({ keyId: key.id })).effects[0] ?? '', /revoked since 2026-.*nothing changes/)
})

test('a revocation that only memory knows is not proved', async (t) => {
  const { keys } = await openKeys(t)
  const { key, secret } = await keys.create(alice)
  const answer = keys.authenticate(secret)
  assert.ok(answer.ok)
  const { principal } = answer
  const lying: ApiKeys = {
    ...keys,
    revoke: async () => key,
    answerFor: () => ({ ok: false, reason: 'revoked', principal }),
  }
  const action = revokeApiKeyAction(lying)
  await action.apply({ keyId: key.id }, never)
  assert.equal((await action.probe({ keyId: key.id }, never)).ok, false)
})

test('a look from outside has to agree', async (t) => {
  const { keys } = await openKeys(t)
  const { key } = await keys.create(alice)
  const open = revokeApiKeyAction(keys, async () => ({ ok: false, detail: 'the listener still answers 200' }))
  await open.apply({ keyId: key.id }, never)
  const result = await open.probe({ keyId: key.id }, never)
  assert.equal(result.ok, false)
  assert.match(result.detail, /; the listener still answers 200$/)
})

test('the inverse lets the key in again, and expired stays expired', async (t) => {
  const { keys, clock } = await openKeys(t)
  const { secret, key } = await keys.create({ ...alice, expiresAt: clock.at + 1000 })
  const revoke = revokeApiKeyAction(keys)
  const reinstate: Action<{ keyId: string }> = reinstateApiKeyAction(keys)
  assert.deepEqual([revoke.inverse, reinstate.inverse], [reinstate.kind, revoke.kind])
  assert.deepEqual(await reinstate.plan({ keyId: key.id }), {
    effects: [`API key 'laptop' (${key.id}) is not revoked; nothing changes.`],
    undo: null,
  })

  const { undo } = await revoke.plan({ keyId: key.id })
  await revoke.apply({ keyId: key.id }, never)
  assert.equal((await reinstate.probe({ keyId: key.id }, never)).ok, false)
  await reinstate.apply(reinstate.params.parse(undo), never)
  assert.equal(keys.authenticate(secret).ok, true)
  assert.equal((await reinstate.probe({ keyId: key.id }, never)).ok, true)

  clock.at += 1000
  assert.equal((await reinstate.probe({ keyId: key.id }, never)).ok, true)
  assert.equal(keys.authenticate(secret).ok, false)
})

test('a key that is not there cannot be planned, applied or probed', async (t) => {
  const { keys } = await openKeys(t)
  for (const action of [revokeApiKeyAction(keys), reinstateApiKeyAction(keys)]) {
    const params = { keyId: 'key_aaaaaaaaaaaaaaaa' }
    await assert.rejects(action.plan(params), { code: 'not_found' })
    await assert.rejects(action.apply(params, never), { code: 'not_found' })
    await assert.rejects(action.probe(params, never), { code: 'not_found' })
    assert.equal(action.params.safeParse({ keyId: 'k', secret: 'x' }).success, false)
  }
})
