import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openStore } from '#store'
import { openApiKeys } from './api-keys.ts'
import { base32, formatKey, isKeyText } from './key-format.ts'
import { type IdentityTables, identityMigrations } from './migrations.ts'

const epoch = 1_795_000_000_000
const alice = { name: 'laptop', principal: 'alice@example.com', tenant: 'acme', scopes: ['chat', 'models'] }

async function openKeys(t: TestContext) {
  const clock = { at: epoch }
  const store = await openStore({ path: ':memory:', now: () => clock.at })
  t.after(() => store.close())
  await store.migrate(identityMigrations)
  const database = store.database<IdentityTables>()
  const options = { database, now: () => clock.at, randomBytes: counter() }
  return { clock, database, store, options, keys: await openApiKeys(options) }
}

/** Bytes that never repeat, so that every key of a test is its own and the same in each run. */
function counter() {
  let next = 0
  return (count: number) => createHash('sha512').update(String(next++)).digest().subarray(0, count)
}

test('a key speaks for its principal and tenant, with its scopes', async (t) => {
  const { keys } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  const principal = {
    kind: 'api_key',
    id: 'alice@example.com',
    tenant: 'acme',
    keyId: key.id,
    name: 'laptop',
    scopes: ['chat', 'models'],
  }
  assert.deepEqual(keys.authenticate(secret), { ok: true, principal })
  assert.deepEqual(keys.get(key.id), { ...alice, id: key.id, createdAt: epoch })
  assert.match(key.id, /^key_[a-z2-7]{16}$/)
})

test('a key that is not confirmed is none, neither in memory nor in the store', async (t) => {
  const { keys, options } = await openKeys(t)
  const refusal = new Error('it cannot be put on record')
  await assert.rejects(
    keys.create(alice, async (key) => {
      assert.equal(keys.get(key.id), undefined, 'it does not work yet')
      throw refusal
    }),
    refusal,
  )
  assert.deepEqual([keys.list(), (await openApiKeys(options)).list()], [[], []])
})

test('the secret is shown once: neither the store nor any record holds it or a part of it', async (t) => {
  const { keys, database } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  const stored = JSON.stringify([
    await database.selectFrom('identity_api_keys').selectAll().execute(),
    keys.list(),
    keys.get(key.id),
  ])
  for (let at = 5; at + 8 <= secret.length; at++) assert.ok(!stored.includes(secret.slice(at, at + 8)))
  assert.ok(stored.includes(createHash('sha256').update(secret).digest('hex')))
})

test('a credential that is not a key is malformed; one that was never made is unknown', async (t) => {
  const { keys } = await openKeys(t)
  await keys.create(alice)
  for (const text of ['', 'sk-1234', 'hold_', 'hold_'.padEnd(64, 'a'), "' OR 1=1 --"]) {
    assert.deepEqual(keys.authenticate(text), { ok: false, reason: 'malformed' }, text)
  }
  assert.deepEqual(keys.authenticate(formatKey(new Uint8Array(32))), { ok: false, reason: 'unknown' })
})

test('the stored hash of a key opens nothing', async (t) => {
  const { keys, database } = await openKeys(t)
  await keys.create(alice)
  const { hash } = await database.selectFrom('identity_api_keys').selectAll().executeTakeFirstOrThrow()
  assert.deepEqual(keys.authenticate(hash), { ok: false, reason: 'malformed' })
})

