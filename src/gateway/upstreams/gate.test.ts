import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGate } from './gate.ts'

/** Lets everything that was queued as a microtask happen. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('as many run at once as there are places, and the rest in the order they came', async () => {
  const gate = createGate(2)
  const started: number[] = []
  const leaves = [1, 2, 3, 4].map((id) => gate.enter(() => started.push(id)))
  assert.deepEqual(started, [1, 2])
  leaves[1]?.()
  await settled()
  assert.deepEqual(started, [1, 2, 3])
  leaves[0]?.()
  await settled()
  assert.deepEqual(started, [1, 2, 3, 4])
})

test('who gives up waiting is not started and takes no place', async () => {
  const gate = createGate(1)
  const started: string[] = []
  const first = gate.enter(() => started.push('first'))
  const second = gate.enter(() => started.push('second'))
  gate.enter(() => started.push('third'))
  second()
  first()
  await settled()
  assert.deepEqual(started, ['first', 'third'])
})

test('who gives up in the very turn it is called passes its place on', async () => {
  const gate = createGate(1)
  const started: string[] = []
  const first = gate.enter(() => started.push('first'))
  const second = gate.enter(() => started.push('second'))
  gate.enter(() => started.push('third'))
  first()
  second()
  await settled()
  assert.deepEqual(started, ['first', 'third'])
})

test('ten thousand waiting calls that all fail at once leave in good order', async () => {
  const gate = createGate(1)
  const first = gate.enter(() => {})
  let failed = 0
  for (let i = 0; i < 10_000; i++) {
    const leave: () => void = gate.enter(() => {
      failed++
      leave()
    })
  }
  first()
  await settled()
  assert.equal(failed, 10_000)
})
