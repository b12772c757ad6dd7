// What a wire format is to the rest of Holdfast: requests, answers and streams of any vendor, told alike.
// The gateway knows formats only through these types; formats.ts lists them.
import type { JsonDocument } from './json-tree.ts'
import type { WireOptions } from './options.ts'
import type { Part, Span } from './part.ts'
import type { Block, Logprobs, ToolDefinition, Uninspected } from './reader.ts'
import type { PartEdit } from './replace.ts'
import type { SseEvent } from './sse.ts'
import type { Usage } from './usage.ts'

/** The operations that have a body which names a model. Cedar and the limits know them by these names. */
export type ModelOperation = 'chat' | 'completions' | 'embeddings' | 'messages' | 'count_tokens'

/** A request that has been read: its parts of text, and the few parameters that decisions depend on. */
export interface ModelRequest {
  /** The bytes as they came. */
  readonly body: Uint8Array
  readonly model: string
  /** Where the model's name is, to replace it by the upstream's name for it. Not among `parts`: policy decides on it. */
  readonly modelPart: Part
  readonly stream: boolean
  /** A streamed answer will end with token counts. */
  readonly includeUsage: boolean
  /** Answers asked for, at least 1; of all prompts together. */
  readonly choices: number
  /** Tokens that each answer may have at most, when the request says so. */
  readonly maxOutputTokens?: number
  readonly parts: readonly Part[]
  /** Messages and tool definitions as wholes; parts outside them belong to no block. */
  readonly blocks: readonly Block[]
  readonly tools: readonly ToolDefinition[]
  /** What was let through unseen because an option allows it. */
  readonly uninspected: readonly Uninspected[]
}

/** A whole answer. */
export interface ModelResponse {
  readonly body: Uint8Array
  /** Everything readable in the answer, each with its `choice`. */
  readonly parts: readonly Part[]
  /**
   * Short names that software gives and compares, such as ids, the model and unknown keys: no words of closed lists.
   * To be inspected like parts, but nothing in them can be masked.
   */
  readonly names: readonly Part[]
  readonly logprobs: readonly Logprobs[]
  /** What was let through unseen because an option allows it. */
  readonly uninspected: readonly Uninspected[]
  readonly usage?: Usage
}

/** A piece of text in a chunk. Its span is that of the JSON string in the event's data. */
export interface Delta extends Part {
  /** What the piece continues: `0:content`, `1:tool:0:arguments`, or any other field by its path in the delta. */
  readonly lane: string
  /** Complete in itself: to be inspected alone, not held back and not joined to the lane's earlier pieces. */
  readonly isWhole: boolean
}

/** One event of a streamed answer. */
export interface StreamChunk {
  readonly event: SseEvent
  readonly deltas: readonly Delta[]
  /** As in ModelResponse. Those that an earlier chunk of the stream had at the same place are not repeated. */
  readonly names: readonly Part[]
  /** The `choice` of the deltas that end with this event: a choice of OpenAI's, a content block of Anthropic's. */
  readonly finished: readonly number[]
  readonly usage?: Usage
  /** The stream's last event, behind which clients do not read. */
  readonly isDone: boolean
  /** The tree of the event's data; undefined for `[DONE]` and for events without data. */
  readonly document: JsonDocument | undefined
  /** Log probabilities, which are never forwarded. */
  readonly logprobs: readonly Span[]
  /** What was let through unseen because an option allows it. */
  readonly uninspected: readonly Uninspected[]
}

/** The body of an upstream's error answer. */
export interface ErrorBody {
  readonly body: Uint8Array
  /** What the upstream says went wrong, if it says so in a usual place. */
  readonly message?: string
  readonly parts: readonly Part[]
}

/** What a client is told when it gets an error instead of an answer. */
export interface ErrorFields {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly param?: string | null
  /** The id of the exchange, for formats that repeat it in the body. */
  readonly requestId?: string
}

type Options = Partial<WireOptions>

export interface WireFormat {
  readonly operation: ModelOperation
  /** Whose interface it is: only an upstream that has it understands the request. */
  readonly api: 'openai' | 'anthropic'
  /** The path below an upstream's base URL. */
  readonly upstreamPath: 'chat/completions' | 'completions' | 'embeddings' | 'messages' | 'messages/count_tokens'
  /**
   * Every string of the body is in `parts`, except the model's name, words of closed lists (`"type": "text"`) and what
   * `options` lets pass unseen.
   *
   * @throws WireError with status 400, or 413 when too deep or too many values, and `param` naming the field
   */
  parseRequest(body: Uint8Array, options?: Options): ModelRequest
  /**
   * Nothing in an answer is unknown: every string is in `parts`, or in `names`, or a word of a closed list.
   *
   * @throws WireError with status 502: not JSON by our rules, not an object, or content that no option allows
   */
  parseResponse(body: Uint8Array, options?: Options): ModelResponse
  /**
   * The answer with parts replaced. Log probabilities of every choice that changed, or that spell something else than
   * the inspected text, become null. Unchanged, the very same object comes back.
   */
  replaceInResponse(response: ModelResponse, edits: readonly ResponseEdit[]): Uint8Array
  /**
   * A reader for the events of one stream, in their order.
   *
   * @throws WireError with status 502, from the reader: an event that cannot be read and must not be forwarded
   */
  createChunkReader(options?: Options): (event: SseEvent) => StreamChunk
  /**
   * The event with new text for its deltas, in their order; undefined keeps one as it is. Log probabilities become
   * null, comments and unknown fields are dropped, a missing blank line at the end is added. If nothing changes, the
   * original bytes come back as the same object.
   */
  replaceDeltas(chunk: StreamChunk, texts?: readonly (string | undefined)[]): Uint8Array
  /**
   * An additional event that continues a lane by text that was held back.
   *
   * @param template the last chunk that had a delta of this lane
   * @throws WireError (misplaced_edit) when the template has no such delta
   */
  deltaEvent(template: StreamChunk, lane: string, text: string): Buffer
  /**
   * Reads an upstream's error; every string in it is a part.
   *
   * @throws WireError with status 502 when it is not JSON, such as a web page: it cannot be passed on
   */
  parseErrorBody(body: Uint8Array, options?: Options): ErrorBody
  /** The body of an error answer as clients of this format expect it. */
  errorBody(fields: ErrorFields): Buffer
  /** The event that tells a client of this format that the stream has failed. */
  errorEvent(fields: ErrorFields): Buffer
}

export type ResponseEdit = PartEdit & { readonly part: Part }
