// Token counts as OpenAI's formats tell them (CompletionUsage; embeddings have no `completion_tokens`).
import type { JsonDocument, JsonNode } from '../json-tree.ts'
import { memberOf } from '../shape.ts'
import type { Usage } from '../usage.ts'

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
