// Streamed answers of /v1/chat/completions, and of the other formats of OpenAI's whose chunks have choices.
import { createTemplateReader } from '../chunk-reader.ts'
import { blameUpstream } from '../errors.ts'
import type { StreamChunk } from '../format.ts'
import { parseJson } from '../json.ts'
import type { JsonNode } from '../json-tree.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import type { Reader } from '../reader.ts'
import { ANSWER_PLACE } from '../response.ts'
import { memberOf, requireObject, type Shape } from '../shape.ts'
import type { SseEvent } from '../sse.ts'
import { DeltaReader, NOTHING } from '../stream.ts'
import { chatChunkShape } from './chat-chunk-shape.ts'
import { indexOf } from './chat-response-shape.ts'
import { readUsage } from './usage.ts'

/** As WireFormat says. */
export function createChatReader(options?: Partial<WireOptions>): (event: SseEvent) => StreamChunk {
  const toolNames = new Map<string, string>()
  return createTemplateReader((event) => parseChatChunk(event, toolNames, options))
}

/** Reads one event, without what `createChatReader` remembers but the names of the tools that are being called. */
export function parseChatChunk(
  event: SseEvent,
  toolNames: Map<string, string> = new Map(),
  options?: Partial<WireOptions>,
): StreamChunk {
  return parseChunk(chatChunkShape, event, toolNames, options)
}

/**
 * Reads one event whose data is an object of that shape.
 *
 * @param toolNames keep one map for the whole stream: the name of a call comes with its first piece only
 * @throws WireError with status 502 when the data is neither JSON by our rules nor `[DONE]`; never forward such an event
 */
export function parseChunk(
  shape: Shape,
  event: SseEvent,
  toolNames: Map<string, string>,
  options: Partial<WireOptions> | undefined,
): StreamChunk {
  const { data } = event
  if (data === undefined || isDone(data)) {
    return { ...NOTHING, event, isDone: data !== undefined }
  }
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(data, settings)
    const root = requireObject(document.root)
    const reader = new DeltaReader(document, settings, 'response', toolNames)
    shape(reader, root, '', ANSWER_PLACE)
    const usage = readUsage(document, memberOf(root, 'usage'))
    return {
      event,
      deltas: reader.deltas,
      names: reader.names,
      finished: finishedChoices(reader, root),
      isDone: false,
      document,
      logprobs: reader.logprobs,
      uninspected: reader.uninspected,
      ...(usage && { usage }),
    }
  })
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
