import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, severityOf } from '../scanned-in-tests.ts'

const array = Buffer.concat([Buffer.from([0xc8, 0, 80, 1]), Buffer.alloc(80)])
const whole = Buffer.concat([
  Buffer.from([0x82, 0xa1, 0x61]),
  array,
  Buffer.from([0xa1, 0x62, 0x93, 1, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0]),
])

test('parameters of Flax are clean, and cut off they are not', () => {
  assert.equal(scanned('flax_model.msgpack', whole).verdict, 'clean')
  for (let end = 1; end < whole.length; end++)
    assert.notEqual(scanned('flax_model.msgpack', whole.subarray(0, end)).verdict, 'clean', `${end}`)
})

test('lengths and counts that lie are refused', () => {
  for (const lie of ['dfffffffff', 'ddffffffff', '81a161c6ffffffff', '81a161dbffffffff', '81a161c9ffffffff01'])
    assert.equal(scanned('m.msgpack', Buffer.from(lie, 'hex')).verdict, 'inconclusive')
})

test('kinds that only some readers know are told', () => {
  assert.equal(severityOf(scanned('m.msgpack', Buffer.from('81a161d45000', 'hex'))), 'low')
})
