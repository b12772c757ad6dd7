// The tables of this room. Append only: what has been applied somewhere is never edited.
import type { Migration } from '#store'

export interface LimitsTables {
  /** One row an exchange, until it is folded into the balances. */
  limits_journal: {
    id: string
    /** 1 while the exchange runs: the amounts are what it reserved. 0: what it spent. */
    is_open: number
    /** JSON: `[account, window start, window end, limit, amount]` a line. */
    lines: string
  }
  limits_balances: {
    /** JSON; see budgets/account.ts. */
    account: string
    /** ms since the epoch, as the next two. */
    window_start: number
    window_end: number
    kept_until: number
    quota: number
    spent: number
  }
}

export const limitsMigrations: readonly Migration[] = [
  {
    id: 'limits/0001-budgets',
    up: (database) => [
      database.schema
        .createTable('limits_journal')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('is_open', 'integer', (column) => column.notNull())
        .addColumn('lines', 'text', (column) => column.notNull()),
      database.schema
        .createTable('limits_balances')
        .addColumn('account', 'text', (column) => column.notNull())
        .addColumn('window_start', 'integer', (column) => column.notNull())
        .addColumn('window_end', 'integer', (column) => column.notNull())
        .addColumn('kept_until', 'integer', (column) => column.notNull())
        .addColumn('quota', 'integer', (column) => column.notNull())
        .addColumn('spent', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('limits_balances_key', ['account', 'window_start']),
    ],
  },
]
