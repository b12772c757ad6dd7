// Reads a request to /v1/chat/completions once: its parts of text, and the few parameters that decisions depend on.

import { chatRequestShape } from './chat-request-shape.ts'
import { WireError } from './errors.ts'
import { parseJson } from './json.ts'
import type { JsonNode } from './json-tree.ts'
import { type WireOptions, withDefaults } from './options.ts'
import { type Part, TextPart } from './part.ts'
import { type Block, Reader, type ToolDefinition, type Uninspected } from './reader.ts'
import { invalid, memberOf, requireObject } from './shape.ts'

export interface ChatRequest {
  /** The bytes as they came. */
  readonly body: Uint8Array
  readonly model: string
  /** Where the model's name is, to replace it by the upstream's name for it. Not among `parts`: policy decides on it. */
  readonly modelPart: Part
  readonly stream: boolean
  /** The client asked for a last chunk with token counts. */
  readonly includeUsage: boolean
  /** Answers asked for (`n`), at least 1. */
  readonly choices: number
  /** The larger of `max_completion_tokens` and `max_tokens`; for each answer. */
  readonly maxOutputTokens?: number
  readonly parts: readonly Part[]
  /** Messages and tool definitions as wholes; parts outside them belong to no block. */
  readonly blocks: readonly Block[]
  readonly tools: readonly ToolDefinition[]
  /** What was let through unseen because an option allows it. */
  readonly uninspected: readonly Uninspected[]
}

/**
 * Reads a chat completion request. Every string in it is in `parts`, except the model's name, words of closed lists
 * (`"type": "text"`) and what `options` lets pass unseen.
 *
 * @throws WireError with status 400, or 413 when too deep or too many values, and `param` naming the field
 */
export function parseChatRequest(body: Uint8Array, options?: Partial<WireOptions>): ChatRequest {
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

const REQUEST_PLACE = { role: 'request', channel: 'user', contentType: 'text' } as const

/** Names that upstreams use: OpenAI's, Hugging Face paths, fine-tune ids, Ollama's tags, Cloudflare's @cf/. */
export const MODEL_NAME = /^[A-Za-z0-9@][A-Za-z0-9._:/@+-]{0,255}$/

function readModel(reader: Reader, root: JsonNode): Part {
  const node = memberOf(root, 'model')
  if (node?.kind === 'string' && MODEL_NAME.test(reader.document.text(node))) {
    return new TextPart(reader.document, node, '/model', REQUEST_PLACE, false)
  }
  throw invalid('/model', 'must be a model name of at most 256 letters, digits and . _ : / @ + -')
}

/** Strict, since some servers take "true" and 1 for true: what we read must be what they read. */
function readBoolean(parent: JsonNode | undefined, name: string, path = ''): boolean {
  const node = memberOf(parent, name)
  if (node === undefined || node.kind === 'false' || node.kind === 'null') return false
  if (node.kind === 'true') return true
  throw invalid(`${path}/${name}`, 'must be a boolean')
}

function readCount(reader: Reader, root: JsonNode, name: string): number | undefined {
  const node = memberOf(root, name)
  if (node === undefined || node.kind === 'null') return undefined
  const count = node.kind === 'number' ? Number(reader.document.text(node)) : Number.NaN
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw invalid(`/${name}`, 'must be a whole number, not negative')
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
