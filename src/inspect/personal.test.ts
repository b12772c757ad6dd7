import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createInspector } from './inspector.ts'
import { personalData } from './personal.ts'

const inspector = createInspector({
  detectors: [personalData()],
  actions: { request: { personal: 'mask' }, response: {} },
  cacheEntries: 0,
  timeLimitMs: 1000,
  now: () => 0,
})

/** In each text, what is expected to be found is marked «so». */
const positives: Record<string, readonly string[]> = {
  email: [
    'write to «jane.doe@example.com».',
    '<«o_neill+news@mail.example.co.uk»>',
    'mailto:«bob@example.org»?subject=x',
    '联系«wang@example.cn»吧',
    'an «anna.müller@bücher.example» wenden',
    '«почта@пример.рф» и ещё',
    '"«a@b.io»","«c@d.io»"',
    'print("a\\n«bob@example.com»")',
    '«ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ»',
    '«bo\u200bb@exa\u00admple.com»',
  ],
  card: [
    '«4111111111111111»',
    'card «4111 1111 1111 1111» exp 12/27',
    '«5500-0055-5555-5559»,12/26,123',
    'Amex «3782 822463 10005»',
    '«6011000990139424»;«3530111333300000»',
    'unionpay «6200000000000005»',
    '«4111\u00a01111\u00a01111\u00a01111»',
    '«４１１１１１１１１１１１１１１１»',
    'visa «4222222222222»',
    'maestro card: «501800000009»',
    'Item 3 «4111 1111 1111 1111», thanks',
  ],
  iban: [
    '«DE89 3704 0044 0532 0130 00»',
    'an «GB82WEST12345698765432» überweisen',
    'iban=«fr1420041010050500013m02606»',
    '«NL91-ABNA-0417-1643-00»',
    '«NO9386011117947»',
  ],
  us_ssn: [
    '«123-45-6789»',
    'his is «078 05 1120».',
    'SSN: «123456789»',
    'social security number «987-65-4321»',
    '(«219-09-9999»)',
  ],
  phone: [
    '«+1 (212) 555-0100»',
    '«+44 20 7946 0958» or «+49 30 901820»',
    'call «(555) 123-4567»',
    '«212-555-0100 x89»',
    '«555.123.4567»',
    'Tel: «2125550100»',
    'call me at «5551234»',
    '«06 12 34 56 78» en France',
    '«07700 900123» in the UK',
    '«0049 30 901820»',
    'telefon: «0532 123 45 67»',
    '电话：«13812345678»',
    'тел. «8 912 345-67-89»',
    '携帯 «090-1234-5678»',
    '«(11) 98765-4321»',
    'WhatsApp «98765 43210»',
    '<a href="tel:«+14155550123»">',
  ],
}

for (const [kind, texts] of Object.entries(positives)) {
  test(`personal data: ${kind} is found, with its exact span`, () => {
    for (const marked of texts) {
      const text = marked.replace(/[«»]/g, '')
      const expected = [...marked.matchAll(/«([^»]*)»/g)].map(([, value]) => value)
      const found = find(text).filter((match) => match.kind === kind)
      assert.deepEqual(
        found.map((match) => match.value),
        expected,
        marked,
      )
    }
  })
}

test('numbers and texts that only look like personal data are left alone', () => {
  const negatives = [
    'left-pad@1.3.0 and icon@2x.png and @decorator',
    'git@github.com:acme/repo.git',
    'https://user@host.example/path and ssh://git@host.example/x',
    'a@b and @example.com and user@localhost',
    '4111111111111112 fails the check digit',
    '1723456789012 is a time in ms, 20240115123045 another',
    'id 4012345678901 is an article number',
    '4000 4100 4200 4300 4400 4500 is a row of a table',
    '0.4111111111111111 is a fraction',
    'sha256:4111111111111111abcdef',
    '550e8400-e29b-41d4-a716-446655440000',
    'DE00 3704 0044 0532 0130 00 fails the check',
    'IS50 the new version? NO10 of them',
    '000-12-3456 and 666-12-3456 and 987-65-4321 and 123-00-4567 were never issued',
    'ZIP 12345-6789, part 123-45-67890, 2024-123-45-6789',
    'order 2125550100 and invoice no. 212-555-0100',
    '192.168.100.200 and 10.0.0.1:8080 and 1.2.3.4567',
    '2024-01-15 10:30:00 and 15.01.2024 and 12:30',
    '978-3-16-148410-0 and 0-306-40615-2',
    '40.7128, -74.0060',
    '#123-4567890-1234567',
    'pi is 3.1415926535897932',
    '01 02 03 04 05 06 07 08',
    '01101001 01100111 01101110',
    'hotel: 1234567 rooms',
    '$1234567 and 12,345,678 and 99.999.999',
    'v212.555.0100 and 1-2-3',
  ]
  for (const text of negatives) assert.deepEqual(find(text), [], text)
})

test('addresses in percent, HTML and backslash escapes are found with the span of the escaped text', () => {
  for (const text of ['?to=bob%40example.com&x', 'mail bob&#64;example.com now', 'mail bob\\u0040example.com now']) {
    const [match, ...others] = find(text)
    assert.equal(others.length, 0)
    assert.match(match?.value ?? '', /^bob.*example\.com$/)
  }
})

test('for any text, every match lies inside it and none overlaps with another', () => {
  const piece = fc.oneof(
    fc.constantFrom('4111 ', '111', '+44 ', '(', ')', '-', '@', 'a.b', 'DE89', '12', 'phone ', '.'),
    fc.string({ maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('')
      let end = 0
      for (const match of find(text)) {
        assert.ok(match.start >= end && match.end > match.start && match.end <= text.length)
        end = match.end
      }
    }),
  )
})

function find(text: string): { kind: string; start: number; end: number; value: string }[] {
  const verdicts = inspector.inspect(
    { text, channel: 'user', contentType: 'text', direction: 'request' },
    { tenant: 'acme' },
  )
  assert.ok(!(verdicts instanceof Promise))
  return verdicts.map(({ kind, start, end }) => ({ kind, start, end, value: text.slice(start, end) }))
}
