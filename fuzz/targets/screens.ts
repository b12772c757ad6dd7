// An answer on its way through the gateway, in process: with an inspector that masks canaries, none may be left in what
// a client could read, wherever the bytes were cut; and all other text arrives once, in order.
import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { z } from 'zod'
import type { House } from '#gateway'
import { createInspector, InspectError } from '#inspect'
import { WireError } from '#wire'
import { screenAnswer, screenError } from '../../src/gateway/answer/buffered.ts'
import { screenStream } from '../../src/gateway/answer/streamed.ts'
import { AnswerBlocked } from '../../src/gateway/answer/text-stage.ts'
import { createExchange, type Exchange } from '../../src/gateway/exchange.ts'
import { permissive } from '../../src/wire/canaries.ts'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { countAnswer, messagesAnswer } from '../generators/anthropic.ts'
import { openAiAnswer } from '../generators/openai.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { jsonMutators } from '../mutators/json.ts'
import { canariesIn, canaryDetector, removed } from '../oracles/canary.ts'
import type { ClientView } from '../oracles/client.ts'
import { cutsOf } from '../oracles/cuts.ts'
import { readables } from '../oracles/readable.ts'
import { formatOf } from './requests.ts'
import { anthropicStream, mutateStream, openAiStreams } from './streams.ts'

const inspector = createInspector({
  detectors: [canaryDetector],
  actions: { request: {}, response: { secret: 'mask' } },
  cacheEntries: 0,
  timeLimitMs: Number.POSITIVE_INFINITY,
  now: () => 0,
})

/** The house as far as an answer has to do with it. */
const house = z
  .custom<House>((value) => value !== undefined)
  .parse({
    inspector,
    settings: {
      // What an option lets pass unseen is nobody's to find here.
      wire: { ...permissive, images: 'refuse', files: 'refuse', audio: 'refuse' },
      maxEventBytes: 1 << 16,
      privacy: { restore: { hosts: ['app.example.com'] }, tools: { outward: [], inward: [] }, types: {} },
    },
  })

const values = new Map([
  ['[EMAIL_abcdefgh]', 'anna@example.com'],
  ['[CARD_aaaa2222]', '4111 1111 1111 1111'],
])

function exchangeFor(operation: string, placeholders: ReadonlyMap<string, string>): Exchange {
  const request = new IncomingMessage(new Socket())
  const exchange = createExchange('x', request, new ServerResponse(request))
  exchange.format = formatOf(operation)
  exchange.principal = {
    kind: 'api_key',
    id: 'p',
    tenant: z.custom<never>().parse('t'),
    keyId: z.custom<never>().parse('k'),
    name: 'p',
    scopes: [],
  }
  exchange.placeholders = new Map(placeholders)
  return exchange
}

/** An answer that was stopped is as good as one that was delivered; anything else that is thrown is a crash. */
type Stop = WireError | AnswerBlocked | InspectError

function stopOf(error: unknown): Stop {
  if (error instanceof WireError || error instanceof AnswerBlocked) return error
  if (error instanceof InspectError && error.code === 'match_too_long') return error
  throw error
}

interface Delivered {
  readonly bytes: Buffer
  readonly stop: Stop | undefined
}

