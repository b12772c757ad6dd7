// The ledger's memory: one row an exchange, written before it is forwarded and again when it is settled, and folded into
// the balances now and then. A row that is still open when the program starts belongs to an exchange that was cut off;
// what it cost nobody knows, so what it reserved counts as spent.
import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import type { LimitsTables } from '../migrations.ts'
import { damaged } from './account.ts'
import type { Line } from './ledger.ts'
import { keptUntil } from './windows.ts'

export interface Journal {
  /** Everything spent that the store knows of. */
  readonly carried: readonly Line[]
  /** Resolves when the row is on disk. Rows that are written at the same time share one statement and one sync. */
  open(id: string, lines: readonly Line[]): Promise<void>
  /** Waited for by nobody: until it is on disk, the open row stands for it. Tried again when the store fails. */
  settle(id: string, lines: readonly Line[]): void
  /** Adds settled rows to the balances, and erases those that need not be kept at `now`. @throws StoreError */
  fold(now: number): Promise<void>
  /** Writes what is waiting. @throws StoreError when it cannot be written */
  close(): Promise<void>
}

interface Waiting {
  readonly isOpen: boolean
  readonly lines: readonly Line[]
  readonly written: PromiseWithResolvers<void>
}

/** @throws LimitsError `damaged`; StoreError */
export async function openJournal(database: Kysely<LimitsTables>): Promise<Journal> {
  let waiting = new Map<string, Waiting>()
  let writing: Promise<void> | undefined
  /** On disk, and final: to be folded. */
  const settled = new Map<string, readonly Line[]>()
  const carried = await load()

  async function load(): Promise<readonly Line[]> {
    const lines: Line[] = []
    for (const row of await database.selectFrom('limits_balances').selectAll().execute())
      lines.push(lineOf([row.account, row.window_start, row.window_end, row.quota, row.spent]))
    for (const row of await database.selectFrom('limits_journal').selectAll().execute()) {
      const spent = linesOf(row.lines)
      lines.push(...spent)
      settled.set(row.id, spent)
    }
    return lines
  }

  function enqueue(id: string, isOpen: boolean, lines: readonly Line[]): Promise<void> {
    // Settled before it was written: the one who waits for the reservation is served by the settlement.
    const written = waiting.get(id)?.written ?? Promise.withResolvers<void>()
    waiting.set(id, { isOpen, lines, written })
    write().catch(() => {})
    return written.promise
  }

  /** Writes all that waits. One statement at a time, so that what comes in the meantime shares the next. */
  function write(): Promise<void> {
    writing ??= writeAll()
    return writing
  }

  async function writeAll(): Promise<void> {
    try {
      await undefined
      while (waiting.size > 0) await writeSome()
    } finally {
      writing = undefined
    }
  }

  async function writeSome(): Promise<void> {
    const batch = [...waiting].slice(0, rowsAtOnce)
    for (const [id] of batch) waiting.delete(id)
    const rows = batch.map(([id, { isOpen, lines }]) => ({ id, is_open: isOpen ? 1 : 0, lines: textOf(lines) }))
    try {
      await database
        .insertInto('limits_journal')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({
            is_open: (row) => row.ref('excluded.is_open'),
            lines: (row) => row.ref('excluded.lines'),
          }),
        )
        .execute()
    } catch (error) {
      giveUp([...batch, ...waiting], error)
      throw error
    }
    for (const [id, { isOpen, lines, written }] of batch) {
      if (!isOpen) settled.set(id, lines)
      written.resolve()
    }
  }

  /** Who waits for a reservation hears that it was not written. A settlement must not be lost, so it waits for the next time. */
  function giveUp(rows: readonly (readonly [string, Waiting])[], error: unknown): void {
    const settlements = rows.filter(([, { isOpen }]) => !isOpen)
    waiting = new Map(settlements.map(([id, { lines }]) => [id, settlement(lines)]))
    for (const [, { written }] of rows) written.reject(error)
  }

  async function fold(now: number): Promise<void> {
    await write()
    // A few at a time: while a transaction is open, reservations wait.
    do await foldSome(now)
    while (settled.size >= foldedAtOnce)
  }

  async function foldSome(now: number): Promise<void> {
    const folding = [...settled].slice(0, foldedAtOnce)
    const balances = sums(folding.flatMap(([, lines]) => lines)).map(({ account, window, limit, amount }) => ({
      account,
      window_start: window.start,
      window_end: window.end,
      kept_until: keptUntil(window),
      quota: limit,
      spent: amount,
    }))
    await database.transaction().execute(async (transaction) => {
      for (const rows of inGroups(balances))
        await transaction
          .insertInto('limits_balances')
          .values(rows)
          .onConflict((conflict) =>
            conflict.columns(['account', 'window_start']).doUpdateSet({
              quota: (row) => row.ref('excluded.quota'),
              spent: sql<number>`limits_balances.spent + excluded.spent`,
            }),
          )
          .execute()
      for (const rows of inGroups(folding)) {
        const ids = rows.map(([id]) => id)
        await transaction.deleteFrom('limits_journal').where('id', 'in', ids).execute()
      }
      await transaction.deleteFrom('limits_balances').where('kept_until', '<=', now).execute()
    })
    for (const [id] of folding) settled.delete(id)
  }

  return {
    carried,
    open: (id, lines) => enqueue(id, true, lines),
    settle(id, lines) {
      enqueue(id, false, lines).catch(() => {})
    },
    fold,
    close: write,
  }
}

// SQLite takes 32,766 parameters a statement, at most six a row.
const rowsAtOnce = 500
const foldedAtOnce = 2000

function inGroups<T>(rows: readonly T[]): T[][] {
  const groups: T[][] = []
  for (let at = 0; at < rows.length; at += rowsAtOnce) groups.push(rows.slice(at, at + rowsAtOnce))
  return groups
}

function settlement(lines: readonly Line[]): Waiting {
  const written = Promise.withResolvers<void>()
  written.promise.catch(() => {})
  return { isOpen: false, lines, written }
}

/** One line for each account and window. */
function sums(lines: readonly Line[]): Line[] {
  const totals = new Map<string, Line>()
  for (const line of lines) {
    const name = `${line.window.start} ${line.account}`
    totals.set(name, { ...line, amount: line.amount + (totals.get(name)?.amount ?? 0) })
  }
  return [...totals.values()]
}

function textOf(lines: readonly Line[]): string {
  return JSON.stringify(
    lines.map(({ account, window, limit, amount }) => [account, window.start, window.end, limit, amount]),
  )
}

const whole = z.int().min(0)
const lineSchema = z.tuple([z.string(), z.int(), z.int(), whole, whole])

function linesOf(text: string): readonly Line[] {
  try {
    return z.array(z.unknown()).parse(JSON.parse(text)).map(lineOf)
  } catch {
    throw damaged()
  }
}

function lineOf(value: unknown): Line {
  const { success, data } = lineSchema.safeParse(value)
  if (!success) throw damaged()
  const [account, start, end, limit, amount] = data
  return { account, window: { start, end }, limit, amount }
}
