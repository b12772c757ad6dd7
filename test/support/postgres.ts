// A real PostgreSQL server for one test file: on a free port of loopback, in a temporary folder, gone afterwards.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'

export interface PostgresServer {
  readonly port: number
  readonly folder: string
  /** A new, empty database; with a password that must never be seen. */
  createDatabase(): Promise<string>
  /** The URL of a database; `parameters` such as `?sslmode=verify-full`. */
  urlOf(database: string, parameters?: string): string
  /** Runs SQL as the superuser. */
  query(database: string, sql: string): Promise<Record<string, unknown>[]>
  /** Stops it (SIGQUIT: at once, as a crash does) and starts it again with the same data. */
  stop(): Promise<void>
  start(settings?: readonly string[]): Promise<void>
  /** Ends it and removes what it wrote. */
  remove(): Promise<void>
}

export const password = 'Pa55word-that/must:not@be%seen'

/** Why there is none: for a loud skip; false when there is one. */
export function postgresMissing(): string | false {
  return binaries() === undefined
    ? 'SKIPPED: PostgreSQL is not installed; on Debian, apt-get install postgresql runs these tests too'
    : false
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries()
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-pg-'))
  const user = serverUser()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o644 })
  // A locale that sorts otherwise than by code point, so that an order that comes from the server shows itself.
  const locale = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US']
  const initialised = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'holdfast', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '-N', ...locale],
    { ...user, cwd: folder, encoding: 'utf8' },
  )
  if (initialised.status !== 0) throw new Error(`initdb failed: ${initialised.stderr}`)
  const port = await freePort()
  let server: ChildProcess | undefined
  let databases = 0

  const urlOf = (database: string, parameters = '') =>
    `postgres://holdfast:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}${parameters}`
  const query = async (database: string, sql: string) => {
    const client = new Client({ connectionString: urlOf(database) })
    await client.connect()
    try {
      const { rows } = await client.query(sql)
      return rows
    } finally {
      await client.end()
    }
  }
  const stop = async () => {
    if (server === undefined || server.exitCode !== null) return
    server.kill('SIGQUIT')
    await once(server, 'exit')
    server = undefined
  }
  const start = async (settings: readonly string[] = []) => {
    const all = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, ...settings]
    const args = ['-D', data, ...all.flatMap((setting) => ['-c', setting])]
    server = spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    if (server.stderr === null) throw new Error('the server has no stderr')
    let said = ''
    for await (const line of createInterface(server.stderr)) {
      said += `${line}\n`
      if (line.includes('ready to accept connections')) {
        server.stderr.resume()
        return
      }
    }
    throw new Error(`PostgreSQL did not start:\n${said}`)
  }
  await start()
  return {
    port,
    folder,
    urlOf,
    query,
    stop,
    start,
    async createDatabase() {
      const name = `test_${databases++}`
      await query('postgres', `create database ${name}`)
      return name
    },
    async remove() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function binaries(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return folders.find((path) => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')))
}

/** The server refuses to run as root: then it runs as Debian's user for it, or as nobody. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string, name: string) =>
    Number(execFileSync('id', [option, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) }
    } catch {
      // The next one.
    }
  }
  throw new Error('there is no user to run PostgreSQL as')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
