// Anthropic's wire formats, put together.
import type { WireFormat } from '../format.ts'
import { parseErrorBody } from '../response.ts'
import { replaceDeltas } from '../stream.ts'
import { messageDelta } from './delta-event.ts'
import { anthropicError, anthropicErrorEvent } from './error-body.ts'
import { parseMessagesRequest } from './request.ts'
import { parseMessage, parseTokenCount, replaceInMessage } from './response.ts'
import { createMessageReader } from './stream.ts'

const common = {
  api: 'anthropic',
  parseRequest: parseMessagesRequest,
  replaceInResponse: replaceInMessage,
  createChunkReader: createMessageReader,
  replaceDeltas,
  deltaEvent: messageDelta,
  parseErrorBody,
  errorBody: anthropicError,
  errorEvent: anthropicErrorEvent,
} as const

/** POST /v1/messages. */
export const messages: WireFormat = {
  ...common,
  operation: 'messages',
  upstreamPath: 'messages',
  parseResponse: parseMessage,
}

/** POST /v1/messages/count_tokens. */
export const countTokens: WireFormat = {
  ...common,
  operation: 'count_tokens',
  upstreamPath: 'messages/count_tokens',
  parseResponse: parseTokenCount,
}
