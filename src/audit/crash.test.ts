// Power is cut before every single operation, and everything unsynced is thrown away: nothing that was acknowledged
// may be missing, and the log must verify and go on.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from './crash-disk.ts'
import { dir, numberedEvent, openTestLog } from './fixtures.ts'
import { queryEntries, readEntries } from './read.ts'
import { verifyLog } from './verify/verify.ts'

test('whenever power is cut, every acknowledged event is in the log, and the log verifies and goes on', async () => {
  const steps = await workload(new CrashDisk(), new Map())
  for (let crashAt = 0; crashAt <= steps; crashAt++) await crashAndRecover(crashAt, () => false)
})

test('the same holds when any part of what was not synced reached the disk all the same', async () => {
  const steps = await workload(new CrashDisk(), new Map())
  const random = mulberry32(7)
  for (let crashAt = 0; crashAt <= steps; crashAt++) {
    await crashAndRecover(crashAt, () => random() < 0.5)
    await crashAndRecover(crashAt, () => true)
  }
})

test('with group durability, power that goes out takes no more than what was appended since the last sync', async () => {
  const steps = await groupWorkload(new CrashDisk(), [])
  for (let crashAt = 0; crashAt <= steps; crashAt++) {
    for (const keep of [() => false, () => true]) {
      const synced: (readonly [number, string])[] = []
      const disk = new CrashDisk({ crashAt })
      await groupWorkload(disk, synced)
      const found = disk.afterCrash(keep)
      const log = await openTestLog(found, { syncEveryMs: 1 })
      const stored = await storedUids(found)
      for (const [index, uid] of synced) equal(stored[index], uid, `power cut before operation ${crashAt}`)
      equal((await log.append(numberedEvent(1000))).index, stored.length)
      await log.close()
      deepEqual((await verifyLog({ dir, files: found })).problems, [], `power cut before operation ${crashAt}`)
    }
  }
})

test('with group durability, the end of the process takes nothing that was acknowledged', async () => {
  const disk = new CrashDisk()
  const log = await openTestLog(disk, { syncEveryMs: 1000 })
  for (let number = 0; number < 20; number++) await log.append(numberedEvent(number))
  // What the system has taken over is on the disk that is found.
  const found = disk.afterCrash(() => true)
  await (await openTestLog(found)).close()
  equal((await storedUids(found)).length, 20)
  await log.close()
})

test('with group durability, a sync that fails puts what was acknowledged into the tree', async () => {
  let isBroken = false
  const fault = (operation: string, path: string) =>
    isBroken && operation === 'datasync' && path.includes('journal') ? new Error('EIO') : undefined
  const disk = new CrashDisk({ fault })
  const log = await openTestLog(disk, { syncEveryMs: 1 })
  await log.append(numberedEvent(0))
  isBroken = true
  await log.append(numberedEvent(1))
  while (log.trouble === undefined && (await storedUids(disk)).length < 2) await new Promise(setImmediate)
  isBroken = false
  await log.append(numberedEvent(2))
  await log.close()
  deepEqual(await storedUids(disk), ['event-0', 'event-1', 'event-2'])
})

/** Appends, and notes as synced what was appended before a checkpoint or a close that succeeded. */
async function groupWorkload(disk: CrashDisk, synced: (readonly [number, string])[]): Promise<number> {
  let number = 0
  try {
    for (const rounds of [4, 1]) {
      const log = await openTestLog(disk, { syncEveryMs: 1 })
      const waiting: (readonly [number, string])[] = []
      const append = async (padding: number) => {
        const event = numberedEvent(number++, padding)
        const { index } = await log.append(event)
        waiting.push([index, event.metadata.uid])
      }
      try {
        for (let round = 0; round < rounds; round++) {
          await Promise.all(Array.from({ length: 6 }, () => append(round === 0 ? 10 : 13_000)))
          if (round % 2 === 1) {
            await log.checkpoint()
            synced.push(...waiting.splice(0))
          }
        }
      } finally {
        await log.close()
        synced.push(...waiting)
      }
    }
  } catch (error) {
    ok(error instanceof Error && /power is out/.test(error.message), `${error}`)
  }
  return disk.operations
}

/** Runs until the power goes, looks at what is found afterwards, and goes on writing. */
async function crashAndRecover(crashAt: number, keep: () => boolean): Promise<void> {
  const acknowledged = new Map<number, string>()
  const disk = new CrashDisk({ crashAt })
  await workload(disk, acknowledged)
  const found = disk.afterCrash(keep)

  const log = await openTestLog(found)
  const stored = await storedUids(found)
  for (const [index, uid] of acknowledged) equal(stored[index], uid, `power cut before operation ${crashAt}`)
  const { index } = await log.append(numberedEvent(1000))
  equal(index, stored.length)
  await log.close()
  deepEqual((await verifyLog({ dir, files: found })).problems, [], `power cut before operation ${crashAt}`)
}

/**
 * Opens, appends alone and together, signs, begins a journal again, fills both so that they have to be emptied, closes,
 * and opens again. Stops at the first error.
 */
async function workload(disk: CrashDisk, acknowledged: Map<number, string>): Promise<number> {
  let number = 0
  try {
    for (const rounds of [5, 1]) {
      const log = await openTestLog(disk)
      const append = async (padding = 0) => {
        const event = numberedEvent(number++, padding)
        const { index } = await log.append(event)
        acknowledged.set(index, event.metadata.uid)
      }
      try {
        for (let round = 0; round < rounds; round++) {
          await append()
          const results = await Promise.allSettled(Array.from({ length: 8 }, () => append(round === 0 ? 10 : 13_000)))
          const failed = results.find((result) => result.status === 'rejected')
          if (failed) throw failed.reason
          if (round === 1) await log.checkpoint()
        }
      } finally {
        await log.close()
      }
    }
  } catch (error) {
    ok(error instanceof Error && /power is out/.test(error.message), `${error}`)
  }
  return disk.operations
}

async function storedUids(files: CrashDisk): Promise<(string | undefined)[]> {
  const uids: (string | undefined)[] = []
  for await (const entry of readEntries({ dir, files })) uids.push(entry.event?.metadata.uid)
  let newestFirst = uids.length
  for await (const entry of queryEntries({ dir, files, filter: {} })) equal(entry.index, --newestFirst)
  return uids
}

/** A small random generator with a seed, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
