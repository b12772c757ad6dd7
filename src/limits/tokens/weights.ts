// How many tokens a text may become, by family of tokenizer. The two tables are upper bounds fitted to OpenAI's public
// encodings (see tokens.test.ts, which measures them); the other families are one of these with a margin, since their
// tokenizers are not public or too large to carry along.

/** Scripts that tokenizers treat differently. */
export type Script =
  | 'latin'
  | 'cyrillic'
  | 'greek'
  | 'semitic'
  | 'indic'
  | 'thai'
  | 'han'
  | 'kana'
  | 'hangul'
  | 'other'
  | 'astral'

/** Tokens for each UTF-16 code unit of a word in a script. */
type Weights = Readonly<Record<Script, number>>

const o200k: Weights = {
  latin: 0.36,
  cyrillic: 0.36,
  greek: 0.48,
  semitic: 0.52,
  indic: 0.5,
  thai: 0.6,
  han: 1.05,
  kana: 1,
  hangul: 0.85,
  other: 2.4,
  astral: 1.5,
}

const cl100k: Weights = {
  latin: 0.42,
  cyrillic: 0.58,
  greek: 1.1,
  semitic: 1.3,
  indic: 1.6,
  thai: 1.25,
  han: 1.6,
  kana: 1.35,
  hangul: 1.35,
  other: 3,
  astral: 1.7,
}

export interface Family {
  readonly weights: Weights
  /** On everything but digits. */
  readonly margin: number
  readonly digitsPerToken: number
}

export const familyNames = [
  'o200k',
  'cl100k',
  'anthropic',
  'llama',
  'mistral',
  'gemini',
  'qwen',
  'deepseek',
  'unknown',
] as const
export type FamilyName = (typeof familyNames)[number]

/**
 * Sources: OpenAI's tiktoken for the first two; Meta's Llama 3 (tiktoken with 128,000 entries); Mistral's older
 * tokenizers have 32,000 entries; Anthropic says that newer models need up to 1.35 times the tokens of older ones, which
 * need somewhat more than OpenAI's; Gemini, Mistral and Qwen split numbers into digits.
 */
export const families: Readonly<Record<FamilyName, Family>> = {
  o200k: { weights: o200k, margin: 1, digitsPerToken: 3 },
  cl100k: { weights: cl100k, margin: 1, digitsPerToken: 3 },
  anthropic: { weights: cl100k, margin: 1.5, digitsPerToken: 1 },
  llama: { weights: cl100k, margin: 1, digitsPerToken: 3 },
  mistral: { weights: cl100k, margin: 1.25, digitsPerToken: 1 },
  gemini: { weights: o200k, margin: 1.2, digitsPerToken: 1 },
  qwen: { weights: cl100k, margin: 1.1, digitsPerToken: 1 },
  deepseek: { weights: cl100k, margin: 1.1, digitsPerToken: 3 },
  unknown: { weights: cl100k, margin: 1.5, digitsPerToken: 1 },
}

/** Which family a model is of when the configuration does not say. The first pattern that fits decides. */
export const usualFamilies: readonly { readonly models: readonly string[]; readonly family: FamilyName }[] = [
  { models: ['gpt-3.5*', 'gpt-4', 'gpt-4-*', 'text-embedding-*'], family: 'cl100k' },
  { models: ['gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*', 'ft:gpt-*', '*gpt-oss*'], family: 'o200k' },
  { models: ['*claude*'], family: 'anthropic' },
  { models: ['*deepseek*'], family: 'deepseek' },
  { models: ['*llama*', '*Llama*'], family: 'llama' },
  { models: ['*mistral*', '*Mistral*', '*mixtral*', '*Mixtral*', '*codestral*', '*ministral*'], family: 'mistral' },
  { models: ['*gemini*', '*gemma*'], family: 'gemini' },
  { models: ['*qwen*', '*Qwen*', 'qwq*'], family: 'qwen' },
]
