// The wire formats that Holdfast speaks, by what is asked for in them.
import { countTokens, messages } from './anthropic/format.ts'
import type { WireFormat } from './format.ts'
import { chat, completions, embeddings } from './openai/format.ts'

/** Operations without a format have no body that names a model. */
export const formats: ReadonlyMap<string, WireFormat> = new Map(
  [chat, completions, embeddings, messages, countTokens].map((format) => [format.operation, format]),
)
