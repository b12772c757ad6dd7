import { equal } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { diskReader, hasChanged, type Recording, record, replay } from './recording.ts'
import { watchConfiguration } from './watch.ts'

test('a recording gives back what was found, errors and absent variables among it', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a'), 'content')
  const { reader, recording } = record({ ...diskReader, env: (name) => (name === 'SET' ? 'value' : undefined) })
  const read = (from: typeof reader) => [
    from.readFile(join(folder, 'a')),
    from.listFiles(folder).join(),
    from.env('SET'),
    from.env('UNSET'),
    codeOf(() => from.readFile(join(folder, 'none'))),
  ]
  const found = read(reader)
  equal(JSON.stringify(read(replay(structuredClone(recording)))), JSON.stringify(found))
  equal(found.at(-1), 'ENOENT')
  equal(hasChanged(recording, diskReader), false)
})

test('another content is a change, another time of the same content is none', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'a')
  writeFileSync(file, 'content')
  const recording = readOnce(folder, file)
  writeFileSync(file, 'content')
  equal(hasChanged(recording, diskReader), false)
  writeFileSync(file, 'context')
  equal(hasChanged(recording, diskReader), true)
})

test('a file that comes, goes or could not be read before is a change', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'a')
  const absent = readOnce(folder, file)
  writeFileSync(file, '')
  equal(hasChanged(absent, diskReader), true)
  const present = readOnce(folder, file)
  rmSync(file)
  equal(hasChanged(present, diskReader), true)
})

test('where the system tells of nothing, a look now and then finds the change', async (t) => {
  const folder = temporaryFolder(t)
  const inside = join(folder, 'inside')
  mkdirSync(inside)
  writeFileSync(join(inside, 'a'), 'one')
  let recording = readOnce(inside, join(inside, 'a'))
  const noticed = Promise.withResolvers<void>()
  const stop = watchConfiguration({
    lastRead: () => recording,
    reader: diskReader,
    quietMs: 1,
    pollMs: 5,
    async changed() {
      recording = readOnce(inside, join(inside, 'a'))
      noticed.resolve()
    },
  })
  t.after(stop)
  // Another folder takes the name of the one that is watched: the system goes on watching the old one.
  mkdirSync(join(folder, 'next'))
  writeFileSync(join(folder, 'next', 'a'), 'two')
  renameSync(inside, join(folder, 'old'))
  renameSync(join(folder, 'next'), inside)
  const alive = setInterval(() => {}, 1000)
  await noticed.promise
  clearInterval(alive)
})

function readOnce(folder: string, file: string): Recording {
  const { reader, recording } = record(diskReader)
  codeOf(() => reader.readFile(file))
  reader.listFiles(folder)
  return recording
}

function codeOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'none'
  }
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
