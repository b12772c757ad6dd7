// What tokens cost, in whole micro-units: millionths of the currency of the price list. Never a floating-point sum.
import { modelMatcher } from '#config'
import { maxAmount } from './ledger.ts'
import type { PriceSettings } from './schema.ts'

/** What was used, or is reserved. All whole, at least 0. */
export interface Spending {
  readonly requests: number
  /** Tokens of the prompt, those from a cache included. */
  readonly input: number
  readonly cached: number
  readonly output: number
}

export type Price = PriceSettings[number]

/** The first price whose patterns fit the model; undefined when there is none. */
export function priceFinder(prices: PriceSettings): (model: string) => Price | undefined {
  const compiled = prices.map((price) => ({ price, fits: modelMatcher(price.models) }))
  return (model) => compiled.find(({ fits }) => fits(model))?.price
}

/** Rounded up, so that many small requests are not free. */
export function costOf({ input, output, cached }: Price, spending: Spending): number {
  const fromCache = Math.min(spending.cached, spending.input)
  const millionths =
    BigInt(input) * BigInt(spending.input - fromCache) +
    BigInt(cached ?? input) * BigInt(fromCache) +
    BigInt(output) * BigInt(spending.output)
  return bounded(Number((millionths + 999_999n) / 1_000_000n))
}

/** What nothing may exceed: an upstream that reports absurd numbers must not break the ledger. */
export function bounded(amount: number): number {
  return Math.min(amount, maxAmount)
}
