import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canaries } from './canary.ts'
import { createInspector } from './inspector.ts'

const planted = 'Zebra-canary-42'
const inspector = createInspector({
  detectors: [canaries([planted])],
  actions: { request: {}, response: { canary: 'block' } },
  cacheEntries: 0,
  timeLimitMs: 1000,
  now: () => 0,
})
const source = { channel: 'assistant', contentType: 'text', direction: 'response' } as const

const disguises: [string, string | undefined][] = [
  [planted, undefined],
  [planted.toUpperCase(), undefined],
  ['Zеbra-\u200bcanary-42', undefined],
  ['Ｚｅｂｒａ-canary-42', undefined],
  [[...planted].reverse().join(''), 'reversed'],
  ['Mroen-pnanel-42', 'rot13'],
  [Buffer.from(planted).toString('hex'), 'hex'],
  ...[0, 1, 2].map((offset): [string, string] => [
    Buffer.from(`${'x'.repeat(offset)}${planted}!!`).toString('base64'),
    'base64',
  ]),
]

test('a canary is found plainly, in disguise and in the codes a model may be asked to use', () => {
  for (const [text, view] of disguises) {
    const verdicts = inspector.inspect({ ...source, text: `it says: ${text}.` }, { tenant: 'acme' })
    assert.ok(!(verdicts instanceof Promise))
    assert.deepEqual(
      verdicts.map(({ category, action, view }) => ({ category, action, view })),
      [{ category: 'canary', action: 'block', view }],
      text,
    )
  }
})

test('a canary in disguise stops a stream as well', () => {
  for (const [text] of disguises) {
    const stream = inspector.stream(source)
    let isBlocked = false
    for (const char of `it says: ${text}`) {
      isBlocked = stream.push(char).blocked !== undefined
      if (isBlocked) break
    }
    assert.ok(isBlocked || stream.end().blocked !== undefined, text)
  }
})

test('a canary that is too short to be one is refused', () => {
  assert.throws(() => canaries(['abc']), RangeError)
  assert.throws(() => canaries(['\u200b'.repeat(20)]), RangeError)
})

test('without canaries nothing is found and nothing is held', () => {
  const stream = createInspector({
    detectors: [canaries([])],
    actions: { request: {}, response: {} },
    cacheEntries: 0,
    timeLimitMs: 1000,
    now: () => 0,
  }).stream(source)
  assert.equal(stream.push('anything').text.value, 'anything')
})
