// From the configured budgets and who is asking for what to the accounts that a request is charged to.
import { modelMatcher } from '#config'
import { type Account, type Unit, units } from './account.ts'
import type { BudgetCharge } from './budgets.ts'
import { bounded, costOf, type Price, priceFinder, type Spending } from './cost.ts'
import type { BudgetSettings, PriceSettings } from './schema.ts'

/** Who spends, and on which model. */
export interface Spender {
  readonly key: string
  readonly principal: string
  readonly tenant: string
  readonly model: string
}

/** The accounts of one spender. */
export interface BudgetPlan {
  /** Nothing is charged, so nothing need be counted. */
  readonly isEmpty: boolean
  /** False when only requests are counted: then no text need be looked at. */
  readonly countsTokens: boolean
  /** A budget counts money, and the model has no price: what it costs cannot be known, so it must not be used. */
  readonly lacksPrice: boolean
  charges(reserved: Spending): BudgetCharge[]
  /** For the same charges, in the same order. */
  amounts(spent: Spending): number[]
}

export interface BudgetPlanSettings {
  readonly budgets: BudgetSettings
  readonly prices: PriceSettings
  readonly timeZone: string
}

/** @returns the plan of a spender; made once for a configuration, since patterns are compiled here */
export function createBudgetPlanner({
  budgets,
  prices,
  timeZone,
}: BudgetPlanSettings): (spender: Spender) => BudgetPlan {
  const compiled = budgets.map((budget) => ({ budget, fits: modelMatcher(budget.models ?? ['*']) }))
  const priceOf = priceFinder(prices)
  return (spender) => {
    const entries = compiled
      .filter(({ budget, fits }) => fits(spender.model) && isFor(budget, spender))
      .flatMap(({ budget }) => entriesOf(budget, spender))
    const price = priceOf(spender.model)
    const amounts = (spending: Spending) => entries.map(({ account }) => amountOf(account.unit, spending, price))
    return {
      isEmpty: entries.length === 0,
      countsTokens: entries.some(({ account }) => account.unit !== 'requests'),
      lacksPrice: price === undefined && entries.some(({ account }) => account.unit === 'cost'),
      amounts,
      charges(reserved) {
        const list = amounts(reserved)
        return entries.map(({ account, limit }, index) => ({ account, limit, timeZone, amount: list[index] ?? 0 }))
      },
    }
  }
}

type Budget = BudgetSettings[number]

function isFor({ per, only, except }: Budget, spender: Spender): boolean {
  const ids = idsOf(per, spender)
  return !ids.some((id) => except?.includes(id)) && (only === undefined || ids.some((id) => only.includes(id)))
}

/** What `only` and `except` may call the spender by; a principal also by its tenant and name. */
function idsOf(per: Budget['per'], spender: Spender): readonly string[] {
  if (per === 'principal') return [spender.principal, subjectOf(per, spender)]
  return per === 'gateway' ? [spender.tenant] : [spender[per]]
}

/** Tenant ids hold no slash, so no two principals share an account. */
function subjectOf(per: Budget['per'], spender: Spender): string {
  if (per === 'principal') return `${spender.tenant}/${spender.principal}`
  return per === 'gateway' ? '' : spender[per]
}

function entriesOf(budget: Budget, spender: Spender): { account: Account; limit: number }[] {
  const { name, per, every: period, requests, inputTokens, outputTokens, tokens, cost } = budget
  const common = { budget: name, per, subject: subjectOf(per, spender), period }
  const limits = { requests, inputTokens, outputTokens, tokens, cost }
  return units.flatMap((unit) => {
    const limit = limits[unit]
    return limit === undefined ? [] : [{ account: { ...common, unit }, limit }]
  })
}

function amountOf(unit: Unit, spending: Spending, price: Price | undefined): number {
  switch (unit) {
    case 'requests':
      return spending.requests
    case 'inputTokens':
      return bounded(spending.input)
    case 'outputTokens':
      return bounded(spending.output)
    case 'tokens':
      return bounded(spending.input + spending.output)
    case 'cost':
      // Without a price the request is refused before anything is charged.
      return price === undefined ? 0 : costOf(price, spending)
  }
}
