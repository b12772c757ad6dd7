// OpenAI's wire formats, put together.
import type { WireFormat } from '../format.ts'
import { parseErrorBody, replaceInResponse } from '../response.ts'
import { replaceDeltas } from '../stream.ts'
import { parseChatRequest } from './chat-request.ts'
import { parseChatResponse } from './chat-response.ts'
import { createChatReader } from './chat-stream.ts'
import { deltaEvent } from './delta-event.ts'
import { errorEvent, openAiError } from './error-body.ts'

const common = { replaceInResponse, replaceDeltas, deltaEvent, parseErrorBody, errorBody: openAiError, errorEvent }

/** POST /v1/chat/completions. */
export const chat: WireFormat = {
  ...common,
  operation: 'chat',
  upstreamPath: 'chat/completions',
  parseRequest: parseChatRequest,
  parseResponse: parseChatResponse,
  createChunkReader: createChatReader,
}
