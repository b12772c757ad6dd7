// Streamed answers of the Messages API. Clients add an event to what they have by its kind and its index, and do not
// check the order; so the order is checked here, or they could read another message than was inspected.
import { createTemplateReader } from '../chunk-reader.ts'
import { blameUpstream, WireError } from '../errors.ts'
import type { StreamChunk } from '../format.ts'
import { parseJson } from '../json.ts'
import type { JsonDocument, JsonNode } from '../json-tree.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import { ANSWER_PLACE } from '../response.ts'
import { memberOf, requireObject, stringMember } from '../shape.ts'
import type { SseEvent } from '../sse.ts'
import { DeltaReader, NOTHING } from '../stream.ts'
import { calledTool } from './content-shape.ts'
import { eventShape, type OpenBlock } from './event-shape.ts'
import { readCounts, type TokenCounts, usageOf } from './usage.ts'

/** As WireFormat says. */
export function createMessageReader(options?: Partial<WireOptions>): (event: SseEvent) => StreamChunk {
  const message = new StreamedMessage(options)
  const parse = (event: SseEvent) => message.read(event)
  let readDelta = createTemplateReader(parse)
  return (event) => {
    if (event.type === 'content_block_delta') return readDelta(event)
    // What a template knows of its block ends with it.
    readDelta = createTemplateReader(parse)
    return parse(event)
  }
}

/** One message as far as it has come: which of its blocks is open, and what it has cost. */
class StreamedMessage {
  readonly #options: Partial<WireOptions> | undefined
  #hasBegun = false
  /** Content blocks that have begun; the next one has this index. */
  #blocks = 0
  #open: OpenBlock | undefined
  #counts: TokenCounts = {}

  constructor(options: Partial<WireOptions> | undefined) {
    this.#options = options
  }

  read(event: SseEvent): StreamChunk {
    const { data } = event
    if (data === undefined) return { ...NOTHING, event }
    return blameUpstream(() => {
      const settings = withDefaults(this.#options)
      const document = parseJson(data, settings)
      const root = requireObject(document.root)
      const reader = new DeltaReader(document, settings, 'response')
      const type = stringMember(reader, root, 'type')
      if (type === undefined || type !== event.type) throw invalid('An event is not of the type that it is named by.')
      const index = this.#step(type, reader, root)
      eventShape(type, this.#open)(reader, root, '', { ...ANSWER_PLACE, choice: index })
      if (type === 'content_block_stop') this.#open = undefined
      const usage = this.#count(document, root)
      return {
        event,
        deltas: reader.deltas,
        names: reader.names,
        finished: index !== undefined && (isEnd(type) || hasSeal(reader)) ? [index] : [],
        isDone: type === 'message_stop' || type === 'error',
        document,
        logprobs: [],
        uninspected: reader.uninspected,
        ...(usage && { usage }),
      }
    })
  }

  /** Refuses an event that is out of order. @returns the index of the content block that it belongs to */
  #step(type: string, reader: DeltaReader, root: JsonNode): number | undefined {
    if (type === 'message_start') {
      const content = memberOf(memberOf(root, 'message'), 'content')
      if (this.#hasBegun) throw invalid('A message begins twice.')
      if (content?.kind === 'array' && content.items.length > 0) throw invalid('A message begins with content.')
      this.#hasBegun = true
    } else if (type === 'content_block_start') return this.#begin(reader, root)
    else if (type === 'content_block_delta' || type === 'content_block_stop') return this.#continue(reader, root)
    else if (type === 'message_delta' || type === 'message_stop') {
      if (!this.#hasBegun) throw invalid('A message ends before it began.')
      if (this.#open !== undefined) throw invalid('A message ends in the middle of a content block.')
    }
    return undefined
  }

  #begin(reader: DeltaReader, root: JsonNode): number {
    const block = memberOf(root, 'content_block')
    if (!this.#hasBegun) throw invalid('A content block begins before its message.')
    if (this.#open !== undefined) throw invalid('A content block begins inside another one.')
    const index = indexOf(reader.document, root)
    if (index !== this.#blocks) throw invalid('A content block has not the index that follows.')
    if (block?.kind !== 'object') throw invalid('A content block begins without saying what it is.')
    this.#blocks++
    this.#open = { index, type: stringMember(reader, block, 'type') ?? '', tool: calledTool(reader, block) }
    return index
  }

  #continue(reader: DeltaReader, root: JsonNode): number {
    const index = indexOf(reader.document, root)
    if (this.#open === undefined || index !== this.#open.index) throw invalid('An event is for no open content block.')
    return index
  }

  /** The counts of the whole message so far, when the event has some: each replaces what was said before. */
  #count(document: JsonDocument, root: JsonNode) {
    const node = memberOf(root, 'usage') ?? memberOf(memberOf(root, 'message'), 'usage')
    if (node === undefined) return undefined
    this.#counts = { ...this.#counts, ...readCounts(document, node) }
    return usageOf(this.#counts)
  }
}

function isEnd(type: string): boolean {
  return type === 'content_block_stop'
}

/** What a seal stands under must be complete, so a block's texts end where its seal comes. */
function hasSeal(reader: DeltaReader): boolean {
  return reader.deltas.some(({ signed }) => signed === 'seal')
}

function indexOf(document: JsonDocument, root: JsonNode): number {
  const node = memberOf(root, 'index')
  return node?.kind === 'number' ? Number(document.text(node)) : Number.NaN
}

function invalid(message: string): WireError {
  return new WireError({ code: 'invalid_response', status: 502, message })
}
