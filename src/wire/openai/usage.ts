// Token counts as OpenAI's formats tell them (CompletionUsage). Embeddings have no tokens of an answer.
import type { JsonDocument, JsonNode } from '../json-tree.ts'
import { memberOf, object, type Shape, scalar } from '../shape.ts'
import type { Usage } from '../usage.ts'

export const usage: Shape = object({
  prompt_tokens: scalar,
  completion_tokens: scalar,
  total_tokens: scalar,
  prompt_tokens_details: object({
    audio_tokens: scalar,
    cache_write_tokens: scalar,
    cached_tokens: scalar,
    image_tokens: scalar,
    text_tokens: scalar,
  }),
  completion_tokens_details: object({
    accepted_prediction_tokens: scalar,
    audio_tokens: scalar,
    reasoning_tokens: scalar,
    rejected_prediction_tokens: scalar,
    text_tokens: scalar,
  }),
})

/** The counts in a `usage` object; undefined when it is absent or does not hold plausible numbers. */
export function readUsage(document: JsonDocument, node: JsonNode | undefined): Usage | undefined {
  const promptTokens = count(document, memberOf(node, 'prompt_tokens'))
  const completionTokens = count(document, memberOf(node, 'completion_tokens'))
  if (promptTokens === undefined || completionTokens === undefined) return undefined
  const details = memberOf(node, 'prompt_tokens_details')
  return { promptTokens, completionTokens, cachedTokens: count(document, memberOf(details, 'cached_tokens')) ?? 0 }
}

/** As `readUsage`, for answers without text. */
export function readInputUsage(document: JsonDocument, node: JsonNode | undefined): Usage | undefined {
  const promptTokens = count(document, memberOf(node, 'prompt_tokens'))
  return promptTokens === undefined ? undefined : { promptTokens, completionTokens: 0, cachedTokens: 0 }
}

function count(document: JsonDocument, node: JsonNode | undefined): number | undefined {
  const value = node?.kind === 'number' ? Number(document.text(node)) : Number.NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
