import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Target } from './scan-files.ts'
import { walk } from './walk.ts'
import { changedFiles } from './watch.ts'

test('a folder is walked in the same order everywhere, without version control', async (t) => {
  const folder = folderWith(t, { 'b/x': '1', a: '2', 'B/y': '3', '.git/config': '4', 'b/.hidden': '5' })
  assert.deepEqual(await shown(folder), ['m/B/y', 'm/a', 'm/b/.hidden', 'm/b/x'])
})

test('one file is scanned under its own name, also behind a link', async (t) => {
  const folder = folderWith(t, { a: '1' })
  symlinkSync('a', join(folder, 'link'))
  assert.deepEqual(
    (await walk(join(folder, 'link'), 'link')).map(({ path, size }) => [path, size]),
    [['link', 1]],
  )
})

test('a link that leads out, to nowhere or round in a circle is told and not followed', async (t) => {
  const outside = folderWith(t, { secret: 'x' })
  const folder = folderWith(t, { 'in/a': '1' })
  symlinkSync(join(outside, 'secret'), join(folder, 'out'))
  symlinkSync(outside, join(folder, 'outside'))
  symlinkSync('nothing', join(folder, 'gone'))
  symlinkSync('loop', join(folder, 'loop'))
  symlinkSync('..', join(folder, 'in', 'up'))
  symlinkSync(join('in', 'a'), join(folder, 'alias'))
  assert.deepEqual(await shown(folder), [
    'm/alias',
    'm/gone: a link that leads nowhere',
    'm/in/a',
    'm/loop: a link that leads nowhere',
    'm/out: a link that leads out of the folder, which is not followed',
    'm/outside: a link that leads out of the folder, which is not followed',
  ])
})

test('a folder beside it whose name begins the same is outside', async (t) => {
  const parent = folderWith(t, { 'model/a': '1', 'model-secret/b': '2' })
  symlinkSync('../model-secret/b', join(parent, 'model', 'b'))
  assert.deepEqual(await shown(join(parent, 'model')), [
    'm/a',
    'm/b: a link that leads out of the folder, which is not followed',
  ])
})

test("the hub's cache is read through its snapshots, and what no snapshot names is read too", async (t) => {
  const cache = folderWith(t, { 'blobs/aa': '1', 'blobs/bb': '2', 'refs/main': 'r', 'snapshots/r/config.json': '{}' })
  symlinkSync('../../blobs/aa', join(cache, 'snapshots', 'r', 'model.bin'))
  assert.deepEqual(await shown(cache), [
    'm/refs/main',
    'm/snapshots/r/config.json',
    'm/snapshots/r/model.bin',
    'm/blobs/bb',
  ])
  assert.deepEqual(await shown(join(cache, 'snapshots', 'r')), ['m/config.json', 'm/model.bin'])
})

test('pipes, sockets and devices are not read', async (t) => {
  const folder = folderWith(t, { a: '1' })
  execFileSync('mkfifo', [join(folder, 'pipe')])
  assert.deepEqual(await shown(folder), ['m/a', 'm/pipe: not a file: a device, a pipe or a socket'])
})

test('another file in the place of the one that was found is not read', async (t) => {
  const folder = folderWith(t, { a: '1' })
  const [target] = await walk(folder, 'm')
  rmSync(join(folder, 'a'))
  symlinkSync('/etc/passwd', join(folder, 'a'))
  assert.ok(target !== undefined && 'open' in target)
  await assert.rejects(target.open(), { code: 'unreadable' })
})

test('a watch gives what is new or changed once it has settled', async () => {
  const looks = [
    { a: 1 },
    { a: 1, b: 1 }, // being written
    { a: 1, b: 2 },
    { a: 1, b: 2 }, // settled
    { a: 2, b: 2 },
    { a: 2 },
    { a: 2, b: 2 },
    { a: 2, b: 2 },
  ].map((files) => Object.entries(files).map(([path, stamp]) => ({ path, stamp: `${stamp}`, refused: `${stamp}` })))
  let turn = 0
  const seen: string[][] = []
  const changes = changedFiles({
    look: async () => looks[turn++] ?? [],
    wait: async () => {
      if (turn >= looks.length) throw new Error('over')
    },
  })
  await assert.rejects(async () => {
    for await (const targets of changes) seen.push(targets.map(({ path }) => path))
  }, /over/)
  assert.deepEqual(seen, [['a'], ['b'], ['a'], ['b']])
})

async function shown(folder: string): Promise<string[]> {
  return (await walk(folder, 'm')).map((target: Target) =>
    'refused' in target ? `${target.path}: ${target.refused}` : target.path,
  )
}

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-walk-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}
