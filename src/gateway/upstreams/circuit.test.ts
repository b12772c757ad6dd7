import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CallResult, type CircuitSettings, createCircuit } from './circuit.ts'

const settings: CircuitSettings = {
  failures: 3,
  failureRate: 0.5,
  minCalls: 10,
  window: 1000,
  openFor: 100,
  maxOpenFor: 1000,
}

function open(over: Partial<CircuitSettings> = {}) {
  const clock = { now: 5 }
  const changes: string[] = []
  const circuit = createCircuit(
    { ...settings, ...over },
    { monotonic: () => clock.now, random: () => 0, onChange: ({ state }) => changes.push(state) },
  )
  const call = (result: CallResult, caller = 'a') => circuit.enter(caller)?.leave(result)
  return { circuit, clock, changes, call }
}

test('failures in a row open the circuit, and a success between them does not let them add up', () => {
  const { circuit, call } = open()
  call('failed')
  call('failed')
  call('ok')
  call('failed')
  call('failed')
  assert.equal(circuit.state, 'closed')
  call('failed')
  assert.equal(circuit.state, 'open')
  assert.equal(circuit.enter('a'), undefined)
})

test('a share of failures opens it too, once there are enough calls', () => {
  const { circuit, call } = open({ failures: 100 })
  for (let n = 0; n < 4; n++) {
    call('failed')
    call('ok')
  }
  call('failed')
  assert.equal(circuit.state, 'closed', '5 of 9')
  call('failed')
  assert.equal(circuit.state, 'open', '6 of 10')
})

test('what is older than the window does not count', () => {
  const { circuit, clock, call } = open({ failures: 100 })
  for (let n = 0; n < 9; n++) call('failed')
  clock.now += 1500
  for (let n = 0; n < 3; n++) call('failed')
  assert.equal(circuit.state, 'closed')
  assert.deepEqual(circuit.counts, { inARow: 12, calls: 3, failures: 3 })
})

test('an open circuit lets one call at a time try, after its time', () => {
  const { circuit, clock, call, changes } = open()
  for (let n = 0; n < 3; n++) call('failed')
  assert.equal(circuit.waitMs, 100)
  clock.now += 99
  assert.equal(circuit.isPassable, false)
  clock.now += 1
  const trial = circuit.enter('a')
  assert.ok(trial)
  assert.equal(circuit.enter('a'), undefined)
  trial.leave('unknown')
  const second = circuit.enter('a')
  assert.ok(second, 'a trial that has shown nothing gives its place to the next')
  second.answered()
  assert.equal(circuit.state, 'closed')
  second.leave('failed')
  assert.equal(circuit.counts.calls, 0)
  assert.deepEqual(changes, ['open', 'half_open', 'closed'])
})

test('each trial that fails doubles the time, up to the longest', () => {
  const { circuit, clock, call } = open()
  for (let n = 0; n < 3; n++) call('failed')
  for (const wait of [100, 200, 400, 800, 1000, 1000]) {
    assert.equal(circuit.waitMs, wait)
    clock.now += wait
    call('failed')
  }
  clock.now += 1000
  call('ok')
  for (let n = 0; n < 3; n++) call('failed')
  assert.equal(circuit.waitMs, 100, 'a success begins anew')
})

test('calls from before the circuit opened say nothing afterwards', () => {
  const { circuit, clock, call } = open()
  const early = [circuit.enter('a'), circuit.enter('a')]
  for (let n = 0; n < 3; n++) call('failed')
  early[0]?.leave('ok')
  assert.equal(circuit.state, 'open')
  clock.now += 100
  const trial = circuit.enter('a')
  early[1]?.leave('failed')
  assert.equal(circuit.state, 'half_open')
  trial?.leave('ok')
  assert.equal(circuit.state, 'closed')
})

