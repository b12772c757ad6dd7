import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CrashDisk } from '../crash-disk.ts'
import { LogError } from '../error.ts'
import { dir, keys, numberedEvent, origin, signingKeys, writtenLog } from '../fixtures.ts'
import { Journal } from '../journal.ts'
import { proveEntry, verifyProof } from '../prove.ts'
import { parseCheckpointNote, signCheckpoint, verifierKeys } from '../tlog/checkpoint.ts'
import { decodeBundle, encodeBundle, tileWidth } from '../tlog/tiles.ts'
import { emptyEdge, grow, rootOf } from '../tree.ts'
import type { LogProblem } from './problem.ts'
import { verifyLog } from './verify.ts'

const { ed25519, mldsa44 } = verifierKeys(origin, keys)

// What an intruder may do to a list of entries, and what must be named.
type Edit = (entries: Uint8Array[]) => Uint8Array[]
const forged = entryBytes(9999)
const edits: Record<string, { edit: (at: number) => Edit; names: (at: number) => Named[] }> = {
  changed: {
    edit: (at) => (entries) => entries.with(at, changed(entries[at])),
    names: (at) => [['changed', at]],
  },
  deleted: {
    edit: (at) => (entries) => entries.toSpliced(at, 1),
    names: (at) => [['deleted', at]],
  },
  'three deleted': {
    edit: (at) => (entries) => entries.toSpliced(at, 3),
    names: (at) => [['deleted', at]],
  },
  inserted: {
    edit: (at) => (entries) => entries.toSpliced(at, 0, forged),
    names: (at) => [['inserted', at]],
  },
  reordered: {
    edit: (at) => (entries) => entries.toSpliced(at, 1).toSpliced(at + 2, 0, ...entries.slice(at, at + 1)),
    names: (at) => [['reordered', at]],
  },
  exchanged: {
    edit: (at) => (entries) => entries.with(at, entries[at + 2] ?? forged).with(at + 2, entries[at] ?? forged),
    names: (at) => [
      ['reordered', at],
      ['reordered', at + 2],
    ],
  },
}
type Named = [string, number | undefined]

for (const [name, { edit, names }] of Object.entries(edits)) {
  test(`entries ${name} in their bundle are found and named`, async () => {
    for (const at of [0, 7, 250, 260, 330]) {
      const files = await writtenLog(340, [100, 200, 300])
      await editBundle(files, at, edit(at % tileWidth))
      const report = await verifyLog({ dir, files })
      equal(report.ok, false)
      deepEqual(named(report.problems), names(at), `at ${at}`)
    }
  })

  test(`entries ${name} in the bundles, with all tiles made anew, are found and named`, async () => {
    for (const at of [0, 7, 250, 260, 330]) {
      const files = await writtenLog(340, [100, 200, 300])
      await rebuildTree(files, edit(at))
      const report = await verifyLog({ dir, files })
      equal(report.ok, false)
      if (name === 'changed') {
        // The tree fits itself again: only the signed roots tell, so the entry is known up to two checkpoints.
        const [problem] = report.problems
        deepEqual([report.problems.length, problem?.kind], [1, 'changed'])
        const [index = 0, end = 0] = [problem?.index, problem?.end]
        ok(index <= at && at < end && end - index <= 100, `${index} to ${end} for ${at}`)
      } else {
        const entries = report.problems.filter(({ kind }) => kind !== 'tile')
        deepEqual(named(entries), names(at), `at ${at}`)
      }
    }
  })
}

test('an entry moved to another bundle is named', async () => {
  const files = await writtenLog(600)
  const [first, second] = await Promise.all([bundle(files, 0), bundle(files, 1)])
  const [a, b] = [first[3] ?? forged, second[44] ?? forged]
  files.tamper(bundlePath(0), encodeBundle(first.with(3, b)))
  files.tamper(bundlePath(1), encodeBundle(second.with(44, a)))
  deepEqual(named((await verifyLog({ dir, files })).problems), [
    ['reordered', 3],
    ['reordered', 300],
  ])
})

test('a report says when no key was there for the quantum-safe signatures', async () => {
  const files = await writtenLog(3)
  deepEqual((await verifyLog({ dir, files, keys: [ed25519, mldsa44] })).remarks, [])
  const { ok: isRight, remarks } = await verifyLog({ dir, files, keys: [ed25519] })
  ok(isRight)
  match(remarks.join(), /^only Ed25519 signatures were checked: /)
})

