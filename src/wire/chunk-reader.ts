// Reads the chunks of one stream. Most differ from an earlier one in a single string, and then only that string is
// read: everything around it has been parsed and judged already, byte for byte.
import type { Delta, StreamChunk } from './format.ts'
import type { SseEvent } from './sse.ts'

/** A chunk whose one piece of text may be exchanged: the bytes before it and after it. */
interface Template {
  readonly chunk: StreamChunk
  readonly delta: Delta
  readonly before: Buffer
  readonly after: Buffer
}

/** Choices and tool calls take turns in a stream, so more than one shape recurs. */
const maxTemplates = 4

/**
 * @param parse reads an event in full; only its deltas may depend on the events before it
 * @returns the same, for events of one stream in their order
 */
export function createTemplateReader(parse: (event: SseEvent) => StreamChunk): (event: SseEvent) => StreamChunk {
  const templates: Template[] = []
  return (event) => {
    for (const template of templates) {
      const chunk = fill(template, event)
      if (chunk !== undefined) return chunk
    }
    const chunk = parse(event)
    const template = templateOf(chunk)
    if (template !== undefined) {
      templates.unshift(template)
      if (templates.length > maxTemplates) templates.pop()
    }
    return chunk
  }
}

/** Undefined for a chunk in which more than one string counts. */
function templateOf(chunk: StreamChunk): Template | undefined {
  const { event, deltas, finished, usage, logprobs, uninspected } = chunk
  const [delta] = deltas
  if (event.data === undefined || delta === undefined || deltas.length > 1 || delta.isWhole || delta.isKey)
    return undefined
  if (finished.length + logprobs.length + uninspected.length > 0 || usage !== undefined) return undefined
  return {
    // What surrounds the text is judged with this chunk, and not again with each that repeats it.
    chunk: { ...chunk, names: [] },
    delta,
    // The quotes belong to the frame, so that what is between can only be a string.
    before: Buffer.from(event.data.subarray(0, delta.start + 1)),
    after: Buffer.from(event.data.subarray(delta.end - 1)),
  }
}

/** The event as the template with another text; undefined when it is something else. */
function fill({ chunk, delta, before, after }: Template, event: SseEvent): StreamChunk | undefined {
  const { data } = event
  // An empty string is no piece of text to the parser, so it is not one here.
  if (data === undefined || data.length <= before.length + after.length) return undefined
  if (event.type !== chunk.event.type) return undefined
  const end = data.length - after.length
  if (data.compare(before, 0, before.length, 0, before.length) !== 0) return undefined
  if (data.compare(after, 0, after.length, end) !== 0) return undefined
  if (!isPlainText(data, before.length, end)) return undefined
  const text = data.toString('latin1', before.length, end)
  const { path, role, channel, contentType, tool, choice, signed, reading, lane } = delta
  const filled = {
    path,
    role,
    channel,
    contentType,
    tool,
    choice,
    signed,
    reading,
    lane,
    text,
    isWhole: false,
    start: delta.start,
    end: end + 1,
  }
  return { ...chunk, event, deltas: [filled] }
}

/** Printable ASCII that stands for itself in a JSON string; anything else is left to the parser. */
function isPlainText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]
    if (byte === undefined || byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return false
  }
  return true
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
