// The readers of whole answers and errors: what a client reads was a part or a name, and changes leave all else alone.
import assert from 'node:assert/strict'
import { type ErrorBody, type ModelResponse, parseModelList, replaceParts, WireError } from '#wire'
import { answers as messagesAnswers, tokenCount } from '../../src/wire/anthropic/every-answer.ts'
import { permissive } from '../../src/wire/canaries.ts'
import { chat } from '../../src/wire/openai/every-field.ts'
import { completions, embeddings } from '../../src/wire/openai/every-field-plain.ts'
import { isFieldName } from '../../src/wire/shape.ts'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { countAnswer, messagesAnswer } from '../generators/anthropic.ts'
import { modelList, openAiAnswer } from '../generators/openai.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { jsonMutators } from '../mutators/json.ts'
import { canariesIn } from '../oracles/canary.ts'
import { assertEdits } from '../oracles/edits.ts'
import { kindOfPlace } from '../oracles/place.ts'
import type { Readable } from '../oracles/readable.ts'
import { assertSeen, type Seen, vocabulary } from '../oracles/seen.ts'
import { assertSpans } from '../oracles/spans.ts'
import { attempt, formatOf } from './requests.ts'

interface Observed {
  readonly answers: readonly (ModelResponse | WireError)[]
  readonly error: ErrorBody | WireError
}

const mutate = (input: Uint8Array, random: Random, other: Uint8Array) =>
  mutateWith(random.chance(0.85) ? jsonMutators : byteMutators, input, random, other)

/** Random bits of software, and vectors, say nothing: these places are judged by the formats' own tests. */
const uuid = /^(?:[a-z]{2,12}[-_]){0,2}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const vector = /^\/data\/\d+\/embedding$/

/** All formats of OpenAI's have the same envelope. */
const openAi = [...chat.answers, ...chat.chunks, ...completions.answers]

export const answers: readonly Target[] = [
  answerTarget('chat', openAi, (random) => openAiAnswer('chat', random)),
  answerTarget('completions', openAi, (random) => openAiAnswer('completions', random)),
  answerTarget('embeddings', embeddings.answers, (random) => openAiAnswer('embeddings', random)),
  answerTarget('messages', messagesAnswers, messagesAnswer),
  answerTarget('count_tokens', [tokenCount], countAnswer),
  modelListTarget(),
]

function answerTarget(operation: string, bodies: readonly object[], generate: (random: Random) => Uint8Array): Target {
  const format = formatOf(operation)
  const known = vocabulary(
    bodies.map((body) => {
      const bytes = Buffer.from(JSON.stringify(body))
      return [bytes, seenIn(format.parseResponse(bytes, permissive))] as const
    }),
    vector,
  )
  const isSilent: typeof known = (readable) => known(readable) || uuid.test(readable.text)
  return target<Observed>({
    name: `${operation.replace('_', '-')}-answer`,
    generate,
    mutate,
    run: (input) => ({
      answers: [{}, permissive].map((options) => attempt(() => format.parseResponse(input, options))),
      error: attempt(() => format.parseErrorBody(input)),
    }),
    check(input, observed) {
      for (const answer of observed.answers) {
        if (answer instanceof WireError) {
          assertBlamesUpstream(answer)
          continue
        }
        assertSpans(
          input,
          [...answer.parts, ...answer.names].toSorted((a, b) => a.start - b.start),
        )
        const forwarded = Buffer.from(format.replaceInResponse(answer, []))
        const kept = answer.logprobs.every(({ repeatsText }) => repeatsText)
        assert.equal(forwarded.equals(input), kept, 'unchanged, the answer is another one, or log probabilities stay')
        assertSeen(
          input,
          forwarded,
          seenIn(answer),
          (readable) => isSilent(readable) || isRepeated(forwarded, readable),
        )
        if (answer.logprobs.length > 0) continue
        const broken = answer.parts.filter(({ signed }) => signed !== undefined)
        const parts = answer.parts.filter((part) => !broken.includes(part))
        assertEdits(input, parts, (edits) => format.replaceInResponse(answer, edits))
      }
      if (observed.error instanceof WireError) assertBlamesUpstream(observed.error)
      else {
        const { parts } = observed.error
        assertSeen(input, input, { parts, uninspected: [] }, ({ text, isKey }) => {
          return uuid.test(text) || (isKey && isFieldName(text))
        })
        assertEdits(input, parts, (edits) => replaceParts(input, edits))
      }
    },
    features: ({ answers: [first] }) => {
      if (first === undefined) return []
      if (first instanceof WireError) return [`${first.code} ${first.message.replace(/\d+|"[^"]*"/g, '')}`]
      return [...first.parts, ...first.names].map(({ path }) => kindOfPlace(path))
    },
  })
}

function seenIn({ parts, names, uninspected }: ModelResponse): Seen {
  return { parts: [...parts, ...names], uninspected }
}

function assertBlamesUpstream(error: WireError): void {
  assert.equal(error.status, 502, `an upstream's mistake has status ${error.status}`)
  assert.deepEqual(canariesIn(error.message), [], 'a refusal repeats the text')
}

/** Tokens of log probabilities may say again what the choice says. */
function isRepeated(body: Buffer, { path, text }: Readable): boolean {
  const found = /^\/choices\/(\d+)\/logprobs\/(?:(content|refusal)\/\d+\/token|(tokens)\/\d+)$/.exec(path)
  if (found === null) return false
  const { choices } = JSON.parse(body.toString())
  const choice = choices[Number(found[1])]
  const said: unknown = found[3] === undefined ? choice?.message?.[found[2] ?? ''] : choice?.text
  return isFragment(text) || (typeof said === 'string' && said.includes(text))
}

/** A piece of a character, as OpenAI writes it. */
function isFragment(text: string): boolean {
  return text.length <= 32 && /^(?:bytes:)?(?:\\x[0-9a-f]{2})+$/.test(text)
}

function modelListTarget(): Target {
  return target({
    name: 'model-list',
    generate: modelList,
    mutate,
    run: (input) => attempt(() => parseModelList(input)),
    check(input, list) {
      if (list instanceof WireError) return assertBlamesUpstream(list)
      // Of the list nothing is forwarded but ids that can name a model.
      for (const { id, start, end } of list.models) {
        assert.match(id, /^[A-Za-z0-9@][A-Za-z0-9._:/@+-]{0,255}$/)
        assert.equal(JSON.parse(Buffer.from(input).toString('utf8', start, end)).id, id)
      }
    },
    features: (list) => (list instanceof WireError ? [list.code] : [`${Math.min(list.models.length, 5)} models`]),
  })
}
