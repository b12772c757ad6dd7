// Token counts of an answer (OpenAI CompletionUsage), by which budgets are settled.
import type { JsonDocument, JsonNode } from './json-tree.ts'
import { memberOf } from './shape.ts'

/** Counts of tokens, whole and not negative. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of the prompt, how many came from the provider's cache. */
  readonly cachedTokens: number
}

/** The counts in a `usage` object; undefined when it is absent or does not hold plausible numbers. */
export function readUsage(document: JsonDocument, node: JsonNode | undefined): Usage | undefined {
  const promptTokens = count(document, memberOf(node, 'prompt_tokens'))
  const completionTokens = count(document, memberOf(node, 'completion_tokens'))
  if (promptTokens === undefined || completionTokens === undefined) return undefined
  const details = memberOf(node, 'prompt_tokens_details')
  return { promptTokens, completionTokens, cachedTokens: count(document, memberOf(details, 'cached_tokens')) ?? 0 }
}

function count(document: JsonDocument, node: JsonNode | undefined): number | undefined {
  const value = node?.kind === 'number' ? Number(document.text(node)) : Number.NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
