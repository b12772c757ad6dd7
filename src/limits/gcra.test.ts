import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emissionInterval, gcra } from './gcra.ts'

const epoch = 1_795_000_000_000

/** Runs a schedule of (time, cost) through one bucket and returns what was let through. */
function run(schedule: readonly { at: number; cost: number }[], rate: number, burst: number) {
  let state = 0
  const passed: { at: number; cost: number }[] = []
  for (const { at, cost } of schedule) {
    const result = gcra(state, at, rate, burst, cost)
    state = result.state
    if (result.allowed) passed.push({ at, cost })
  }
  return passed
}

const rates = fc.record({
  count: fc.integer({ min: 1, max: 4000 }),
  perMs: fc.constantFrom(250, 1000, 60_000, 86_400_000),
})
const schedules = fc
  .array(fc.record({ gap: fc.integer({ min: 0, max: 5000 }), cost: fc.integer({ min: 0, max: 5 }) }), { maxLength: 80 })
  .map((steps) => {
    let at = epoch
    return steps.map(({ gap, cost }) => {
      at += gap
      return { at, cost }
    })
  })

test('a new key may spend its whole burst at once, and not one unit more', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 200 }), ({ count, perMs }, burst) => {
      const rate = emissionInterval(count, perMs)
      const passed = run(
        Array.from({ length: burst + 5 }, () => ({ at: epoch, cost: 1 })),
        rate,
        burst,
      )
      assert.equal(passed.length, burst)
    }),
  )
})

test('no stretch of time lets through more than burst + elapsed / rate', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 20 }), schedules, ({ count, perMs }, burst, schedule) => {
      const rate = emissionInterval(count, perMs)
      const passed = run(schedule, rate, burst)
      for (let first = 0; first < passed.length; first++) {
        let units = 0
        for (let last = first; last < passed.length; last++) {
          units += passed[last]?.cost ?? 0
          const elapsed = (passed[last]?.at ?? 0) - (passed[first]?.at ?? 0)
          assert.ok(units * rate <= burst * rate + elapsed, `${units} units in ${elapsed} ms`)
        }
      }
    }),
  )
})

test('a refused unit passes after exactly the time that was named, and not a millisecond earlier', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 20 }), schedules, ({ count, perMs }, burst, schedule) => {
      const rate = emissionInterval(count, perMs)
      let state = 0
      for (const { at, cost } of schedule) {
        const result = gcra(state, at, rate, burst, cost)
        if (!result.allowed && cost <= burst) {
          assert.ok(gcra(state, at + result.retryAfterMs, rate, burst, cost).allowed)
          assert.ok(!gcra(state, at + result.retryAfterMs - 1, rate, burst, cost).allowed)
        }
        state = result.state
      }
    }),
  )
})

test('a refusal costs nothing: the state stays as it was', () => {
  const spent = gcra(0, epoch, 100, 1, 1)
  const refused = gcra(spent.state, epoch + 40, 100, 1, 1)
  assert.deepEqual(refused, { allowed: false, retryAfterMs: 60, state: spent.state })
})

test('a clock that goes backwards gives nothing away', () => {
  fc.assert(
    fc.property(
      rates,
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 60 }),
      ({ count, perMs }, burst, jumps) => {
        const rate = emissionInterval(count, perMs)
        let at = epoch
        let latest = epoch
        const schedule = jumps.map((jump) => {
          at += jump
          latest = Math.max(latest, at)
          return { at, cost: 1 }
        })
        const earliest = Math.min(epoch, ...schedule.map((step) => step.at))
        const units = run(schedule, rate, burst).length
        assert.ok(units * rate <= burst * rate + (latest - earliest))
      },
    ),
  )
})

test('what remains is what a client can still spend at this instant', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 20 }), schedules, ({ count, perMs }, burst, schedule) => {
      const rate = emissionInterval(count, perMs)
      let state = 0
      for (const { at, cost } of schedule) {
        const result = gcra(state, at, rate, burst, cost)
        state = result.state
        if (!result.allowed) continue
        assert.ok(gcra(state, at, rate, burst, result.remaining).allowed)
        assert.ok(!gcra(state, at, rate, burst, result.remaining + 1).allowed)
      }
    }),
  )
})

test('a cost above the burst is never allowed', () => {
  assert.equal(gcra(0, epoch, 100, 10, 11).allowed, false)
  assert.equal(gcra(0, epoch + 1e9, 100, 10, 11).allowed, false)
})

test('the emission interval is never faster than the rate that was asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1000, max: 2_592_000_000 }), (count, perMs) => {
      const rate = emissionInterval(count, perMs)
      assert.ok(rate >= perMs / count)
      assert.ok(rate <= perMs / count + 1 / 4096)
    }),
  )
})
