// For tests: a small installation of real parts, and archives as somebody might forge them.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { type AuditLog, applicationLifecycle, openLog } from '#audit'
import { openKeyring } from '#crypto'
import { type Migration, openStore, type Store } from '#store'
import { openStream, sealStream } from './age.ts'
import { endName } from './manifest.ts'
import { encodeMember, endOfArchive, type Member, readMembers } from './tar.ts'
import type { BackupSource } from './write.ts'

export const now = () => Date.UTC(2026, 0, 1)

interface Cleanup {
  after(cleanUp: () => unknown): void
}

export interface SampleTables {
  thing: { id: string; n: number | null; real: number | null; bytes: Uint8Array | null; parent: string | null }
}

export const sampleMigrations: readonly Migration[] = [
  {
    id: 'sample/0001-things',
    up: ({ schema }) => [
      schema
        .createTable('thing')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('n', 'integer')
        .addColumn('real', 'double precision')
        .addColumn('bytes', 'blob')
        .addColumn('parent', 'text', (column) => column.references('thing.id')),
    ],
  },
  {
    id: 'sample/0002-nothing-yet',
    up: ({ schema }) => [
      schema
        .createTable('empty')
        .addColumn('a', 'text', (column) => column.notNull())
        .addColumn('b', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('empty_key', ['b', 'a']),
    ],
  },
]

export interface Sample {
  readonly folder: string
  readonly data: string
  readonly log: AuditLog
  readonly store: Store
  readonly source: BackupSource
  readonly recipient: string
  readonly identity: string
  append(count: number): Promise<void>
}

/** An installation with as many entries and rows as asked for. */
export async function sample(t: Cleanup, entries = 3, rows = 3): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-backup-'))
  const data = join(folder, 'data')
  mkdirSync(join(data, 'policies', 'deep'), { recursive: true })
  writeFileSync(join(data, 'policies', 'default.cedar'), 'permit (principal, action, resource);')
  writeFileSync(join(data, 'policies', 'deep', 'a long name with ä.cedar'), '')
  writeFileSync(join(data, 'unrelated.txt'), 'not ours')
  const keyring = openKeyring(join(data, 'keys'), { randomBytes })
  keyring.symmetric('vault')
  const log = await openLog({
    dir: join(data, 'log'),
    origin: 'sample.example/log',
    keys: keyring.signing('log'),
    now,
    journalBytes: 128 * 1024,
  })
  const store = await openStore({ path: join(data, 'holdfast.db'), now })
  await store.migrate(sampleMigrations)
  const things = Array.from({ length: rows }, (_, at) => ({
    id: `thing ${at}`,
    n: at,
    real: at / 8,
    bytes: new Uint8Array([at & 0xff, 0, 255]),
    // To one that comes later: no order of the rows is one in which each finds what it refers to.
    parent: `thing ${(at + 1) % rows}`,
  }))
  const database = store.database<SampleTables>()
  for (let at = 0; at < things.length; at += 500) {
    const page = things.slice(at, at + 500)
    await database
      .insertInto('thing')
      .values(page.map((thing) => ({ ...thing, parent: null })))
      .execute()
  }
  for (const { id, parent } of things.slice(0, 50)) {
    await database.updateTable('thing').set({ parent }).where('id', '=', id).execute()
  }
  const append = async (count: number) => {
    await Promise.all(
      Array.from({ length: count }, (_, at) =>
        log.append(
          applicationLifecycle({
            time: now(),
            uid: `ev_${at}`,
            activity: 'start',
            app: { name: 'x' },
            status: 'success',
          }),
        ),
      ),
    )
  }
  await append(entries)
  const identity = await generateIdentity()
  t.after(async () => {
    await log.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const checkpoint = () => log.checkpoint()
  const source = { data, store, checkpoint, id: 'bak_sample', version: '0.0.0', now: now() }
  return { folder, data, log, store, source, append, identity, recipient: await identityToRecipient(identity) }
}

export async function membersOf(file: AsyncIterable<Uint8Array>, identity: string): Promise<Member[]> {
  const opened = await openStream(file, { identities: [{ reveal: () => identity }] })
  return collect(readMembers(opened))
}

/** A backup of these members with an end that fits them, sealed for `recipient`: as somebody who knows the format would. */
export async function forge(members: readonly Member[], recipient: string): Promise<Buffer> {
  const hash = createHash('sha256')
  const parts: Uint8Array[] = []
  const body = members.filter(({ name }) => name !== endName)
  for (const bytes of body.flatMap(encodeMember)) {
    hash.update(bytes)
    parts.push(bytes)
  }
  const end = members.find(({ name }) => name === endName)
  if (end !== undefined) {
    const claims: object = JSON.parse(Buffer.from(end.data).toString())
    const data = Buffer.from(JSON.stringify({ ...claims, members: body.length, sha256: hash.digest('hex') }))
    parts.push(...encodeMember({ name: endName, data }))
  }
  return seal([...parts, endOfArchive], recipient)
}

export async function seal(parts: Iterable<Uint8Array>, recipient: string): Promise<Buffer> {
  const source = (async function* () {
    yield* parts
  })()
  const { sealed } = await sealStream(source, { recipients: [recipient] })
  return Buffer.concat(await collect(sealed))
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of source) all.push(item)
  return all
}