test('several changes in one log are all named', async () => {
  const files = await writtenLog(900)
  await editBundle(files, 3, (entries) => entries.with(3, changed(entries[3])).toSpliced(100, 2))
  await editBundle(files, 300, (entries) => entries.toSpliced(44, 0, forged))
  await editBundle(files, 700, (entries) => entries.with(0, Buffer.from('no JSON at all')))
  deepEqual(named((await verifyLog({ dir, files })).problems), [
    ['changed', 3],
    ['deleted', 100],
    ['inserted', 300],
    ['changed', 512],
  ])
})

test('whatever is done to a log, it is found', async () => {
  const pristine = await writtenLog(300, [100, 256])
  const paths = pristine.paths().filter((path) => !/journal|lock/.test(path))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), fc.integer({ min: 1, max: 255 }), async (path, at, bits) => {
      const files = pristine.afterCrash()
      const content = Buffer.from((await files.read(path)) ?? [])
      const place = at % content.length
      content[place] = (content[place] ?? 0) ^ bits
      files.tamper(path, content)
      const outcome = await verifyLog({ dir, files, keys: [ed25519, mldsa44] }).catch((error: unknown) => error)
      if (path.endsWith('log.pub')) return
      // A damaged signature in the history is no lie as long as its root is right: the newest checkpoint covers it.
      if (path.endsWith('checkpoints')) return
      const isOlderPartial = /\.p\/(?!44$|1$)/.test(path)
      if (isOlderPartial) return
      ok(outcome instanceof LogError || (outcome instanceof Object && 'ok' in outcome && !outcome.ok), `${path} ${at}`)
    }),
    { numRuns: 150 },
  )
})

test('each file of a tree that is missing or cut is named', async () => {
  for (const name of ['tile/entries/000', 'tile/entries/001.p/44', 'tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1']) {
    for (const cut of [true, false]) {
      const files = await writtenLog(300)
      const content = await files.read(join(dir, name))
      files.tamper(join(dir, name), cut ? content?.subarray(0, content.length - 1) : undefined)
      const [problem] = (await verifyLog({ dir, files })).problems
      match(`${problem?.message}`, new RegExp(name.replace(/[.]/g, '\\.')))
    }
  }
})

test('a changed tile is told apart from changed entries', async () => {
  const files = await writtenLog(300)
  const tile = Buffer.from((await files.read(join(dir, 'tile/0/000'))) ?? [])
  tile[500] = (tile[500] ?? 0) ^ 1
  files.tamper(join(dir, 'tile/0/000'), tile)
  deepEqual(named((await verifyLog({ dir, files })).problems), [['tile', 0]])
})

test('a tree with three levels of tiles verifies, and its entries are proven', async () => {
  const files = await writtenLog(0)
  const entries = Array.from({ length: 66_000 }, (_, index) => shortEntry(index))
  const { edge, files: tiles } = grow(emptyEdge, entries)
  for (const { path, data } of tiles) files.tamper(join(dir, path), data)
  const note = await signCheckpoint({ origin, size: edge.size, root: rootOf(edge) }, keys, 0)
  files.tamper(join(dir, 'checkpoint'), Buffer.from(note))
  ok(files.paths().includes(join(dir, 'tile/2/000.p/1')))
  deepEqual((await verifyLog({ dir, files })).problems, [])
  for (const index of [0, 255, 256, 65_535, 65_536, 65_999]) {
    const { proof } = await proveEntry({ dir, files, index })
    equal(verifyProof(proof, entries[index], [ed25519, mldsa44]).index, index)
  }
})

test('a log that was put back to an older state is found by its history', async () => {
  const files = await writtenLog(200, [100])
  const older = await writtenLog(100)
  for (const name of ['checkpoint', 'tile/0/000.p/100', 'tile/entries/000.p/100']) {
    files.tamper(join(dir, name), await older.read(join(dir, name)))
  }
  const { problems } = await verifyLog({ dir, files })
  deepEqual(named(problems), [['truncated', 100]])
  match(`${problems[0]?.message}`, /entries 100 to 199 are gone/)
})

