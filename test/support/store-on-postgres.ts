// Stands in for `#store` when a room's own tests run on PostgreSQL: what they open as a file is a database there.
import { createHash, randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { openStore as openAny, type Store, type StoreOptions } from '../../src/store/index.ts'

export * from '../../src/store/index.ts'

const server = process.env.HOLDFAST_TEST_POSTGRES ?? ''

export async function openStore(options: StoreOptions): Promise<Store> {
  if (!('path' in options)) return openAny(options)
  const { path, ...others } = options
  // Two that open one file open one database; what is in memory is its own each time.
  const name = path === ':memory:' ? randomUUID() : path
  const database = `room_${createHash('sha256').update(name).digest('hex').slice(0, 24)}`
  await createDatabase(database)
  const url = new URL(server)
  url.pathname = `/${database}`
  return openAny({ ...others, url: { reveal: () => url.href } })
}

async function createDatabase(name: string): Promise<void> {
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === '42P04'
    if (!isThere) throw error
  } finally {
    await client.end()
  }
}
