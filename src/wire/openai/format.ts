// OpenAI's wire formats, put together.
import type { WireFormat } from '../format.ts'
import { parseErrorBody, replaceInResponse } from '../response.ts'
import { replaceDeltas } from '../stream.ts'
import { parseChatRequest } from './chat-request.ts'
import { parseChatResponse } from './chat-response.ts'
import { createChatReader } from './chat-stream.ts'
import { createCompletionsReader, parseCompletionsResponse } from './completions.ts'
import { parseCompletionsRequest } from './completions-request.ts'
import { deltaEvent } from './delta-event.ts'
import { parseEmbeddingsRequest, parseEmbeddingsResponse, refuseStream } from './embeddings.ts'
import { errorEvent, openAiError } from './error-body.ts'

const common = {
  api: 'openai',
  replaceInResponse,
  replaceDeltas,
  deltaEvent,
  parseErrorBody,
  errorBody: openAiError,
  errorEvent,
} as const

/** POST /v1/chat/completions. */
export const chat: WireFormat = {
  ...common,
  operation: 'chat',
  upstreamPath: 'chat/completions',
  parseRequest: parseChatRequest,
  parseResponse: parseChatResponse,
  createChunkReader: createChatReader,
}

/** POST /v1/completions. */
export const completions: WireFormat = {
  ...common,
  operation: 'completions',
  upstreamPath: 'completions',
  parseRequest: parseCompletionsRequest,
  parseResponse: parseCompletionsResponse,
  createChunkReader: createCompletionsReader,
}

/** POST /v1/embeddings. */
export const embeddings: WireFormat = {
  ...common,
  operation: 'embeddings',
  upstreamPath: 'embeddings',
  parseRequest: parseEmbeddingsRequest,
  parseResponse: parseEmbeddingsResponse,
  createChunkReader: refuseStream,
}