test('with a kept checkpoint, a log that was put back or rewritten with the right keys is found', async () => {
  const kept = await noteOf(await writtenLog(200))
  const shorter = await writtenLog(100)
  deepEqual(named((await verifyLog({ dir, files: shorter, since: kept })).problems), [['truncated', 100]])

  const rewritten = await writtenLog(300)
  await rebuildTree(rewritten, (entries) => entries.with(50, changed(entries[50])), 'signed anew')
  equal((await verifyLog({ dir, files: rewritten })).ok, true, 'who has disk and keys can write another history')
  const { problems } = await verifyLog({ dir, files: rewritten, since: kept })
  deepEqual(named(problems), [['changed', 0]])
  match(`${problems[0]?.message}`, /history was rewritten/)
})

test('a kept checkpoint of another log, or one that is not signed, is refused', async () => {
  const files = await writtenLog(10)
  const kept = await noteOf(files)
  const foreign = await signCheckpoint({ origin, size: 5, root: new Uint8Array(32) }, signingKeys(2), 0)
  deepEqual(named((await verifyLog({ dir, files, since: foreign })).problems), [
    ['signature', undefined],
    ['changed', 0],
  ])
  const other = await signCheckpoint({ origin: 'other.test/log', size: 10, root: new Uint8Array(32) }, keys, 0)
  ok((await verifyLog({ dir, files, since: other })).problems.some(({ kind }) => kind === 'signature'))
  await rejects(verifyLog({ dir, files, since: kept.slice(0, 40) }), LogError)
  await rejects(verifyLog({ dir, files, since: '' }), LogError)
})

test('a checkpoint must be signed with both keys', async () => {
  const files = await writtenLog(10)
  const note = await noteOf(files)
  const lines = note.split('\n')
  for (const dropped of [4, 5]) {
    files.tamper(join(dir, 'checkpoint'), Buffer.from(lines.toSpliced(dropped, 1).join('\n')))
    deepEqual(named((await verifyLog({ dir, files })).problems), [['signature', undefined]])
  }
  const report = await verifyLog({
    dir,
    files: await writtenLog(10),
    keys: Object.values(verifierKeys(origin, signingKeys(3))),
  })
  deepEqual(named(report.problems), [['signature', undefined]])
})

test('a history that was changed is reported, and does not hide what it should show', async () => {
  const files = await writtenLog(300, [100, 200])
  const history = Buffer.from((await files.read(join(dir, 'checkpoints'))) ?? []).toString()
  const lines = history.split('\n')
  const tampered = {
    'a line out of order': lines.toSpliced(1, 2, `${lines[2]}`, `${lines[1]}`).join('\n'),
    'a forged root': history.replace(`${lines[1]}`, `100 ${'A'.repeat(43)}= ${'A'.repeat(86)}==`),
    'a forged larger size': `${history}900 ${'A'.repeat(43)}= ${'A'.repeat(86)}==\n`,
    'no line any more': '',
    'no beginning': lines.slice(1).join('\n'),
    'no text': 'x'.repeat(200_000),
  }
  for (const [what, text] of Object.entries(tampered)) {
    files.tamper(join(dir, 'checkpoints'), Buffer.from(text))
    const { problems } = await verifyLog({ dir, files })
    ok(problems.length > 0 && problems.every(({ kind }) => kind === 'history'), `${what}: ${JSON.stringify(problems)}`)
  }
})

// In the journal: entries that are durable and not yet under any signature.
test('a record that is changed, deleted, inserted or exchanged in the journal is found and named', async () => {
  const entries = Array.from({ length: 6 }, (_, at) => entryBytes(300 + at, 300 + at))
  deepEqual(await journalProblems(entries, (bytes) => bytes), [])
  deepEqual(
    await journalProblems(entries, (bytes) => flipped(bytes, bytes.indexOf('event-302'))),
    [['deleted', 302]],
    'changed without a new checksum',
  )
  deepEqual(
    await journalProblems(entries, (bytes) => {
      const [from, end] = [recordStart(bytes, 'event-302'), recordStart(bytes, 'event-303')]
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(end), Buffer.alloc(end - from)])
    }),
    [['deleted', 302]],
  )
  deepEqual(
    await journalProblems(entries, (bytes) => {
      const [from, end] = [recordStart(bytes, 'event-302'), recordStart(bytes, 'event-303')]
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(from, end), bytes.subarray(end)]).subarray(
        0,
        bytes.length,
      )
    }),
    [['inserted', 302]],
    'a record twice',
  )
  // With new checksums, as somebody who knows the format would: the numbers in the entries still tell.
  deepEqual(await journalProblems(entries.toSpliced(2, 0, forged), (bytes) => bytes), [
    ['changed', 302],
    ['changed', 303],
    ['changed', 304],
    ['changed', 305],
    ['changed', 306],
  ])
  deepEqual(
    await journalProblems(entries.with(1, entries[2] ?? forged).with(2, entries[1] ?? forged), (bytes) => bytes),
    [
      ['changed', 301],
      ['changed', 302],
    ],
  )
})

