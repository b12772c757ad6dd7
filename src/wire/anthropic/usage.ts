// Token counts of the Messages API. What is read from or written to the provider's cache is counted apart there; here
// it is part of the prompt, as everywhere else.
import type { JsonDocument, JsonNode } from '../json-tree.ts'
import { memberOf } from '../shape.ts'
import type { Usage } from '../usage.ts'

/** The counts of a `usage` object that hold a plausible number. */
export interface TokenCounts {
  readonly input?: number
  readonly cacheWrite?: number
  readonly cacheRead?: number
  readonly output?: number
}

export function readCounts(document: JsonDocument, node: JsonNode | undefined): TokenCounts {
  const read = (name: string) => {
    const member = memberOf(node, name)
    const value = member?.kind === 'number' ? Number(document.text(member)) : Number.NaN
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  }
  return present({
    input: read('input_tokens'),
    cacheWrite: read('cache_creation_input_tokens'),
    cacheRead: read('cache_read_input_tokens'),
    output: read('output_tokens'),
  })
}

/** Undefined while the counts of prompt or answer are missing. */
export function usageOf({ input, cacheWrite = 0, cacheRead = 0, output }: TokenCounts): Usage | undefined {
  if (input === undefined || output === undefined) return undefined
  return { promptTokens: input + cacheWrite + cacheRead, completionTokens: output, cachedTokens: cacheRead }
}

function present(counts: { readonly [Name in keyof TokenCounts]: number | undefined }): TokenCounts {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined))
}
