// What a commit is worth: real processes that are killed, and the system calls that they make.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { openStore } from '../store.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-durability-'))
after(() => rmSync(folder, { recursive: true }))

interface Tables {
  entry: { n: number }
}

/** Commits one row after the other and acknowledges each on stdout, as a server would to its client. */
const writer = `
  import { writeSync } from 'node:fs'
  const [storeModule, path, count] = process.argv.slice(1)
  const { openStore } = await import(storeModule)
  const store = await openStore({ path, now: () => 0 })
  const database = store.database()
  await database.schema.createTable('entry').addColumn('n', 'integer').execute()
  for (let n = 0; n < Number(count); n++) {
    await database.insertInto('entry').values({ n }).execute()
    writeSync(1, 'committed ' + n + '\\n')
  }
  await store.close()
`
const writerArguments = (path: string, count: number) => [
  '--disable-warning=ExperimentalWarning',
  '--input-type=module',
  '--eval',
  writer,
  new URL('../store.ts', import.meta.url).href,
  path,
  String(count),
]

test('what was acknowledged is there after the process was killed', async () => {
  const path = join(folder, 'killed.db')
  const child = spawn(process.execPath, writerArguments(path, 1_000_000), { stdio: ['ignore', 'pipe', 'inherit'] })
  let acknowledged = -1
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line.slice('committed '.length))
    if (acknowledged === 50) child.kill('SIGKILL') // and read on: what it had told before it died counts too
  }
  assert.ok(acknowledged >= 50)
  await using store = await openStore({ path, now: () => 0 })
  const rows = await store.database<Tables>().selectFrom('entry').select('n').orderBy('n').execute()
  assert.ok(rows.length > acknowledged, `${rows.length} rows, though ${acknowledged + 1} were acknowledged`)
  assert.deepEqual(
    rows.map(({ n }) => n),
    rows.map((_, index) => index),
  )
})

test('between a commit and its acknowledgement the disk is synced', (t) => {
  const trace = join(folder, 'trace.txt')
  const count = 20
  const strace = ['-f', '-e', 'trace=write,fsync,fdatasync', '-e', 'signal=none', '-o', trace, process.execPath]
  const { error, status } = spawnSync('strace', [...strace, ...writerArguments(join(folder, 'traced.db'), count)])
  if (error !== undefined || status !== 0) {
    return t.skip('SKIPPED: strace cannot run here; install it and allow ptrace to prove that commits are synced')
  }
  let synced = 0
  const syncsBefore: number[] = []
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    // A call during which another thread ran is split in two; the second line has its result.
    if (/\b(fsync|fdatasync)(\(| resumed).*= 0$/.test(line)) synced++
    if (/write\(1, "committed /.test(line)) {
      syncsBefore.push(synced)
      synced = 0
    }
  }
  assert.equal(syncsBefore.length, count)
  assert.ok(
    syncsBefore.every((syncs) => syncs >= 1),
    `syncs before each acknowledgement: ${syncsBefore}`,
  )
})
