import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { Kysely, sql } from 'kysely'
import { storeContract } from '../contract.ts'
import { openStore } from '../store.ts'
import { createSqliteDialect } from './dialect.ts'
import { openSqliteThread } from './thread.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-store-'))
after(() => rmSync(folder, { recursive: true }))
const now = () => Date.UTC(2026, 0, 1)
let files = 0
const newPath = () => join(folder, `${files++}.db`)
const open = (path: string) => openStore({ path, now, busyTimeoutMs: 50 })

storeContract('SQLite', async () => {
  const path = newPath()
  return {
    open: (options) => openStore({ path, now, ...options }),
    remove: async () => rmSync(path, { force: true }),
  }
})

test('a commit survives power loss: the write-ahead log is synced at every one', async () => {
  await using store = await open(newPath())
  const database = store.database()
  const settings = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, fullfsync: 1, trusted_schema: 0 }
  for (const [name, value] of Object.entries(settings)) {
    const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(database)
    assert.deepEqual(rows[0]?.[name], value, name)
  }
})

test('the files of the store are readable to their owner only', async () => {
  const path = newPath()
  await using store = await open(path)
  await store.migrate([])
  for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
})

test('a file that is not a database is refused and left as it is', async () => {
  const path = newPath()
  const text = 'this is my thesis\n'.repeat(500)
  writeFileSync(path, text)
  await assert.rejects(open(path), { code: 'not_a_database', message: new RegExp(path) })
  assert.equal(readFileSync(path, 'utf8'), text)
})

test('the database of another program is refused and left as it is', async () => {
  const path = newPath()
  const other = new DatabaseSync(path)
  other.exec('create table song (title text)')
  other.close()
  const before = readFileSync(path)
  await assert.rejects(open(path), { code: 'foreign', message: /another program/ })
  assert.deepEqual(readFileSync(path), before)
})

test('a damaged store is refused', async () => {
  const path = newPath()
  const store = await open(path)
  const database = store.database<{ row: { id: string } }>()
  await database.schema
    .createTable('row')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .execute()
  const rows = Array.from({ length: 5000 }, (_, index) => ({ id: `row number ${index}` }))
  await database.insertInto('row').values(rows).execute()
  await store.close()

  const torn = newPath()
  writeFileSync(torn, readFileSync(path))
  truncateSync(torn, 40_960)
  await assert.rejects(open(torn), { code: 'corrupt', message: /restore it from a backup/ })

  const overwritten = readFileSync(path).fill(0x55, 8192, 12_288)
  writeFileSync(path, overwritten)
  await assert.rejects(open(path), { code: 'corrupt' })
})

test('a store that another process holds for itself is reported as locked', async () => {
  const path = newPath()
  await (await open(path)).close()
  const other = new DatabaseSync(path)
  other.exec('pragma locking_mode = exclusive; begin exclusive')
  await assert.rejects(open(path), { code: 'locked', message: /stop that process/ })
  other.close()
  await (await open(path)).close()
})

test('a writer that waits longer than the busy timeout gets a typed error, and the store goes on', async () => {
  const path = newPath()
  await using store = await open(path)
  await store.migrate([])
  const other = new DatabaseSync(path)
  other.exec('begin immediate')
  const write = () => store.database<{ t: { a: string } }>().schema.createTable('t').addColumn('a', 'text').execute()
  await assert.rejects(write(), { code: 'locked' })
  other.exec('rollback')
  other.close()
  await write()
})

test('a folder that is missing, or is no folder, is reported as unwritable', async () => {
  const file = newPath()
  writeFileSync(file, '')
  mkdirSync(join(folder, 'taken'))
  for (const path of [join(folder, 'none', 'a.db'), join(file, 'a.db'), join(folder, 'taken')]) {
    await assert.rejects(open(path), { code: 'unwritable' }, path)
  }
})

