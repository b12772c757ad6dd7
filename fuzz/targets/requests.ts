// The readers of requests: every text somebody may read is a part, what decisions rest on is what everybody reads, and
// edits change what they should and nothing else.
import assert from 'node:assert/strict'
import { formats, type ModelRequest, replaceParts, WireError, type WireFormat, type WireOptions } from '#wire'
import { requests as messagesRequests, plainRequest, toolRequests } from '../../src/wire/anthropic/every-request.ts'
import { inspecting, permissive } from '../../src/wire/canaries.ts'
import { chat } from '../../src/wire/openai/every-field.ts'
import { completions, embeddings } from '../../src/wire/openai/every-field-plain.ts'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { messagesRequest } from '../generators/anthropic.ts'
import { openAiRequest } from '../generators/openai.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { jsonMutators } from '../mutators/json.ts'
import { canariesIn } from '../oracles/canary.ts'
import { assertEdits } from '../oracles/edits.ts'
import { kindOfPlace } from '../oracles/place.ts'
import { valueAt } from '../oracles/readable.ts'
import { assertSeen, vocabulary } from '../oracles/seen.ts'
import { assertSpans } from '../oracles/spans.ts'

type Result = ModelRequest | WireError

const everyOption: readonly Partial<WireOptions>[] = [{}, permissive, inspecting]

export const requests: readonly Target[] = [
  requestTarget('chat', chat.requests, (random) => openAiRequest('chat', random)),
  requestTarget('completions', completions.requests, (random) => openAiRequest('completions', random)),
  requestTarget('embeddings', embeddings.requests, (random) => openAiRequest('embeddings', random)),
  requestTarget('messages', [plainRequest, ...messagesRequests, ...toolRequests], messagesRequest),
]

function requestTarget(operation: string, bodies: readonly object[], generate: (random: Random) => Uint8Array): Target {
  const format = formatOf(operation)
  const examples = bodies.map((body) => Buffer.from(JSON.stringify(body)))
  const isSilent = vocabulary(
    examples.map((body) => [body, format.parseRequest(body, inspecting)] as const),
    /^\/(?:model|logit_bias\/\d{1,7}~key)$/,
  )
  return target<readonly Result[]>({
    name: `${operation.replace('_', '-')}-request`,
    generate,
    mutate: (input, random, other) =>
      mutateWith(random.chance(0.85) ? jsonMutators : byteMutators, input, random, other),
    run: (input) => everyOption.map((options) => attempt(() => format.parseRequest(input, options))),
    check(input, results) {
      for (const result of results) {
        if (result instanceof WireError) {
          assert.ok(result.status === 400 || result.status === 413, `a client's mistake has status ${result.status}`)
          assertQuiet(input, result)
          continue
        }
        assertSpans(input, result.parts)
        assertSeen(input, input, result, isSilent)
        assertParameters(input, result)
        assertBlocks(result)
        assert.equal(replaceParts(input, []), input, 'unchanged, the body is another one')
        assertEdits(input, result.parts, (edits) => replaceParts(input, edits))
      }
    },
    features: (results) =>
      results.flatMap((result) =>
        result instanceof WireError
          ? [`${result.code} ${kindOfPlace(`/${result.param?.replaceAll(/[.[\]]+/g, '/')}`)}`]
          : result.parts.map(({ path, channel }) => `${kindOfPlace(path)} ${channel}`),
      ),
  })
}

export function formatOf(operation: string): WireFormat {
  const format = formats.get(operation)
  assert.ok(format, `no format ${operation}`)
  return format
}

/** What this room throws is an answer too; anything else is a crash. */
export function attempt<T>(read: () => T): T | WireError {
  try {
    return read()
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
}

/** A refusal may name a field, short and plain, that the client wrote; it never repeats a value. */
function assertQuiet(input: Uint8Array, { message, param }: WireError): void {
  const keys = new Set(canariesIn(Array.from(Buffer.from(input).toString().matchAll(keyPattern), unescaped).join('\n')))
  const repeated = canariesIn(`${message} ${param}`).filter((found) => !keys.has(found))
  assert.deepEqual(repeated, [], 'a refusal repeats the text')
}

const keyPattern = /"(?:[^"\\]|\\.)*"(?=\s*:)/g

function unescaped([token = '']: readonly string[]): string {
  return token.replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Decisions rest on what the upstream will read as well, in whatever letter case it looks for its fields. */
function assertParameters(input: Uint8Array, request: ModelRequest): void {
  const body: unknown = JSON.parse(Buffer.from(input).toString())
  assert.equal(request.model, valueAt(body, '/model'), 'the model is another one')
  assert.equal(request.stream, valueAt(body, '/stream') === true && request.stream)
  if (valueAt(body, '/stream') === true) assert.ok(request.stream || request.maxOutputTokens === 0, 'a stream is none')
  const names = Object.keys(Object(body))
  for (const field of ['model', 'messages', 'stream', 'prompt', 'input', 'tools', 'system', 'n', 'max_tokens'])
    assert.ok(
      names.filter((name) => name.normalize('NFKC').toLowerCase() === field).length <= 1,
      `some servers read another ${field}`,
    )
}

function assertBlocks({ blocks, parts }: ModelRequest): void {
  for (const { start, end, firstPart, endPart } of blocks) {
    assert.ok(firstPart <= endPart && endPart <= parts.length)
    for (const part of parts.slice(firstPart, endPart))
      assert.ok(part.start >= start && part.end <= end, 'a part is outside of its block')
  }
}
