import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActionTable } from './actions.ts'
import { detectorsFor, inspectSchema } from './settings.ts'

test('what the configuration leaves out is masked, and injections of users are blocked', () => {
  const { actions } = inspectSchema.parse(undefined)
  assert.equal(actions.request.personal, 'mask')
  assert.equal(actions.request.injection, 'block')
  assert.equal(actions.response.injection, 'flag')
})

test('an action for one kind stands beside the defaults', () => {
  const { actions } = inspectSchema.parse({ actions: { request: { 'personal.phone': 'flag' } } })
  const table: ActionTable = actions.request
  assert.equal(table['personal.phone'], 'flag')
  assert.equal(table.personal, 'mask')
})

test('unknown categories, unknown actions and canaries that are too short are refused', () => {
  for (const wrong of [
    { actions: { request: { persnal: 'mask' } } },
    { actions: { request: { personal: 'hide' } } },
    { canaries: ['abc'] },
    { canaries: ['\u200b'.repeat(9)] },
  ]) {
    assert.equal(inspectSchema.safeParse(wrong).success, false, JSON.stringify(wrong))
  }
})

test('every detector is built, with the canaries revealed to theirs alone', () => {
  const detectors = detectorsFor(inspectSchema.parse({ canaries: ['Zebra-canary-42'] }))
  assert.deepEqual(
    detectors.map(({ category }) => category),
    ['canary', 'secret', 'personal', 'injection'],
  )
})
