import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CrashDisk } from './crash-disk.ts'
import { Journal, journalTail, readRecords } from './journal.ts'

const capacity = 64 << 10
const someEntries = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 20 })

test('what was appended is read back, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(someEntries, fc.nat({ max: 1e12 }), async (entries, first) => {
      const { journal, content } = await emptyJournal()
      await journal.append(first, entries)
      const tail = journalTail([await content()], first)
      deepEqual(tail.entries.map(hex), entries.map(hex))
      deepEqual([tail.damage, tail.unfinished, journal.end], [undefined, 0, first + entries.length])
    }),
  )
})

test('after a rewind, records of the round before are not taken for new ones', async () => {
  const { journal, content } = await emptyJournal()
  await journal.append(
    0,
    Array.from({ length: 50 }, (_, index) => Buffer.from(`old ${index}`)),
  )
  journal.rewind()
  await journal.append(50, [Buffer.from('new')])
  deepEqual(
    readRecords(await content()).map(({ index, entry }) => [index, Buffer.from(entry).toString()]),
    [[50, 'new']],
  )
  deepEqual(journalTail([await content()], 50).entries.length, 1)
})

test('two journals are put together by the numbers of their records', async () => {
  const [first, second] = [await emptyJournal(), await emptyJournal()]
  await first.journal.append(10, [Buffer.from('10'), Buffer.from('11')])
  await second.journal.append(12, [Buffer.from('12')])
  for (const journals of [
    [await first.content(), await second.content()],
    [await second.content(), await first.content()],
  ]) {
    deepEqual(
      journalTail(journals, 11).entries.map(hex),
      ['11', '12'].map((text) => hex(Buffer.from(text))),
    )
  }
})

test('a record lost before a later write is damage; one lost in the last write was not finished', async () => {
  const { journal, content } = await emptyJournal()
  await journal.append(0, [Buffer.from('a0')])
  await journal.append(1, [Buffer.from('b1'), Buffer.from('b2'), Buffer.from('b3')])
  const bytes = await content()
  const broken = (text: string) => Buffer.from(bytes.toString('latin1').replace(text, 'XX'), 'latin1')
  deepEqual(journalTail([broken('a0')], 0).damage, { index: 0, kind: 'lost' })
  const unfinished = journalTail([broken('b2')], 0)
  deepEqual([unfinished.entries.length, unfinished.damage, unfinished.unfinished], [2, undefined, 1])
  deepEqual(journalTail([broken('b3')], 0).entries.length, 3)
})

test('bytes that are no journal hold no records, and damaged bytes never become an entry', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      deepEqual(readRecords(bytes), [])
    }),
  )
  const { journal, content } = await emptyJournal()
  const entries = Array.from({ length: 5 }, (_, index) => Buffer.from(`{"entry":${index}}`))
  await journal.append(0, entries)
  const bytes = await content()
  fc.assert(
    fc.property(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ bits
      for (const { index, entry } of readRecords(changed)) equal(hex(entry), hex(entries[index] ?? Buffer.of()))
    }),
  )
})

test('an entry that looks like a record is not taken for one', async () => {
  const inner = await emptyJournal()
  await inner.journal.append(7, [Buffer.from('forged')])
  const { journal, content } = await emptyJournal()
  await journal.append(0, [(await inner.content()).subarray(0, 100)])
  deepEqual(
    readRecords(await content()).map(({ index }) => index),
    [0],
  )
})

async function emptyJournal() {
  const disk = new CrashDisk()
  await disk.makeFolder('/d')
  const file = await disk.create('/d/journal')
  await file.write(new Uint8Array(capacity), 0)
  const content = async () => Buffer.from((await disk.read('/d/journal')) ?? [])
  return { journal: new Journal(file, capacity), content }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
