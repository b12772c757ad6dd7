import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LimitsError } from './error.ts'
import { createLeases, type LeasePlace } from './leases.ts'

const place = (holder: string, limit: number, scope: LeasePlace['scope'] = 'key') => ({ scope, holder, limit })

function leasesAt(timeoutMs = 1000) {
  const clock = { at: 0 }
  return { clock, leases: createLeases({ monotonic: () => clock.at, timeoutMs }) }
}

test('as many exchanges run at once as there are places, and the next is refused until one ends', () => {
  const { leases } = leasesAt()
  assert.deepEqual(leases.acquire('a', [place('k', 2)]), { allowed: true })
  assert.deepEqual(leases.acquire('b', [place('k', 2)]), { allowed: true })
  assert.deepEqual(leases.acquire('c', [place('k', 2)]), { allowed: false, scope: 'key', limit: 2 })
  assert.deepEqual(leases.acquire('d', [place('other', 2)]), { allowed: true })
  leases.release('a')
  assert.deepEqual(leases.acquire('c', [place('k', 2)]), { allowed: true })
})

test('a refused exchange takes none of its places', () => {
  const { leases } = leasesAt()
  leases.acquire('a', [place('t', 1, 'tenant')])
  for (const id of ['b', 'c', 'd'])
    assert.equal(leases.acquire(id, [place('k', 1), place('t', 1, 'tenant')]).allowed, false)
  assert.deepEqual(leases.acquire('e', [place('k', 1)]), { allowed: true })
})

test('giving a lease back twice frees one place, not two', () => {
  const { leases } = leasesAt()
  leases.acquire('a', [place('k', 2)])
  leases.acquire('b', [place('k', 2)])
  leases.release('a')
  leases.release('a')
  leases.acquire('c', [place('k', 2)])
  assert.equal(leases.acquire('d', [place('k', 2)]).allowed, false)
})

test('a lease whose holder is gone ends after its time-out, and giving it back then does nothing', () => {
  const { clock, leases } = leasesAt(1000)
  leases.acquire('lost', [place('k', 1)])
  clock.at = 999
  assert.equal(leases.acquire('a', [place('k', 1)]).allowed, false)
  clock.at = 1000
  assert.equal(leases.acquire('a', [place('k', 1)]).allowed, true)
  leases.release('lost')
  assert.equal(leases.acquire('b', [place('k', 1)]).allowed, false)
})

test('a lease that is held already and a limit that is none are mistakes of the caller', () => {
  const { leases } = leasesAt()
  leases.acquire('a', [])
  assert.throws(() => leases.acquire('a', []), new LimitsError('duplicate_id', 'there is a lease with this id already'))
  assert.throws(() => leases.acquire('b', [place('k', Number.NaN)]), LimitsError)
})

test('whatever is taken and given back in whatever order, no place is held twice and none is lost', () => {
  const step = fc.oneof(
    fc.record({ id: fc.nat(8), places: fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { minLength: 1 }) }),
    fc.record({ id: fc.nat(8) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { leases } = leasesAt()
      const held = new Map<string, readonly string[]>()
      const count = (name: string) => [...held.values()].filter((names) => names.includes(name)).length
      for (const step of steps) {
        const id = `${step.id}`
        if (!('places' in step)) {
          leases.release(id)
          held.delete(id)
        } else if (!held.has(id)) {
          const { allowed } = leases.acquire(
            id,
            step.places.map((name) => place(name, 2)),
          )
          assert.equal(
            allowed,
            step.places.every((name) => count(name) < 2),
          )
          if (allowed) held.set(id, step.places)
        }
      }
      for (const id of held.keys()) leases.release(id)
      assert.equal(leases.size, 0)
      assert.equal(
        leases.acquire(
          'last',
          ['p', 'q', 'r'].map((name) => place(name, 1)),
        ).allowed,
        true,
      )
    }),
  )
})
