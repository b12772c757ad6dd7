// What an exchange reserves of the budgets that it is charged to, and what it is charged in the end.
import {
  type BudgetPlan,
  createBudgetPlanner,
  createTokenEstimator,
  type LimitSettings,
  modelPlaces,
  type Spender,
  settlementOf,
  type TokenEstimator,
} from '#limits'
import { type Exchange, established } from './exchange.ts'
import type { House } from './house.ts'
import { createMeter, type ExchangeBudget } from './meter.ts'

/** What the settings say, made ready once. */
export interface BudgetTools {
  planFor(spender: Spender): BudgetPlan
  readonly estimator: TokenEstimator
  readonly placeOf: ReturnType<typeof modelPlaces>
}

const ready = new WeakMap<LimitSettings, BudgetTools>()

export function budgetTools({ settings: { limits } }: House): BudgetTools {
  const known = ready.get(limits)
  if (known !== undefined) return known
  const tools = {
    planFor: createBudgetPlanner(limits),
    estimator: createTokenEstimator(limits.tokens),
    placeOf: modelPlaces(limits.concurrency),
  }
  ready.set(limits, tools)
  return tools
}

/** @returns what the exchange would be charged at most, as far as that can be known before; nothing is booked yet */
export function budgetOf(exchange: Exchange, plan: BudgetPlan, { estimator }: BudgetTools): ExchangeBudget {
  const asked = established(exchange.asked, 'a parsed request')
  const isCounted = plan.countsTokens && exchange.operation !== 'count_tokens'
  return {
    plan,
    reserved: {
      requests: 1,
      input: isCounted ? estimator.input(asked) : 0,
      cached: 0,
      output: isCounted && exchange.operation !== 'embeddings' ? estimator.output(asked) : 0,
    },
    meter: createMeter(estimator.counter(asked.model)),
    decision: undefined,
    spent: undefined,
  }
}

/** Books what was spent. Never throws: what cannot be booked stays reserved, and counts as spent. */
export function settleBudget(exchange: Exchange, house: House): void {
  const { budget } = exchange
  if (budget === undefined) return
  const failed = (error: unknown) => house.report('a budget could not be settled', error)
  try {
    budget.spent = settlementOf(budget.reserved, endingOf(exchange, budget))
    Promise.resolve(house.budgets.settle(exchange.id, budget.plan.amounts(budget.spent))).catch(failed)
  } catch (error) {
    failed(error)
  }
}

function endingOf(exchange: Exchange, { meter }: ExchangeBudget): Parameters<typeof settlementOf>[1] {
  const last = exchange.attempts.at(-1)
  return {
    wasSent: exchange.attempts.some(({ sent }) => sent),
    status: last?.status,
    isComplete: exchange.outcome.ended === 'complete' || meter.isWhole,
    hasFailed: last?.error !== undefined && !unknownEnds.has(last.error),
    isStream: exchange.asked?.stream ?? false,
    usage: exchange.operation === 'count_tokens' ? noUsage : exchange.usage,
    received: meter.tokens,
  }
}

/** Errors after which the upstream may go on working, and want to be paid. */
const unknownEnds: ReadonlySet<string> = new Set(['aborted', 'headers_timeout', 'idle_timeout', 'total_timeout'])

/** Counting tokens costs none, though it reports some. */
const noUsage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 }
