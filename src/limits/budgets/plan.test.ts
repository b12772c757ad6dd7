import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limitsSchema } from '../schema.ts'
import { costOf, type Spending } from './cost.ts'
import { createBudgetPlanner } from './plan.ts'
import { type Ending, settlementOf } from './settlement.ts'

const spender = { key: 'key_1', principal: 'mia', tenant: 'acme', model: 'gpt-5-mini' }
const spending: Spending = { requests: 1, input: 1000, cached: 400, output: 200 }

const planOf = (settings: object) => createBudgetPlanner(limitsSchema.parse(settings))

test('each budget that fits is charged in each of its units, under whoever it is counted by', () => {
  const plan = planOf({
    timeZone: 'Europe/Berlin',
    budgets: [
      { name: 'a', per: 'key', every: 'minute', requests: 5 },
      { name: 'b', per: 'principal', every: 'day', tokens: 10, inputTokens: 20 },
      { name: 'c', per: 'gateway', every: 'month', cost: 9.5, models: ['gpt-*'] },
      { name: 'd', per: 'tenant', every: 'hour', requests: 1, models: ['claude-*'] },
    ],
    prices: [{ models: ['*'], input: 2.5, output: 10, cached: 0.25 }],
  })(spender)
  assert.deepEqual(
    plan
      .charges(spending)
      .map(({ account, limit, amount }) => [account.budget, account.subject, account.unit, limit, amount]),
    [
      ['a', 'key_1', 'requests', 5, 1],
      ['b', 'acme/mia', 'inputTokens', 20, 1000],
      ['b', 'acme/mia', 'tokens', 10, 1200],
      ['c', '', 'cost', 9_500_000, 3600],
    ],
  )
  assert.deepEqual(plan.amounts(spending), [1, 1000, 1200, 3600])
  assert.equal(plan.charges(spending)[0]?.timeZone, 'Europe/Berlin')
})

test('`only` and `except` say for whom a budget is; a principal may be named with its tenant', () => {
  const charged = (budget: object) =>
    !planOf({ budgets: [{ name: 'a', per: 'principal', every: 'day', requests: 1, ...budget }] })(spender).isEmpty
  assert.equal(charged({}), true)
  assert.equal(charged({ only: ['mia'] }), true)
  assert.equal(charged({ only: ['acme/mia'] }), true)
  assert.equal(charged({ only: ['other/mia', 'joe'] }), false)
  assert.equal(charged({ except: ['acme/mia'] }), false)
  assert.equal(charged({ except: ['joe'] }), true)
  assert.equal(charged({ per: 'gateway', except: ['acme'] }), false)
})

test('nothing is counted where no budget is, and no text is looked at where only requests are counted', () => {
  assert.equal(planOf({})(spender).isEmpty, true)
  const plan = planOf({ budgets: [{ name: 'a', per: 'key', every: 'day', requests: 1 }] })(spender)
  assert.equal(plan.countsTokens, false)
})

test('costs are exact, rounded up once, and nothing that an upstream reports breaks them', () => {
  const price = { models: ['*'], input: 2_500_000, output: 10_000_000, cached: 0 }
  assert.equal(costOf(price, { requests: 1, input: 5, cached: 0, output: 7 }), 83)
  assert.equal(costOf(price, { requests: 1, input: 5, cached: 5, output: 0 }), 0)
  // More from the cache than there was: not less than nothing.
  assert.equal(costOf(price, { requests: 1, input: 5, cached: 50, output: 0 }), 0)
  const huge = Number.MAX_SAFE_INTEGER
  assert.equal(costOf(price, { requests: 1, input: huge, cached: 0, output: huge }), 1e15)
})

const ending: Ending = {
  wasSent: true,
  status: 200,
  isComplete: true,
  hasFailed: false,
  isStream: true,
  usage: undefined,
  received: 50,
}
const settle = (over: Partial<Ending>) => settlementOf(spending, { ...ending, ...over })
const usage = { promptTokens: 10, completionTokens: 20, cachedTokens: 5 }

test('what was never sent, and what an upstream failed at before it answered, is given back', () => {
  const nothing = { requests: 0, input: 0, cached: 0, output: 0 }
  assert.deepEqual(settle({ wasSent: false, status: undefined }), nothing)
  assert.deepEqual(settle({ hasFailed: true, status: undefined }), nothing)
})

test('what an upstream reports is charged; when it was cut off, no less than what had come', () => {
  const reported = { requests: 1, input: 10, cached: 5, output: 20 }
  assert.deepEqual(settle({ usage }), reported)
  assert.deepEqual(settle({ usage, isComplete: false }), { ...reported, output: 50 })
  assert.deepEqual(settle({ usage: { ...usage, completionTokens: 70 }, isComplete: false }), {
    ...reported,
    output: 70,
  })
})

test('without a report, prompts are charged as reserved and answers as they came', () => {
  assert.deepEqual(settle({}), { requests: 1, input: 1000, cached: 0, output: 50 })
  assert.deepEqual(settle({ isComplete: false }), { requests: 1, input: 1000, cached: 0, output: 50 })
  assert.deepEqual(settle({ isComplete: false, isStream: false }), spending)
  assert.deepEqual(settle({ status: 500 }), { requests: 1, input: 0, cached: 0, output: 0 })
})

test('who leaves before an answer begins pays for the prompt of a stream, and for all of anything else', () => {
  const left = { status: undefined, isComplete: false, received: 0 }
  assert.deepEqual(settle(left), { requests: 1, input: 1000, cached: 0, output: 0 })
  assert.deepEqual(settle({ ...left, isStream: false }), spending)
})

test('a settlement without a report never exceeds its reservation, but for an answer that did', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.nat(200),
      (wasSent, isComplete, hasFailed, isStream, received) => {
        const result = settle({ wasSent, isComplete, hasFailed, isStream, received })
        assert.ok(result.requests <= 1 && result.input <= spending.input && result.output <= spending.output)
      },
    ),
  )
})
