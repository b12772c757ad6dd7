import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { askedSource } from './asked-source.ts'
import { decodeJob, decodeRead, encodeJob, encodeRead, frameHead, frameReader, maxFrameBytes } from './frames.ts'
import { readReport } from './job.ts'

test('frames come out as they went in, however a pipe cuts them', () => {
  const frames = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 300 })), { maxLength: 8 })
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (sent, cuts) => {
      const wire = Buffer.concat(sent.flatMap(([kind, payload]) => [frameHead(kind, payload.length), payload]))
      const received: [number, Uint8Array][] = []
      const receive = frameReader(({ kind, payload }) => received.push([kind, Uint8Array.from(payload)]))
      for (let at = 0, turn = 0; at < wire.length; turn++) {
        const length = cuts[turn % cuts.length] ?? 1
        receive(wire.subarray(at, at + length))
        at += length
      }
      assert.deepEqual(received, sent)
    }),
  )
})

test('a frame of an impossible length is refused before it is waited for', () => {
  for (const length of [0, maxFrameBytes + 1, 0xffffffff]) {
    const head = Buffer.alloc(5)
    head.writeUInt32LE(length)
    assert.throws(() => frameReader(() => {})(head), { code: 'malformed' })
  }
})

test('a request for bytes outside of the file is refused', () => {
  assert.deepEqual(decodeRead(encodeRead(5, 3), 8), { offset: 5, length: 3 })
  const wrong = [encodeRead(5, 4), encodeRead(-1, 1), encodeRead(0.5, 1), encodeRead(Number.NaN, 1), Buffer.alloc(11)]
  for (const request of wrong) assert.throws(() => decodeRead(request, 8), { code: 'malformed' })
})

test('a job keeps its settings and its bytes apart', () => {
  const { settings, head } = decodeJob(encodeJob('{"path":"é"}', Buffer.from('bytes')))
  assert.equal(settings, '{"path":"é"}')
  assert.equal(head.toString(), 'bytes')
})

test('a file reads the same through a child as it is, and little by little costs few requests', () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, place) => (place * 7) % 256))
  const reads = fc.array(fc.tuple(fc.nat(310_000), fc.nat(50_000)), { maxLength: 20 })
  fc.assert(
    fc.property(reads, fc.nat(100_000), (wanted, headLength) => {
      const source = askedSource(bytes.length, bytes.subarray(0, headLength), slice, 20_000)
      for (const [offset, length] of wanted)
        assert.ok(bytes.subarray(offset, offset + length).equals(Buffer.from(source.read(offset, length))))
    }),
    { numRuns: 50 },
  )
  let asked = 0
  const source = askedSource(
    bytes.length,
    bytes.subarray(0, 10),
    (offset, length) => {
      asked++
      return slice(offset, length)
    },
    1_000_000,
  )
  for (let at = 0; at < bytes.length; at += 4) source.read(at, 4)
  assert.ok(asked <= 8, `${asked} requests`)

  function slice(offset: number, length: number): Buffer {
    assert.ok(offset >= 0 && length > 0 && offset + length <= bytes.length)
    return bytes.subarray(offset, offset + length)
  }
})

test('here and there in a large file, only what is looked at is fetched', () => {
  const size = 20e9
  let fetched = 0
  const source = askedSource(
    size,
    Buffer.alloc(65_536),
    (_, length) => {
      fetched += length
      return Buffer.alloc(length)
    },
    4 * 1024 ** 2,
  )
  for (let place = 1; place <= 100; place++) source.read(place * 190e6, 4096)
  assert.ok(fetched <= 100 * 16 * 1024, `${fetched} bytes`)
})

test('a report is believed only as far as it is one, of the file that was asked for', () => {
  const finding = {
    id: `af_${'0'.repeat(24)}`,
    rule: { id: 'a/b', title: 'T', severity: 'high', cwe: [], remedy: 'R' },
    severity: 'high',
    confidence: 'high',
    message: 'm'.repeat(10_000),
    location: { path: 'f!/g', offset: 1 },
    trace: [],
  }
  const report = {
    path: 'f',
    formats: ['x'],
    verdict: 'findings',
    maxSeverity: 'high',
    findings: [finding],
    incomplete: [],
    droppedFindings: 0,
  }
  const parse = (value: unknown) => readReport(Buffer.from(JSON.stringify(value)), 'f')
  assert.equal(parse(report)?.findings[0]?.message.length, 4000)
  const lies: unknown[] = [
    null,
    { ...report, path: 'g' },
    { ...report, verdict: 'ok' },
    { ...report, extra: 1 },
    { ...report, formats: [] },
    { ...report, formats: ['<script>'] },
    { ...report, findings: [{ ...finding, location: { path: 'elsewhere' } }] },
    { ...report, findings: [{ ...finding, id: 'x' }] },
    { ...report, incomplete: [{ path: 'elsewhere', reason: '' }] },
  ]
  for (const lie of lies) assert.equal(parse(lie), undefined)
  assert.equal(readReport(Buffer.from('{'), 'f'), undefined)
})