test('one caller whose requests fail cannot shut out the others', () => {
  const { circuit, call } = open()
  call('ok', 'somebody else')
  for (let n = 0; n < 50; n++) call('failed', 'attacker')
  assert.equal(circuit.state, 'closed')
  call('failed', 'somebody else')
  assert.equal(circuit.state, 'open', 'now it fails for others as well')
})

test('who is alone with an upstream opens its circuit for itself', () => {
  const { circuit, call } = open()
  for (let n = 0; n < 3; n++) call('failed', 'only')
  assert.equal(circuit.state, 'open')
})

test('when there is no connection, nobody is to blame', () => {
  const { circuit, call } = open()
  call('ok', 'somebody else')
  for (let n = 0; n < 3; n++) call('down', 'unlucky')
  assert.equal(circuit.state, 'open')
})

test('a look from outside opens it and shortens its time, but does not close it', () => {
  const { circuit, call } = open()
  for (let n = 0; n < 3; n++) circuit.observed(false)
  assert.equal(circuit.state, 'open')
  assert.equal(circuit.isPassable, false)
  circuit.observed(true)
  assert.equal(circuit.state, 'open')
  assert.equal(circuit.isPassable, true)
  circuit.observed(false)
  assert.equal(circuit.isPassable, false)
  circuit.observed(true)
  call('ok')
  assert.equal(circuit.state, 'closed')
})

test('a trial that takes long makes place for another, which may decide as well', () => {
  const { circuit, clock, call } = open()
  for (let n = 0; n < 3; n++) call('failed')
  clock.now += 100
  const slow = circuit.enter('a')
  clock.now += 99
  assert.equal(circuit.enter('b'), undefined)
  clock.now += 1
  const second = circuit.enter('b')
  assert.equal(circuit.enter('c'), undefined)
  second?.answered()
  assert.equal(circuit.state, 'closed')
  slow?.leave('failed')
  assert.equal(circuit.state, 'closed')
})

test('whatever happens, trials begin one at a time, until one has shown something', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('enter' as const), caller: fc.constantFrom('a', 'b', 'c') }),
    fc.record({
      do: fc.constant('leave' as const),
      which: fc.nat(20),
      result: fc.constantFrom<CallResult>('ok', 'down', 'failed', 'unknown'),
    }),
    fc.record({ do: fc.constant('answer' as const), which: fc.nat(20) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(300) }),
    fc.record({ do: fc.constant('observe' as const), isUp: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { circuit, clock, changes } = open()
      const running: { passage: NonNullable<ReturnType<typeof circuit.enter>>; isTrial: boolean }[] = []
      let lastTrial = Number.NEGATIVE_INFINITY
      for (const each of steps) {
        if (each.do === 'enter') {
          const mayPass = circuit.isPassable
          const wasHalfOpen = circuit.state === 'half_open'
          const passage = circuit.enter(each.caller)
          assert.equal(passage !== undefined, mayPass)
          if (passage === undefined) continue
          const isTrial = circuit.state === 'half_open'
          if (isTrial && wasHalfOpen) assert.ok(clock.now - lastTrial >= settings.openFor, 'one at a time')
          if (isTrial) lastTrial = clock.now
          running.push({ passage, isTrial })
        } else if (each.do === 'leave' && running.length > 0) {
          const [left] = running.splice(each.which % running.length, 1)
          left?.passage.leave(each.result)
          // It has shown nothing, and gives its place to the next.
          if (left?.isTrial && each.result === 'unknown') lastTrial = Number.NEGATIVE_INFINITY
        } else if (each.do === 'answer' && running.length > 0) running[each.which % running.length]?.passage.answered()
        else if (each.do === 'wait') clock.now += each.ms
        else if (each.do === 'observe') circuit.observed(each.isUp)
        assert.ok(circuit.waitMs <= settings.maxOpenFor)
      }
      const allowed = new Set(['open>half_open', 'half_open>open', 'half_open>closed', 'closed>open'])
      for (const [n, state] of changes.entries()) assert.ok(allowed.has(`${changes[n - 1] ?? 'closed'}>${state}`))
    }),
  )
})
