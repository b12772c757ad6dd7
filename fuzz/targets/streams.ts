// The readers of streamed answers, event by event: the short cut through templates agrees with the full parser, what
// nobody changes keeps its bytes, what is changed says exactly the new texts, and held text can be sent on its own.
import assert from 'node:assert/strict'
import { createSseReader, type SseEvent, type StreamChunk, WireError } from '#wire'
import { situations } from '../../src/wire/anthropic/every-answer.ts'
import { permissive } from '../../src/wire/canaries.ts'
import { parseChatChunk } from '../../src/wire/openai/chat-stream.ts'
import { chat } from '../../src/wire/openai/every-field.ts'
import { completions } from '../../src/wire/openai/every-field-plain.ts'
import { createMemory } from '../../src/wire/reader.ts'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { messagesStream } from '../generators/anthropic.ts'
import { openAiStream } from '../generators/openai.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { sseMutators } from '../mutators/sse.ts'
import { canariesIn } from '../oracles/canary.ts'
import { anthropicView, type ClientView, clientEvents, openAiView } from '../oracles/client.ts'
import { kindOfPlace } from '../oracles/place.ts'
import { type Readable, setAt } from '../oracles/readable.ts'
import { assertSeen, vocabulary } from '../oracles/seen.ts'
import { attempt, formatOf } from './requests.ts'

type Read = (event: SseEvent) => StreamChunk

interface Stream {
  readonly operation: 'chat' | 'completions' | 'messages'
  generate(random: Random): Uint8Array
  /** A reader that parses every event in full. */
  plain(): Read
  view(stream: Uint8Array): ClientView
  readonly isSilent: (readable: Readable) => boolean
}

export const mutateStream = (input: Uint8Array, random: Random, other: Uint8Array): Uint8Array =>
  mutateWith(random.chance(0.85) ? sseMutators : byteMutators, input, random, other)

const maxEventBytes = 1 << 16

const uuid = /^(?:[a-z]{2,12}[-_]){0,2}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const openAiSilent = silentIn(
  'chat',
  [...chat.chunks, ...chat.answers, ...completions.answers].map((body) => [body]),
  ['length', 'content_filter', 'tool_calls', 'function_call'],
)
const anthropicSilent = silentIn(
  'messages',
  situations.map(({ before, event }) => [...before, event]),
  ['end_turn', 'max_tokens', 'tool_use', 'pause_turn', 'refusal'],
)

export const openAiStreams: readonly Stream[] = [
  {
    operation: 'chat',
    generate: (random) => openAiStream('chat', random),
    plain() {
      const memory = createMemory()
      return (event) => parseChatChunk(event, memory, permissive)
    },
    view: openAiView,
    isSilent: openAiSilent,
  },
  {
    operation: 'completions',
    generate: (random) => openAiStream('completions', random),
    plain() {
      const read = formatOf('completions').createChunkReader(permissive)
      let number = 0
      // No template fits an event of another type, and nothing else depends on it.
      return (event) => ({ ...read({ ...event, type: `event-${number++}` }), event })
    },
    view: openAiView,
    isSilent: openAiSilent,
  },
]

export const anthropicStream: Stream = {
  operation: 'messages',
  generate: messagesStream,
  plain() {
    const read = formatOf('messages').createChunkReader(permissive)
    return (event) => {
      // What is no delta makes the reader forget its templates.
      for (const comment of createSseReader({ maxEventBytes }).push(Buffer.from(':\n\n'))) read(comment)
      return read(event)
    }
  },
  view: anthropicView,
  isSilent: anthropicSilent,
}

export const streams: readonly Target[] = [...openAiStreams, anthropicStream].map(streamTarget)

interface Observed {
  readonly events: readonly SseEvent[]
  readonly chunks: readonly (StreamChunk | WireError)[]
  readonly plain: readonly (StreamChunk | WireError)[]
}