export const streamScreens: readonly Target[] = [...openAiStreams, anthropicStream].map(
  ({ operation, generate, view }) =>
    target<readonly Delivered[][]>({
      name: `${operation}-stream-screen`,
      generate: (random) => withPlaceholders(generate(random), random),
      mutate: mutateStream,
      run: (input) =>
        [new Map<string, string>(), values].map((placeholders) =>
          cutsOf(input).map((pieces) => deliver(pieces, exchangeFor(operation, placeholders))),
        ),
      check(input, [plain = [], restoring = []]) {
        assertSameWhereverCut(plain)
        assertSameWhereverCut(restoring)
        for (const { bytes } of [...plain, ...restoring]) assertNoCanary(bytes, view)
        const [whole] = plain
        if (whole === undefined || whole.stop !== undefined) return
        assertSameText(view(input), view(whole.bytes))
        assertSameBytes(input, whole.bytes, view)
      },
      features: ([plain = []]) =>
        plain
          .slice(0, 1)
          .map(({ stop, bytes }) => stop?.message.replace(/\d+|"[^"]*"/g, '') ?? `${bytes.includes(removed)}`),
      allowanceMs: 300,
    }),
)

function deliver(pieces: readonly Uint8Array[], exchange: Exchange): Delivered {
  const out: Uint8Array[] = []
  let stop: Stop | undefined
  try {
    const screen = screenStream(exchange, house)
    for (const piece of pieces) out.push(screen.push(piece))
    out.push(screen.end())
  } catch (error) {
    stop = stopOf(error)
  }
  return { bytes: Buffer.concat(out), stop }
}

/** A stream that was stopped may have come further in small pieces. */
function assertSameWhereverCut(ways: readonly Delivered[]): void {
  const longest = ways.reduce((a, b) => (b.bytes.length > a.bytes.length ? b : a))
  for (const { bytes, stop } of ways) {
    assert.equal(stop === undefined, longest.stop === undefined, 'it depends on the cuts whether an answer is stopped')
    assert.ok(longest.bytes.subarray(0, bytes.length).equals(bytes), 'what is delivered depends on the cuts')
    if (stop === undefined) assert.equal(bytes.length, longest.bytes.length, 'what is delivered depends on the cuts')
  }
}

function assertNoCanary(bytes: Buffer, view: (stream: Uint8Array) => ClientView): void {
  const { joined, all } = view(bytes)
  const found = [bytes.toString(), ...all, ...joined.values()].flatMap(canariesIn)
  assert.deepEqual(found, [], 'a client reads what nobody inspected')
}

/** Nothing lost, nothing doubled, nothing masked but canaries. */
function assertSameText(sent: ClientView, delivered: ClientView): void {
  const expected = [...sent.joined].map(([place, text]): [string, string] => [place, masked(text, place)])
  assert.deepEqual(new Map(delivered.joined), new Map(expected), 'a text arrives as another one')
}

function masked(text: string, place: string): string {
  const contentType = /(?:arguments|function_call|partial_json)$/.test(place) ? 'json' : 'text'
  const stage = inspector.stream({ channel: 'assistant', contentType, direction: 'response' })
  const { value, verdicts } = stage.push(text, true).text
  return verdicts.reduceRight((masked, { start, end }) => masked.slice(0, start) + removed + masked.slice(end), value)
}

/** Where nothing had to change and nothing is said beside the data, the bytes are those of the upstream. */
function assertSameBytes(input: Uint8Array, delivered: Buffer, view: (stream: Uint8Array) => ClientView): void {
  const text = Buffer.from(input).toString('latin1')
  const lines = text.split(/\r\n|\r|\n/)
  const isFinished = lines.at(-1) === '' && lines.at(-2) === ''
  const mayChange = /[Qq\\]|[^\x00-\x7f]|logprobs|signature/.test(text) || !isFinished
  const isPlain = lines.every((line) => /^(?:data:.*|event: ?[a-z_.-]*|:?)$/.test(line))
  if (mayChange || !isPlain) return
  const { isDone } = view(input)
  assert.ok(text.startsWith(delivered.toString('latin1')), 'unchanged, a stream has other bytes')
  assert.ok(isDone || delivered.length === input.length, 'unchanged, a stream is cut')
}

/** Some of the texts with a placeholder of the exchange in them. */
function withPlaceholders(stream: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.5)) return stream
  const text = Buffer.from(stream).toString('latin1')
  return Buffer.from(
    text.replaceAll('so it is', () => random.pick([...values.keys()])),
    'latin1',
  )
}

const answerGenerators: Readonly<Record<string, (random: Random) => Uint8Array>> = {
  chat: (random) => openAiAnswer('chat', random),
  completions: (random) => openAiAnswer('completions', random),
  embeddings: (random) => openAiAnswer('embeddings', random),
  messages: messagesAnswer,
  count_tokens: countAnswer,
}

export const answerScreens: readonly Target[] = Object.entries(answerGenerators).map(([operation, generate]) =>
  target<readonly Delivered[]>({
    name: `${operation.replace('_', '-')}-answer-screen`,
    generate,
    mutate: (input, random, other) =>
      mutateWith(random.chance(0.85) ? jsonMutators : byteMutators, input, random, other),
    run: (input) =>
      Promise.all(
        [screenAnswer, screenError].map((screen) => deliverWhole(screen(exchangeFor(operation, values), house, input))),
      ),
    check(input, [answer, error]) {
      for (const delivered of [answer, error]) {
        if (delivered === undefined || delivered.stop !== undefined) continue
        const value: unknown = JSON.parse(delivered.bytes.toString())
        const found = readables(value).flatMap(({ text }) => canariesIn(text))
        assert.deepEqual(found, [], 'a client reads what nobody inspected')
      }
      const text = Buffer.from(input).toString('latin1')
      const isUnchanged = !/[Qq\\]|[^\x00-\x7f]|logprobs|EMAIL|CARD/.test(text)
      if (isUnchanged && answer?.stop === undefined) assert.deepEqual(answer?.bytes.toString('latin1'), text)
    },
    features: ([answer]) => [answer?.stop?.message.replace(/\d+|"[^"]*"/g, '') ?? 'delivered'],
  }),
)

async function deliverWhole(screened: Promise<Uint8Array>): Promise<Delivered> {
  try {
    return { bytes: Buffer.from(await screened), stop: undefined }
  } catch (error) {
    return { bytes: Buffer.alloc(0), stop: stopOf(error) }
  }
}
