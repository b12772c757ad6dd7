import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { permissive as options } from '../canaries.ts'
import { WireError } from '../errors.ts'
import { createSseReader } from '../sse.ts'
import { chat as chatFields } from './every-field.ts'
import * as plainFields from './every-field-plain.ts'
import { chat, completions, embeddings } from './format.ts'

const formats = [
  { name: 'chat', format: chat, ...chatFields },
  { name: 'completions', format: completions, ...plainFields.completions },
  { name: 'embeddings', format: embeddings, ...plainFields.embeddings },
]

/** One of the bodies with up to four bytes changed, put in or taken out. */
function damaged(bodies: readonly object[]) {
  const damage = fc.record({
    at: fc.nat(),
    removed: fc.nat(2),
    inserted: fc.oneof(
      fc.uint8Array({ maxLength: 2 }),
      fc.constantFrom(...'"\\{}[]:,u0e-').map((text) => Buffer.from(text)),
    ),
  })
  return fc.tuple(fc.constantFrom(...bodies), fc.array(damage, { maxLength: 4 })).map(([body, damages]) =>
    damages.reduce<Buffer>(
      (bytes, { at, removed, inserted }) => {
        const position = at % bytes.length
        return Buffer.concat([bytes.subarray(0, position), inserted, bytes.subarray(position + removed)])
      },
      Buffer.from(JSON.stringify(body)),
    ),
  )
}

/** Reads; a WireError is an answer too, anything else thrown is a crash. */
function attempt(read: () => void): void {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof WireError, String(error instanceof Error ? error.stack : error))
  }
}

for (const { name, format, requests, answers, chunks } of formats) {
  test(`a damaged request for ${name} is read or refused, and every part is where it says`, () => {
    fc.assert(
      fc.property(damaged(requests), (body) => {
        attempt(() => {
          for (const { start, end, text, isKey } of format.parseRequest(body, options).parts) {
            const token = JSON.parse(body.toString('utf8', start, end))
            assert.equal(String(token), typeof token === 'number' ? String(Number(text)) : text)
            if (isKey) assert.match(body.toString('latin1', end), /^\s*:/)
          }
        })
      }),
      { numRuns: 2000 },
    )
  })

  test(`a damaged answer of ${name} or error is read or refused, and unchanged its bytes stay the same`, () => {
    fc.assert(
      fc.property(damaged(answers), (body) => {
        attempt(() => {
          const response = format.parseResponse(body, options)
          for (const { start, end, text } of [...response.parts, ...response.names])
            assert.equal(String(JSON.parse(body.toString('utf8', start, end))), text)
          if (response.logprobs.every(({ repeatsText }) => repeatsText))
            assert.equal(format.replaceInResponse(response, []), body)
        })
        attempt(() => format.parseErrorBody(body))
      }),
      { numRuns: 2000 },
    )
  })

  if (chunks.length === 0) continue
  test(`a damaged stream of ${name}, cut anywhere, is read or refused, and what goes out can be read again`, () => {
    fc.assert(
      fc.property(damaged(chunks), fc.nat(), (body, cut) => {
        const stream = Buffer.from(`data: ${body.toString('latin1')}\n\n`, 'latin1')
        attempt(() => {
          const reader = createSseReader({ maxEventBytes: 1 << 16 })
          const at = cut % stream.length
          const events = [...reader.push(stream.subarray(0, at)), ...reader.push(stream.subarray(at)), ...reader.end()]
          for (const event of events) {
            const chunk = format.createChunkReader(options)(event)
            const forwarded = createSseReader({ maxEventBytes: 1 << 16 }).push(format.replaceDeltas(chunk))
            const again = forwarded.map((sent) => format.createChunkReader(options)(sent))
            assert.deepEqual(
              again.flatMap(({ deltas }) => deltas.map(({ lane, text }) => [lane, text])),
              chunk.deltas.map(({ lane, text }) => [lane, text]),
            )
          }
        })
      }),
      { numRuns: 2000 },
    )
  })
}

test('bytes that are no format at all are refused by every reader', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const { format } of formats) {
        attempt(() => format.parseRequest(bytes))
        attempt(() => format.parseResponse(bytes))
        attempt(() => {
          const reader = createSseReader({ maxEventBytes: 30 })
          const read = format.createChunkReader()
          for (const event of [...reader.push(bytes), ...reader.end()]) read(event)
        })
      }
    }),
    { numRuns: 2000 },
  )
})
