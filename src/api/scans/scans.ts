// Scans as a service: admitted, queued, run a few at a time, kept for a while. A scan is a row before it is anything
// else, so a restart forgets none: what was running is begun again.
import type { Readable } from 'node:stream'
import { type Kysely, sql } from 'kysely'
import type { ScanReport } from '#artifacts'
import type { OcsfEvent } from '#audit'
import { ApiError } from '../error.ts'
import type { ApiSettings } from '../settings.ts'
import { checkAddress } from './address.ts'
import type { ApiTables, ScanState } from './migrations.ts'
import { placeBelow } from './place.ts'
import { isSettled, listed, recordOf, type ScanRecord, type ScanRow, verdictEvent } from './record.ts'
import { objections } from './report.ts'
import { openUploads } from './uploads.ts'

export interface Scans {
  /**
   * Takes a scan in; it is stored when this resolves.
   *
   * @throws ApiError `invalid_request`, `too_large`, `busy`
   */
  admit(request: NewScan): Promise<ScanRecord>
  get(id: string): Promise<ScanRecord | undefined>
  /** Without their reports, the latest first. */
  list(filter: ScanFilter): Promise<readonly ScanRecord[]>
  /** The scan once it is done, or as it is after `waitMs`, when the signal fires, or when the program stops. */
  settled(id: string, waitMs: number, signal: AbortSignal): Promise<ScanRecord | undefined>
  /** Stops what runs; it is begun again at the next start. */
  close(): Promise<void>
}

export interface NewScan {
  readonly source:
    | { readonly kind: 'path'; readonly path: string }
    | { readonly kind: 'url'; readonly address: string }
    | { readonly kind: 'upload'; readonly name: string; readonly bytes: Readable; readonly size: number | undefined }
  readonly threshold: Threshold
  readonly principal: string
  readonly tenant: string
}

export type Threshold = ApiSettings['scans']['threshold']

export interface ScanFilter {
  readonly state?: ScanState | undefined
  readonly after?: { readonly createdAt: number; readonly id: string } | undefined
  readonly limit: number
}

/**
 * Judges what lies at a place, and puts what is found into the inventory and the findings. Rejects with the signal's
 * reason when it is aborted.
 */
export type RunScan = (request: {
  readonly place: /** `shownAs` stands for the path in the report. */
    | { readonly kind: 'path'; readonly path: string; readonly shownAs: string }
    | { readonly kind: 'url'; readonly address: string; readonly hosts: readonly string[] }
  readonly threshold: Threshold
  readonly timeoutMs: number
  readonly signal: AbortSignal
}) => Promise<ScanReport>

export interface ScansOptions {
  readonly database: Kysely<ApiTables>
  /** Of the uploads; ours alone. */
  readonly folder: string
  readonly settings: () => ApiSettings['scans']
  readonly run: RunScan
  /** Resolves when the event is durable. */
  readonly record: (event: OcsfEvent) => Promise<unknown>
  readonly now: () => number
  readonly id: (kind: string) => string
  readonly report: (what: string, error: unknown) => void
}

/** One that took the program down three times is given up. */
const mostAttempts = 3
const mostReportBytes = 16 * 1024 ** 2

