import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readEntry, searchEntries, seekTime } from './find.ts'
import { appendEvents, dir, numberedEvent, openTestLog, writtenLog } from './fixtures.ts'
import { readEntries } from './read.ts'

const start = numberedEvent(0).time

test('a text is found in every entry that has it, the newest first', async () => {
  const files = await writtenLog(600, [250, 600])
  assert.deepEqual(
    await indexes(searchEntries({ dir, files, text: '"event-59' })),
    [599, 598, 597, 596, 595, 594, 593, 592, 591, 590, 59],
  )
  assert.deepEqual(await indexes(searchEntries({ dir, files, text: 'event-600' })), [])
})

test('a text is found in what no checkpoint is over yet', async () => {
  const files = await writtenLog(0)
  const log = await openTestLog(files)
  await appendEvents(log, 3)
  assert.deepEqual(await indexes(searchEntries({ dir, files, text: 'event-' })), [2, 1, 0])
  assert.equal((await readEntry({ dir, files }, 2))?.event?.metadata.uid, 'event-2')
  await log.close()
})

test('a search ends where everything is older', async () => {
  const files = await writtenLog(1000, [1000])
  const found = await indexes(searchEntries({ dir, files, text: 'event-', since: start + 900 }))
  assert.equal(found.at(-1), 512, 'the first bundle that holds nothing newer is the last that is read')
})

test('one entry is read by its index', async () => {
  const files = await writtenLog(300, [300])
  for (const index of [0, 255, 256, 299])
    assert.equal((await readEntry({ dir, files }, index))?.event?.metadata.uid, `event-${index}`)
  for (const index of [300, -1, 0.5, Number.NaN]) assert.equal(await readEntry({ dir, files }, index), undefined)
})

test('reading from where a time is looked up misses nothing since then, and at most 512 entries are too many', async () => {
  const count = 1500
  const files = await writtenLog(count, [count])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -5, max: count + 5 }), async (offset) => {
      const from = await seekTime({ dir, files }, start + offset)
      const wanted = Math.max(0, Math.min(offset, count))
      assert.ok(from <= wanted, `${from} is not behind ${wanted}`)
      assert.ok(wanted - from <= 512, `${from} is not far before ${wanted}`)
      for await (const { index } of readEntries({ dir, files, from, to: from + 1 })) assert.equal(index, from)
    }),
    { numRuns: 40 },
  )
})

async function indexes(entries: AsyncIterable<{ readonly index: number }>): Promise<number[]> {
  const found: number[] = []
  for await (const { index } of entries) found.push(index)
  return found
}
