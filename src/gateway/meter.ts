// What is reserved and measured of one exchange, for its budgets.
import type { BudgetDecision, BudgetPlan, Spending, TokenCounter } from '#limits'

/** The budgets of one exchange. */
export interface ExchangeBudget {
  readonly plan: BudgetPlan
  readonly reserved: Spending
  /** Measures the answer, for upstreams that do not say what it took. */
  readonly meter: Meter
  decision: BudgetDecision | undefined
  /** Known at the end. */
  spent: Spending | undefined
}

/** Measures how much of an answer has arrived. */
export interface Meter {
  /** A piece of the text of a lane, as it arrives. */
  note(lane: string, text: string): void
  /** The answer was read to its end. */
  end(): void
  readonly isWhole: boolean
  readonly tokens: number
}

export function createMeter(counter: TokenCounter): Meter {
  let current: string | undefined
  let isWhole = false
  return {
    note(lane, text) {
      if (lane !== current) counter.break()
      current = lane
      counter.push(text)
    },
    end() {
      isWhole = true
    },
    get isWhole() {
      return isWhole
    },
    get tokens() {
      return counter.tokens
    },
  }
}
