// The `wire` part of holdfast.yaml: what may pass although it cannot be inspected. Nothing, by default.
import { z } from 'zod'
import { DEFAULT_WIRE_OPTIONS as standard } from './options.ts'

export const wireSchema = z
  .strictObject({
    maxChoices: z.int().min(1).max(128).default(standard.maxChoices).describe('Answers that one request may ask for.'),
    images: z
      .enum(['refuse', 'reference', 'any'])
      .default(standard.images)
      .describe('Images: `reference` lets https URLs pass, `any` inline images too. Their content is not inspected.'),
    files: z
      .enum(['refuse', 'reference', 'any'])
      .default(standard.files)
      .describe('Files: `reference` lets file ids pass, `any` inline files too. Their content is not inspected.'),
    audio: z.enum(['refuse', 'any']).default(standard.audio).describe('Audio, which is not inspected.'),
    storedState: z
      .enum(['refuse', 'any'])
      .default(standard.storedState)
      .describe('`store: true` and earlier conversations: text that the upstream keeps or adds unseen.'),
    serverTools: z
      .enum(['refuse', 'any'])
      .default(standard.serverTools)
      .describe('Tools that the provider runs: web search and fetch, code execution, remote MCP servers, containers.'),
    tokens: z
      .enum(['refuse', 'any'])
      .default(standard.tokens)
      .describe('Prompts and inputs as token numbers instead of text, which are not inspected.'),
    streamedLogprobs: z
      .enum(['refuse', 'drop'])
      .default(standard.streamedLogprobs)
      .describe('Log probabilities in a stream repeat its text ahead of inspection: refuse the request, or drop them.'),
    unknown: z
      .enum(['refuse', 'inspect'])
      .default(standard.unknown)
      .describe('Unknown structures with text: refuse them, or inspect every string in them and let them pass.'),
  })
  .prefault({})
