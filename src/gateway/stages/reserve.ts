// How much? Reserves tokens and money of every budget that the request is charged to, all or none, and a place on the
// model; once both are known and before anything is sent. What was not spent is given back in `settle`.
import type { BudgetDecision } from '#limits'
import { type BudgetTools, budgetOf, budgetTools } from '../budget.ts'
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { takePlaces } from '../places.ts'

type Result = Refusal | undefined | Promise<Refusal | undefined>

export function reserve(exchange: Exchange, house: House): Result {
  const { asked } = exchange
  if (asked === undefined) return undefined
  const tools = budgetTools(house)
  const place = tools.placeOf(asked.model)
  const refused = place === undefined ? undefined : takePlaces(exchange, house, `${exchange.id}.model`, [place])
  const goOn = (refusal: Refusal | undefined) => refusal ?? reserveBudgets(exchange, house, tools)
  return refused instanceof Promise ? refused.then(goOn) : goOn(refused)
}

function reserveBudgets(exchange: Exchange, house: House, tools: BudgetTools): Result {
  const { keyId: key, id: principal, tenant } = established(exchange.principal, 'a principal')
  const { model } = established(exchange.asked, 'a parsed request')
  const plan = tools.planFor({ key, principal, tenant, model })
  if (plan.isEmpty) return undefined
  if (plan.lacksPrice) return notPriced
  const budget = budgetOf(exchange, plan, tools)
  // Noted before it is asked for: should the answer never come, it is settled all the same.
  exchange.budget = budget
  const judge = (decision: BudgetDecision) => {
    budget.decision = decision
    return refusalOf(decision)
  }
  const decision = house.budgets.reserve(exchange.id, plan.charges(budget.reserved))
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

function refusalOf({ allowed, tightest, retryAfterMs }: BudgetDecision): Refusal | undefined {
  if (allowed || tightest === null) return undefined
  const { budget, unit, period } = tightest.account
  const what = `the budget '${budget}' (${unitNames[unit]} a ${period})`
  const message =
    retryAfterMs === Infinity
      ? `This request may need more than all of ${what}. Ask for a shorter answer, or send less.`
      : `This request may need more than what is left of ${what}. It is renewed in ${Math.ceil(retryAfterMs / 1000)} s.`
  return { status: 429, code: 'budget_exceeded', message, rule: `budget: ${budget}` }
}

const unitNames = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  tokens: 'tokens',
  cost: 'money',
} as const

const notPriced: Refusal = {
  status: 403,
  code: 'model_not_priced',
  message: 'A budget in money applies, and the configuration has no price for this model, so it cannot be used.',
  rule: 'budget: model_not_priced',
  param: 'model',
}
