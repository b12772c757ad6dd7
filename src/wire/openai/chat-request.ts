// Reads a request to /v1/chat/completions once: its parts of text, and the few parameters that decisions depend on.
import type { ModelRequest } from '../format.ts'
import type { WireOptions } from '../options.ts'
import { readBody, readBoolean, readCount, readModel } from '../parameters.ts'
import { invalid, memberOf } from '../shape.ts'
import { chatRequestShape } from './chat-request-shape.ts'
import { readChoices, refuseStreamedLogprobs } from './sampling.ts'

/** As WireFormat says. */
export function parseChatRequest(body: Uint8Array, options?: Partial<WireOptions>): ModelRequest {
  const { reader, root } = readBody(chatRequestShape, body, options)
  const modelPart = readModel(reader, root)
  const stream = readBoolean(root, 'stream')
  if (memberOf(root, 'messages')?.kind !== 'array') throw invalid('/messages', 'must be an array of messages')
  if (stream && readBoolean(root, 'logprobs')) refuseStreamedLogprobs(reader)
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
    choices: readChoices(reader, root, 'n'),
    ...(maxOutputTokens >= 0 && { maxOutputTokens }),
    parts: reader.parts,
    blocks: reader.blocks,
    tools: reader.tools,
    uninspected: reader.uninspected,
  }
}