function streamTarget(stream: Stream): Target {
  const format = formatOf(stream.operation)
  return target<Observed>({
    name: `${stream.operation}-stream`,
    generate: stream.generate,
    mutate: mutateStream,
    run(input) {
      const events = attempt(() => {
        const reader = createSseReader({ maxEventBytes })
        return [...reader.push(input), ...reader.end()]
      })
      if (events instanceof WireError) return { events: [], chunks: [], plain: [] }
      return {
        events,
        chunks: readAll(events, format.createChunkReader(permissive)),
        plain: readAll(events, stream.plain()),
      }
    },
    check(_input, { chunks, plain }) {
      assertAgree(chunks, plain)
      // Changing them all would take longer than all the rest.
      const changed = Math.ceil(plain.length / 6)
      for (const [at, chunk] of plain.entries()) {
        if (chunk instanceof WireError) assert.equal(chunk.status, 502)
        else {
          assertChunk(chunk, stream)
          if (at % changed === 0) assertChanges(chunk, stream)
        }
      }
    },
    features: ({ chunks }) =>
      chunks.flatMap((chunk) =>
        chunk instanceof WireError
          ? [`${chunk.code} ${chunk.message.replace(/\d+|"[^"]*"/g, '')}`]
          : chunk.deltas.map(({ path, isWhole }) => `${kindOfPlace(path)} ${isWhole} ${chunk.event.isPlain}`),
      ),
  })

  /** What is forwarded of one event is seen, and is the event itself when nothing changed. */
  function assertChunk(chunk: StreamChunk, { isSilent }: Stream): void {
    const { event, deltas, names, uninspected, logprobs } = chunk
    const out = Buffer.from(format.replaceDeltas(chunk))
    if (event.isPlain && logprobs.length === 0 && event.isComplete)
      assert.ok(out.equals(event.raw), 'unchanged, an event has other bytes')
    const [sent, ...others] = clientEvents(out)
    assert.deepEqual(others, [], 'one event became several')
    assert.equal(sent === undefined, event.data === undefined, 'data came or went')
    if (sent === undefined || event.data === undefined || chunk.document === undefined) return
    const data = Buffer.from(sent.data, 'latin1')
    assertSeen(event.data, data, { parts: [...deltas, ...names], uninspected }, isSilent)
  }

  /** New texts, and text of a lane on its own. */
  function assertChanges(chunk: StreamChunk, { view }: Stream): void {
    const { event, deltas } = chunk
    if (event.data === undefined || deltas.length === 0) return
    const texts = deltas.map(({ start }, at) => (event.data?.[start] === 0x22 ? `new "${at}" \u2028\n` : undefined))
    let expected: unknown = JSON.parse(event.data.toString())
    for (const [at, { path, isKey }] of deltas.entries()) {
      const text = texts[at]
      if (isKey) texts[at] = undefined
      else if (text !== undefined) expected = setAt(expected, path, text)
    }
    if (chunk.logprobs.length > 0) expected = withoutLogprobs(expected)
    const [sent] = clientEvents(format.replaceDeltas(chunk, texts))
    assert.deepEqual(
      JSON.parse(Buffer.from(sent?.data ?? '', 'latin1').toString()),
      expected,
      'an edit changed something else',
    )
    for (const delta of deltas) if (!delta.isWhole) assertTail(chunk, delta.lane, view)
  }

  function assertTail(chunk: StreamChunk, lane: string, view: Stream['view']): void {
    const tail = format.deltaEvent(chunk, lane, 'the rest')
    const said = canariesIn(tail.toString()).filter((found) => !chunk.names.some(({ text }) => text.includes(found)))
    assert.deepEqual(said, [], 'an additional event says what its template said')
    const event = Buffer.concat([Buffer.from(chunk.event.raw), Buffer.from(chunk.event.isComplete ? '' : '\n\n')])
    const before = view(event).joined
    const after = view(Buffer.concat([event, tail])).joined
    const grown = [...after].filter(([place, text]) => before.get(place) !== text)
    assert.ok(
      grown.length <= 1 && grown.every(([place, text]) => text === `${before.get(place) ?? ''}the rest`),
      'a tail goes on somewhere else',
    )
  }
}

function withoutLogprobs(value: unknown): unknown {
  const { choices } = Object(value)
  for (const choice of Array.isArray(choices) ? choices : [])
    if (choice !== null && typeof choice === 'object' && Object.hasOwn(choice, 'logprobs')) choice.logprobs = null
  return value
}

/** Up to and with the first refusal. */
function readAll(events: readonly SseEvent[], read: Read): (StreamChunk | WireError)[] {
  const chunks: (StreamChunk | WireError)[] = []
  for (const event of events) {
    const chunk = attempt(() => read(event))
    chunks.push(chunk)
    if (chunk instanceof WireError) break
  }
  return chunks
}

function assertAgree(chunks: Observed['chunks'], plain: Observed['plain']): void {
  assert.equal(chunks.length, plain.length, 'templates take what the parser refuses, or the other way round')
  const judged = new Set<string>()
  chunks.forEach((chunk, at) => {
    const other = plain[at]
    if (chunk instanceof WireError || other instanceof WireError || other === undefined) {
      assert.equal(String(chunk), String(other), 'templates and the parser refuse differently')
      return
    }
    assert.deepEqual(factsOf(chunk), factsOf(other), 'templates read something else')
    for (const { path, text } of chunk.names) judged.add(`${path} ${text}`)
    for (const { path, text } of other.names) assert.ok(judged.has(`${path} ${text}`), 'a name is not inspected')
  })
}

function factsOf({ deltas, finished, usage, isDone, logprobs, uninspected }: StreamChunk): unknown {
  const facts = deltas.map(
    ({ path, role, channel, contentType, tool, choice, signed, reading, isKey, start, end, text, lane, isWhole }) => [
      ...[path, role, channel, contentType, tool, choice, signed, reading, isKey === true],
      ...[start, end, text, lane, isWhole],
    ],
  )
  return { facts, finished, usage, isDone, logprobs, uninspected }
}

/** @param sequences  of events, of which each is read as a stream of its own */
function silentIn(
  operation: string,
  sequences: readonly (readonly object[])[],
  words: readonly string[],
): Stream['isSilent'] {
  const isSilent = vocabulary(
    sequences.flatMap((bodies) => {
      const read = formatOf(operation).createChunkReader(permissive)
      const text = bodies.map((body) => `event: ${Object(body).type}\ndata: ${JSON.stringify(body)}\n\n`).join('')
      const chunks = createSseReader({ maxEventBytes }).push(Buffer.from(text)).map(read)
      return chunks.map(({ event, deltas, names, uninspected }) => {
        return [event.data ?? Buffer.from('{}'), { parts: [...deltas, ...names], uninspected }] as const
      })
    }),
    /(?!)/,
  )
  return (readable) => isSilent(readable) || uuid.test(readable.text) || words.includes(readable.text)
}
