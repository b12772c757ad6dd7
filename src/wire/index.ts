// The wire room: AI wire formats, from bytes to the parts of text that must be inspected, and back.
export { WireError, type WireErrorCode } from './errors.ts'
export type {
  Delta,
  ErrorBody,
  ErrorFields,
  ModelOperation,
  ModelRequest,
  ModelResponse,
  StreamChunk,
  WireFormat,
} from './format.ts'
export { formats } from './formats.ts'
export { openAiError } from './openai/error-body.ts'
export { type ModelEntry, type ModelList, parseModelList } from './openai/models.ts'
export { DEFAULT_WIRE_OPTIONS, type WireOptions } from './options.ts'
export type { Channel, Part, Span } from './part.ts'
export { publicPath } from './public-path.ts'
export type { Block, Logprobs, ToolDefinition, Uninspected } from './reader.ts'
export type { PartEdit } from './replace.ts'
export { replaceParts } from './replace.ts'
export { wireSchema } from './settings.ts'
export { toParam } from './shape.ts'
export { createSseReader, type SseEvent, type SseReader } from './sse.ts'
export type { Usage } from './usage.ts'
