// On a real disk, with real processes.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { LogError } from './error.ts'
import { appendEvents, keys, origin } from './fixtures.ts'
import { openLog } from './open.ts'
import { queryEntries, readEntries } from './read.ts'
import { verifyLog } from './verify/verify.ts'

const now = () => 1_790_000_000_000

test('a log on a disk is written, closed, opened again and verified', async (t) => {
  const dir = logFolder(t)
  for (const count of [300, 5]) {
    await using log = await openLog({ dir, origin, keys, now })
    await appendEvents(log, count)
  }
  const report = await verifyLog({ dir })
  deepEqual([report.ok, report.size, report.journaled, report.keysFrom], [true, 305, 0, 'folder'])
  equal(report.signedAt, now())
  if (process.platform !== 'win32') equal(statSync(dir).mode & 0o077, 0, 'nobody else can read it')
})

test('while a writer runs, a log verifies and can be read', async (t) => {
  const dir = logFolder(t)
  const log = await openLog({ dir, origin, keys, now, maxPending: 64 })
  let isWriting = true
  const writing = (async () => {
    for (let round = 0; round < 30; round++) await appendEvents(log, 50)
    isWriting = false
  })()
  for (let reads = 0; isWriting || reads === 0; reads++) {
    const report = await verifyLog({ dir })
    deepEqual(report.problems, [])
    let next = report.size
    for await (const { index, event } of readEntries({ dir, from: next })) {
      deepEqual([index, event?.metadata.uid], [next, `event-${next++}`])
    }
    for await (const { event } of queryEntries({ dir, filter: { principal: 'user:odd' } })) {
      ok(event)
      break
    }
  }
  await writing
  await log.close()
  equal((await verifyLog({ dir })).size, 1500)
})

test('a second process cannot write to the log; when the first is killed, it can at once', async (t) => {
  const dir = logFolder(t)
  const writer = startWriter(t, dir)
  await writer.acknowledged(1)
  await rejects(openLog({ dir, origin, keys, now }), (error) => error instanceof LogError && error.code === 'locked')
  writer.process.kill('SIGKILL')
  await once(writer.process, 'exit')
  await (await openLog({ dir, origin, keys, now })).close()
})

test('a writer killed at any moment under load loses nothing that it acknowledged', async (t) => {
  const dir = logFolder(t)
  let size = 0
  for (let round = 0; round < 5; round++) {
    const writer = startWriter(t, dir)
    await writer.acknowledged(size + 50 + 171 * round)
    writer.process.kill('SIGKILL')
    const last = await writer.lastAcknowledged()

    const log = await openLog({ dir, origin, keys, now })
    ok(log.size > last, `${log.size} entries, but ${last} was acknowledged`)
    size = log.size
    await log.close()
    deepEqual((await verifyLog({ dir })).problems, [])
  }
  let next = 0
  for await (const { index, event } of readEntries({ dir })) {
    deepEqual([index, event?.metadata.sequence], [next, next++])
  }
})

test('a folder that cannot be made or written is an error that says so', async (t) => {
  const dir = logFolder(t)
  await rejects(openLog({ dir: '/dev/null/log', origin, keys, now }), ioError)
  await rejects(verifyLog({ dir }), (error) => error instanceof LogError && error.code === 'not_found')
  ok(!existsSync(dir))
})

test('nothing but the files of a log is left in its folder', async (t) => {
  const dir = logFolder(t)
  const log = await openLog({ dir, origin, keys, now })
  await appendEvents(log, 700)
  await log.close()
  const expected = ['checkpoint', 'checkpoints', 'journal.0', 'journal.1', 'lock', 'log.pub', 'tile']
  deepEqual(readdirSync(dir).sort(), expected)
  const files = readdirSync(join(dir, 'tile'), { recursive: true, encoding: 'utf8' })
  deepEqual(
    files.filter((name) => name.endsWith('.tmp')),
    [],
  )
})

function logFolder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-log-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return join(root, 'data', 'log')
}

function ioError(error: unknown): boolean {
  return error instanceof LogError && error.code === 'io'
}

interface Writer {
  readonly process: ChildProcess
  /** Waits until the entry of this index was acknowledged. */
  acknowledged(index: number): Promise<void>
  /** After the end of the process: the largest index that it was told. */
  lastAcknowledged(): Promise<number>
}

/** A process that appends in eight lanes and prints the index of each acknowledged entry. */
function startWriter(t: TestContext, dir: string): Writer {
  const script = `
    import { writeSync } from 'node:fs'
    import { keys, numberedEvent, origin } from ${JSON.stringify(join(import.meta.dirname, 'fixtures.ts'))}
    import { openLog } from ${JSON.stringify(join(import.meta.dirname, 'open.ts'))}
    const log = await openLog({ dir: process.argv[1], origin, keys, now: () => 0, intervalMs: 20, maxPending: 64 })
    const lane = async () => {
      for (;;) writeSync(1, (await log.append(numberedEvent(0))).index + '\\n')
    }
    await Promise.all(Array.from({ length: 8 }, lane))`
  const options = ['--conditions=holdfast-source', '--input-type=module-typescript', '-e', script, dir]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let last = -1
  const lines = createInterface({ input: child.stdout }).on('line', (line) => {
    last = Math.max(last, Number(line))
  })
  const ended = once(lines, 'close')
  return {
    process: child,
    async acknowledged(index) {
      while (last < index) await once(lines, 'line')
    },
    async lastAcknowledged() {
      await ended
      return last
    },
  }
}
