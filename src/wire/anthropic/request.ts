// Reads a request to /v1/messages or /v1/messages/count_tokens: its parts of text, and what decisions depend on.
import type { ModelRequest } from '../format.ts'
import type { WireOptions } from '../options.ts'
import { readBody, readBoolean, readCount, readModel } from '../parameters.ts'
import { invalid, memberOf } from '../shape.ts'
import { messagesRequestShape } from './request-shape.ts'

/** As WireFormat says. Both operations take the same fields; one counts what the other would send. */
export function parseMessagesRequest(body: Uint8Array, options?: Partial<WireOptions>): ModelRequest {
  const { reader, root } = readBody(messagesRequestShape, body, options)
  const modelPart = readModel(reader, root)
  if (memberOf(root, 'messages')?.kind !== 'array') throw invalid('/messages', 'must be an array of messages')
  const maxOutputTokens = readCount(reader, root, 'max_tokens')
  return {
    body,
    model: modelPart.text,
    modelPart,
    stream: readBoolean(root, 'stream'),
    // Every stream of this format tells its usage.
    includeUsage: true,
    choices: 1,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    parts: reader.parts,
    blocks: reader.blocks,
    tools: reader.tools,
    uninspected: reader.uninspected,
  }
}
