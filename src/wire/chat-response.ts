// Reads a whole (not streamed) answer of /v1/chat/completions, and the error bodies that may come instead.
import { chatResponseShape } from './chat-response-shape.ts'
import { blameUpstream } from './errors.ts'
import { parseJson } from './json.ts'
import type { JsonNode } from './json-tree.ts'
import { type WireOptions, withDefaults } from './options.ts'
import type { Part } from './part.ts'
import { type Logprobs, Reader, type Uninspected } from './reader.ts'
import { jsonString, type PartEdit, splice } from './replace.ts'
import { json, memberOf, requireObject, stringMember } from './shape.ts'
import { readUsage, type Usage } from './usage.ts'

export interface ChatResponse {
  readonly body: Uint8Array
  readonly id: string
  readonly model: string
  /** Everything readable in the answer, each with its `choice`. */
  readonly parts: readonly Part[]
  readonly logprobs: readonly Logprobs[]
  /** Audio that was let through unseen because an option allows it. */
  readonly uninspected: readonly Uninspected[]
  /** `finish_reason` of each choice in the order of the body; null when missing. */
  readonly finishReasons: readonly (string | null)[]
  readonly usage?: Usage
}

/**
 * Reads an answer. Nothing in it is unknown: strings that no field describes are parts too. Left out are only short
 * identifiers given by the upstream's software, such as ids and the model's name.
 *
 * @throws WireError with status 502: not JSON by our rules, not an object, or audio that no option allows
 */
export function parseChatResponse(body: Uint8Array, options?: Partial<WireOptions>): ChatResponse {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, { maxDepth: settings.maxDepth, maxValues: settings.maxAnswerValues })
    const root = requireObject(document.root)
    const reader = new Reader(document, settings, 'response')
    chatResponseShape(reader, root, '', ANSWER_PLACE)
    const usage = readUsage(document, memberOf(root, 'usage'))
    return {
      body,
      id: stringMember(reader, root, 'id') ?? '',
      model: stringMember(reader, root, 'model') ?? '',
      parts: reader.parts,
      logprobs: reader.logprobs,
      uninspected: reader.uninspected,
      finishReasons: choicesOf(root).map((choice) => stringMember(reader, choice, 'finish_reason') ?? null),
      ...(usage && { usage }),
    }
  })
}

/**
 * The answer with parts replaced. Log probabilities of every choice that changed, or that spell something else than
 * the inspected text, become null. Unchanged, the very same object comes back.
 */
export function replaceInResponse(
  response: ChatResponse,
  edits: readonly (PartEdit & { readonly part: Part })[],
): Uint8Array {
  const changed = new Set(edits.map(({ part }) => part.choice))
  const removed = response.logprobs.filter(({ choice, repeatsText }) => !repeatsText || changed.has(choice))
  const kept = edits.filter(({ part }) => !removed.some(({ start, end }) => part.start >= start && part.end <= end))
  return splice(response.body, [
    ...kept.map(({ part, text }) => ({ start: part.start, end: part.end, bytes: jsonString(text) })),
    ...removed.map(({ start, end }) => ({ start, end, bytes: Buffer.from('null') })),
  ])
}

export interface ErrorBody {
  readonly body: Uint8Array
  /** What the upstream says went wrong, if it says so in a usual place. */
  readonly message?: string
  readonly parts: readonly Part[]
}

/**
 * Reads the body of an upstream's error answer; every string in it is a part.
 *
 * @throws WireError with status 502 when it is not JSON, such as a web page: it cannot be passed on
 */
export function parseErrorBody(body: Uint8Array, options?: Partial<WireOptions>): ErrorBody {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, settings)
    const reader = new Reader(document, settings, 'response')
    json()(reader, document.root, '', ANSWER_PLACE)
    const message = errorMessage(reader, document.root)
    return { body, parts: reader.parts, ...(message !== undefined && { message }) }
  })
}

/** OpenAI: `error.message`; others: `message`, `detail`, or `error` as a string. */
function errorMessage(reader: Reader, root: JsonNode): string | undefined {
  const error = memberOf(root, 'error')
  return (
    (error && stringMember(reader, error, 'message')) ??
    stringMember(reader, root, 'message') ??
    stringMember(reader, root, 'detail') ??
    stringMember(reader, root, 'error')
  )
}

function choicesOf(root: JsonNode): readonly JsonNode[] {
  const choices = memberOf(root, 'choices')
  return choices?.kind === 'array' ? choices.items : []
}

const ANSWER_PLACE = { role: 'assistant', channel: 'assistant', contentType: 'text' } as const
