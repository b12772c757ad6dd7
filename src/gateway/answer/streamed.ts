// An answer that comes as server-sent events. One event in, one event out, with the text that is safe so
// far; an event whose text did not change keeps its bytes. What a lane still holds when its choice is
// finished goes out just before the event that finishes it.
import { createSseReader, type Delta, type SseEvent, type StreamChunk, WireError } from '#wire'
import { type Exchange, established } from '../exchange.ts'
import type { House } from '../house.ts'
import { openLane, screenPiece } from './lanes.ts'
import { createEventRenamer } from './model-name.ts'
import { createNameScreen } from './names.ts'
import { createSealScreen } from './seals.ts'
import type { TextStage } from './text-stage.ts'

export interface StreamScreen {
  /** @returns the bytes that may go out now. Throws WireError or AnswerBlocked: then nothing more may. */
  push(bytes: Uint8Array): Uint8Array
  /** The upstream has closed the stream. */
  end(): Uint8Array
}

interface OpenLane {
  readonly stage: TextStage
  readonly choice: number | undefined
  /** The last event of this lane: the shape of an extra event for its held tail. */
  last: StreamChunk
}

export function screenStream(exchange: Exchange, house: House): StreamScreen {
  const reader = createSseReader({ maxEventBytes: house.settings.maxEventBytes })
  const lanes = new Map<string, OpenLane>()
  /** Lanes whose text was inspected as complete. */
  const ended = new Set<string>()
  const format = established(exchange.format, 'a format')
  const readChunk = format.createChunkReader(house.settings.wire)
  const screenNames = createNameScreen(exchange, house)
  const seals = createSealScreen()
  const rename = createEventRenamer(exchange)
  let hasData = false
  let isDone = false

  function screen(event: SseEvent, out: Uint8Array[]): void {
    // Clients stop reading at [DONE]: what follows is for nobody.
    if (isDone) return
    const chunk = readChunk(event)
    exchange.usage = chunk.usage ?? exchange.usage
    hasData ||= event.data !== undefined
    isDone = chunk.isDone
    screenNames(chunk.names)
    if (isDone) flushAll(out)
    for (const { lane, text } of chunk.deltas) exchange.budget?.meter.note(lane, text)
    const texts = chunk.deltas.map((delta) => (delta.signed === 'seal' ? undefined : screenDelta(chunk, delta)))
    for (const [id, lane] of lanes)
      if (lane.choice !== undefined && chunk.finished.includes(lane.choice)) flush(id, lane, out)
    for (const [at, delta] of chunk.deltas.entries())
      if (delta.signed === 'seal') texts[at] = seals.screen(delta, screenPiece(exchange, house, delta, delta.text))
    out.push(format.replaceDeltas(chunk, texts))
  }

  function screenDelta(chunk: StreamChunk, delta: Delta): string {
    if (delta.isWhole) {
      const text = screenPiece(exchange, house, delta, delta.text)
      seals.passed(delta, text)
      return text
    }
    // A match must not be able to begin before the end of a text and go on behind it.
    if (ended.has(delta.lane) && delta.text !== '')
      throw invalidStream('The stream goes on with a text that had ended.')
    const lane = lanes.get(delta.lane) ?? open(chunk, delta)
    lane.last = chunk
    const text = lane.stage.push(delta.text)
    // A finishing event may itself carry text: then the lane's tail belongs behind it.
    if (delta.choice === undefined || !chunk.finished.includes(delta.choice)) return text
    return text + end(delta.lane, lane)
  }

  function open(chunk: StreamChunk, delta: Delta): OpenLane {
    if (lanes.size >= maxLanes) throw invalidStream(tooManyLanes)
    const stage = seals.watch(delta, openLane(exchange, house, delta))
    const lane = { stage, choice: delta.choice, last: chunk }
    lanes.set(delta.lane, lane)
    return lane
  }

  function flush(id: string, lane: OpenLane, out: Uint8Array[]): void {
    const tail = end(id, lane)
    if (tail !== '') out.push(format.deltaEvent(lane.last, id, tail))
  }

  function end(id: string, lane: OpenLane): string {
    lanes.delete(id)
    ended.add(id)
    return lane.stage.end()
  }

  function flushAll(out: Uint8Array[]): void {
    for (const [id, lane] of lanes) flush(id, lane, out)
  }

  function screenAll(events: readonly SseEvent[]): Uint8Array[] {
    const out: Uint8Array[] = []
    for (const event of events) screen(event, out)
    return out
  }

  function renamed(events: Uint8Array[]): Uint8Array[] {
    return rename === undefined ? events : events.map(rename)
  }

  return {
    push: (bytes) => join(renamed(screenAll(reader.push(bytes)))),
    end() {
      const out = screenAll(reader.end())
      flushAll(out)
      if (!hasData) throw invalidStream('The stream has no event with data.')
      return join(renamed(out))
    },
  }
}

/** A choice has a handful of texts and some tool calls; an upstream that opens texts without end must not fill the memory. */
const maxLanes = 1024
const tooManyLanes = `The stream has more than ${maxLanes} texts at once.`

function invalidStream(message: string): WireError {
  return new WireError({ code: 'invalid_response', status: 502, message })
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
}
