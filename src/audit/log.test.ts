import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CrashDisk } from './crash-disk.ts'
import { LogError } from './error.ts'
import { appendEvents, dir, keys, numberedEvent, openTestLog, signingKeys, writtenLog } from './fixtures.ts'
import { readEntries } from './read.ts'
import { parseCheckpointNote } from './tlog/checkpoint.ts'
import { verifyLog } from './verify/verify.ts'

test('entries are numbered in the order of the calls, and say their own number', async () => {
  const files = new CrashDisk()
  const log = await openTestLog(files)
  const places = await Promise.all(Array.from({ length: 600 }, (_, number) => log.append(numberedEvent(number))))
  deepEqual(
    places.map(({ index }) => index),
    Array.from({ length: 600 }, (_, index) => index),
  )
  await log.close()
  let number = 0
  for await (const { index, event } of readEntries({ dir, files })) {
    equal(index, number)
    equal(event?.metadata.uid, `event-${number}`)
    equal(event?.metadata.sequence, number++)
  }
  equal(number, 600)
})

test('calls that arrive during a write share the next one', async () => {
  const syncs: string[] = []
  const note = (operation: string, path: string) => {
    if (operation === 'datasync' && path.includes('journal')) syncs.push(path)
    return undefined
  }
  const log = await openTestLog(new CrashDisk({ fault: note }))
  const before = syncs.length
  await Promise.all(Array.from({ length: 100 }, (_, number) => log.append(numberedEvent(number))))
  ok(syncs.length - before <= 2, `${syncs.length - before} syncs for 100 entries`)
  await log.close()
})

test('a log without entries has a signed checkpoint and verifies', async () => {
  const files = await writtenLog(0)
  const report = await verifyLog({ dir, files })
  deepEqual([report.ok, report.size, report.journaled], [true, 0, 0])
  equal(report.root, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('a checkpoint is signed after so many entries, without anybody asking', async () => {
  const files = new CrashDisk()
  const log = await openTestLog(files, { maxPending: 4 })
  await appendEvents(log, 4)
  // Shares the run that the fourth entry began, or finds it done.
  await log.checkpoint()
  equal(await checkpointSize(files), 4)
  await log.close()
})

test('a checkpoint is signed when the interval is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const files = new CrashDisk()
  const log = await openTestLog(files, { intervalMs: 1000 })
  await log.append(numberedEvent(0))
  t.mock.timers.tick(999)
  equal(await checkpointSize(files), 0)
  t.mock.timers.tick(1)
  await log.checkpoint()
  equal(await checkpointSize(files), 1)
  await log.close()
})

test('a closed log is opened again where it ended, and its tree only grows', async () => {
  const files = await writtenLog(300)
  const first = await text(files, 'checkpoint')
  const log = await openTestLog(files)
  equal(log.size, 300)
  deepEqual(await log.append(numberedEvent(300)), { index: 300 })
  await log.close()
  const report = await verifyLog({ dir, files, since: first })
  deepEqual([report.ok, report.size, report.sinceSize], [true, 301, 300])
})

test('more than a journal holds goes through, under load and one by one', async () => {
  const files = new CrashDisk()
  const log = await openTestLog(files)
  await Promise.all(Array.from({ length: 40 }, (_, number) => log.append(numberedEvent(number, 20_000))))
  for (let number = 40; number < 60; number++) await log.append(numberedEvent(number, 20_000))
  await log.close()
  deepEqual((await verifyLog({ dir, files })).problems, [])
  equal(await checkpointSize(files), 60)
})

test('an event that fits no entry is refused, and those around it are not', async () => {
  const files = new CrashDisk()
  const log = await openTestLog(files)
  const largest = 65_535 - Buffer.byteLength(JSON.stringify(numberedEvent(0))) - ',"sequence":0'.length
  const outcomes = await Promise.allSettled([
    log.append(numberedEvent(0)),
    log.append(numberedEvent(1, 10_000_000)),
    log.append(numberedEvent(2, largest)),
    log.append(numberedEvent(8, largest + 1)),
    log.append({ ...numberedEvent(4), time: 1n as unknown as number }),
    log.append(numberedEvent(5)),
  ])
  deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.index : outcome.reason.code)),
    [0, 'too_large', 1, 'too_large', 'argument', 2],
  )
  await log.close()
  deepEqual((await verifyLog({ dir, files })).problems, [])
})

