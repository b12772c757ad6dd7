// Reads a whole (not streamed) answer of /v1/chat/completions.
import { blameUpstream } from '../errors.ts'
import type { ModelResponse } from '../format.ts'
import { parseJson } from '../json.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import { Reader } from '../reader.ts'
import { ANSWER_PLACE } from '../response.ts'
import { memberOf, requireObject, type Shape } from '../shape.ts'
import { chatResponseShape } from './chat-response-shape.ts'
import { readUsage } from './usage.ts'

/** As WireFormat says. */
export function parseChatResponse(body: Uint8Array, options?: Partial<WireOptions>): ModelResponse {
  return parseAnswer(chatResponseShape, body, options)
}

/** Reads an answer of that shape; `usage` is the same in all of OpenAI's formats. */
export function parseAnswer(shape: Shape, body: Uint8Array, options: Partial<WireOptions> | undefined): ModelResponse {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, { maxDepth: settings.maxDepth, maxValues: settings.maxAnswerValues })
    const root = requireObject(document.root)
    const reader = new Reader(document, settings, 'response')
    shape(reader, root, '', ANSWER_PLACE)
    const usage = readUsage(document, memberOf(root, 'usage'))
    return {
      body,
      parts: reader.parts,
      names: reader.names,
      logprobs: reader.logprobs,
      uninspected: reader.uninspected,
      ...(usage && { usage }),
    }
  })
}