test('keys that share a prefix of any length are told apart', async (t) => {
  const { store } = await openKeys(t)
  const database = store.database<IdentityTables>()
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 0, max: 31 }),
      async (bytes, from) => {
        const other = bytes.map((byte, index) => (index === from ? byte ^ 1 : byte))
        const draws = [bytes, new Uint8Array(10).fill(1), other, new Uint8Array(10).fill(2)]
        await database.deleteFrom('identity_api_keys').execute()
        const keys = await openApiKeys({
          database,
          now: () => epoch,
          randomBytes: () => draws.shift() ?? assert.fail(),
        })
        const mine = await keys.create(alice)
        const theirs = await keys.create({ ...alice, principal: 'mallory' })
        const shared = Math.floor((from * 8) / 5)
        assert.equal(mine.secret.slice(0, 5 + shared), theirs.secret.slice(0, 5 + shared))
        const answers = [mine, theirs].map(({ secret }) => keys.authenticate(secret))
        assert.deepEqual(
          answers.map((answer) => answer.ok && answer.principal.id),
          ['alice@example.com', 'mallory'],
        )
      },
    ),
    { numRuns: 40 },
  )
})

test('only the exact text of a key is that key', async (t) => {
  const { keys } = await openKeys(t)
  const { secret } = await keys.create(alice)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 63 }), fc.string({ unit: 'binary', maxLength: 3 }), (at, other) => {
      const text = secret.slice(0, at) + other + secret.slice(at + 1)
      assert.equal(keys.authenticate(text).ok, text === secret)
    }),
  )
  for (let end = 0; end < secret.length; end++) assert.equal(keys.authenticate(secret.slice(0, end)).ok, false)
})

test('a key stops at the millisecond at which it expires', async (t) => {
  const { keys, clock } = await openKeys(t)
  const { secret, key } = await keys.create({ ...alice, expiresAt: epoch + 1000 })
  clock.at = epoch + 999
  assert.equal(keys.authenticate(secret).ok, true)
  clock.at = epoch + 1000
  const answer = keys.authenticate(secret)
  assert.ok(!answer.ok && answer.reason === 'expired' && answer.principal.keyId === key.id)
})

test('a revoked key is refused from the moment revoke is called, and stays so after a restart', async (t) => {
  const { keys, options, clock } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  const revoking = keys.revoke(key.id)
  const answer = keys.authenticate(secret)
  assert.ok(!answer.ok && answer.reason === 'revoked' && answer.principal.id === 'alice@example.com')
  assert.equal((await revoking).revokedAt, epoch)
  clock.at += 5000
  assert.equal((await keys.revoke(key.id)).revokedAt, epoch, 'the first revocation counts')
  const restarted = (await openApiKeys(options)).authenticate(secret)
  assert.ok(!restarted.ok && restarted.reason === 'revoked')
})

test('a revocation that the store does not take holds all the same', async (t) => {
  const { keys, store } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  await store.close()
  await assert.rejects(keys.revoke(key.id))
  assert.equal(keys.authenticate(secret).ok, false)
})

test('a key that is reinstated works again, unless it has expired', async (t) => {
  const { keys, clock, options } = await openKeys(t)
  const { secret, key } = await keys.create({ ...alice, expiresAt: epoch + 1000 })
  await keys.revoke(key.id)
  assert.equal((await keys.reinstate(key.id)).revokedAt, undefined)
  assert.equal(keys.authenticate(secret).ok, true)
  assert.equal((await openApiKeys(options)).authenticate(secret).ok, true)
  await keys.revoke(key.id)
  clock.at += 1000
  await keys.reinstate(key.id)
  const answer = keys.authenticate(secret)
  assert.ok(!answer.ok && answer.reason === 'expired')
})

test('however revoking, reinstating and reloading overlap, memory ends as the store, and a revoked key is never let in', async (t) => {
  const { keys, options } = await openKeys(t)
  const { secret, key } = await keys.create(alice)
  const step = fc.constantFrom('revoke', 'reinstate', 'reload')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const running = steps.map((name) => {
        if (name === 'reload') return keys.reload()
        const done = name === 'revoke' ? keys.revoke(key.id) : keys.reinstate(key.id)
        if (name === 'revoke') assert.equal(keys.authenticate(secret).ok, false)
        return done
      })
      const last = steps.findLast((name) => name !== 'reload')
      if (last === 'revoke') {
        const watched = running.map((done) => done.then(() => assert.equal(keys.authenticate(secret).ok, false)))
        await Promise.all(watched)
      } else await Promise.all(running)
      assert.deepEqual(keys.get(key.id), (await openApiKeys(options)).get(key.id))
    }),
    { numRuns: 60 },
  )
})

