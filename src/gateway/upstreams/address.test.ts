import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressRefusal, isLocalhostName, kindOfAddress } from './address.ts'

const kinds = {
  public: [
    '1.1.1.1',
    '8.8.8.8',
    '104.18.7.192',
    '172.15.255.255',
    '172.32.0.0',
    '192.169.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '2606:4700::6812:7c0',
    '2a00:1450:4001:80b::200e',
    '64:ff9b::8.8.8.8',
    '64:ff9b::808:808',
    '2620:4f:8000::1',
  ],
  private: [
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    'fc00::1',
    'fdff::1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
  ],
  forbidden: [
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '192.0.0.1',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.9',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    '64:ff9b::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a9fe:a9fe',
    '::7f00:1',
    '::127.0.0.1',
    'fe80::1',
    'fe80::1%eth0',
    '::1%lo',
    'fec0::1',
    'ff02::1',
    '100::1',
    '2001::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    '4000::1',
    '',
    'localhost',
    '2130706433',
    '0x7f.1',
    '127.1',
    '0177.0.0.1',
    '127.0.0.1 ',
    '[::1]',
    '127.0.0.1:80',
    'example.com',
  ],
} as const

for (const kind of ['public', 'private', 'forbidden'] as const) {
  test(`addresses that are ${kind} are told as such`, () => {
    for (const address of kinds[kind]) assert.equal(kindOfAddress(address), kind, address)
  })
}

test('an address is judged the same however it is written', () => {
  const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(groups, (parts) => {
      const long = parts.map((part) => part.toString(16).padStart(4, '0')).join(':')
      const short = new URL(`http://[${long}]/`).hostname.slice(1, -1)
      assert.equal(kindOfAddress(long), kindOfAddress(short))
      assert.equal(kindOfAddress(long.toUpperCase()), kindOfAddress(short))
    }),
  )
})

test('NAT64 hides nothing: the IPv4 address inside decides', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => assert.equal(kindOfAddress(`64:ff9b::${address}`), kindOfAddress(address))),
  )
})

test('an IPv4-mapped address is never an upstream', () => {
  fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(kindOfAddress(`::ffff:${address}`), 'forbidden')))
})

test('every host form that a URL takes for an IPv4 address ends as that address', () => {
  for (const host of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0x7f.0.0.1', '１２７.0.0.1', '127.0.0.1.']) {
    assert.equal(kindOfAddress(new URL(`http://${host}/`).hostname), 'private', host)
  }
  assert.equal(kindOfAddress(new URL('http://0xa9fea9fe/').hostname), 'forbidden')
})

test('allowing private addresses does not allow metadata services', () => {
  assert.equal(addressRefusal('10.0.0.1', true), undefined)
  assert.match(addressRefusal('10.0.0.1', false) ?? '', /allowPrivate/)
  for (const address of kinds.forbidden) assert.match(addressRefusal(address, true) ?? '', /never allowed/, address)
})

test('localhost and every name below it stand for this machine', () => {
  for (const name of ['localhost', 'LocalHost', 'localhost.', 'a.localhost', 'a.b.localhost.'])
    assert.ok(isLocalhostName(name), name)
  for (const name of ['mylocalhost', 'localhost.example.com', 'localhosts', '']) assert.ok(!isLocalhostName(name), name)
})