test('the main thread goes on while the database works', async () => {
  await using store = await open(newPath())
  const slow = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select max(i) as i from n`
  const query = slow.execute(store.database())
  const first = await Promise.race([query.then(() => 'query'), new Promise((resolve) => setImmediate(resolve, 'loop'))])
  assert.equal(first, 'loop')
  assert.deepEqual((await query).rows, [{ i: 300_000 }])
})

test('a whole number that JavaScript cannot hold is an error, not a rounded number', async () => {
  await using store = await open(newPath())
  await assert.rejects(sql`select 9007199254740993 as n`.execute(store.database()), { code: 'out_of_range' })
})

test('a prepared statement follows a change of its table', async () => {
  await using store = await open(newPath())
  const database = store.database<{ t: { a: string; b: string | null } }>()
  await database.schema.createTable('t').addColumn('a', 'text').execute()
  await sql`insert into t values ('x')`.execute(database)
  const read = () => database.selectFrom('t').selectAll().execute()
  assert.deepEqual(await read(), [{ a: 'x' }])
  await database.schema.alterTable('t').addColumn('b', 'text').execute()
  assert.deepEqual(await read(), [{ a: 'x', b: null }])
})

test('more different statements than are kept prepared still work', async () => {
  await using store = await open(newPath())
  for (let index = 0; index < 600; index++) {
    const { rows } = await sql.raw(`select ${index % 300} as n`).execute(store.database())
    assert.deepEqual(rows, [{ n: index % 300 }])
  }
})

test('what would not work on every database is refused when it is compiled', async () => {
  await using store = await open(newPath())
  const { schema } = store.database()
  const notPortable = [
    schema.createTable('t').addColumn('a', 'varchar(20)'),
    schema.createTable('t').addColumn('a', 'boolean'),
    schema.createTable('t').addColumn('a', sql`anything`),
    schema.createTable('t').addColumn('a', 'integer', (column) => column.primaryKey().autoIncrement()),
    schema.createTable('t').addColumn('a', 'text').modifyEnd(sql`without rowid`),
  ]
  for (const query of notPortable) await assert.rejects(query.execute(), { code: 'sql', message: /portable/ })
  await assert.rejects(
    async () => {
      for await (const _ of store.database<{ t: { a: string } }>().selectFrom('t').selectAll().stream()) break
    },
    { code: 'sql' },
  )
})

test('a transaction that SQLite ended by itself does not go on statement by statement', async () => {
  await using store = await open(newPath())
  const database = store.database<{ t: { a: string } }>()
  await database.schema
    .createTable('t')
    .addColumn('a', 'text', (column) => column.primaryKey())
    .execute()
  const broken = database.transaction().execute(async (trx) => {
    await trx.insertInto('t').values({ a: 'x' }).execute()
    await sql`insert or rollback into t values ('x')`.execute(trx).catch(() => undefined)
    await trx.insertInto('t').values({ a: 'y' }).execute()
  })
  await assert.rejects(broken, { code: 'transaction_ended' })
  assert.deepEqual(await database.selectFrom('t').selectAll().execute(), [])
})

test('a full disk is a typed error, undoes what it interrupted, and is over when there is room again', async () => {
  await using store = await open(newPath())
  const database = store.database<{ t: { a: Uint8Array } }>()
  await database.schema.createTable('t').addColumn('a', 'blob').execute()
  await sql`pragma max_page_count = 20`.execute(database)
  const a = new Uint8Array(200_000)
  const filling = database.transaction().execute(async (trx) => {
    await trx
      .insertInto('t')
      .values({ a: new Uint8Array(10) })
      .execute()
    await trx.insertInto('t').values({ a }).execute()
  })
  await assert.rejects(filling, { code: 'disk' })
  assert.deepEqual(await database.selectFrom('t').selectAll().execute(), [])
  await sql`pragma max_page_count = 1000`.execute(database)
  await database.insertInto('t').values({ a }).execute()
})

test('of statements that share a commit, the one that fills the disk fails alone', async () => {
  await using store = await open(newPath())
  const database = store.database<{ t: { a: Uint8Array } }>()
  await database.schema.createTable('t').addColumn('a', 'blob').execute()
  await sql`pragma max_page_count = 20`.execute(database)
  const insert = (length: number) =>
    database
      .insertInto('t')
      .values({ a: new Uint8Array(length) })
      .execute()
  const outcomes = await Promise.allSettled([10, 200_000, 20].map(insert))
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'done'))
  assert.deepEqual(codes, ['done', 'disk', 'done'])
  assert.equal((await database.selectFrom('t').selectAll().execute()).length, 2)
})

test('a thread that dies fails what waits for it and what comes after, and nothing hangs', async () => {
  const thread = await openSqliteThread({ path: ':memory:', busyTimeoutMs: 0, transactionIdleMs: 1000 })
  const database = new Kysely<unknown>({ dialect: createSqliteDialect(thread) })
  const slow = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select max(i) from n`
  const waiting = slow.execute(database)
  const failure = assert.rejects(waiting, { name: 'StoreError', code: 'closed' })
  await thread.terminate()
  await failure
  await assert.rejects(sql`select 1`.execute(database), { code: 'closed' })
  await thread.close()
})
