// Whole answers of the Messages API, and changes written back into them.
import { blameUpstream, WireError } from '../errors.ts'
import type { ModelResponse, ResponseEdit } from '../format.ts'
import { parseJson } from '../json.ts'
import type { JsonNode } from '../json-tree.ts'
import { DEFAULT_WIRE_OPTIONS, type WireOptions, withDefaults } from '../options.ts'
import type { Part } from '../part.ts'
import { Reader } from '../reader.ts'
import { jsonString, type Splice, splice } from '../replace.ts'
import { ANSWER_PLACE } from '../response.ts'
import { memberOf, requireObject, type Shape } from '../shape.ts'
import { messageShape, tokenCountShape } from './answer-shape.ts'
import { readCounts, usageOf } from './usage.ts'

/** As WireFormat says, for /v1/messages. */
export function parseMessage(body: Uint8Array, options?: Partial<WireOptions>): ModelResponse {
  return read(messageShape, body, options)
}

/** As WireFormat says, for /v1/messages/count_tokens. Counting costs nothing, so there is no usage. */
export function parseTokenCount(body: Uint8Array, options?: Partial<WireOptions>): ModelResponse {
  return read(tokenCountShape, body, options)
}

function read(shape: Shape, body: Uint8Array, options: Partial<WireOptions> | undefined): ModelResponse {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, { maxDepth: settings.maxDepth, maxValues: settings.maxAnswerValues })
    const root = requireObject(document.root)
    const reader = new Reader(document, settings, 'response')
    shape(reader, root, '', ANSWER_PLACE)
    const usage = usageOf(readCounts(document, memberOf(root, 'usage')))
    return {
      body,
      parts: reader.parts,
      names: reader.names,
      logprobs: [],
      uninspected: reader.uninspected,
      ...(usage && { usage }),
    }
  })
}

/** As WireFormat says. A block whose signed text has changed loses its signature, which would no longer be true. */
export function replaceInMessage(response: ModelResponse, edits: readonly ResponseEdit[]): Uint8Array {
  const broken = new Set(edits.filter(({ part }) => part.signed !== undefined).map(({ part }) => part.choice))
  const seals = response.parts.filter(({ signed, choice }) => signed === 'seal' && broken.has(choice))
  const kept = edits.filter(({ part }) => !seals.includes(part))
  return splice(response.body, [
    ...kept.map(({ part, text }) => ({ ...spanOf(part), bytes: bytesOf(response.body, part, text) })),
    ...seals.map((part): Splice => ({ ...spanOf(part), bytes: EMPTY })),
  ])
}

const EMPTY = Buffer.from('""')

function spanOf({ start, end }: Part) {
  return { start, end }
}

/** A text is written as a string. The arguments of a call are JSON themselves, and must be so after the change. */
function bytesOf(body: Uint8Array, part: Part, text: string): Buffer {
  const isString = body[part.start] === QUOTE
  if (isString) return jsonString(text)
  const bytes = Buffer.from(text.toWellFormed())
  blameUpstream(() => requireContainer(parseJson(bytes, ARGUMENT_LIMITS).root))
  return bytes
}

const QUOTE = 0x22

/** The answer as a whole has been held to its limits already. */
const ARGUMENT_LIMITS = {
  maxDepth: DEFAULT_WIRE_OPTIONS.maxDepth,
  maxValues: DEFAULT_WIRE_OPTIONS.maxAnswerValues,
}

function requireContainer(node: JsonNode): void {
  if (node.kind === 'object' || node.kind === 'array') return
  throw new WireError({ code: 'invalid_response', status: 502, message: 'The arguments of a call are no JSON object.' })
}
