// Streamed answers of /v1/chat/completions: each event's deltas, sorted into lanes, and ways to write them back changed.
import { chatChunkShape } from './chat-chunk-shape.ts'
import { indexOf } from './chat-response-shape.ts'
import { blameUpstream, type OpenAiErrorFields, openAiError } from './errors.ts'
import { parseJson } from './json.ts'
import type { JsonDocument, JsonNode } from './json-tree.ts'
import { type WireOptions, withDefaults } from './options.ts'
import { type Part, type Place, type Span, TextPart } from './part.ts'
import { Reader, type Uninspected } from './reader.ts'
import { jsonString, type Splice, splice } from './replace.ts'
import { memberOf, requireObject } from './shape.ts'
import type { SseEvent } from './sse.ts'
import { readUsage, type Usage } from './usage.ts'

/** A piece of text in a chunk. Its span is that of the JSON string in the event's data. */
export interface Delta extends Part {
  /** What the piece continues: `0:content`, `1:tool:0:arguments`, or any other field by its path in the delta. */
  readonly lane: string
  /** Complete in itself: to be inspected alone, not held back and not joined to the lane's earlier pieces. */
  readonly isWhole: boolean
}

export interface ChatChunk {
  readonly event: SseEvent
  readonly deltas: readonly Delta[]
  /** Choices that this chunk gives a `finish_reason`. */
  readonly finished: readonly number[]
  readonly usage?: Usage
  /** The stream's last event, `[DONE]`. */
  readonly isDone: boolean
  /** The tree of the event's data; undefined for `[DONE]` and for events without data. */
  readonly document: JsonDocument | undefined
  /** Log probabilities, which are never forwarded. */
  readonly logprobs: readonly Span[]
  /** Audio that was let through unseen because an option allows it. */
  readonly uninspected: readonly Uninspected[]
}

/**
 * Reads one event.
 *
 * @param toolNames keep one map for the whole stream: the name of a call comes with its first piece only
 * @throws WireError with status 502 when the data is neither JSON by our rules nor `[DONE]`; never forward such an event
 */
export function parseChatChunk(
  event: SseEvent,
  toolNames: Map<string, string> = new Map(),
  options?: Partial<WireOptions>,
): ChatChunk {
  const { data } = event
  if (data === undefined || isDone(data)) {
    return { ...NOTHING, event, isDone: data !== undefined }
  }
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(data, settings)
    const root = requireObject(document.root)
    const reader = new DeltaReader(document, settings, 'response', toolNames)
    chatChunkShape(reader, root, '', CHUNK_PLACE)
    const usage = readUsage(document, memberOf(root, 'usage'))
    return {
      event,
      deltas: reader.deltas,
      finished: finishedChoices(reader, root),
      isDone: false,
      document,
      logprobs: reader.logprobs,
      uninspected: reader.uninspected,
      ...(usage && { usage }),
    }
  })
}

const NOTHING = { deltas: [], finished: [], document: undefined, logprobs: [], uninspected: [] } as const

/**
 * The event with new text for its deltas, in their order; undefined keeps one as it is. Log probabilities become null,
 * comments and unknown fields are dropped, a missing blank line at the end is added. If nothing changes, the original
 * bytes come back as the same object.
 */
export function replaceDeltas(chunk: ChatChunk, texts: readonly (string | undefined)[] = []): Uint8Array {
  const { event } = chunk
  const splices: Splice[] = chunk.logprobs.map(({ start, end }) => ({ start, end, bytes: NULL }))
  chunk.deltas.forEach((delta, i) => {
    const text = texts[i]
    if (text !== undefined && text !== delta.text) {
      splices.push({ start: delta.start, end: delta.end, bytes: jsonString(text) })
    }
  })
  if (!event.isPlain) return event.data ? dataEvent(splice(event.data, splices)) : KEEP_ALIVE
  const bytes = splice(
    event.raw,
    splices.map((edit) => inRaw(event, edit)),
  )
  return event.isComplete ? bytes : Buffer.concat([bytes, BLANK_LINE])
}

/** An event made of nothing but this data. */
function dataEvent(data: Uint8Array): Buffer {
  const lines = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString().split('\n')
  return Buffer.from(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`)
}

/** The event that tells an OpenAI client that the stream has failed; the client library raises it as an APIError. */
export function errorEvent(fields: OpenAiErrorFields): Buffer {
  return dataEvent(openAiError(fields))
}

const NULL = Buffer.from('null')
const BLANK_LINE = Buffer.from('\n\n')
const KEEP_ALIVE = Buffer.from(':\n\n')

/** Moves a span of the data to where the event's bytes have it; it may reach over several data lines. */
function inRaw(event: SseEvent, { start, end, bytes }: Splice): Splice {
  return { start: rawPosition(event, start), end: rawPosition(event, end - 1) + 1, bytes }
}

function rawPosition(event: SseEvent, position: number): number {
  const line = event.lines.findLast(({ dataStart }) => dataStart <= position)
  return line ? line.rawStart + position - line.dataStart : position
}

function isDone(data: Buffer): boolean {
  return data.length < 16 && data.toString('latin1').trim() === '[DONE]'
}

function finishedChoices(reader: Reader, root: JsonNode): number[] {
  const choices = memberOf(root, 'choices')
  if (choices?.kind !== 'array') return []
  return choices.items.flatMap((choice, i) =>
    memberOf(choice, 'finish_reason')?.kind === 'string' ? [indexOf(reader, choice, `/${i}`)] : [],
  )
}

const CHUNK_PLACE = { role: 'assistant', channel: 'assistant', contentType: 'text' } as const

/** Fields that unknown objects repeat in every piece, as opposed to the text they stream. */
const REPEATED = /\/(type|format|id|object|role|name|mode|status)$/

class DeltaReader extends Reader {
  readonly deltas: Delta[] = []

  override emit(span: Span, path: string, place: Place, isKey: boolean): void {
    const { lane } = place
    const id = lane ? lane.name + path.slice(lane.from) : path
    const isWhole = isKey || !lane || lane.isWhole === true || REPEATED.test(path)
    this.deltas.push(new TextDelta(this.document, span, path, place, isKey, id, isWhole))
  }
}

class TextDelta extends TextPart implements Delta {
  readonly lane: string
  readonly isWhole: boolean

  constructor(
    document: JsonDocument,
    span: Span,
    path: string,
    place: Place,
    isKey: boolean,
    lane: string,
    isWhole: boolean,
  ) {
    super(document, span, path, place, isKey)
    this.lane = lane
    this.isWhole = isWhole
  }
}
