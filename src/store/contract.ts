// What every database under the store must do, as tests. Each implementation runs this same suite.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import type { Migration } from './migrate.ts'
import { migrationContract, type StoreUnderTest } from './migration-contract.ts'
import type { Store } from './store.ts'

interface Tables {
  item: { id: string; whole: number | null; real: number | null; text: string | null; bytes: Uint8Array | null }
  part: { id: string; item: string }
}

const tables: Migration = {
  id: 'contract/0001-tables',
  up: (database) => [
    database.schema
      .createTable('item')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('whole', 'integer')
      .addColumn('real', 'double precision')
      .addColumn('text', 'text')
      .addColumn('bytes', 'blob')
      .addCheckConstraint('whole_is_not_13', sql`whole <> 13`),
    database.schema
      .createTable('part')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('item', 'text', (column) => column.notNull().references('item.id')),
  ],
}

const blank = { whole: null, real: null, text: null, bytes: null }

/** Registers the suite for one kind of store. `create` makes a database that no other test sees. */
export function storeContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of the store:`, () => {
    let subject: StoreUnderTest
    let store: Store
    let database: Kysely<Tables>
    let next = 0
    const fresh = () => `id-${next++}`

    before(async () => {
      subject = await create()
      store = await subject.open()
      await store.migrate([tables])
      database = store.database<Tables>()
    })
    after(async () => {
      await store.close()
      await subject.remove()
    })

    const read = (id: string) => database.selectFrom('item').selectAll().where('id', '=', id).executeTakeFirst()
    const roundTrip = async (row: Partial<Tables['item']>) => {
      const id = fresh()
      await database
        .insertInto('item')
        .values({ id, ...blank, ...row })
        .execute()
      return read(id)
    }

    test('every value comes back as it was written', async () => {
      const column = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
      const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0') && value.isWellFormed())
      const columns = {
        whole: column(fc.maxSafeInteger().filter((value) => value !== 13)),
        real: column(fc.double({ noNaN: true, min: -1e15, max: 1e15 })),
        text: column(text),
        bytes: column(fc.uint8Array({ maxLength: 200 })),
      }
      await fc.assert(
        fc.asyncProperty(fc.record(columns, { noNullPrototype: true }), async (values) => {
          const { id, ...rest } = (await roundTrip(values)) ?? { id: '' }
          assert.ok(id)
          assert.deepEqual(rest, { ...values, real: values.real === null ? null : values.real + 0 })
        }),
        { numRuns: 60 },
      )
    })

    test('text keeps every character: combining marks, other planes, quotes, line breaks, look-alikes of SQL', async () => {
      for (const text of [
        '',
        ' ',
        "'; drop table item; --",
        '"\\\r\n\t',
        'é≠é',
        '\u{10FFFF}\uFFFF\uFEFF',
        '👩‍🚀',
        '?1 :a $b @c',
        '\u0001\u007F',
      ]) {
        assert.equal((await roundTrip({ text }))?.text, text)
      }
    })

    test('large text and large blobs come back whole', async () => {
      const bytes = Uint8Array.from({ length: 4 * 1024 * 1024 }, (_, index) => (index * 31) & 0xff)
      const text = 'ä'.repeat(1024 * 1024)
      const row = await roundTrip({ bytes, text })
      assert.ok(row?.bytes instanceof Uint8Array)
      assert.equal(Buffer.compare(row.bytes, bytes), 0)
      assert.equal(row.text, text)
    })

    test('a blob is its own copy, whatever buffer it was a slice of', async () => {
      const slice = Buffer.from('secretAAAAsecret').subarray(6, 10)
      assert.deepEqual((await roundTrip({ bytes: slice }))?.bytes, new Uint8Array([65, 65, 65, 65]))
    })

    test('a value that no database could give back unchanged is refused before it is stored', async () => {
      const values: unknown[] = [
        'a\0b',
        '\uD800',
        Number.NaN,
        Number.POSITIVE_INFINITY,
        2 ** 53,
        2n ** 64n,
        true,
        new Date(0),
        {},
        [],
        undefined,
      ]
      for (const value of values) {
        const query = sql`select ${sql.val(value)}`.execute(database)
        await assert.rejects(query, { name: 'StoreError', code: 'invalid_value' }, String(value))
      }
    })

    test('an error never repeats the value that caused it', async () => {
      const id = 'hunter2'
      await roundTrip({ id })
      for (const attempt of [{ id }, { id: 'hunter2\0' }, { id: fresh(), whole: 'hunter2' as unknown as number }]) {
        await assert.rejects(roundTrip(attempt), (error: Error) => !error.message.includes('hunter2'))
      }
    })

    test('a broken rule of the schema is a typed error, and changes nothing', async () => {
      const id = fresh()
      await roundTrip({ id, text: 'first' })
      const parts = database.insertInto('part')
      const broken = [
        ['unique', database.insertInto('item').values({ id, ...blank })],
        ['foreign_key', parts.values({ id: fresh(), item: 'nowhere' })],
        ['not_null', parts.values({ id: fresh(), item: null as unknown as string })],
        ['check', database.insertInto('item').values({ id: fresh(), ...blank, whole: 13 })],
        ['type', database.insertInto('item').values({ id: fresh(), ...blank, whole: 'x' as unknown as number })],
      ] as const
      for (const [code, query] of broken) await assert.rejects(query.execute(), { name: 'StoreError', code })
      assert.equal((await read(id))?.text, 'first')
      assert.equal((await database.selectFrom('part').selectAll().execute()).length, 0)
    })

    test('a row that others refer to cannot be deleted', async () => {
      const id = fresh()
      await roundTrip({ id })
      await database.insertInto('part').values({ id: fresh(), item: id }).execute()
      await assert.rejects(database.deleteFrom('item').where('id', '=', id).execute(), { code: 'foreign_key' })
      await database.deleteFrom('part').execute()
    })

    test('a statement that the database does not understand is a mistake in the program', async () => {
      await assert.rejects(sql`selekt 1`.execute(database), { code: 'sql' })
      await assert.rejects(sql`select * from nowhere`.execute(database), { code: 'sql' })
    })

    test('insert, update and delete tell how many rows they changed', async () => {
      const ids = [fresh(), fresh(), fresh()]
      const rows = ids.map((id) => ({ id, ...blank }))
      const inserted = await database.insertInto('item').values(rows).executeTakeFirstOrThrow()
      assert.equal(inserted.numInsertedOrUpdatedRows, 3n)
      const updated = await database
        .updateTable('item')
        .set({ whole: 1 })
        .where('id', 'in', ids)
        .executeTakeFirstOrThrow()
      assert.equal(updated.numUpdatedRows, 3n)
      const deleted = await database.deleteFrom('item').where('id', 'in', ids).executeTakeFirstOrThrow()
      assert.equal(deleted.numDeletedRows, 3n)
      const none = await database.updateTable('item').set({ whole: 1 }).where('id', 'in', ids).executeTakeFirstOrThrow()
      assert.equal(none.numUpdatedRows, 0n)
    })

    test('an insert on conflict updates, and returning gives the row', async () => {
      const id = fresh()
      const upsert = (whole: number) =>
        database
          .insertInto('item')
          .values({ id, ...blank, whole })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ whole }))
          .returning(['id', 'whole'])
          .executeTakeFirst()
      assert.deepEqual(await upsert(1), { id, whole: 1 })
      assert.deepEqual(await upsert(2), { id, whole: 2 })
    })

    test('order is by number, and for text by code point, whatever the locale', async () => {
      const prefix = fresh()
      const texts = ['', 'B', 'Z', 'a', 'z', 'ä', '\uFFFD', '\u{1F600}']
      const rows = texts.map((text, index) => ({ id: `${prefix}-${index}`, ...blank, text, whole: index * 5 - 10 }))
      await database.insertInto('item').values(rows.toReversed()).execute()
      const mine = database.selectFrom('item').where('id', 'like', `${prefix}-%`)
      const byText = await mine.select('text').orderBy('text').execute()
      assert.deepEqual(
        byText.map(({ text }) => text),
        texts,
      )
      const byNumber = await mine.select('whole').orderBy('whole', 'desc').limit(2).execute()
      assert.deepEqual(byNumber, [{ whole: 25 }, { whole: 20 }])
    })

    test('null comes before every value, and after them in descending order', async () => {
      const prefix = fresh()
      const rows = [2, null, -1].map((whole, index) => ({ id: `${prefix}-${index}`, ...blank, whole }))
      await database.insertInto('item').values(rows).execute()
      const mine = database.selectFrom('item').select('whole').where('id', 'like', `${prefix}-%`)
      const up = await mine.orderBy('whole').execute()
      const down = await mine.orderBy('whole', 'desc').execute()
      assert.deepEqual(
        [up.map(({ whole }) => whole), down.map(({ whole }) => whole)],
        [
          [null, -1, 2],
          [2, -1, null],
        ],
      )
    })

    test('counts, sums, averages and comparisons are numbers', async () => {
      const prefix = fresh()
      const rows = [1, 2, 4].map((whole) => ({ id: `${prefix}-${whole}`, ...blank, whole, real: whole / 2 }))
      await database.insertInto('item').values(rows).execute()
      const row = await database
        .selectFrom('item')
        .where('id', 'like', `${prefix}-%`)
        .select(({ fn, eb }) => [
          fn.countAll().as('count'),
          fn.sum('whole').as('sum'),
          fn.avg('real').as('average'),
          fn.max('real').as('largest'),
          eb(fn.countAll(), '>', 2).as('several'),
        ])
        .executeTakeFirst()
      assert.deepEqual(row, { count: 3, sum: 7, average: 7 / 6, largest: 2, several: 1 })
    })

    test('a transaction is all or nothing', async () => {
      const [kept, lost] = [fresh(), fresh()]
      await database.transaction().execute((trx) =>
        trx
          .insertInto('item')
          .values({ id: kept, ...blank })
          .execute(),
      )
      const failing = database.transaction().execute(async (trx) => {
        await trx
          .insertInto('item')
          .values({ id: lost, ...blank })
          .execute()
        throw new RangeError('changed my mind')
      })
      await assert.rejects(failing, RangeError)
      assert.ok(await read(kept))
      assert.equal(await read(lost), undefined)
    })

    test('a statement that fails inside a transaction undoes itself only, and the transaction goes on', async () => {
      const [first, second] = [fresh(), fresh()]
      await database.transaction().execute(async (trx) => {
        await trx
          .insertInto('item')
          .values({ id: first, ...blank })
          .execute()
        await assert.rejects(
          trx
            .insertInto('item')
            .values([
              { id: second, ...blank },
              { id: first, ...blank },
            ])
            .execute(),
          { code: 'unique' },
        )
        await assert.rejects(sql`select * from nowhere`.execute(trx), { code: 'sql' })
        await trx
          .insertInto('item')
          .values({ id: second, ...blank, whole: 2 })
          .execute()
      })
      assert.ok(await read(first))
      assert.equal((await read(second))?.whole, 2)
    })

    test('nobody sees what a transaction has not committed', async () => {
      const other = await subject.open()
      const id = fresh()
      const seen = () => other.database<Tables>().selectFrom('item').select('id').where('id', '=', id).execute()
      await database.transaction().execute(async (trx) => {
        await trx
          .insertInto('item')
          .values({ id, ...blank })
          .execute()
        assert.equal((await trx.selectFrom('item').select('id').where('id', '=', id).execute()).length, 1)
        assert.equal((await seen()).length, 0)
      })
      assert.equal((await seen()).length, 1)
      await other.close()
    })

    test('a transaction sees one state of the store, whatever others commit meanwhile', async () => {
      const other = await subject.open()
      const id = fresh()
      const readOnly = database.transaction().setAccessMode('read only').setIsolationLevel('repeatable read')
      await readOnly.execute(async (trx) => {
        const count = () => trx.selectFrom('item').select('id').where('id', '=', id).execute()
        assert.equal((await count()).length, 0)
        await other
          .database<Tables>()
          .insertInto('item')
          .values({ id, ...blank })
          .execute()
        assert.equal((await count()).length, 0)
      })
      assert.ok(await read(id))
      await other.close()
    })

    test('concurrent transactions that read and then write lose no update', async () => {
      const other = await subject.open()
      const id = fresh()
      await roundTrip({ id, whole: 0 })
      const add = (from: Kysely<Tables>) =>
        from
          .transaction()
          .setIsolationLevel('serializable')
          .execute(async (trx) => {
            const row = await trx.selectFrom('item').select('whole').where('id', '=', id).executeTakeFirstOrThrow()
            await trx
              .updateTable('item')
              .set({ whole: (row.whole ?? 0) + 1 })
              .where('id', '=', id)
              .execute()
          })
      await Promise.all(Array.from({ length: 12 }, (_, n) => add(n % 2 ? database : other.database<Tables>())))
      assert.equal((await read(id))?.whole, 12)
      await other.close()
    })

    test('statements outside wait for the transaction that is open, and none is lost', async () => {
      const ids = Array.from({ length: 50 }, fresh)
      const results = ids.map((id, index) =>
        index % 10 === 0
          ? database.transaction().execute((trx) =>
              trx
                .insertInto('item')
                .values({ id, ...blank })
                .execute(),
            )
          : database
              .insertInto('item')
              .values({ id, ...blank })
              .execute(),
      )
      await Promise.all(results)
      assert.equal((await database.selectFrom('item').select('id').where('id', 'in', ids).execute()).length, 50)
    })

    test('of many statements at once, one that fails fails alone, and later ones see the earlier', async () => {
      const ids = Array.from({ length: 40 }, fresh)
      const wrong = 20
      const attempts = ids.map((id, index) => {
        const row = { id, ...blank, whole: index === wrong ? 13 : index + 100 }
        return [database.insertInto('item').values(row).execute(), read(id)] as const
      })
      const written = await Promise.allSettled(attempts.map(([write]) => write))
      const seen = await Promise.all(attempts.map(([, reading]) => reading))
      assert.deepEqual(
        written.flatMap((outcome, index) => (outcome.status === 'rejected' ? [[index, outcome.reason.code]] : [])),
        [[wrong, 'check']],
      )
      assert.deepEqual(
        seen.map((row) => row?.id),
        ids.map((id, index) => (index === wrong ? undefined : id)),
      )
    })

    test('statements run in the order in which they were executed, across the end of a transaction too', async () => {
      const id = fresh()
      await roundTrip({ id, text: '' })
      const append = (from: Kysely<Tables>, text: string) =>
        from
          .updateTable('item')
          .set({ text: sql`text || ${text}` })
          .where('id', '=', id)
          .execute()
      const outside: Promise<unknown>[] = []
      await database.transaction().execute(async (trx) => {
        for (const text of ['b', 'c', 'd']) outside.push(append(database, text))
        await append(trx, 'a')
      })
      outside.push(append(database, 'e'))
      await Promise.all(outside)
      assert.equal((await read(id))?.text, 'abcde')
    })

    test('a transaction that stands still is rolled back, says so, and does not stop the others', async () => {
      const impatient = await subject.open({ transactionIdleMs: 20 })
      const rows = impatient.database<Tables>()
      const [lost, kept] = [fresh(), fresh()]
      const stuck = rows.transaction().execute(async (trx) => {
        await trx
          .insertInto('item')
          .values({ id: lost, ...blank })
          .execute()
        // The classic mistake: waiting inside for a statement that waits outside.
        await rows
          .insertInto('item')
          .values({ id: kept, ...blank })
          .execute()
        await trx.updateTable('item').set({ whole: 1 }).where('id', '=', kept).execute()
      })
      await assert.rejects(stuck, { code: 'transaction_ended' })
      assert.equal(await read(lost), undefined)
      assert.equal((await read(kept))?.whole, null)
      await impatient.close()
    })

    test('close lets what was begun finish and refuses what comes after', async () => {
      const closing = await subject.open()
      const rows = closing.database<Tables>()
      const [first, second] = [fresh(), fresh()]
      const begun = rows.transaction().execute(async (trx) => {
        await trx
          .insertInto('item')
          .values({ id: first, ...blank })
          .execute()
        void closing.close()
        await trx
          .insertInto('item')
          .values({ id: second, ...blank })
          .execute()
      })
      await begun
      await closing.close()
      await assert.rejects(rows.selectFrom('item').selectAll().execute(), { code: 'closed' })
      await closing.close()
      assert.ok((await read(first)) && (await read(second)))
    })
  })

  migrationContract(name, create)
}