test('what another process changed is there after reload', async (t) => {
  const { keys, options } = await openKeys(t)
  const other = await openApiKeys(options)
  const { secret, key } = await other.create(alice)
  assert.equal(keys.authenticate(secret).ok, false)
  await keys.reload()
  assert.equal(keys.authenticate(secret).ok, true)
  await other.revoke(key.id)
  await keys.reload()
  assert.equal(keys.authenticate(secret).ok, false)
})

test('keys are listed oldest first', async (t) => {
  const { keys, clock } = await openKeys(t)
  for (const name of ['a', 'b', 'c']) {
    await keys.create({ ...alice, name })
    clock.at += 1
  }
  assert.deepEqual(
    keys.list().map(({ name }) => name),
    ['a', 'b', 'c'],
  )
})

test('a key is made only with what can be shown, bounded and not yet over', async (t) => {
  const { keys } = await openKeys(t)
  const refused = [
    { ...alice, name: '' },
    { ...alice, name: ' laptop' },
    { ...alice, name: 'lap\ntop' },
    { ...alice, name: 'lap\u202etop' },
    { ...alice, name: '\u001b[31mred' },
    { ...alice, name: 'a'.repeat(129) },
    { ...alice, principal: '' },
    { ...alice, tenant: '' },
    { ...alice, tenant: 'acme\0other' },
    { ...alice, tenant: '../acme' },
    { ...alice, scopes: ['Chat'] },
    { ...alice, scopes: ['*'] },
    { ...alice, scopes: Array.from({ length: 65 }, (_, index) => `s${index}`) },
    { ...alice, expiresAt: epoch },
    { ...alice, expiresAt: 1.5 },
    { ...alice, admin: true },
  ]
  for (const input of refused) await assert.rejects(keys.create(input), { code: 'invalid_key' }, JSON.stringify(input))
  assert.equal(keys.list().length, 0)
  const { key } = await keys.create({ ...alice, name: 'Schlüssel für Zoë', scopes: ['b', 'a', 'b'] })
  assert.deepEqual(key.scopes, ['a', 'b'])
})

test('an id that is not there is an error', async (t) => {
  const { keys } = await openKeys(t)
  for (const id of ['', 'key_aaaaaaaaaaaaaaaa', '__proto__', "' OR 1=1 --"]) {
    assert.equal(keys.get(id), undefined)
    assert.throws(() => keys.answerFor(id), { code: 'not_found' })
    await assert.rejects(keys.revoke(id), { code: 'not_found' })
    await assert.rejects(keys.reinstate(id), { code: 'not_found' })
  }
})

test('a damaged row stops the start instead of being passed over', async (t) => {
  const { keys, database, options } = await openKeys(t)
  await keys.create(alice)
  for (const damage of [
    { scopes: '["chat"' },
    { scopes: '["CHAT"]' },
    { hash: 'abc' },
    { tenant: '' },
    { revoked_at: -1 },
  ]) {
    const whole = await database.selectFrom('identity_api_keys').selectAll().executeTakeFirstOrThrow()
    await database.updateTable('identity_api_keys').set(damage).execute()
    await assert.rejects(openApiKeys(options), { code: 'damaged' }, JSON.stringify(damage))
    await database.updateTable('identity_api_keys').set(whole).execute()
  }
})

test('every key made is well formed and its id is its own', async (t) => {
  const { keys } = await openKeys(t)
  const made = await Promise.all(Array.from({ length: 50 }, () => keys.create(alice)))
  assert.ok(made.every(({ secret }) => isKeyText(secret)))
  assert.equal(new Set(made.map(({ key }) => key.id)).size, 50)
  assert.equal(base32(new Uint8Array(10)).length, 16)
})
