// Token counts of an answer, by which budgets are settled.

/** Counts of tokens, whole and not negative. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of the prompt, how many came from the provider's cache. */
  readonly cachedTokens: number
}
