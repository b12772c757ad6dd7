// How many tokens a request is taken for before it is sent: what it says, and the longest answer that it may get.
import { modelMatcher } from '#config'
import { createTokenCounter, type TokenCounter } from './counter.ts'
import type { TokenSettings } from './schema.ts'
import { type FamilyName, usualFamilies } from './weights.ts'

/** What is looked at of a request. */
export interface EstimatedRequest {
  readonly model: string
  readonly parts: readonly { readonly text: string }[]
  /** Messages and tool definitions. */
  readonly blocks: readonly unknown[]
  readonly uninspected: readonly unknown[]
  readonly choices: number
  readonly maxOutputTokens?: number
}

export interface TokenEstimator {
  input(request: EstimatedRequest): number
  /** For all answers together. */
  output(request: EstimatedRequest): number
  /** For texts of an answer as they arrive. */
  counter(model: string): TokenCounter
}

export function createTokenEstimator(settings: TokenSettings): TokenEstimator {
  const entries = [...settings.families, ...usualFamilies].map(({ models, family }) => ({
    family,
    fits: modelMatcher(models),
  }))
  const familyOf = (model: string): FamilyName => entries.find(({ fits }) => fits(model))?.family ?? 'unknown'
  return {
    input({ model, parts, blocks, uninspected }) {
      const counter = createTokenCounter(familyOf(model))
      let bytes = 0
      for (const { text } of parts) {
        if (settings.bound === 'certain') bytes += Buffer.byteLength(text)
        else {
          counter.push(text)
          counter.break()
        }
      }
      // What formats put around messages, tools and their fields.
      const around = tokensOfRequest + blocks.length * tokensOfBlock + parts.length * tokensOfPart
      return counter.tokens + bytes + around + uninspected.length * settings.uninspected
    },
    output: ({ choices, maxOutputTokens }) => choices * (maxOutputTokens ?? settings.maxOutput),
    counter: (model) => createTokenCounter(familyOf(model)),
  }
}

// OpenAI counts 3 a request and 4 a message; tools are rewritten with a few signs around each field.
const tokensOfRequest = 8
const tokensOfBlock = 6
const tokensOfPart = 3
