import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openStore } from '#store'
import { type PrivacyTables, privacyMigrations } from './migrations.ts'
import { deriveSessionKeys } from './sealed.ts'
import { openVault, type VaultOptions } from './vault.ts'

const epoch = 1_795_000_000_000
const day = 86_400_000
const key = new Uint8Array(32).fill(1)
const name = { tenant: 'acme', session: 'conversation 1' }

async function open(t: TestContext, change: Partial<VaultOptions> = {}) {
  const clock = { at: epoch }
  const store = await openStore({ path: ':memory:', now: () => clock.at })
  t.after(() => store.close())
  await store.migrate(privacyMigrations)
  const database = store.database<PrivacyTables>()
  const options = { database, key, now: () => clock.at, ttlMs: 30 * day, ...change }
  const rows = () => database.selectFrom('privacy_vault').selectAll().execute()
  return { clock, store, database, options, rows, vault: openVault(options) }
}

test('what was masked and flushed is known after a restart, under the same placeholder', async (t) => {
  const { vault, options } = await open(t)
  const session = await vault.session(name)
  const email = session.mask('EMAIL', 'anna@example.com')
  const strange = session.mask('SECRET', 'lone \ud800, NUL \0, 😀, ""')
  assert.match(email, /^\[EMAIL_[a-z2-7]{8}\]$/)
  assert.equal(session.mask('EMAIL', 'anna@example.com'), email)
  await session.flush()

  const restarted = await openVault(options).session(name)
  assert.equal(restarted.lookup(email), 'anna@example.com')
  assert.equal(restarted.lookup(strange), 'lone \ud800, NUL \0, 😀, ""')
  assert.equal(restarted.mask('EMAIL', 'anna@example.com'), email)
})

test('what was masked but not flushed is not stored', async (t) => {
  const { vault, rows } = await open(t)
  const session = await vault.session(name)
  session.mask('EMAIL', 'anna@example.com')
  assert.deepEqual(await rows(), [])
})

test('a placeholder of another session or tenant is unknown, and the same value has another one there', async (t) => {
  const { vault } = await open(t)
  const session = await vault.session(name)
  const email = session.mask('EMAIL', 'anna@example.com')
  for (const other of [
    { tenant: 'acme', session: 'conversation 2' },
    { tenant: 'other', session: 'conversation 1' },
    { tenant: 'acme","conversation', session: '1' },
  ]) {
    const foreign = await vault.session(other)
    assert.equal(foreign.lookup(email), undefined)
    assert.notEqual(foreign.mask('EMAIL', 'anna@example.com'), email)
  }
})

test('the store holds neither values nor names of sessions', async (t) => {
  const { vault, rows } = await open(t)
  const session = await vault.session(name)
  session.mask('EMAIL', 'anna@example.com')
  await session.flush()
  const stored = (await rows()).map((row) => ({ ...row, sealed: Buffer.from(row.sealed).toString('latin1') }))
  assert.equal(stored.length, 1)
  assert.doesNotMatch(JSON.stringify(stored), /anna|example|acme|conversation/)
})

test('with another key the vault does not open, instead of looking empty', async (t) => {
  const { vault, options } = await open(t)
  const session = await vault.session(name)
  session.mask('EMAIL', 'anna@example.com')
  await session.flush()
  const stranger = openVault({ ...options, key: new Uint8Array(32).fill(2) })
  await assert.rejects(stranger.session(name), { name: 'PrivacyError', code: 'vault_unreadable' })
})

