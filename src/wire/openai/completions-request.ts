// Reads a request to /v1/completions, the older interface without messages (openai-node 7.55, resources/completions).
import type { ModelRequest } from '../format.ts'
import type { JsonObject } from '../json-tree.ts'
import { textOrTokens } from '../opaque.ts'
import type { WireOptions } from '../options.ts'
import { readBody, readBoolean, readCount, readModel } from '../parameters.ts'
import { ignored, memberOf, object, type Shape, scalar, text } from '../shape.ts'
import { refuseSteering } from '../steering.ts'
import { readChoices, refuseStreamedLogprobs, samplingFields } from './sampling.ts'

const shape: Shape = object(
  { ...samplingFields, model: ignored, prompt: textOrTokens, suffix: text, echo: scalar, best_of: scalar },
  refuseSteering,
)

/** As WireFormat says. */
export function parseCompletionsRequest(body: Uint8Array, options?: Partial<WireOptions>): ModelRequest {
  const { reader, root } = readBody(shape, body, options)
  const modelPart = readModel(reader, root)
  const stream = readBoolean(root, 'stream')
  // Here it is a number of alternatives, and 0 asks for those of the answer itself.
  if (stream && readCount(reader, root, 'logprobs') !== undefined) refuseStreamedLogprobs(reader)
  const maxOutputTokens = readCount(reader, root, 'max_tokens')
  return {
    body,
    model: modelPart.text,
    modelPart,
    stream,
    includeUsage: readBoolean(memberOf(root, 'stream_options'), 'include_usage', '/stream_options'),
    // What is generated is paid for, although only the best of it is answered.
    choices: Math.max(readChoices(reader, root, 'n'), readChoices(reader, root, 'best_of')) * countPrompts(root),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    parts: reader.parts,
    blocks: reader.blocks,
    tools: reader.tools,
    uninspected: reader.uninspected,
  }
}

function countPrompts(root: JsonObject): number {
  const prompt = memberOf(root, 'prompt')
  // A list of numbers is one prompt, in tokens.
  const isList = prompt?.kind === 'array' && prompt.items[0]?.kind !== 'number'
  return isList ? Math.max(prompt.items.length, 1) : 1
}
