import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WireError } from '../errors.ts'
import type { WireOptions } from '../options.ts'
import { parseErrorBody, replaceInResponse } from '../response.ts'
import { createSseReader } from '../sse.ts'
import { replaceDeltas } from '../stream.ts'
import { parseChatRequest } from './chat-request.ts'
import { parseChatResponse } from './chat-response.ts'
import { parseChatChunk } from './chat-stream.ts'
import { answers, chunks, requests } from './every-field.ts'

const options: Partial<WireOptions> = { images: 'any', files: 'any', audio: 'any', storedState: 'any' }

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

test('a damaged request is read or refused, and every part is where it says', () => {
  fc.assert(
    fc.property(damaged(requests), (body) => {
      attempt(() => {
        for (const { start, end, text, isKey } of parseChatRequest(body, options).parts) {
          const token = JSON.parse(body.toString('utf8', start, end))
          assert.equal(String(token), typeof token === 'number' ? String(Number(text)) : text)
          if (isKey) assert.match(body.toString('latin1', end), /^\s*:/)
        }
      })
    }),
    { numRuns: 2000 },
  )
})

test('a damaged answer or error is read or refused, and unchanged its bytes stay the same', () => {
  fc.assert(
    fc.property(damaged(answers), (body) => {
      attempt(() => {
        const response = parseChatResponse(body, options)
        if (response.logprobs.every(({ repeatsText }) => repeatsText))
          assert.equal(replaceInResponse(response, []), body)
      })
      attempt(() => parseErrorBody(body))
    }),
    { numRuns: 2000 },
  )
})

test('a damaged stream, cut anywhere, is read or refused, and what is forwarded can be read again', () => {
  fc.assert(
    fc.property(damaged(chunks), fc.nat(), (body, cut) => {
      const stream = Buffer.from(`data: ${body.toString('latin1')}\n\n`, 'latin1')
      attempt(() => {
        const reader = createSseReader({ maxEventBytes: 1 << 16 })
        const at = cut % stream.length
        const events = [...reader.push(stream.subarray(0, at)), ...reader.push(stream.subarray(at)), ...reader.end()]
        for (const event of events) {
          const chunk = parseChatChunk(event, new Map(), options)
          const forwarded = createSseReader({ maxEventBytes: 1 << 16 }).push(replaceDeltas(chunk))
          const again = forwarded.map((sent) => parseChatChunk(sent, new Map(), options))
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

test('bytes that are no format at all are refused by every reader', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      attempt(() => parseChatRequest(bytes))
      attempt(() => parseChatResponse(bytes))
      attempt(() => {
        const reader = createSseReader({ maxEventBytes: 30 })
        for (const event of [...reader.push(bytes), ...reader.end()]) parseChatChunk(event)
      })
    }),
    { numRuns: 2000 },
  )
})