test('a row that was changed, renamed or moved to another session makes its session unreadable', async (t) => {
  const { vault, options, database } = await open(t)
  const session = await vault.session(name)
  const email = session.mask('EMAIL', 'anna@example.com')
  session.mask('EMAIL', 'bert@example.com')
  await session.flush()
  const other = await vault.session({ ...name, session: 'conversation 2' })
  other.mask('CARD', '4111111111111111')
  await other.flush()
  const rows = await database.selectFrom('privacy_vault').selectAll().execute()
  const row = rows.find(({ token }) => token === email)
  const card = rows.find(({ token }) => token.startsWith('[CARD'))
  assert.ok(row && card)

  const flipped = Uint8Array.from(row.sealed, (byte, at) => (at === 20 ? byte ^ 1 : byte))
  for (const forged of [
    { ...row, sealed: flipped },
    { ...row, sealed: row.sealed.slice(0, 10) },
    { ...row, sealed: new Uint8Array(0) },
    { ...row, token: '[EMAIL_aaaaaaaa]' },
    { ...row, sealed: card.sealed },
    { ...card, session: row.session },
  ]) {
    await database.deleteFrom('privacy_vault').where('token', 'in', [row.token, card.token]).execute()
    await database.insertInto('privacy_vault').values(forged).execute()
    await assert.rejects(openVault(options).session(name), { code: 'vault_unreadable' })
    await database.deleteFrom('privacy_vault').where('token', '=', forged.token).execute()
  }
})

test('a vault that cannot be read is asked again the next time', async (t) => {
  const { vault, options, database } = await open(t)
  const session = await vault.session(name)
  const email = session.mask('EMAIL', 'anna@example.com')
  await session.flush()
  const row = await database.selectFrom('privacy_vault').selectAll().executeTakeFirstOrThrow()
  await database
    .updateTable('privacy_vault')
    .set({ sealed: new Uint8Array(40) })
    .execute()
  const restarted = openVault(options)
  await assert.rejects(restarted.session(name), { code: 'vault_unreadable' })
  await database.updateTable('privacy_vault').set({ sealed: row.sealed }).execute()
  assert.equal((await restarted.session(name)).lookup(email), 'anna@example.com')
})

test('requests of one session at the same time share one session', async (t) => {
  const { vault } = await open(t)
  const [one, two] = await Promise.all([vault.session(name), vault.session(name)])
  const email = one.mask('EMAIL', 'anna@example.com')
  assert.equal(two.lookup(email), 'anna@example.com')
  await Promise.all([one.flush(), two.flush(), one.flush()])
})

test('two processes may store the same value; a placeholder with two values is refused', async (t) => {
  const { options, database, rows } = await open(t)
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => openVault(options).session(name)))
  assert.ok(one && two && three)
  const email = one.mask('EMAIL', 'anna@example.com')
  assert.equal(two.mask('EMAIL', 'anna@example.com'), email)
  await Promise.all([one.flush(), two.flush()])
  assert.equal((await rows()).length, 1)

  const phone = three.mask('PHONE', '+49 30 123456')
  const [row] = await rows()
  assert.ok(row)
  const sealed = deriveSessionKeys(key, name).seal(phone, '+49 30 654321')
  await database
    .insertInto('privacy_vault')
    .values({ ...row, token: phone, sealed })
    .execute()
  await assert.rejects(three.flush(), { name: 'PrivacyError', code: 'vault_collision' })
})

test('a flush that fails loses nothing: the next one stores it', async (t) => {
  const { vault, options, database } = await open(t)
  const session = await vault.session(name)
  const email = session.mask('EMAIL', 'anna@example.com')
  await database.schema.alterTable('privacy_vault').renameTo('elsewhere').execute()
  await assert.rejects(session.flush())
  assert.equal(session.lookup(email), 'anna@example.com')
  await database.schema.alterTable('elsewhere').renameTo('privacy_vault').execute()
  await session.flush()
  assert.equal((await openVault(options).session(name)).lookup(email), 'anna@example.com')
})

