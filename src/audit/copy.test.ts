import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openKeyring } from '#crypto'
import { copyLog, LogCheck, LogRebuild } from './copy.ts'
import { applicationLifecycle } from './events/application-lifecycle.ts'
import { openLog } from './open.ts'
import { verifyLog } from './verify/verify.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-copy-'))
after(() => rmSync(folder, { recursive: true }))
const now = () => Date.UTC(2026, 0, 1)
const keys = openKeyring(join(folder, 'keys'), { randomBytes }).signing('log')
const open = (dir: string) => openLog({ dir, origin: 'copy.example/log', keys, now, journalBytes: 128 * 1024 })
const event = applicationLifecycle({ time: 0, uid: 'ev', activity: 'start', app: { name: 'x' }, status: 'success' })

test('a log that is made again from a copy is the same, file by file, whatever its size', async () => {
  const dir = join(folder, 'log')
  let size = 0
  for (const next of [0, 1, 255, 256, 257, 700]) {
    const log = await open(dir)
    await Promise.all(Array.from({ length: next - size }, () => log.append(event)))
    await log.close()
    size = next
    const there = join(folder, `copy-${next}`)
    const copy = await copyLog(dir)
    assert.equal(copy.size, next)
    const check = new LogCheck(copy.checkpoint, copy.publicKeys)
    const rebuild = new LogRebuild(there)
    for await (const piece of copy.history()) await rebuild.addHistory(piece)
    for await (const bundle of copy.bundles()) await rebuild.addEntries(check.add(bundle))
    check.finish()
    await rebuild.finish(copy.checkpoint, copy.publicKeys)

    const needed = filesIn(there).filter((path) => !path.startsWith('journal'))
    for (const path of needed) assert.deepEqual(readFileSync(join(there, path)), readFileSync(join(dir, path)), path)
    const report = await verifyLog({ dir: there })
    assert.deepEqual([report.ok, report.size, report.problems], [true, next, []])
    await (await open(there)).close()
  }
})

test('a copy that is not of its checkpoint is refused: too few, too many, others', async () => {
  const dir = join(folder, 'other')
  const log = await open(dir)
  await Promise.all(Array.from({ length: 300 }, () => log.append(event)))
  await log.close()
  const copy = await copyLog(dir)
  const bundles: Uint8Array[] = []
  for await (const bundle of copy.bundles()) bundles.push(bundle)
  const checked = (list: readonly (Uint8Array | undefined)[]) => () => {
    const check = new LogCheck(copy.checkpoint, copy.publicKeys)
    for (const bundle of list) check.add(bundle ?? new Uint8Array())
    check.finish()
  }
  const [first, second] = bundles
  const changed = Buffer.from(first ?? []).fill(0x20, 40, 41)
  for (const list of [[], [first], [second, first], [first, second, second], [changed, second], [undefined, first]]) {
    assert.throws(checked(list), { code: 'damaged' })
  }
  checked(bundles)()
  const signed = (note: string) => () => new LogCheck(note, copy.publicKeys)
  assert.throws(signed(copy.checkpoint.replace('300', '301')), { code: 'signature' })
})

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(dir, path)).isFile())
}
