// Limits: how much a client may ask for.
export { clientFinder } from './addresses/address.ts'
export { type AddressGuard, createAddressGuard, type Unrecorded } from './addresses/guard.ts'
export type { Account } from './budgets/account.ts'
export {
  type BudgetCharge,
  type BudgetDecision,
  type BudgetLedger,
  type BudgetState,
  type Budgets,
  openBudgets,
} from './budgets/budgets.ts'
export { costOf, priceFinder, type Spending } from './budgets/cost.ts'
export { type BudgetPlan, createBudgetPlanner, type Spender } from './budgets/plan.ts'
export { settlementOf } from './budgets/settlement.ts'
export { chargesFor, modelPlaces, placesFor } from './charges.ts'
export { LimitsError, type LimitsErrorCode } from './error.ts'
export { type GcraResult, gcra } from './gcra.ts'
export { budgetHeaders, joinHeaders, rateLimitHeaders } from './headers.ts'
export { createLeases, type LeasePlace, type Leases } from './leases.ts'
export {
  type Charge,
  createLimiter,
  type LimitDecision,
  type Limiter,
  type LimiterOptions,
  type LimitScope,
} from './limiter.ts'
export { type LimitsTables, limitsMigrations } from './migrations.ts'
export { type LimitSettings, limitsSchema } from './schema.ts'
export type { TokenCounter } from './tokens/counter.ts'
export { createTokenEstimator, type TokenEstimator } from './tokens/estimate.ts'