async function journalProblems(entries: readonly Uint8Array[], edit: (bytes: Buffer) => Buffer): Promise<Named[]> {
  const files = await writtenLog(300)
  const path = join(dir, 'journal.0')
  const journal = new Journal(await files.open(path), 128 << 10)
  for (const [at, entry] of entries.entries()) await journal.append(300 + at, [entry])
  files.tamper(path, edit(Buffer.from((await files.read(path)) ?? [])))
  return named((await verifyLog({ dir, files })).problems)
}

/** Where the record around a text begins. */
function recordStart(bytes: Buffer, text: string): number {
  return bytes.lastIndexOf(Buffer.of(0xf5, 0x48, 0x46, 0x4a), bytes.indexOf(text))
}

function named(problems: readonly LogProblem[]): Named[] {
  return problems.map(({ kind, index }) => [kind, index])
}

async function editBundle(files: CrashDisk, entryIndex: number, edit: Edit): Promise<void> {
  const index = Math.floor(entryIndex / tileWidth)
  const path = files.paths().findLast((name) => name.startsWith(bundlePath(index)))
  if (path !== undefined) files.tamper(path, encodeBundle(edit(decodeBundle((await files.read(path)) ?? forged))))
}

/** Makes all bundles and tiles anew from edited entries; the checkpoint stays unless it is signed anew. */
async function rebuildTree(files: CrashDisk, edit: Edit, mode?: 'signed anew'): Promise<void> {
  const count = Math.ceil(parseCheckpointNote(await noteOf(files)).size / tileWidth)
  const entries = (await Promise.all(Array.from({ length: count }, (_, index) => bundle(files, index)))).flat()
  const size = entries.length
  const growth = grow(emptyEdge, edit(entries))
  // Under the names that a reader of the old checkpoint asks for.
  const nameOf = (path: string) => path.replace(/\.p\/\d+$/, (end) => widthFor(path, size, end))
  for (const { path, data } of growth.files) files.tamper(join(dir, nameOf(path)), data)
  if (mode === undefined) return
  const checkpoint = { origin, size: growth.edge.size, root: rootOf(growth.edge) }
  const note = await signCheckpoint(checkpoint, keys, 0)
  files.tamper(join(dir, 'checkpoint'), Buffer.from(note))
  const first = Buffer.from((await files.read(join(dir, 'checkpoints'))) ?? [])
    .toString()
    .split('\n')[0]
  files.tamper(join(dir, 'checkpoints'), Buffer.from(`${first}\n`))
}

function widthFor(path: string, size: number, end: string): string {
  const width = path.startsWith('tile/1/') ? Math.floor(size / tileWidth) : size % tileWidth
  return width === 0 ? end : `.p/${width}`
}

async function bundle(files: CrashDisk, index: number): Promise<Uint8Array[]> {
  const path = files.paths().findLast((name) => name.startsWith(bundlePath(index)))
  return decodeBundle((path && (await files.read(path))) || forged)
}

function bundlePath(index: number): string {
  return join(dir, `tile/entries/00${index}`)
}

async function noteOf(files: CrashDisk): Promise<string> {
  return Buffer.from((await files.read(join(dir, 'checkpoint'))) ?? []).toString()
}

function entryBytes(number: number, sequence?: number): Uint8Array {
  const event = numberedEvent(number)
  return Buffer.from(JSON.stringify({ ...event, metadata: { ...event.metadata, sequence } }))
}

/** As little as an event can be. */
function shortEntry(sequence: number): Uint8Array {
  return Buffer.from(JSON.stringify({ class_uid: 6003, time: 0, metadata: { sequence } }))
}

function changed(entry: Uint8Array | undefined): Uint8Array {
  return Buffer.from(
    Buffer.from(entry ?? [])
      .toString()
      .replace('"Holdfast"', '"Holdfist"'),
  )
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