test('only one writer has a log open', async () => {
  const files = new CrashDisk()
  const log = await openTestLog(files)
  await rejects(openTestLog(files), failsWith('locked'))
  await log.close()
  await (await openTestLog(files)).close()
})

test('after closing, nothing is appended; closing twice is closing once', async () => {
  const log = await openTestLog(new CrashDisk())
  const last = log.append(numberedEvent(0))
  await Promise.all([log.close(), log.close()])
  deepEqual(await last, { index: 0 })
  await rejects(log.append(numberedEvent(1)), failsWith('closed'))
  await rejects(log.checkpoint(), failsWith('closed'))
})

for (const code of ['EIO', 'ENOSPC']) {
  test(`when the journal answers ${code}, nobody is told that an entry is durable, and the log goes on when it is over`, async () => {
    const disk = breakableDisk()
    const log = await openTestLog(disk.files)
    await appendEvents(log, 3)
    for (const operation of ['write', 'datasync']) {
      disk.breakOn((name, path) => name === operation && path.includes('journal'), code)
      const outcomes = await Promise.allSettled([log.append(numberedEvent(97)), log.append(numberedEvent(98))])
      for (const outcome of outcomes) ok(outcome.status === 'rejected' && failsWith('io')(outcome.reason))
      await rejects(log.append(numberedEvent(99)), failsWith('io'))
      disk.repair()
      const { index } = await log.append(numberedEvent(log.size))
      equal(index, log.size - 1)
    }
    await log.close()
    await holdsExactly(disk.files, 5)
  })

  test(`when the tree cannot be written because of ${code}, entries stay durable until it can`, async () => {
    const disk = breakableDisk()
    const log = await openTestLog(disk.files)
    disk.breakOn((_, path) => path.includes('/tile') || path.includes('checkpoint'), code)
    await appendEvents(log, 10)
    await rejects(log.checkpoint(), failsWith('io'))
    match(`${log.trouble?.message}`, new RegExp(code))
    // Until both journals are full: then an entry would have no place to be durable in.
    const flood = await Promise.allSettled(
      Array.from({ length: 30 }, (_, at) => log.append(numberedEvent(10 + at, 10_000))),
    )
    const accepted = flood.filter((outcome) => outcome.status === 'fulfilled').length
    ok(accepted > 10 && accepted < 30, `${accepted} of 30`)
    disk.repair()
    await log.checkpoint()
    equal(log.trouble, undefined)
    await log.append(numberedEvent(10 + accepted))
    await log.close()
    await holdsExactly(disk.files, 11 + accepted)
  })
}

test('a tree write that fails at any operation loses nothing and is repeated', async () => {
  for (let failing = 0; ; failing++) {
    const disk = breakableDisk()
    const log = await openTestLog(disk.files)
    await appendEvents(log, 250)
    await log.checkpoint()
    await appendEvents(log, 10)
    let operation = 0
    disk.breakOn((name) => name !== 'read' && operation++ === failing, 'EIO')
    const isFailed = await log.checkpoint().then(
      () => false,
      () => true,
    )
    await log.close()
    await holdsExactly(disk.files, 260)
    if (!isFailed && operation <= failing) return
  }
})

test('a log is not opened with other keys or under another name', async () => {
  const files = await writtenLog(3)
  await rejects(openTestLog(files, { keys: signingKeys(2) }), failsWith('signature'))
  await rejects(openTestLog(files, { origin: 'other.test/log' }), failsWith('signature'))
  await rejects(openTestLog(files, { origin: 'no spaces please' }), failsWith('argument'))
  await (await openTestLog(files, { keys })).close()
})

test('a log whose right edge is damaged is not written to', async () => {
  const damages: [string, (content: Buffer) => Uint8Array | undefined, string][] = [
    ['tile/0/000.p/5', (tile) => flipped(tile, 40), 'damaged'],
    ['tile/0/000.p/5', () => undefined, 'damaged'],
    ['tile/0/000.p/5', (tile) => tile.subarray(0, 150), 'damaged'],
    ['tile/entries/000.p/5', (bundle) => flipped(bundle, 200), 'damaged'],
    ['tile/entries/000.p/5', (bundle) => bundle.subarray(0, 300), 'damaged'],
    ['tile/entries/000.p/5', () => undefined, 'damaged'],
    ['checkpoint', () => undefined, 'damaged'],
    ['checkpoint', (note) => flipped(note, 30), 'signature'],
    ['checkpoint', () => Buffer.from(''), 'signature'],
    ['log.pub', (text) => flipped(text, 60), 'signature'],
  ]
  for (const [path, damage, code] of damages) {
    const files = await writtenLog(5)
    files.tamper(join(dir, path), damage(Buffer.from((await files.read(join(dir, path))) ?? [])))
    await rejects(openTestLog(files), failsWith(code), path)
  }
})

