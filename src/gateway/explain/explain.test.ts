import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { apiActivity } from '#audit'
import { advisedCodes } from './advice.ts'
import { explainExchange, type FoundEntry } from './explain.ts'
import { explanationSchema } from './explanation.ts'

const base = {
  time: 1_790_000_000_000,
  uid: 'ex_1.decision',
  exchange: 'ex_1',
  operation: 'chat.completions',
  request: { method: 'POST', path: '/v1/chat/completions' },
  actor: { principal: 'mia', keyId: 'key_1' },
  scan: 'scanned',
} as const
const decision = apiActivity({ ...base, phase: 'decision', status: 'success', action: 'allowed', rule: 'r' })
const outcome = apiActivity({
  ...base,
  phase: 'outcome',
  status: 'success',
  action: 'allowed',
  details: { ended: 'complete' },
})
const found = (event: unknown, index = 0): FoundEntry => ({ index, event, proof: { state: 'not_yet' } })
const explained = (entries: readonly FoundEntry[]) =>
  explainExchange({ exchange: 'ex_1', entries, basis: undefined, policies: undefined })

test('whatever is in the log, an explanation has its documented form', () => {
  const hostile = fc.oneof(
    fc.anything(),
    fc.record({
      class_uid: fc.constant(6003),
      time: fc.oneof(fc.integer(), fc.string()),
      metadata: fc.constant({ correlation_uid: 'ex_1' }),
      unmapped: fc.record({
        holdfast: fc.record(
          {
            phase: fc.constantFrom('decision', 'outcome', 'other'),
            exchange: fc.string(),
            stage: fc.anything(),
            verdicts: fc.anything(),
            verdicts_total: fc.anything(),
            latencies_ms: fc.anything(),
            policy: fc.anything(),
            attempts: fc.anything(),
            ended: fc.anything(),
            told: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString'), fc.anything()),
            limits: fc.anything(),
          },
          { requiredKeys: ['phase', 'exchange'] },
        ),
      }),
      actor: fc.anything(),
      ai_model: fc.anything(),
    }),
  )
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 4 }), fc.anything(), (events, basis) => {
      const entries = events.map((event, index) => found(event, index))
      const explanation = explainExchange({ exchange: 'ex_1', entries, basis, policies: undefined })
      explanationSchema.parse(explanation)
    }),
  )
})

test('an exchange without an outcome entry says so, and is not told as answered', () => {
  const { result, ending, remarks } = explained([found(decision)])
  assert.equal(result, 'unknown')
  assert.match(ending.words, /still running, or the gateway was killed/)
  assert.ok(remarks.some((remark) => /outcome entry is missing/.test(remark)))
})

test('an outcome whose decision was taken out says so', () => {
  const { stages, remarks } = explained([found(outcome)])
  assert.deepEqual(stages, [])
  assert.ok(remarks.some((remark) => /decision entry is missing/.test(remark)))
})

test('a second decision for the same exchange is pointed out', () => {
  const { remarks } = explained([found(decision), found(decision, 1), found(outcome, 2)])
  assert.ok(remarks.some((remark) => /more than one entry/.test(remark)))
})

test('a call of the management API is not told as one that went through the stages of the gateway', () => {
  const call = apiActivity({
    ...base,
    operation: 'management.createKey',
    phase: 'decision',
    status: 'failure',
    action: 'denied',
    rule: 'no policy permits it',
  })
  const { stages, result, remarks } = explained([found(call)])
  assert.deepEqual(stages, [])
  assert.equal(result, 'refused')
  assert.equal(remarks.length, 1)
  assert.match(remarks[0] ?? '', /management API/)
  const made = { ...base, operation: 'management.createKey', status: 'success', action: 'allowed' } as const
  const permitted = apiActivity({ ...made, phase: 'decision', rule: 'r' })
  const answered = apiActivity({ ...made, phase: 'outcome', responseStatus: 201 })
  assert.equal(explained([found(permitted), found(answered, 1)]).result, 'answered')
  assert.equal(
    explained([found(permitted), found(answered, 1)]).ending.words,
    'the caller was answered with status 201',
  )
})

test('an entry of another exchange is not taken for one of this', () => {
  const other = { ...decision, metadata: { ...decision.metadata, correlation_uid: 'ex_2' } }
  assert.equal(explained([found(other)]).who.principal, 'unidentified')
})

test('an entry that is not the one that was signed is pointed out', () => {
  const forged: FoundEntry = { index: 0, event: decision, proof: { state: 'failed', message: 'entry 0 was changed' } }
  assert.ok(explained([forged]).remarks.some((remark) => /do not rely on what is told here/.test(remark)))
})

test('every code with advice is one of the documentation', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/gateway.md'), 'utf8')
  const documented = new Set(Array.from(docs.matchAll(/^\| `(\w+)` \| \d{3} \|/gm), ([, code]) => code))
  assert.deepEqual(
    advisedCodes().filter((code) => !documented.has(code)),
    [],
  )
})