export async function openScans(options: ScansOptions): Promise<Scans> {
  const { database, settings, now } = options
  const uploads = await openUploads(options.folder, () => settings().maxUpload)
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  /** Told when a scan is settled. */
  const waiting = new Map<string, Set<() => void>>()
  let arriving = 0
  let starting: Promise<void> | undefined
  let isAskedAgain = false

  await recover()
  begin()

  async function recover(): Promise<void> {
    await database.updateTable('api_scan').set({ state: 'queued' }).where('state', '=', 'running').execute()
    const left = await database.selectFrom('api_scan').select('id').where('state', '=', 'queued').execute()
    await uploads.keepOnly(new Set(left.map(({ id }) => id)))
  }

  /** Starts what may start; asked while it is at that, it looks once more. */
  function begin(): void {
    isAskedAgain = true
    starting ??= startWaiting()
      .catch((error) => options.report('scans could not be started', error))
      .finally(() => {
        starting = undefined
        if (isAskedAgain && !stopping.signal.aborted) begin()
      })
  }

  async function startWaiting(): Promise<void> {
    while (running.size < settings().atOnce && !stopping.signal.aborted) {
      isAskedAgain = false
      const row = await takeNext()
      if (row === undefined) return
      const work = process(row)
        .catch((error) => options.report('a scan could not be finished', error))
        .finally(() => {
          running.delete(work)
          tell(row.id)
          if (!stopping.signal.aborted) begin()
        })
      running.add(work)
    }
    isAskedAgain = false
  }

  function takeNext(): Promise<ScanRow | undefined> {
    return database
      .updateTable('api_scan')
      .set({ state: 'running', started_at: now(), attempts: sql<number>`attempts + 1` })
      .where('id', '=', (query) =>
        query
          .selectFrom('api_scan')
          .select('id')
          .where('state', '=', 'queued')
          .orderBy('created_at')
          .orderBy('id')
          .limit(1),
      )
      .returningAll()
      .executeTakeFirst()
  }

  async function process(row: ScanRow): Promise<void> {
    const outcome = row.attempts > mostAttempts ? { error: 'it was interrupted several times' } : await judge(row)
    // Stopped from outside: the next start begins it again, and that was no fault of the file.
    if (outcome === undefined) return void (await giveBack(row))
    await settle(row, outcome)
    if (row.source === 'upload') await uploads.remove(row.id)
    await forget()
  }

  async function judge(row: ScanRow): Promise<{ report: ScanReport } | { error: string } | undefined> {
    try {
      const report = await options.run({
        place: await placeOf(row),
        threshold: row.threshold as Threshold, // written by `admit`
        timeoutMs: settings().timeout,
        signal: stopping.signal,
      })
      return { report }
    } catch (error) {
      if (stopping.signal.aborted) return undefined
      options.report(`the scan ${row.id} failed`, error)
      return {
        error:
          error instanceof ApiError ? 'it may not be scanned any more, or is no longer there' : 'the scanner failed',
      }
    }
  }

  /** Looked at again: what the configuration allows may have changed while it waited, and so may links. */
  async function placeOf({ id, source, name }: ScanRow): Promise<Parameters<RunScan>[0]['place']> {
    const { roots, hosts } = settings()
    if (source === 'upload') return { kind: 'path', path: uploads.pathOf(id), shownAs: name }
    if (source === 'path') return { kind: 'path', path: await placeBelow(name, roots), shownAs: name }
    checkAddress(name, hosts)
    return { kind: 'url', address: name, hosts }
  }

  async function giveBack({ id, attempts }: ScanRow): Promise<void> {
    const back = { state: 'queued', attempts: attempts - 1, started_at: null } as const
    await database.updateTable('api_scan').set(back).where('id', '=', id).execute()
  }

  /** On record before anybody is told. */
  async function settle(row: ScanRow, outcome: { report: ScanReport } | { error: string }): Promise<void> {
    const text = 'report' in outcome ? JSON.stringify(outcome.report) : undefined
    const isTooLarge = text !== undefined && text.length > mostReportBytes
    const error = 'error' in outcome ? outcome.error : isTooLarge ? 'its report is too large to be kept' : null
    const reasons = error === null && 'report' in outcome ? objections(outcome.report) : [error ?? 'it failed']
    const admitted = reasons.length === 0
    const finishedAt = now()
    await options.record(verdictEvent(row, outcome, admitted, error, { time: finishedAt, uid: options.id('ev') }))
    await database
      .updateTable('api_scan')
      .set({
        state: error === null ? 'done' : 'failed',
        admitted: admitted ? 1 : 0,
        report: error === null && text !== undefined ? text : null,
        reasons: JSON.stringify(reasons),
        finished_at: finishedAt,
      })
      .where('id', '=', row.id)
      .execute()
  }

  function tell(id: string): void {
    for (const wake of waiting.get(id) ?? []) wake()
    waiting.delete(id)
  }

  /** Results that are too old or too many. */
  async function forget(): Promise<void> {
    const { keep, keepAtMost } = settings()
    const settledRows = database.deleteFrom('api_scan').where('state', 'in', ['done', 'failed'])
    await settledRows.where('finished_at', '<', now() - keep).execute()
    const oldest = await database
      .selectFrom('api_scan')
      .select('created_at')
      .where('state', 'in', ['done', 'failed'])
      .orderBy('created_at', 'desc')
      .offset(keepAtMost)
      .limit(1)
      .executeTakeFirst()
    if (oldest !== undefined) await settledRows.where('created_at', '<=', oldest.created_at).execute()
  }

  async function waitingCount(): Promise<number> {
    const { count } = await database
      .selectFrom('api_scan')
      .select((query) => query.fn.countAll<number>().as('count'))
      .where('state', '=', 'queued')
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  async function get(id: string): Promise<ScanRecord | undefined> {
    const row = await database.selectFrom('api_scan').selectAll().where('id', '=', id).executeTakeFirst()
    return row && recordOf(row)
  }

  return {
    async admit({ source, threshold, principal, tenant }) {
      // Counted before anything is awaited, so that many at once do not all find the last place.
      arriving++
      try {
        if ((await waitingCount()) + arriving > settings().queued) throw queueFull
        const id = options.id('scan')
        if (source.kind === 'path') await placeBelow(source.path, settings().roots)
        else if (source.kind === 'url') checkAddress(source.address, settings().hosts)
        else await uploads.take(id, source.bytes, source.size)
        const row: ScanRow = {
          id,
          state: 'queued',
          source: source.kind,
          name: nameOf(source),
          threshold,
          principal,
          tenant,
          attempts: 0,
          admitted: null,
          report: null,
          reasons: '[]',
          created_at: now(),
          started_at: null,
          finished_at: null,
        }
        try {
          await database.insertInto('api_scan').values(row).execute()
        } catch (error) {
          if (source.kind === 'upload') await uploads.remove(id)
          throw error
        }
        begin()
        return recordOf(row)
      } finally {
        arriving--
      }
    },
    get,
    async list({ state, after, limit }) {
      let query = database
        .selectFrom('api_scan')
        .select(listed)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(limit)
      if (state !== undefined) query = query.where('state', '=', state)
      if (after !== undefined)
        query = query.where((row) =>
          row.or([
            row('created_at', '<', after.createdAt),
            row.and([row('created_at', '=', after.createdAt), row('id', '>', after.id)]),
          ]),
        )
      return (await query.execute()).map((row) => recordOf({ ...row, report: null }))
    },
    async settled(id, waitMs, signal) {
      // Listening begins before looking, so that no end is missed.
      const told = Promise.withResolvers<void>()
      const wake = () => told.resolve()
      const wakers = waiting.get(id) ?? new Set()
      waiting.set(id, wakers.add(wake))
      const timer = setTimeout(wake, waitMs)
      for (const each of [signal, stopping.signal]) each.addEventListener('abort', wake, { once: true })
      try {
        const found = await get(id)
        if (found === undefined || isSettled(found) || signal.aborted || stopping.signal.aborted) return found
        await told.promise
        return await get(id)
      } finally {
        clearTimeout(timer)
        wakers.delete(wake)
        if (wakers.size === 0) waiting.delete(id)
        for (const each of [signal, stopping.signal]) each.removeEventListener('abort', wake)
      }
    },
    async close() {
      stopping.abort(new Error('the program stops'))
      await starting
      await Promise.all(running)
    },
  }
}

function nameOf(source: NewScan['source']): string {
  if (source.kind === 'upload') return source.name
  return source.kind === 'path' ? source.path : source.address
}

const queueFull = new ApiError('busy', 'As many scans as may wait are waiting.', { headers: { 'retry-after': '10' } })
