import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import type { ScanReport } from '#artifacts'
import type { OcsfEvent } from '#audit'
import { openStore } from '#store'
import { apiSettings } from '../settings.ts'
import { type ApiTables, apiMigrations } from './migrations.ts'
import { openScans, type RunScan, type Scans } from './scans.ts'

const defaults = z.strictObject(apiSettings).parse({}).scans
const signal = new AbortController().signal

/** A store and a folder that outlive each opening, and a scanner that does what the test says. */
async function setUp(t: TestContext, change: Partial<typeof defaults> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-scans-'))
  const clock = { at: 1_000 }
  const store = await openStore({ path: ':memory:', now: () => clock.at })
  await store.migrate(apiMigrations)
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'model'), 'x')
  const events: OcsfEvent[] = []
  let number = 0
  const settings = { ...defaults, roots: [folder], ...change }
  const open = (run: RunScan): Promise<Scans> =>
    openScans({
      database: store.database<ApiTables>(),
      folder: join(folder, 'uploads'),
      settings: () => settings,
      run,
      record: async (event) => events.push(event),
      now: () => clock.at++,
      id: (kind) => `${kind}_${String(number++).padStart(32, '0')}`,
      report: () => {},
    })
  return { open, folder, settings, clock, events }
}

const asked = { threshold: 'medium', principal: 'p', tenant: 't' } as const
const upload = (size = 1) => ({
  ...asked,
  source: { kind: 'upload', name: 'm', bytes: Readable.from([Buffer.alloc(size)]), size } as const,
})
const path = (folder: string) => ({ ...asked, source: { kind: 'path', path: join(folder, 'model') } as const })

const clean: ScanReport = {
  files: [],
  summary: {
    scanner: { name: 'holdfast', version: '0' },
    files: 1,
    bytes: 1,
    verdicts: { clean: 1, findings: 0, inconclusive: 0 },
    severities: { info: 0, low: 0, medium: 0, high: 0, critical: 0 },
    accepted: 0,
    incomplete: 0,
    failOn: 'medium',
    failing: 0,
    result: 'clean',
  },
}

test('no more scans run at once than may, and all of them end', async (t) => {
  const { open } = await setUp(t, { atOnce: 2 })
  const count = { now: 0, most: 0 }
  // Each waits for another one beside it.
  let partner = Promise.withResolvers<void>()
  const scans = await open(async () => {
    count.most = Math.max(count.most, ++count.now)
    if (count.now === 2) {
      partner.resolve()
      partner = Promise.withResolvers()
    } else await partner.promise
    count.now--
    return clean
  })
  const taken = await Promise.all(Array.from({ length: 8 }, () => scans.admit(upload())))
  for (const { id } of taken) equal((await scans.settled(id, 10_000, signal))?.admitted, true)
  equal(count.most, 2)
  await scans.close()
})

test('a verdict is on record before anybody is told', async (t) => {
  const { open, events } = await setUp(t)
  const scans = await open(async () => clean)
  const { id } = await scans.admit(upload())
  await scans.settled(id, 10_000, signal)
  equal(events.length, 1)
  ok(JSON.stringify(events[0]).includes(id))
  await scans.close()
})

test('a scan that fails, finds something or reads too little lets nothing in', async (t) => {
  const { open } = await setUp(t)
  const outcomes: (ScanReport | Error)[] = [
    new Error('broken'),
    { ...clean, summary: { ...clean.summary, failing: 1, result: 'findings' } },
    { ...clean, summary: { ...clean.summary, incomplete: 1, result: 'incomplete' } },
    { ...clean, summary: { ...clean.summary, files: 0 } },
  ]
  const scans = await open(async () => {
    const outcome = outcomes.shift()
    if (outcome instanceof Error) throw outcome
    return outcome ?? clean
  })
  for (let left = outcomes.length; left > 0; left--) {
    const { id } = await scans.admit(upload())
    const scan = await scans.settled(id, 10_000, signal)
    equal(scan?.admitted, false)
    equal(scan.reasons.length, 1)
  }
  await scans.close()
})

test('what a stop interrupts is begun again, and was no attempt', async (t) => {
  const { open, folder } = await setUp(t)
  const begun = Promise.withResolvers<void>()
  const never: RunScan = (request) =>
    new Promise((_, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason))
      begun.resolve()
    })
  const first = await open(never)
  const { id } = await first.admit(upload())
  await begun.promise
  await first.close()
  equal((await first.get(id))?.state, 'queued')
  deepEqual(readdirSync(join(folder, 'uploads')), [id])
  const second = await open(async () => clean)
  equal((await second.settled(id, 10_000, signal))?.admitted, true)
  await second.close()
  deepEqual(readdirSync(join(folder, 'uploads')), [])
})

test('uploads that nothing waits for are removed at the start', async (t) => {
  const { open, folder } = await setUp(t)
  await (await open(async () => clean)).close()
  writeFileSync(join(folder, 'uploads', 'left'), 'x')
  await (await open(async () => clean)).close()
  deepEqual(readdirSync(join(folder, 'uploads')), [])
})

test('results are dropped when they are too old, or too many', async (t) => {
  const { open, folder, settings, clock } = await setUp(t, { keepAtMost: 3 })
  const scans = await open(async () => clean)
  const ids: string[] = []
  for (let scan = 0; scan < 6; scan++) {
    const { id } = await scans.admit(path(folder))
    await scans.settled(id, 10_000, signal)
    ids.push(id)
  }
  await scans.close()
  const again = await open(async () => clean)
  deepEqual(
    (await again.list({ limit: 10 })).map(({ id }) => id),
    ids.slice(-3).toReversed(),
  )
  clock.at += settings.keep + 1
  const { id } = await again.admit(path(folder))
  await again.settled(id, 10_000, signal)
  await again.close()
  deepEqual(
    (await again.list({ limit: 10 })).map((scan) => scan.id),
    [id],
  )
})

test('uploads at once take no more room than four of the largest', async (t) => {
  const { open } = await setUp(t, { maxUpload: 10 })
  const blocked = Promise.withResolvers<void>()
  const scans = await open(async () => {
    await blocked.promise
    return clean
  })
  const taken = []
  for (let scan = 0; scan < 4; scan++) taken.push(await scans.admit(upload(10)))
  await rejects(scans.admit(upload(1)), { code: 'busy' })
  blocked.resolve()
  for (const { id } of taken) await scans.settled(id, 10_000, signal)
  await scans.close()
})