test('a checkpoint that was put back to an older one is noticed when the log is opened', async () => {
  const files = await writtenLog(5)
  const older = await files.read(join(dir, 'checkpoint'))
  const log = await openTestLog(files)
  await appendEvents(log, 5)
  await log.close()
  files.tamper(join(dir, 'checkpoint'), older)
  await rejects(openTestLog(files), (error: unknown) => failsWith('damaged')(error) && /put back/.test(`${error}`))
})

test('a damaged record in the middle of the journal is reported when the log is opened, not dropped', async () => {
  const files = await crashedLog(3)
  const journal = Buffer.from((await files.read(join(dir, 'journal.0'))) ?? [])
  files.tamper(join(dir, 'journal.0'), flipped(journal, journal.indexOf('event-1')))
  await rejects(openTestLog(files), (error: unknown) => failsWith('damaged')(error) && /entry 1 /.test(`${error}`))
})

test('a journal that is missing is reported, and an empty file in its place is the decision to go on', async () => {
  const files = await writtenLog(5)
  files.tamper(join(dir, 'journal.1'), undefined)
  await rejects(openTestLog(files), (error: unknown) => failsWith('damaged')(error) && /journal\.1/.test(`${error}`))
  match(`${(await verifyLog({ dir, files })).problems[0]?.message}`, /journal\.1 is missing/)
  files.tamper(join(dir, 'journal.1'), Buffer.of())
  const log = await openTestLog(files)
  equal(log.size, 5)
  await log.close()
})

test('an unfinished record at the end of the journal is dropped: nobody was promised it', async () => {
  const files = await crashedLog(3)
  const journal = Buffer.from((await files.read(join(dir, 'journal.0'))) ?? [])
  files.tamper(join(dir, 'journal.0'), flipped(journal, journal.indexOf('event-2')))
  const log = await openTestLog(files)
  equal(log.size, 2)
  await log.close()
})

test('the partial tiles of the last two checkpoints stay, older ones are removed', async () => {
  const files = await writtenLog(700, [10, 20, 30, 257, 258, 259, 600])
  const partials = files.paths().filter((path) => path.includes('.p/'))
  const relative = partials.map((path) => path.slice(dir.length + 1)).sort()
  deepEqual(relative, [
    'tile/0/002.p/188',
    'tile/0/002.p/88',
    'tile/1/000.p/2',
    'tile/entries/002.p/188',
    'tile/entries/002.p/88',
  ])
})

/** Three single appends that are only in the journal. */
async function crashedLog(count: number): Promise<CrashDisk> {
  const files = new CrashDisk()
  const log = await openTestLog(files)
  for (let number = 0; number < count; number++) await log.append(numberedEvent(number))
  const found = files.afterCrash()
  await log.close()
  return found
}

function breakableDisk() {
  let isBroken = (_operation: string, _path: string) => false
  let code = ''
  const fault = (operation: string, path: string) =>
    isBroken(operation, path) ? Object.assign(new Error(`${code}: ${operation} ${path}`), { code }) : undefined
  return {
    files: new CrashDisk({ fault }),
    breakOn(when: typeof isBroken, withCode: string) {
      isBroken = when
      code = withCode
    },
    repair() {
      isBroken = () => false
    },
  }
}

async function holdsExactly(files: CrashDisk, count: number): Promise<void> {
  const uids: (string | undefined)[] = []
  for await (const { event } of readEntries({ dir, files })) uids.push(event?.metadata.uid)
  deepEqual(
    uids,
    Array.from({ length: count }, (_, number) => `event-${number}`),
  )
  deepEqual((await verifyLog({ dir, files })).problems, [])
}

async function checkpointSize(files: CrashDisk): Promise<number> {
  return parseCheckpointNote(await text(files, 'checkpoint')).size
}

async function text(files: CrashDisk, name: string): Promise<string> {
  return Buffer.from((await files.read(join(dir, name))) ?? []).toString()
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

function failsWith(code: string) {
  return (error: unknown) => error instanceof LogError && error.code === code
}
