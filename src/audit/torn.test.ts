// The end of the journal, torn at every byte, as a crash or a failing disk leaves it.
import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CrashDisk } from './crash-disk.ts'
import { dir, numberedEvent, openTestLog } from './fixtures.ts'
import { recordBytes } from './journal.ts'
import { readEntries } from './read.ts'
import { verifyLog } from './verify/verify.ts'

test('a last record that is torn at any byte was not finished: it is dropped, and the log goes on', async () => {
  const { journal, ends, disk } = await crashed(3)
  const [, start = 0, end = 0] = ends
  for (let at = start; at < end; at++) {
    const files = disk(torn(journal, at, end))
    await using log = await openTestLog(files)
    equal(log.size, 2, `torn at byte ${at - start}`)
    equal((await log.append(numberedEvent(2))).index, 2)
  }
})

test('a record that was acknowledged and is torn at any byte stops the start, with the remedy', async () => {
  const { journal, ends, disk } = await crashed(3)
  const [start = 0, end = 0] = ends
  for (let at = start; at < end; at++) {
    const files = disk(torn(journal, at, end))
    await rejects(openTestLog(files), (error: Error & { code: string }) => {
      equal(error.code, 'damaged', `torn at byte ${at - start}`)
      match(
        error.message,
        /^entry 1 was durable in the journal .* and is lost there: keep a copy of what is left, and /,
      )
      return true
    })
    // Readers do not stop: they show what is there.
    deepEqual(await uidsOf(files), ['event-0'])
  }
})

test('with the remedy, a log with a torn journal goes on, and what is left verifies', async () => {
  const { journal, ends, disk } = await crashed(3)
  const [start = 0, end = 0] = ends
  const files = disk(torn(journal, start + 40, end))
  await rejects(openTestLog(files), { code: 'damaged' })
  for (const name of ['journal.0', 'journal.1']) files.tamper(join(dir, name), Buffer.of())
  const log = await openTestLog(files)
  await log.append(numberedEvent(7))
  await log.close()
  deepEqual((await verifyLog({ dir, files })).problems, [])
  deepEqual(await uidsOf(files), ['event-7'])
})

/** So many single appends that are only in the journal; `ends[n]` is where record n ends. */
async function crashed(count: number) {
  const writing = new CrashDisk()
  const log = await openTestLog(writing)
  for (let number = 0; number < count; number++) await log.append(numberedEvent(number))
  const found = writing.afterCrash()
  await log.close()
  const journal = Buffer.from((await found.read(join(dir, 'journal.0'))) ?? [])
  const lengths: number[] = []
  for await (const { bytes } of readEntries({ dir, files: found })) lengths.push(recordBytes(bytes.length))
  const ends = lengths.map((_, at) => lengths.slice(0, at + 1).reduce((sum, length) => sum + length, 0))
  return {
    journal,
    ends,
    /** The same disk, with another journal. */
    disk(content: Uint8Array) {
      const files = found.afterCrash()
      files.tamper(join(dir, 'journal.0'), content)
      return files
    },
  }
}

/** From `at` on, nothing of the record has reached the disk. */
function torn(journal: Buffer, at: number, end: number): Buffer {
  const copy = Buffer.from(journal)
  // Not zero throughout: a torn byte differs from the one that was meant.
  for (let byte = at; byte < end; byte++) copy[byte] = (copy[byte] ?? 0) === 0 ? 1 : 0
  return copy
}

async function uidsOf(files: CrashDisk): Promise<unknown[]> {
  const uids: unknown[] = []
  for await (const { event } of readEntries({ dir, files })) uids.push(event?.metadata.uid)
  return uids
}
