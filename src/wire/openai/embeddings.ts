// POST /v1/embeddings: texts in, vectors out (openai-node 7.55, resources/embeddings).
import { blameUpstream, WireError } from '../errors.ts'
import type { ModelRequest, ModelResponse, StreamChunk } from '../format.ts'
import { parseJson } from '../json.ts'
import { textOrTokens } from '../opaque.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import { readBody, readModel } from '../parameters.ts'
import { Reader } from '../reader.ts'
import { ANSWER_PLACE } from '../response.ts'
import {
  either,
  identifier,
  ignored,
  invalid,
  list,
  memberOf,
  object,
  requireObject,
  type Shape,
  scalar,
  text,
  within,
  word,
} from '../shape.ts'
import { refuseSteering } from '../steering.ts'
import { readInputUsage, usage } from './usage.ts'

const requestShape: Shape = object(
  {
    model: ignored,
    input: within({ channel: 'document' }, textOrTokens),
    dimensions: scalar,
    encoding_format: word('float', 'base64'),
    user: text,
  },
  refuseSteering,
)

/** As WireFormat says. */
export function parseEmbeddingsRequest(body: Uint8Array, options?: Partial<WireOptions>): ModelRequest {
  const { reader, root } = readBody(requestShape, body, options)
  const modelPart = readModel(reader, root)
  const input = memberOf(root, 'input')?.kind
  if (input !== 'string' && input !== 'array') throw invalid('/input', 'must be a string or an array')
  const { parts, blocks, tools, uninspected } = reader
  return {
    ...{ body, model: modelPart.text, modelPart, stream: false, includeUsage: false, choices: 1, maxOutputTokens: 0 },
    ...{ parts, blocks, tools, uninspected },
  }
}

/** A vector in base64: little-endian 32-bit floats. A string that is none is text. */
const packedVector: Shape = (reader, node, path, place) => {
  if (!isPackedVector(reader.document.bytes, node.start + 1, node.end - 1)) text(reader, node, path, place)
}

const responseShape = object({
  id: identifier,
  object: word('list'),
  created: scalar,
  model: identifier,
  usage,
  data: list(
    object({
      object: word('embedding'),
      index: scalar,
      embedding: either({ array: list(scalar), string: packedVector }),
    }),
  ),
})

/** As WireFormat says. Vectors are numbers, and numbers are not inspected. */
export function parseEmbeddingsResponse(body: Uint8Array, options?: Partial<WireOptions>): ModelResponse {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const limits = { maxDepth: settings.maxDepth, maxValues: settings.maxAnswerValues, skipNumbers: true }
    const document = parseJson(body, limits)
    const root = requireObject(document.root)
    const reader = new Reader(document, settings, 'response')
    responseShape(reader, root, '', ANSWER_PLACE)
    const counts = readInputUsage(document, memberOf(root, 'usage'))
    const { parts, names, logprobs, uninspected } = reader
    return { body, parts, names, logprobs, uninspected, ...(counts && { usage: counts }) }
  })
}

/** Embeddings are not streamed, so nothing describes what such a stream would hold. */
export function refuseStream(): () => StreamChunk {
  return () => {
    const message = 'The upstream answered with a stream, which this operation does not have.'
    throw new WireError({ code: 'invalid_response', status: 502, message })
  }
}

/**
 * Whether these bytes of base64 are floats as models compute them: finite, and within the range of half precision.
 * Readable text is not: as floats, most of its letters make numbers that are far too large.
 */
function isPackedVector(bytes: Buffer, start: number, end: number): boolean {
  const base64 = bytes.toString('latin1', start, end)
  const packed = Buffer.from(base64, 'base64')
  // Node's decoder passes over what is not base64; encoding again shows that there was nothing of the kind.
  if (packed.length % 4 !== 0 || packed.length < 4 * leastNumbers || packed.toString('base64') !== base64) return false
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  for (let at = 0; at < packed.length; at += 4) {
    // Not a number is not within the range either.
    if (!(Math.abs(view.getFloat32(at, true)) <= largestHalf)) return false
  }
  return true
}

/** A word of sixteen letters decodes to three plausible numbers now and then; one of many numbers is nobody's word. */
const leastNumbers = 32

/** IEEE 754 binary16. */
const largestHalf = 65504
