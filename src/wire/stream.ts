// Streamed answers of any format: the texts of an event sorted into lanes, and written back changed.
import type { Delta, StreamChunk } from './format.ts'
import { type Place, type Span, TextPart } from './part.ts'
import { Reader } from './reader.ts'
import { answerToken, type Splice, splice } from './replace.ts'
import type { Shape } from './shape.ts'
import type { SseEvent } from './sse.ts'

/** What a chunk without data has. */
export const NOTHING = {
  deltas: [],
  names: [],
  finished: [],
  isDone: false,
  document: undefined,
  logprobs: [],
  uninspected: [],
} as const

/** As WireFormat says. */
export function replaceDeltas(chunk: StreamChunk, texts: readonly (string | undefined)[] = []): Uint8Array {
  const { event } = chunk
  const splices: Splice[] = chunk.logprobs.map(({ start, end }) => ({ start, end, bytes: NULL }))
  chunk.deltas.forEach((delta, i) => {
    const text = texts[i]
    if (text !== undefined && text !== delta.text) {
      splices.push({ start: delta.start, end: delta.end, bytes: answerToken(event.data ?? NULL, delta, text) })
    }
  })
  if (!event.isPlain) return event.data ? dataEvent(splice(event.data, splices), event.type) : KEEP_ALIVE
  const bytes = splice(
    event.raw,
    splices.map((edit) => inRaw(event, edit)),
  )
  return event.isComplete ? bytes : Buffer.concat([bytes, BLANK_LINE])
}

/** An event made of nothing but this data and, when given, an event type. */
export function dataEvent(data: Uint8Array | string, type?: string): Buffer {
  const text = typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
  const lines = text.split('\n').map((line) => `data: ${line}`)
  return Buffer.from(`${type === undefined ? '' : `event: ${type}\n`}${lines.join('\n')}\n\n`)
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

/** Text that is complete in itself and not a piece of what came before. */
export function whole(shape: Shape): Shape {
  return (reader, node, path, place) => {
    const change: Partial<Place> = place.lane ? { lane: { ...place.lane, isWhole: true } } : {}
    shape(reader, node, path, { ...place, ...change })
  }
}

/** Fields that unknown objects repeat in every piece, as opposed to the text they stream. */
const REPEATED = /\/(type|format|id|object|role|name|mode|status)$/

/** Collects the texts of one event as deltas of their lanes. */
export class DeltaReader extends Reader {
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
    document: Reader['document'],
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
