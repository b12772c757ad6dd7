// Reads a request to /v1/chat/completions once: its parts of text, and the few parameters that decisions depend on.

import { WireError } from '../errors.ts'
import type { ModelRequest } from '../format.ts'
import { parseJson } from '../json.ts'
import type { JsonNode } from '../json-tree.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import { REQUEST_PLACE, readBoolean, readCount, readModel } from '../parameters.ts'
import { Reader } from '../reader.ts'
import { invalid, memberOf, requireObject } from '../shape.ts'
import { chatRequestShape } from './chat-request-shape.ts'

/** As WireFormat says. */
export function parseChatRequest(body: Uint8Array, options?: Partial<WireOptions>): ModelRequest {
  const settings = withDefaults(options)
  const document = parseJson(body, settings)
  const root = requireObject(document.root)
  const reader = new Reader(document, settings, 'request')
  chatRequestShape(reader, root, '', REQUEST_PLACE)

  const modelPart = readModel(reader, root)
  const stream = readBoolean(root, 'stream')
  if (memberOf(root, 'messages')?.kind !== 'array') throw invalid('/messages', 'must be an array of messages')
  if (stream && readBoolean(root, 'logprobs')) refuseLogprobs(settings)
  const maxOutputTokens = Math.max(
    readCount(reader, root, 'max_completion_tokens') ?? -1,
    readCount(reader, root, 'max_tokens') ?? -1,
  )
  return {
    body,
    model: modelPart.text,
    modelPart,
    stream,
    includeUsage: readBoolean(memberOf(root, 'stream_options'), 'include_usage', '/stream_options'),
    choices: readChoices(reader, root, settings),
    ...(maxOutputTokens >= 0 && { maxOutputTokens }),
    parts: reader.parts,
    blocks: reader.blocks,
    tools: reader.tools,
    uninspected: reader.uninspected,
  }
}

function readChoices(reader: Reader, root: JsonNode, { maxChoices }: WireOptions): number {
  const choices = readCount(reader, root, 'n') ?? 1
  if (choices >= 1 && choices <= maxChoices) return choices
  throw invalid('/n', `must be between 1 and ${maxChoices}`)
}

function refuseLogprobs(settings: WireOptions): void {
  if (settings.streamedLogprobs === 'drop') return
  throw new WireError({
    code: 'opaque_content',
    status: 400,
    message:
      '"logprobs" would carry the streamed answer past inspection. Ask without "stream" or without "logprobs"; the operator can have them dropped (option "streamedLogprobs").',
    param: 'logprobs',
  })
}
