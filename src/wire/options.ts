// What this room accepts beyond inspected text, and how large a body may be. Everything opaque is refused by default.
import type { JsonLimits } from './json-tree.ts'

export interface WireOptions extends JsonLimits {
  /** Values and keys in a whole answer: log probabilities with twenty alternatives a token make a million. */
  readonly maxAnswerValues: number
  /** Answers asked for at once (`n`): each one costs. */
  readonly maxChoices: number
  /** Images: `reference` passes https URLs (inspected as text), `any` also inline data. */
  readonly images: 'refuse' | 'reference' | 'any'
  /** Files: `reference` passes file ids (inspected as text), `any` also inline data. */
  readonly files: 'refuse' | 'reference' | 'any'
  /** Audio in either direction, and references to earlier audio. */
  readonly audio: 'refuse' | 'any'
  /** `store: true`, earlier responses and conversations: text that the provider keeps or adds out of our sight. */
  readonly storedState: 'refuse' | 'any'
  /**
   * Tools that the provider runs (web search, web fetch, code execution, remote MCP servers) and what they leave there:
   * text goes to and comes from places that this gateway does not see.
   */
  readonly serverTools: 'refuse' | 'any'
  /** Text as the numbers of a tokenizer. */
  readonly tokens: 'refuse' | 'any'
  /** Log probabilities repeat the text token by token. `drop` accepts the request and removes them from the stream. */
  readonly streamedLogprobs: 'refuse' | 'drop'
  /** Objects and arrays that this room does not know and that carry text: `inspect` makes every string a part. */
  readonly unknown: 'refuse' | 'inspect'
}

export const DEFAULT_WIRE_OPTIONS: WireOptions = {
  maxDepth: 64,
  maxValues: 100_000,
  maxAnswerValues: 2_000_000,
  maxChoices: 16,
  images: 'refuse',
  files: 'refuse',
  audio: 'refuse',
  storedState: 'refuse',
  serverTools: 'refuse',
  tokens: 'refuse',
  streamedLogprobs: 'refuse',
  unknown: 'refuse',
}

export function withDefaults(options: Partial<WireOptions> | undefined): WireOptions {
  return options ? { ...DEFAULT_WIRE_OPTIONS, ...options } : DEFAULT_WIRE_OPTIONS
}
