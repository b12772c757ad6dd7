import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canaries } from './canary.ts'
import type { Detector, Source, Verdict } from './detector.ts'
import { InspectError } from './error.ts'
import { createInspector, type InspectorOptions } from './inspector.ts'
import { personalData } from './personal.ts'
import { alphanumerics, samples } from './samples.ts'
import { secrets } from './secrets.ts'
import type { StreamOutput } from './stream.ts'

const source: Source = { channel: 'assistant', contentType: 'text', direction: 'response' }
const jsonSource: Source = { ...source, contentType: 'json' }

test('every kind of personal data, secret and canary is found whole wherever the stream is cut', () => {
  for (const sample of samples) {
    const text = `Well, ${sample.text} and so on.`
    const whole = inspected(text, source)
    assert.ok(
      whole.some(({ kind }) => kind === sample.kind),
      `${sample.kind} is found in the whole text`,
    )
    for (let cut = 1; cut < text.length; cut++)
      assert.deepEqual(streamed(text, [cut], source), { text, verdicts: whole })
    assert.deepEqual(streamed(text, everywhere(text), source), { text, verdicts: whole })
  }
})

test('a stream of JSON source finds the same when its escapes are cut', () => {
  for (const sample of samples) {
    const text = JSON.stringify({ note: `é\n${sample.text}\t"😀"` }).replaceAll('@', '\\u0040')
    const whole = inspected(text, jsonSource)
    assert.ok(
      whole.some(({ kind }) => kind === sample.kind),
      sample.kind,
    )
    assert.deepEqual(streamed(text, everywhere(text), jsonSource), { text, verdicts: whole })
  }
})

test('a secret hidden by zero-width characters and look-alikes is found in a stream', () => {
  const key = `ѕk-pr\u200boj-${alphanumerics(48)}`
  const { verdicts } = streamed(`key ${key} end`, everywhere(`key ${key} end`), source)
  assert.deepEqual(
    verdicts.map(({ kind, start, end }) => [kind, start, end]),
    [['openai_key', 4, 4 + key.length]],
  )
})

test('for any text and any cuts, a stream gives the text unchanged and the verdicts of the whole text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...samples.flatMap(({ text }) => [text, text.slice(0, text.length >> 1), text.slice(text.length >> 1)]),
    ),
    fc.constantFrom(...' \n.,-:/"\'@=&()\\+0'),
    fc.constantFrom(
      'password: ',
      'phone ',
      'ssn ',
      'Bearer ',
      'token=',
      'sk-',
      'eyJ',
      '://',
      '-----BEGIN ',
      '12',
      '2024',
      '4111 ',
    ),
    fc.constantFrom('\u200b', '\u0301', 'é', 'а', 'сот', '你好', '😀', '\\n', '\\u0040', '\ud83d'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(
      text,
      fc.array(fc.nat(), { maxLength: 40 }),
      fc.constantFrom(source, jsonSource),
      (whole, numbers, where) => {
        const cuts = [...new Set(numbers.map((number) => number % (whole.length + 1)))].sort((a, b) => a - b)
        const expected = { text: whole, verdicts: inspected(whole, where) }
        assert.deepEqual(streamed(whole, cuts, where), expected)
        assert.deepEqual(streamed(whole, everywhere(whole), where), expected)
      },
    ),
    { numRuns: 1500 },
  )
})

test('plain words are held no longer than to the character after them', () => {
  const stream = inspector.stream(source)
  assert.equal(stream.push('The quick').text.value, 'The ')
  assert.equal(stream.push(' brown fox,').text.value, 'quick brown fox,')
  assert.equal(stream.push(' 2024 ').text.value, ' ')
  assert.equal(stream.push('was 你好世界').text.value, '2024 was 你好世界')
  assert.equal(stream.held, 0)
})

test('a run of letters without end is held by no more than an e-mail address can be long', () => {
  const stream = inspector.stream(source)
  for (let index = 0; index < 2000; index++) {
    stream.push('abcdefgh')
    assert.ok(stream.held <= 64)
  }
})

test('past the longest match the tail is withheld and the stream ends with an error', () => {
  const stream = inspector.stream(source)
  stream.push(`-----BEGIN ${'PRIVATE'} KEY-----\n`)
  let released = ''
  const push = () => {
    for (let line = 0; line < 1000; line++) released += stream.push(`${alphanumerics(64)}\n`).text.value
  }
  assert.throws(push, { name: 'InspectError', code: 'match_too_long', detector: 'secrets' })
  assert.equal(released, '')
  assert.throws(() => stream.push('more'), { code: 'stream_ended' })
  assert.throws(() => stream.end(), { code: 'stream_ended' })
})

test('invisible characters without end cannot make a stream hold without end', () => {
  const stream = inspector.stream(source)
  stream.push('s')
  const push = () => {
    for (let index = 0; index < 10_000; index++) stream.push('\u200b'.repeat(100))
  }
  assert.throws(push, { code: 'match_too_long' })
})

test('a match that is to be blocked stops the stream before it', () => {
  const blocking = createInspector({
    ...options,
    actions: { request: {}, response: { personal: 'mask', canary: 'block' } },
  })
  const stream = blocking.stream(source)
  stream.push('mail bob@example.com or ')
  const { text, blocked } = stream.push('ZEBRA-canary-42 now')
  assert.equal(text.value, '')
  assert.equal(blocked?.category, 'canary')
  assert.throws(() => stream.push('x'), { code: 'stream_ended' })
})

test('a detector that throws ends the stream', () => {
  const broken: Detector = {
    id: 'broken',
    version: '1',
    category: 'secret',
    detect: () => [],
    stream: {
      maxLength: 10,
      scan: () => {
        throw new Error('no')
      },
    },
  }
  const stream = createInspector({ ...options, detectors: [broken] }).stream(source)
  assert.throws(() => stream.push('x'), { code: 'detector_failed', detector: 'broken' })
  assert.throws(() => stream.end(), InspectError)
})

const options: InspectorOptions = {
  detectors: [personalData(), secrets(), canaries(['ZEBRA-canary-42'])].map(plainly),
  actions: { request: {}, response: { personal: 'mask', secret: 'mask', canary: 'mask' } },
  cacheEntries: 0,
  timeLimitMs: 1000,
  now: () => 0,
}
const inspector = createInspector(options)

/** A stream sees what stands there plainly, not what a decoded view shows, so that is what it is compared with. */
function plainly(detector: Detector): Detector {
  const { stream } = detector
  assert.ok(stream !== undefined)
  return { ...detector, detect: ({ text }, where) => stream.scan({ text, from: 0, final: true }, where).matches }
}

function inspected(text: string, where: Source): readonly Verdict[] {
  const verdicts = inspector.inspect({ ...where, text }, { tenant: 'acme' })
  assert.ok(!(verdicts instanceof Promise))
  return verdicts
}

function everywhere(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => index + 1)
}

function streamed(text: string, cuts: readonly number[], where: Source): { text: string; verdicts: Verdict[] } {
  const stream = inspector.stream(where)
  const out = { text: '', verdicts: [] as Verdict[] }
  let start = 0
  const take = ({ text: { value, verdicts } }: StreamOutput) => {
    for (const verdict of verdicts) {
      out.verdicts.push({ ...verdict, start: verdict.start + out.text.length, end: verdict.end + out.text.length })
    }
    out.text += value
  }
  for (const cut of [...cuts, text.length]) {
    take(stream.push(text.slice(start, cut)))
    start = cut
  }
  take(stream.end())
  return out
}
