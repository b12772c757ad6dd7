import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OcsfEvent } from '#audit'
import { digestBasis, referTo } from './basis.ts'

const uid = { type: 'Holdfast::Key', id: 'key_1' }
const digested = digestBasis({ policies: 'p', configuration: 'c', principal: uid, entities: [{ uid }] }, 't', false)

test('what decisions rest on is recorded once, and then named by its place in the log as well', async () => {
  const { house, events } = log(() => Promise.resolve({ index: 7 }))
  assert.deepEqual(referTo(digested, house), { basis: digested.digest })
  await Promise.resolve()
  assert.deepEqual(referTo(digested, house), { basis: digested.digest, entry: 7 })
  assert.equal(events.length, 1)
})

test('what could not be recorded is recorded with the next decision', async () => {
  let fails = true
  const { house, events } = log(() =>
    fails ? Promise.reject(new Error('no space left')) : Promise.resolve({ index: 0 }),
  )
  referTo(digested, house)
  await new Promise((resolve) => setImmediate(resolve))
  fails = false
  referTo(digested, house)
  assert.equal(events.length, 2)
})

test('a log that does not say where the entry went is good enough', async () => {
  const { house } = log(() => Promise.resolve(undefined))
  referTo(digested, house)
  await Promise.resolve()
  assert.deepEqual(referTo(digested, house), { basis: digested.digest })
})

test('a caller that is too large for an entry of the log is recorded without its entities', () => {
  const entities = [{ uid, attrs: { scopes: Array.from({ length: 10_000 }, (_, at) => `scope-${at}`) } }]
  const { basis } = digestBasis({ policies: 'p', configuration: 'c', principal: uid, entities }, 't', false)
  assert.deepEqual([basis.entities, basis.withheld], [[], ['entities']])
})

function log(answer: () => Promise<unknown>) {
  const events: OcsfEvent[] = []
  const record = (event: OcsfEvent) => {
    events.push(event)
    return answer()
  }
  return { events, house: { record, now: () => 0, randomBytes: (count: number) => new Uint8Array(count) } }
}
