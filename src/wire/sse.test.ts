import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSseReader, type SseEvent } from './sse.ts'

/** Reads a stream given in chunks, then its end. */
function read(chunks: readonly (string | Uint8Array)[], maxEventBytes = 1 << 20): SseEvent[] {
  const reader = createSseReader({ maxEventBytes })
  return [
    ...chunks.flatMap((chunk) => reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
    ...reader.end(),
  ]
}

function datas(events: readonly SseEvent[]): (string | undefined)[] {
  return events.map(({ data }) => data?.toString())
}

const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((value) => `data: ${value.replace(/[\r\n]/g, '.')}`),
  fc.constantFrom(
    '',
    'data',
    'data:',
    'data:  two spaces',
    ': a comment',
    ':',
    'event: delta',
    'id: 7',
    'retry: 10',
    'x: y',
  ),
)
const ends = fc.constantFrom('\n', '\r\n', '\r')
const streams = fc
  .tuple(
    fc.constantFrom('', '\ufeff'),
    fc.array(fc.tuple(line, ends), { maxLength: 20 }),
    fc.constantFrom('', 'data: open'),
  )
  .map(([mark, lines, rest]) => Buffer.from(mark + lines.map(([text, end]) => text + end).join('') + rest))

/** The events of a stream by the letter of the specification, for whole streams only. */
function oracle(stream: string): string[] {
  const blocks: string[][] = [[]]
  for (const text of stream.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    if (text === '') blocks.push([])
    else blocks.at(-1)?.push(text)
  }
  return blocks.flatMap((block) => {
    const values = block.flatMap((text) => {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(text) ?? []
      return field === 'data' ? [value ?? ''] : []
    })
    return values.length > 0 ? [values.join('\n')] : []
  })
}

test('reads the data of every event as the specification says', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      assert.deepEqual(
        datas(read([stream])).filter((data) => data !== undefined),
        oracle(stream.toString('utf8')),
      )
    }),
  )
})

test('however a stream is cut, the events are the same and their raw bytes add up to it', () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(200), { maxLength: 8 }), (stream, cuts) => {
      const bounds = [0, ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length]
      const chunks = bounds.slice(1).map((end, i) => stream.subarray(bounds[i], end))
      const whole = read([stream])
      const cut = read(chunks)
      assert.deepEqual(cut, whole)
      assert.deepEqual(read([...stream].map((byte) => Uint8Array.of(byte))), whole)
      assert.deepEqual(Buffer.concat(cut.map(({ raw }) => raw)), stream)
    }),
  )
})

test('each data line maps its place in the data to its place in the raw bytes', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      for (const { raw, data, lines } of read([stream])) {
        for (const { dataStart, rawStart } of lines) {
          const value = data?.toString('latin1', dataStart).split('\n', 1)[0] ?? ''
          assert.equal(raw.toString('latin1', rawStart, rawStart + value.length), value)
        }
      }
    }),
  )
})

test('an event goes out as soon as its blank line is there', () => {
  const reader = createSseReader({ maxEventBytes: 100 })
  assert.deepEqual(datas(reader.push(Buffer.from('data: a\n'))), [])
  assert.deepEqual(datas(reader.push(Buffer.from('\ndata: b\r\n\r\ndata'))), ['a', 'b'])
  assert.deepEqual(datas(reader.push(Buffer.from(': c\r\n\r'))), [])
  assert.deepEqual(datas(reader.push(Buffer.from('\n'))), ['c'])
  assert.deepEqual(reader.end(), [])
})

test('events handed out keep their bytes while the reader goes on', () => {
  const reader = createSseReader({ maxEventBytes: 100 })
  const events = Array.from({ length: 50 }, (_, i) => Buffer.from(`data: ${i}\n\ndata`)).flatMap((chunk, i) =>
    reader.push(i === 0 ? chunk : Buffer.concat([Buffer.from(': x\n\n'), chunk])),
  )
  const expected = Array.from({ length: 50 }, (_, i) => (i === 0 ? ['0'] : ['x', String(i)])).flat()
  assert.deepEqual(datas(events), expected)
})

test('an event that the end of the stream cut short is given, and marked', () => {
  assert.deepEqual(
    read(['data: a\n\ndata: b']).map(({ data, isComplete }) => [data?.toString(), isComplete]),
    [
      ['a', true],
      ['b', false],
    ],
  )
  assert.deepEqual(read(['data: a\n'])[0]?.isComplete, false)
  assert.deepEqual(read(['']), [])
})

test('an endless line is refused at the limit, in one chunk or in many', () => {
  const tooLarge = { code: 'event_too_large', status: 502 }
  assert.throws(() => read(['x'.repeat(101)], 100), tooLarge)
  assert.throws(() => read([`data: ${'x'.repeat(100)}\n\n`], 100), tooLarge)
  assert.throws(
    () =>
      read(
        Array.from({ length: 101 }, () => 'x'),
        100,
      ),
    tooLarge,
  )
  assert.throws(
    () =>
      read(
        Array.from({ length: 60 }, () => ':\n'),
        100,
      ),
    tooLarge,
  )
  assert.equal(
    read(
      Array.from({ length: 60 }, () => 'data: x\n\n'),
      100,
    ).length,
    60,
  )
})

test('only data and short event, id and retry fields are plain; a comment may say anything', () => {
  const isPlain = (event: string) => read([event])[0]?.isPlain
  for (const event of ['data: x\n\n', 'event: delta\nid: 7\nretry: 10\ndata: x\n\n', ':\n\n'])
    assert.equal(isPlain(event), true)
  for (const event of [
    ': hi\n\n',
    'data: x\n:hi\n\n',
    'id: a b\n\n',
    'note: x\n\n',
    // Nobody inspects these values, so there is no room in them for what detectors look for.
    'id: 4111111111111111\n\n',
    'id: AKIAIOSFODNN7EXAMPLQ\n\n',
    'event: AKIAIOSFODNN7EXAMPLQ\n\n',
    'event: jane.doe@example.com\n\n',
    'event: 078-05-1120\n\n',
    'retry: 4111111111111111\n\n',
    `event: ${'a'.repeat(41)}\n\n`,
    'hello\n\n',
  ]) {
    assert.equal(isPlain(event), false, event)
  }
})

test('the type of an event is told when it is plain', () => {
  assert.deepEqual(
    ['event: a\ndata: x\n\n', 'data: x\n\n', 'event: a\nevent: b\n\n', 'event: A 1\n\n'].map(
      (event) => read([event])[0]?.type,
    ),
    ['a', undefined, 'b', undefined],
  )
})
