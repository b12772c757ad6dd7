// Whole answers of the Messages API, and changes written back into them.
import { blameUpstream } from '../errors.ts'
import type { ModelResponse, ResponseEdit } from '../format.ts'
import { parseJson } from '../json.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import type { Part } from '../part.ts'
import { Reader } from '../reader.ts'
import { answerToken, type Splice, splice } from '../replace.ts'
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
    ...kept.map(({ part, text }) => ({ ...spanOf(part), bytes: answerToken(response.body, part, text) })),
    ...seals.map((part): Splice => ({ ...spanOf(part), bytes: EMPTY })),
  ])
}

const EMPTY = Buffer.from('""')

function spanOf({ start, end }: Part) {
  return { start, end }
}
