import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientFinder, networkOf } from './address.ts'
import { createAddressGuard } from './guard.ts'

const settings = { failures: 5, records: 2, recordsInTotal: 3 }

function guardAt(maxNetworks?: number) {
  const clock = { at: 1_795_000_020_000 }
  const more = maxNetworks === undefined ? {} : { maxNetworks }
  return { clock, guard: createAddressGuard(() => settings, { now: () => clock.at, ...more }) }
}

test('an IPv4 address counts for itself, however it is written, and an IPv6 address for its /64', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(networkOf('2001:db8:1:2::9'), '2001:db8:1:2::/64')
  assert.equal(networkOf('2001:0db8:0001:0002::9'), '2001:db8:1:2::/64')
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(networkOf('::1'), '0:0:0:0::/64')
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
})

test('X-Forwarded-For is ignored, unless it comes from a trusted proxy', () => {
  assert.equal(clientFinder([])('10.0.0.1', '198.51.100.7'), '10.0.0.1')
  const client = clientFinder(['10.0.0.0/8', '2001:db8::1'])
  assert.equal(client('192.0.2.1', '198.51.100.7'), '192.0.2.1')
  assert.equal(client('10.0.0.1', '198.51.100.7'), '198.51.100.7')
  assert.equal(client('::ffff:10.0.0.1', '198.51.100.7'), '198.51.100.7')
  assert.equal(client('2001:db8::1', '198.51.100.7'), '198.51.100.7')
  assert.equal(client('10.0.0.1', undefined), '10.0.0.1')
})

test('of several forwarded addresses, the last that is no trusted proxy counts: the client can write those before it', () => {
  const client = clientFinder(['10.0.0.0/8'])
  assert.equal(client('10.0.0.1', '203.0.113.9, 198.51.100.7, 10.0.0.2'), '198.51.100.7')
  assert.equal(client('10.0.0.1', '203.0.113.9, unknown'), '10.0.0.1')
  assert.equal(client('10.0.0.1', ''), '10.0.0.1')
})

test('an address that fails too often is refused until there is room again, and others are not', () => {
  const { clock, guard } = guardAt()
  for (let i = 0; i < 5; i++) {
    assert.equal(guard.check('192.0.2.1').allowed, true)
    guard.failed('192.0.2.1', 'invalid_api_key')
  }
  assert.deepEqual(guard.check('192.0.2.1'), { allowed: false, retryAfterMs: 12_000 })
  assert.equal(guard.check('192.0.2.2').allowed, true)
  // Refusals of refusals do not make it longer.
  for (let i = 0; i < 100; i++) guard.failed('192.0.2.1', 'too_many_failures')
  clock.at += 12_000
  assert.equal(guard.check('192.0.2.1').allowed, true)
})

test('addresses of one IPv6 network share their failures', () => {
  const { guard } = guardAt()
  for (let i = 0; i < 5; i++) guard.failed(`2001:db8::${i}`, 'invalid_api_key')
  assert.equal(guard.check('2001:db8::ffff').allowed, false)
})

test('the first refusals of a minute have log entries of their own, the others are counted in one', () => {
  const { clock, guard } = guardAt()
  const recorded = (address: string) => guard.failed(address, 'invalid_api_key')
  assert.deepEqual(
    [1, 2, 3, 4].map(() => recorded('192.0.2.1')),
    [true, true, false, false],
  )
  // One is left of all that may be recorded.
  assert.deepEqual(
    [1, 2].map(() => recorded('192.0.2.2')),
    [true, false],
  )
  const since = clock.at
  assert.deepEqual(guard.drain(), [
    { network: '192.0.2.1', count: 2, codes: { invalid_api_key: 2 }, since },
    { network: '192.0.2.2', count: 1, codes: { invalid_api_key: 1 }, since },
  ])
  assert.deepEqual(guard.drain(), [])
  clock.at += 60_000
  assert.equal(recorded('192.0.2.1'), true)
})

test('a flood from everywhere fills neither the memory nor the log, and newcomers are heard', () => {
  const { guard } = guardAt(1000)
  for (let i = 0; i < 20_000; i++) guard.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 'malformed_http')
  const drained = guard.drain()
  assert.ok(drained.length <= 101)
  assert.equal(
    drained.reduce((sum, { count }) => sum + count, 0),
    20_000 - settings.recordsInTotal,
  )
  assert.equal(guard.check('192.0.2.1').allowed, true)
})

test('a clock that is set back does not hold an address for longer than a minute', () => {
  const { clock, guard } = guardAt()
  for (let i = 0; i < 5; i++) guard.failed('192.0.2.1', 'invalid_api_key')
  clock.at -= 86_400_000
  const refused = guard.check('192.0.2.1')
  assert.ok(refused.allowed || refused.retryAfterMs <= 60_000)
  clock.at += 60_000
  assert.equal(guard.check('192.0.2.1').allowed, true)
})
