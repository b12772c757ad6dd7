import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, severityOf } from '../scanned-in-tests.ts'
import { crc32c } from './crc32c.ts'

test('the checksum is that of RFC 3720', () => {
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
})

test('records of TensorFlow are followed to their end', () => {
  const whole = Buffer.concat([record('brain.Event:2'), record('a summary of losses')])
  assert.equal(scanned('events.out.tfevents.1', whole).verdict, 'clean')
  for (let end = 12; end < whole.length; end++) {
    if (end === 16 + 'brain.Event:2'.length) continue
    assert.notEqual(scanned('events.out.tfevents.1', whole.subarray(0, end)).verdict, 'clean', `${end}`)
  }
})

test('a program in a record is found', () => {
  assert.equal(severityOf(scanned('a.tfrecord', record(`\x7fELF\x02\x01\x01${'\0'.repeat(64)}`))), 'high')
})

test('a vocabulary of SentencePiece is clean', () => {
  const piece = (text: string) =>
    Buffer.concat([
      Buffer.from([0x0a, text.length + 7, 0x0a, text.length]),
      Buffer.from(text),
      Buffer.from([0x15, 0, 0, 0x80, 0xbf]),
    ])
  assert.equal(
    scanned('tokenizer.model', Buffer.concat(['<unk>', '<s>', 'the', 'of', 'and'].map(piece))).verdict,
    'clean',
  )
})

test('weights beside a model are clean, and a pickle that is called weights is not', () => {
  const weights = Buffer.from(Float32Array.from({ length: 1000 }, (_, index) => Math.sin(index) / 10).buffer)
  assert.equal(scanned('weights.bin', weights).verdict, 'clean')
  assert.equal(severityOf(scanned('weights.bin', "cos\nsystem\n(S'id'\ntR.")), 'critical')
  const random = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * index * 2654435761) >>> 13))
  assert.equal(scanned('weights.bin', random).verdict, 'inconclusive')
})

test('folder settings and indexes are clean', () => {
  assert.equal(
    scanned('.DS_Store', Buffer.concat([Buffer.from('\0\0\0\x01Bud1', 'latin1'), Buffer.alloc(64)])).verdict,
    'clean',
  )
  assert.equal(
    scanned('index.faiss', Buffer.concat([Buffer.from('IxF2\x80\0\0\0', 'latin1'), Buffer.alloc(64)])).verdict,
    'clean',
  )
})

function record(content: string): Buffer {
  const body = Buffer.from(content, 'latin1')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(body.length))
  return Buffer.concat([length, masked(length), body, masked(body)])
}
function masked(bytes: Buffer): Buffer {
  const sum = crc32c(bytes)
  const result = Buffer.alloc(4)
  result.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0)
  return result
}
