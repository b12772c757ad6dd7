// The ledger in memory: balances of accounts in calendar windows. An exchange reserves before it spends, on all of its
// accounts or on none, and settles afterwards with what it spent. Between the check and the booking there is nothing
// that could come in between, so however many ask at once, spent and reserved together never exceed a limit by what was
// reserved; only a settlement above its reservation can, and is booked in full.
import { LimitsError } from '../error.ts'
import { keptUntil, type Window } from './windows.ts'

/** An amount on one account in one window. Amounts are whole and not negative. */
export interface Line {
  /** Name of the account. */
  readonly account: string
  readonly window: Window
  /** The most that may be spent in the window. */
  readonly limit: number
  readonly amount: number
}

export interface Balance {
  readonly account: string
  readonly window: Window
  /** As the last reservation said. */
  readonly limit: number
  readonly spent: number
  readonly reserved: number
}

export type Reserved =
  | { readonly ok: true; readonly balances: readonly Balance[] }
  /** The lines that had no room. Nothing was booked. */
  | { readonly ok: false; readonly refused: readonly { readonly line: Line; readonly balance: Balance }[] }

export interface Ledger {
  /** @throws LimitsError `duplicate_id`, `invalid_charge` */
  reserve(id: string, lines: readonly Line[]): Reserved
  /**
   * Books what was spent in place of what was reserved, in the order of the reservation's lines, into the windows that
   * it was reserved in. @returns the lines as spent; undefined when nothing is reserved under this id, as after an
   * earlier settlement
   */
  settle(id: string, amounts: readonly number[]): readonly Line[] | undefined
  /** Books an amount that was spent before, as read from the store. */
  carry(line: Line): void
  /** Forgets windows that need not be kept at `now` (see `keptUntil`) and in which nothing is reserved. */
  forget(now: number): void
  balances(): readonly Balance[]
}

interface MutableBalance {
  readonly account: string
  readonly window: Window
  limit: number
  spent: number
  reserved: number
}

export function createLedger(): Ledger {
  const balances = new Map<string, MutableBalance>()
  const open = new Map<string, readonly Line[]>()

  function balanceOf({ account, window, limit }: Line): MutableBalance {
    const name = `${window.start} ${account}`
    const known = balances.get(name)
    if (known !== undefined) return known
    const balance = { account, window, limit, spent: 0, reserved: 0 }
    balances.set(name, balance)
    return balance
  }

  return {
    reserve(id, lines) {
      if (open.has(id)) throw new LimitsError('duplicate_id', 'something is reserved under this id already')
      for (const line of lines) requireAmount(line.amount)
      const found = lines.map((line) => ({ line, balance: balanceOf(line) }))
      for (const { line, balance } of found) balance.limit = line.limit
      const refused = found.filter(
        ({ line, balance: { spent, reserved } }) => spent + reserved + line.amount > line.limit,
      )
      if (refused.length > 0)
        return { ok: false, refused: refused.map(({ line, balance }) => ({ line, balance: { ...balance } })) }
      for (const { line, balance } of found) balance.reserved += line.amount
      open.set(id, lines)
      return { ok: true, balances: found.map(({ balance }) => ({ ...balance })) }
    },
    settle(id, amounts) {
      const lines = open.get(id)
      if (lines === undefined) return undefined
      for (const index of lines.keys()) requireAmount(amounts[index])
      open.delete(id)
      const spent = lines.map((line, index) => ({ ...line, amount: amounts[index] ?? 0 }))
      for (const [index, line] of lines.entries()) {
        const balance = balanceOf(line)
        balance.reserved -= line.amount
        balance.spent += spent[index]?.amount ?? 0
      }
      return spent
    },
    carry(line) {
      const balance = balanceOf(line)
      balance.limit = line.limit
      balance.spent += line.amount
    },
    forget(now) {
      for (const [name, { window, reserved }] of balances)
        if (reserved === 0 && keptUntil(window) <= now) balances.delete(name)
    },
    balances: () => Array.from(balances.values(), (balance) => ({ ...balance })),
  }
}

/** Below this, a million of them still add up exactly. */
export const maxAmount = 1e9 * 1e6

/** A NaN would pass every comparison as "enough left" and stay in the balance. */
function requireAmount(amount: number | undefined): void {
  if (amount === undefined || !Number.isSafeInteger(amount) || amount < 0 || amount > maxAmount)
    throw new LimitsError('invalid_charge', 'an amount is no whole number, negative or too large')
}
