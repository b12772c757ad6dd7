// An account: what one subject may spend of one unit under one budget. Its name says all of it, so that a stored
// balance explains itself without the configuration that it was made under.
import { LimitsError } from '../error.ts'
import { type Period, periods } from './windows.ts'

/** What a budget is counted by. `gateway` is one account for everybody together. */
export const budgetScopes = ['key', 'principal', 'tenant', 'gateway'] as const
export type BudgetScope = (typeof budgetScopes)[number]

/** What is counted. `cost` is in micro-units: millionths of the currency of the price list. */
export const units = ['requests', 'inputTokens', 'outputTokens', 'tokens', 'cost'] as const
export type Unit = (typeof units)[number]

export interface Account {
  /** Name of the budget. */
  readonly budget: string
  readonly per: BudgetScope
  /** A key id, `tenant/principal`, a tenant id, or empty for the gateway. */
  readonly subject: string
  readonly period: Period
  readonly unit: Unit
}

/** The same account has the same name, and no two have one. */
export function nameOf({ budget, per, subject, period, unit }: Account): string {
  return JSON.stringify([budget, per, subject, period, unit])
}

/** @throws LimitsError `damaged` when the name is none */
export function accountOf(name: string): Account {
  const fields = fieldsOf(name)
  const [budget, per, subject, period, unit] = fields
  const knownScope = budgetScopes.find((known) => known === per)
  const knownPeriod = periods.find((known) => known === period)
  const knownUnit = units.find((known) => known === unit)
  if (typeof budget !== 'string' || typeof subject !== 'string' || !knownScope || !knownPeriod || !knownUnit)
    throw damaged()
  return { budget, per: knownScope, subject, period: knownPeriod, unit: knownUnit }
}

function fieldsOf(name: string): readonly unknown[] {
  try {
    const fields: unknown = JSON.parse(name)
    return Array.isArray(fields) ? fields : []
  } catch {
    return []
  }
}

export function damaged(): LimitsError {
  return new LimitsError('damaged', 'a stored budget balance is damaged; restore the store from a backup')
}
