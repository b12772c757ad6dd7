// The wire formats that Holdfast speaks, by what is asked for in them.
import type { WireFormat } from './format.ts'
import { chat, completions, embeddings } from './openai/format.ts'

/** Operations without a format have no body that names a model. */
export const formats: ReadonlyMap<string, WireFormat> = new Map(
  [chat, completions, embeddings].map((format) => [format.operation, format]),
)
