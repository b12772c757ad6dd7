// The wire room: AI wire formats, from bytes to the parts of text that must be inspected, and back.
export { type ChatRequest, parseChatRequest } from './chat-request.ts'
export {
  type ChatResponse,
  type ErrorBody,
  parseChatResponse,
  parseErrorBody,
  replaceInResponse,
} from './chat-response.ts'
export { type ChatChunk, type Delta, errorEvent, replaceDeltas } from './chat-stream.ts'
export { createChunkReader } from './chunk-reader.ts'
export { deltaEvent } from './delta-event.ts'
export { type OpenAiErrorFields, openAiError, WireError, type WireErrorCode } from './errors.ts'
export { type ModelEntry, type ModelList, parseModelList } from './models.ts'
export { DEFAULT_WIRE_OPTIONS, type WireOptions } from './options.ts'
export type { Channel, Part, Span } from './part.ts'
export { publicPath } from './public-path.ts'
export type { Block, Logprobs, ToolDefinition, Uninspected } from './reader.ts'
export { type PartEdit, replaceParts } from './replace.ts'
export { wireSchema } from './settings.ts'
export { toParam } from './shape.ts'
export { createSseReader, type SseEvent, type SseReader } from './sse.ts'
export type { Usage } from './usage.ts'
