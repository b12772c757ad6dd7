// Budgets: the ledger, its calendar and its journal together. Whoever wants to spend reserves first; the reservation is
// on disk when `reserve` resolves, so that no restart can forget it, and what was reserved but never settled counts as spent.
import type { Kysely } from 'kysely'
import type { LimitsTables } from '../migrations.ts'
import { type Account, accountOf, nameOf } from './account.ts'
import { openJournal } from './journal.ts'
import { type Balance, createLedger, type Line } from './ledger.ts'
import { createCalendar, type Window } from './windows.ts'

/** What a request asks of one account. Plain data. */
export interface BudgetCharge {
  readonly account: Account
  /** The most that may be spent in each window. */
  readonly limit: number
  /** Whole, at least 0; of costs, micro-units. */
  readonly amount: number
  /** In which the windows are counted: an IANA name or `UTC`. */
  readonly timeZone: string
}

/** What was decided, described by the tightest of the charges. */
export interface BudgetDecision {
  readonly allowed: boolean
  /** Of several that refuse, the one that has to be waited for longest; else the one with the smallest share left. */
  readonly tightest: BudgetState | null
  /** Until its window ends; 0 when allowed; `Infinity` when one request asks for more than a whole window's budget. */
  readonly retryAfterMs: number
}

/** An account in one window. */
export interface BudgetState {
  readonly account: Account
  readonly window: Window
  readonly limit: number
  readonly spent: number
  /** By exchanges that are running. */
  readonly reserved: number
  /** What could still be reserved; 0 after an overrun too. */
  readonly left: number
  /** Until the window ends, in ms. */
  readonly resetMs: number
}

export interface Budgets {
  /**
   * Reserves all of `charges` or none. Resolves when the reservation is on disk.
   *
   * @throws LimitsError `duplicate_id`, `invalid_charge`; StoreError when it could not be written, and then nothing is
   *         reserved
   */
  reserve(id: string, charges: readonly BudgetCharge[]): BudgetDecision | Promise<BudgetDecision>
  /** Books what was spent, in the order of the charges, in place of what was reserved. A second time does nothing. */
  settle(id: string, amounts: readonly number[]): void | Promise<void>
}

export interface BudgetLedger extends Budgets {
  reserve(id: string, charges: readonly BudgetCharge[]): Promise<BudgetDecision>
  settle(id: string, amounts: readonly number[]): void
  /** Every account with a balance in a window that has not ended, sorted by budget, subject and unit. */
  list(): readonly BudgetState[]
  /**
   * Folds what was settled, forgets old windows, and counts as spent what was reserved a day ago and never settled, since
   * a worker was killed; to be called now and then.
   *
   * @throws StoreError
   */
  keepUp(): Promise<void>
  /** @throws StoreError when something could not be written */
  close(): Promise<void>
}

/**
 * Opens the budgets of a store that has been migrated with `limitsMigrations`. What had been reserved and not settled
 * when the program ended counts as spent.
 *
 * @param options.now  ms since the epoch. It may be set back: amounts belong to the window of the clock's time, and
 *                     what was spent in a window is remembered beyond its end
 * @throws LimitsError `damaged`; StoreError
 */
export async function openBudgets({
  database,
  now,
}: {
  readonly database: Kysely<LimitsTables>
  readonly now: () => number
}): Promise<BudgetLedger> {
  const journal = await openJournal(database)
  const ledger = createLedger()
  for (const line of journal.carried) ledger.carry(line)
  /** When each reservation was made, oldest first. */
  const open = new Map<string, { readonly at: number; readonly lines: readonly Line[] }>()
  const calendars = new Map<string, ReturnType<typeof createCalendar>>()

  function lineOf({ account, limit, amount, timeZone }: BudgetCharge, at: number): Line {
    let calendar = calendars.get(timeZone)
    if (calendar === undefined) {
      calendar = createCalendar(timeZone)
      calendars.set(timeZone, calendar)
    }
    return { account: nameOf(account), window: calendar(at, account.period), limit, amount }
  }

  function settle(id: string, amounts: readonly number[]): void {
    const spent = ledger.settle(id, amounts)
    open.delete(id)
    if (spent !== undefined) journal.settle(id, spent)
  }

  function settleLost(before: number): void {
    for (const [id, { at, lines }] of open)
      if (at <= before)
        settle(
          id,
          lines.map(({ amount }) => amount),
        )
  }

  return {
    async reserve(id, charges) {
      if (charges.length === 0) return nothingToCharge
      const at = now()
      const lines = charges.map((charge) => lineOf(charge, at))
      const result = ledger.reserve(id, lines)
      if (!result.ok) return refusalOf(result.refused, at)
      open.set(id, { at, lines })
      try {
        await journal.open(id, lines)
      } catch (error) {
        // It may have reached the disk all the same. Settled already when the exchange has ended in the meantime.
        settle(
          id,
          lines.map(() => 0),
        )
        throw error
      }
      const states = result.balances.map((balance) => stateOf(balance, at))
      return { allowed: true, tightest: states.reduce(tighter), retryAfterMs: 0 }
    },
    settle,
    list() {
      const at = now()
      return ledger
        .balances()
        .filter(({ window }) => window.end > at)
        .map((balance) => stateOf(balance, at))
        .sort((a, b) => compare(nameOf(a.account), nameOf(b.account)) || a.window.start - b.window.start)
    },
    async keepUp() {
      const at = now()
      settleLost(at - lostAfterMs)
      ledger.forget(at)
      await journal.fold(at)
    },
    close: () => journal.close(),
  }
}

/** Far longer than any exchange takes. */
const lostAfterMs = 86_400_000

const nothingToCharge: BudgetDecision = { allowed: true, tightest: null, retryAfterMs: 0 }

function refusalOf(refused: readonly { readonly line: Line; readonly balance: Balance }[], at: number): BudgetDecision {
  const waits = refused.map(({ line, balance }) => ({
    state: stateOf(balance, at),
    retryAfterMs: line.amount > line.limit ? Infinity : line.window.end - at,
  }))
  const longest = waits.reduce((a, b) => (b.retryAfterMs > a.retryAfterMs ? b : a))
  return { allowed: false, tightest: longest.state, retryAfterMs: longest.retryAfterMs }
}

function stateOf({ account, window, limit, spent, reserved }: Balance, at: number): BudgetState {
  const left = Math.max(0, limit - spent - reserved)
  return { account: accountOf(account), window, limit, spent, reserved, left, resetMs: Math.max(0, window.end - at) }
}

function tighter(a: BudgetState, b: BudgetState): BudgetState {
  return b.left / b.limit < a.left / a.limit ? b : a
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
