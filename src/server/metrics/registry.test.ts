import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expositionOf } from './exposition.ts'
import { createRegistry } from './registry.ts'

test('what is taken from one registry and given to another is what one alone would have counted', () => {
  const step = fc.record({
    worker: fc.nat(2),
    kind: fc.constantFrom('add' as const, 'observe' as const, 'take' as const),
    label: fc.constantFrom('a', 'b'),
    value: fc.nat(1000),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const whole = createRegistry()
      const workers = [createRegistry(), createRegistry(), createRegistry()]
      const together = createRegistry()
      for (const { worker, kind, label, value } of steps) {
        const own = workers[worker] ?? whole
        for (const registry of [own, whole]) {
          if (kind === 'add') registry.counter('received', label).add(value)
          else if (kind === 'observe') registry.histogram('duration', label).observe(value)
        }
        if (kind === 'take') together.give(own.take())
      }
      for (const worker of workers) together.give(worker.take())
      const sorted = (registry: typeof whole) =>
        registry
          .list()
          .filter(({ value, counts }) => value > 0 || counts?.some((count) => count > 0))
          .sort((a, b) => (JSON.stringify(a.labels) + a.metric < JSON.stringify(b.labels) + b.metric ? -1 : 1))
      deepEqual(sorted(together), sorted(whole))
    }),
  )
})

test('a handle stays good when what it counted was taken', () => {
  const registry = createRegistry()
  const counter = registry.counter('received', 'chat')
  counter.add(1)
  registry.take()
  counter.add(2)
  deepEqual(registry.take(), [{ metric: 'received', labels: ['chat'], value: 2 }])
  deepEqual(registry.take(), [])
})

test('labels without end end in one series', () => {
  const registry = createRegistry()
  for (let count = 0; count < 5000; count++) registry.counter('received', `name-${count}`).add(1)
  const list = registry.list()
  equal(list.length, 2001)
  equal(
    list.reduce((sum, { value }) => sum + value, 0),
    5000,
  )
})

test('labels and help are escaped as the format wants it', () => {
  const text = expositionOf([
    { metric: 'leases', labels: [], value: Infinity },
    { metric: 'received', labels: ['a"\\\n'], value: 1 },
  ])
  ok(text.includes('holdfast_request_bytes_total{operation="a\\"\\\\\\n"} 1\n'))
  ok(text.endsWith('holdfast_leases +Inf\n'))
})
