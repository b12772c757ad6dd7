// The reader of server-sent events: however the bytes arrive, the events are the same, none of the bytes is lost, and
// the data is what the specification says.
import assert from 'node:assert/strict'
import { createSseReader, type SseEvent, WireError } from '#wire'
import { target } from '../engine/target.ts'
import { messagesStream } from '../generators/anthropic.ts'
import { openAiStream } from '../generators/openai.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { sseMutators } from '../mutators/sse.ts'
import { clientEvents } from '../oracles/client.ts'
import { cutsOf } from '../oracles/cuts.ts'

const maxEventBytes = 1 << 15

interface Observed {
  /** As one piece, byte by byte, and cut somewhere. */
  readonly ways: readonly (readonly SseEvent[] | WireError)[]
}

export const sse = target<Observed>({
  name: 'sse',
  generate: (random) =>
    random.chance(0.5) ? messagesStream(random) : openAiStream(random.pick(['chat', 'completions']), random),
  mutate: (input, random, other) => mutateWith(random.chance(0.7) ? sseMutators : byteMutators, input, random, other),
  run: (input) => ({ ways: cutsOf(input).map(read) }),
  check(input, { ways }) {
    const [first, ...others] = ways.map((way) => (way instanceof WireError ? way.code : way.map(shown)))
    for (const other of others) assert.deepEqual(other, first, 'the events depend on where the bytes are cut')
    const [events] = ways
    if (events === undefined || events instanceof WireError) return
    assert.deepEqual(Buffer.concat(events.map(({ raw }) => raw)), Buffer.from(input), 'bytes were lost')
    const data = events.flatMap((event) => (event.data === undefined ? [] : [event.data.toString('latin1')]))
    assert.deepEqual(
      data,
      clientEvents(input).map(({ data: bytes }) => bytes),
      'a client reads other data',
    )
    for (const event of events) assertLines(event)
  },
  features({ ways: [events] }) {
    if (events === undefined) return []
    if (events instanceof WireError) return [events.code]
    return events.map(
      ({ isPlain, isComplete, type, lines, data }) =>
        `${isPlain} ${isComplete} ${type?.length} ${Math.min(lines.length, 4)} ${data === undefined}`,
    )
  },
})

function read(pieces: readonly Uint8Array[]): readonly SseEvent[] | WireError {
  try {
    const reader = createSseReader({ maxEventBytes })
    return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
}

function shown({ raw, data, type, isPlain, isComplete, lines }: SseEvent): unknown {
  return [raw.toString('latin1'), data?.toString('latin1'), type, isPlain, isComplete, lines]
}

/** Each data line is where it says, in the event and in its data. */
function assertLines({ raw, data, lines }: SseEvent): void {
  lines.forEach(({ dataStart, rawStart }, at) => {
    const end = lines[at + 1] ? (lines[at + 1]?.dataStart ?? 0) - 1 : (data?.length ?? 0)
    const line = data?.subarray(dataStart, end) ?? Buffer.alloc(0)
    assert.deepEqual(raw.subarray(rawStart, rawStart + line.length), line, 'a data line is elsewhere')
  })
}