test('a session is kept while it is used, and for its time after that', async (t) => {
  const { vault, clock, options, rows } = await open(t)
  const email = (await vault.session(name)).mask('EMAIL', 'anna@example.com')
  for (let used = 0; used < 10; used++) {
    clock.at += 20 * day
    await (await vault.session(name)).flush()
  }
  assert.equal((await openVault(options).session(name)).lookup(email), 'anna@example.com')
  clock.at += 30 * day
  assert.equal((await vault.session(name)).lookup(email), undefined)
  assert.equal((await openVault(options).session(name)).lookup(email), undefined)
  assert.equal((await rows()).length, 1)
  assert.equal(await vault.purge(), 1)
  assert.equal((await rows()).length, 0)
})

test('a value that comes again after its time is stored again', async (t) => {
  const { vault, clock, options } = await open(t)
  const email = (await vault.session(name)).mask('EMAIL', 'anna@example.com')
  await (await vault.session(name)).flush()
  clock.at += 31 * day
  const session = await vault.session(name)
  assert.equal(session.mask('EMAIL', 'anna@example.com'), email)
  await session.flush()
  await vault.purge()
  assert.equal((await openVault(options).session(name)).lookup(email), 'anna@example.com')
})

test('a flush with nothing new writes nothing', async (t) => {
  const { vault, database, clock } = await open(t)
  const session = await vault.session(name)
  session.mask('EMAIL', 'anna@example.com')
  await session.flush()
  await database.schema.dropTable('privacy_vault').execute()
  clock.at += day
  session.mask('EMAIL', 'anna@example.com')
  await session.flush()
})

test('forgetting erases a session, even one that is being written, and no other', async (t) => {
  const { vault, options, rows } = await open(t)
  const other = await vault.session({ ...name, session: 'conversation 2' })
  other.mask('EMAIL', 'bert@example.com')
  await other.flush()
  const session = await vault.session(name)
  const email = session.mask('EMAIL', 'anna@example.com')
  await session.flush()
  session.mask('EMAIL', 'carl@example.com')
  const flushing = session.flush()
  assert.ok((await vault.forget(name)) >= 1)
  await flushing
  session.mask('EMAIL', 'dora@example.com')
  await session.flush()
  assert.equal((await rows()).length, 1)
  assert.equal((await vault.session(name)).lookup(email), undefined)
  assert.equal((await openVault(options).session(name)).lookup(email), undefined)
})

test('memory holds the sessions used last, and never drops one with something to store', async (t) => {
  const { vault, options, rows } = await open(t, { maxSessions: 2 })
  const bounded = openVault(options)
  const unstored = await bounded.session(name)
  const email = unstored.mask('EMAIL', 'anna@example.com')
  for (let index = 0; index < 20; index++) await bounded.session({ tenant: 'acme', session: `other ${index}` })
  assert.equal(await bounded.session(name), unstored)
  await unstored.flush()
  for (let index = 0; index < 20; index++) await bounded.session({ tenant: 'acme', session: `other ${index}` })
  const loaded = await bounded.session(name)
  assert.notEqual(loaded, unstored)
  assert.equal(loaded.lookup(email), 'anna@example.com')
  assert.equal((await rows()).length, 1)
  assert.equal((await vault.session(name)).lookup(email), 'anna@example.com')
})

test('a session takes only so many values', async (t) => {
  const { vault } = await open(t, { maxValues: 3 })
  const session = await vault.session(name)
  for (const value of ['a', 'b', 'c', 'a', 'b']) session.mask('EMAIL', value)
  assert.throws(() => session.mask('EMAIL', 'd'), { name: 'PrivacyError', code: 'session_full' })
})

test('thousands of values are stored at once', async (t) => {
  const { vault, options } = await open(t)
  const session = await vault.session(name)
  const placeholders = Array.from({ length: 2_500 }, (_, index) => session.mask('EMAIL', `person${index}@example.com`))
  assert.equal(new Set(placeholders).size, placeholders.length)
  await session.flush()
  const restarted = await openVault(options).session(name)
  for (const [index, placeholder] of placeholders.entries()) {
    assert.equal(restarted.lookup(placeholder), `person${index}@example.com`)
  }
})
