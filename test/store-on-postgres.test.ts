// The store on a real PostgreSQL server: the whole contract, and what only a server can do to it.
import { deepEqual, doesNotMatch, equal, ok, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import { openStore, type StoreError, type StoreOptions } from '#store'
import { storeContract } from '../src/store/contract.ts'
import { type PostgresServer, password, postgresMissing, startPostgres } from './support/postgres.ts'

const now = () => Date.UTC(2026, 0, 1)
const skip = postgresMissing()
const hidden = (text: string) => ({ reveal: () => text })

describe('PostgreSQL', { skip }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server?.remove())

  storeContract('PostgreSQL', async () => {
    const database = await server.createDatabase()
    return {
      open: (options) => openStore({ url: hidden(server.urlOf(database)), now, ...options }),
      remove: async () => {
        await server.query('postgres', `drop database ${database} with (force)`)
      },
    }
  })

  const open = (database: string, options: Partial<StoreOptions> = {}) =>
    openStore({ url: hidden(server.urlOf(database)), now, busyTimeoutMs: 500, ...options })

  /** A store with a table `t` of whole numbers. */
  async function openNumbers(options: Partial<StoreOptions> = {}) {
    const name = await server.createDatabase()
    const store = await open(name, options)
    const database = store.database<{ t: { n: number } }>()
    await database.schema
      .createTable('t')
      .addColumn('n', 'integer', (column) => column.primaryKey())
      .execute()
    const insert = (n: number) => database.insertInto('t').values({ n }).execute()
    const numbers = async () => (await database.selectFrom('t').select('n').orderBy('n').execute()).map(({ n }) => n)
    return { name, store, database, insert, numbers }
  }

  test('all of it lies in one schema, so that the database may hold what others need', async () => {
    const { name, store } = await openNumbers()
    const tables = 'select table_schema, table_name from information_schema.tables'
    const found = await server.query(name, `${tables} where table_schema not in ('pg_catalog', 'information_schema')`)
    deepEqual(found.map(({ table_schema: schema, table_name: table }) => `${schema}.${table}`).sort(), [
      'holdfast.holdfast_store',
      'holdfast.t',
    ])
    await store.close()
  })

  test('a schema of another program is refused and left as it is', async () => {
    const name = await server.createDatabase()
    await server.query(name, 'create schema holdfast; create table holdfast.song (title text)')
    await rejects(open(name), { code: 'foreign', message: /another program/ })
    const newer = await server.createDatabase()
    await (await open(newer)).close()
    await server.query(newer, 'update holdfast.holdfast_store set format = 2')
    await rejects(open(newer), { code: 'foreign', message: /newer Holdfast/ })
  })

  test('a server that would lose commits, only reads, or does not let us in is refused, each with the reason', async () => {
    const name = await server.createDatabase()
    await server.stop()
    await server.start(['fsync=off'])
    await rejects(open(name), { code: 'unwritable', message: /fsync/ })
    await (await open(name, { allowUnsynced: true } as Partial<StoreOptions>)).close()
    await server.stop()
    await server.start()
    await rejects(open('none'), { code: 'unwritable', message: /3D000/ })
    const latin = "create database latin encoding 'LATIN1' locale_provider libc locale 'C' template template0"
    await server.query('postgres', latin)
    await rejects(open('latin'), { code: 'unwritable', message: /UTF8/ })
    await server.query('postgres', "create role guest login password 'guest'")
    const guest = server.urlOf(name).replace(/\/\/.*@/, '//guest:guest@')
    await rejects(openStore({ url: hidden(guest), now }), { code: 'unwritable' })
  })

  test('a commit survives the crash of the server, also where its role has synchronous_commit off', async () => {
    const name = await server.createDatabase()
    await server.query('postgres', `alter database ${name} set synchronous_commit = off`)
    const store = await open(name)
    const { rows } = await sql`select current_setting('synchronous_commit') as value`.execute(store.database())
    deepEqual(rows, [{ value: 'on' }])
    await store.close()
  })

  test('a password is in no error, wherever it is wrong', async () => {
    const name = await server.createDatabase()
    const wrong = [
      server.urlOf(name).replace(/%25seen/, '%25wrong'),
      server.urlOf(name, '?sslmode=require'),
      server.urlOf(name, `?password=${password}`),
      server.urlOf(name).replace('postgres:', 'mysql:'),
      server.urlOf('').replace('127.0.0.1', ''),
      `postgres://u:${password}%@h/d`,
      password,
    ]
    for (const url of wrong) {
      await rejects(openStore({ url: hidden(url), now, busyTimeoutMs: 500 }), (error: StoreError) => {
        doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /Pa55word|must:/)
        return ['argument', 'unwritable'].includes(error.code)
      })
    }
  })

  test('the environment and ~/.pgpass are not asked', async () => {
    const name = await server.createDatabase()
    const bare = server.urlOf(name).replace(/:[^:@/]*@/, '@')
    const before = process.env.PGPASSWORD
    process.env.PGPASSWORD = password
    try {
      await rejects(openStore({ url: hidden(bare), now }), { name: 'StoreError' })
    } finally {
      if (before === undefined) delete process.env.PGPASSWORD
      else process.env.PGPASSWORD = before
    }
  })

  test('beyond this machine there is no plain text, and no certificate goes unverified', async () => {
    for (const sslmode of ['disable', 'allow', 'prefer', 'require', 'no-verify', '']) {
      const url = hidden(`postgres://u:p@db.example/d?sslmode=${sslmode}`)
      await rejects(openStore({ url, now }), { code: 'argument', message: /verify-full/ })
    }
    const name = await server.createDatabase()
    // This server has no TLS: asked for it, we do not go on without.
    await rejects(openStore({ url: hidden(server.urlOf(name, '?sslmode=verify-full')), now }), {
      code: 'unreachable',
      message: /does not offer TLS/,
    })
  })

  test('over TLS the certificate must be trusted and name the host', async () => {
    const name = await server.createDatabase()
    const [certificate, key] = makeCertificate(server.folder)
    await server.stop()
    await server.start(['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`])
    try {
      const ca = hidden(readFileSync(certificate, 'utf8'))
      const at = (host: string, mode: string) =>
        hidden(server.urlOf(name, `?sslmode=${mode}`).replace('127.0.0.1', host))
      const store = await openStore({ url: at('localhost', 'verify-full'), tls: { ca }, now })
      const { rows } = await sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(store.database())
      deepEqual(rows, [{ ssl: 1 }])
      await store.close()
      await rejects(openStore({ url: at('localhost', 'verify-full'), now }), {
        code: 'unreachable',
        message: /trusted/,
      })
      await rejects(openStore({ url: at('127.0.0.1', 'verify-full'), tls: { ca }, now }), {
        code: 'unreachable',
        message: /ALTNAME/,
      })
      await (await openStore({ url: at('127.0.0.1', 'verify-ca'), tls: { ca }, now })).close()
    } finally {
      await server.stop()
      await server.start()
    }
  })

  test('while the server is away every statement fails with the reason, and when it is back the store goes on', async () => {
    const { store, insert, numbers } = await openNumbers()
    await insert(1)
    await server.stop()
    const outcomes = await Promise.allSettled([insert(2), insert(3), numbers()])
    deepEqual(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : outcome.value)),
      ['unreachable', 'unreachable', 'unreachable'],
    )
    await rejects(insert(4), { code: 'unreachable', message: /nothing listens/ })
    await server.start()
    await insert(5)
    deepEqual(await numbers(), [1, 5])
    await store.close()
  })

  test('a connection that breaks while nothing runs is opened again, and nobody notices', async () => {
    const { name, store, insert, numbers } = await openNumbers()
    const cut = `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`
    for (const n of [1, 2, 3]) {
      await server.query(name, cut)
      await insert(n)
    }
    deepEqual(await numbers(), [1, 2, 3])
    await store.close()
  })

  test('a transaction whose connection breaks is rolled back, says so, and does not go on statement by statement', async () => {
    const { name, store, database, insert, numbers } = await openNumbers()
    const cut = `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`
    const broken = database.transaction().execute(async (trx) => {
      await trx.insertInto('t').values({ n: 1 }).execute()
      await server.query(name, cut)
      await trx
        .insertInto('t')
        .values({ n: 2 })
        .execute()
        .catch(() => {})
      await trx.insertInto('t').values({ n: 3 }).execute()
    })
    await rejects(broken, { code: 'transaction_ended' })
    await insert(4)
    deepEqual(await numbers(), [4])
    await store.close()
  })

  test('a statement that the server may have carried out is not sent again, and the error says that it is not known', async () => {
    // Stands before the server and cuts the connection when the answer to a commit is on its way.
    const sockets = new Set<Socket>()
    let isCutting = false
    const relay = createServer((near) => {
      const far = relayTo(near, server.port, (bytes) => isCutting && bytes.includes('COMMIT'))
      for (const socket of [near, far]) sockets.add(socket)
    }).listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const address = relay.address()
    ok(address !== null && typeof address === 'object')
    const { name, store: direct, numbers } = await openNumbers()
    const through = hidden(server.urlOf(name).replace(`:${server.port}/`, `:${address.port}/`))
    const store = await openStore({ url: through, now, busyTimeoutMs: 500 })
    const insert = (n: number) => store.database<{ t: { n: number } }>().insertInto('t').values({ n }).execute()
    await insert(1)
    isCutting = true
    await rejects(insert(2), { code: 'unreachable', message: /not known/ })
    isCutting = false
    await insert(3)
    deepEqual(await numbers(), [1, 2, 3])
    await store.close()
    await direct.close()
    for (const socket of sockets) socket.destroy()
    relay.close()
  })

  test('a server that no longer answers is given up, and does not hang the store', async () => {
    const sockets = new Set<Socket>()
    let isSilent = false
    const relay = createServer((near) => {
      const far = relayTo(
        near,
        server.port,
        () => false,
        () => isSilent,
      )
      for (const socket of [near, far]) sockets.add(socket)
    }).listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const address = relay.address()
    ok(address !== null && typeof address === 'object')
    const { name, store: direct } = await openNumbers()
    const through = hidden(server.urlOf(name).replace(`:${server.port}/`, `:${address.port}/`))
    const store = await openStore({ url: through, now, busyTimeoutMs: 200, statementTimeoutMs: 200 })
    isSilent = true
    await rejects(sql`select 1`.execute(store.database()), { code: 'unreachable' })
    await rejects(sql`select 1`.execute(store.database()), { code: 'unreachable', message: /does not answer/ })
    isSilent = false
    deepEqual((await sql`select 1::int8 as one`.execute(store.database())).rows, [{ one: 1 }])
    await store.close()
    await direct.close()
    for (const socket of sockets) socket.destroy()
    relay.close()
  })

  test('a writer that waits longer than the busy timeout gets a typed error, reads go on, and the store resumes', async () => {
    const { name, store, insert, numbers } = await openNumbers({ busyTimeoutMs: 50 })
    await insert(1)
    const other = await open(name)
    await other
      .database()
      .transaction()
      .execute(async (trx) => {
        await sql`select 1`.execute(trx)
        await rejects(insert(2), { code: 'locked', message: /try again/ })
        deepEqual(await numbers(), [1])
      })
    await insert(3)
    deepEqual(await numbers(), [1, 3])
    await other.close()
    await store.close()
  })

  test('what was acknowledged is there after the server crashed', async () => {
    const { store, insert, numbers } = await openNumbers()
    const acknowledged: number[] = []
    const writing = rejects(
      (async () => {
        for (let n = 0; ; n++) {
          await insert(n)
          acknowledged.push(n)
        }
      })(),
      { code: 'unreachable' },
    )
    while (acknowledged.length < 50) await new Promise((resolve) => setImmediate(resolve))
    await server.stop()
    await writing
    await server.start()
    const found = await numbers()
    deepEqual(found.slice(0, acknowledged.length), acknowledged)
    ok(found.length - acknowledged.length <= 1, 'at most the one whose fate is not known')
    await store.close()
  })

  test('a whole number that JavaScript cannot hold is an error, not a rounded number', async () => {
    const store = await open(await server.createDatabase())
    await rejects(sql`select 9007199254740993::int8 as n`.execute(store.database()), { code: 'out_of_range' })
    equal(store.kind, 'postgresql')
    await store.close()
  })
})

function relayTo(
  near: Socket,
  port: number,
  cuts: (bytes: Buffer) => boolean,
  swallows: () => boolean = () => false,
): Socket {
  const far = connect(port, '127.0.0.1')
  for (const socket of [near, far]) socket.on('error', () => {})
  near.on('data', (bytes) => {
    if (!swallows()) far.write(bytes)
  })
  far.on('data', (bytes: Buffer) => {
    if (cuts(bytes)) near.destroy()
    else near.write(bytes)
  })
  near.on('close', () => far.destroy())
  far.on('close', () => near.destroy())
  return far
}

/** A certificate for localhost, and not for 127.0.0.1. */
function makeCertificate(folder: string): [string, string] {
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...newKey, '-days', '2', ...subject, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  const { uid, gid } = statSync(folder)
  for (const path of [certificate, key]) chownSync(path, uid, gid)
  return [certificate, key]
}
