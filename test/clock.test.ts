// The clock of the machine is set while the gateway serves: what is counted in durations does not notice, what is
// counted in times follows, and the log keeps its order.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type OcsfEvent, readEntries, searchEntries, verifyLog } from '#audit'
import { systemWorld } from '#server'
import { type GatewayOptions, openGateway } from './support/gateway.ts'
import { chat, chatRequest, type RawResponse, sendRaw } from './support/raw.ts'

const hour = 3_600_000
const day = 24 * hour
const noon = Date.UTC(2026, 6, 15, 12)

test('a clock that is set forward and back by hours refuses nobody and leaves the log in order', async (t) => {
  const { clock, ask, gateway } = await openWithClock(t)
  const times = [0, 5 * hour, -3 * hour, 40 * day, -10 * 365 * day, 1]
  for (const offset of times) {
    clock.at = noon + offset
    equal((await ask()).status, 200)
    equal((await ask('hold_unknown')).status, 401)
    await gateway.installation.log.checkpoint()
  }
  const dir = join(gateway.data, 'log')
  const { ok: isSound, problems } = await verifyLog({ dir })
  ok(isSound, JSON.stringify(problems))
  const events = await eventsOf(dir)
  deepEqual(
    events.map(({ metadata }) => metadata.sequence),
    events.map((_, index) => index),
  )
  const decisions = events.filter(
    ({ metadata, status_id: status }) => metadata.uid.endsWith('.decision') && status === 1,
  )
  deepEqual(
    decisions.map(({ time }) => time - noon),
    times,
    'each says the time that the clock showed',
  )
  for (const { metadata } of decisions) {
    const found: number[] = []
    for await (const { index } of searchEntries({ dir, text: metadata.uid })) found.push(index)
    equal(found.length, 1, 'and each is found')
  }
})

test('a duration is what passed, not what the clock says', async (t) => {
  const { clock, ask, gateway } = await openWithClock(t)
  for (const jump of [-5 * hour, 5 * hour]) {
    gateway.upstream.answer = (_, response) => {
      clock.at += jump
      response.setHeader('content-type', 'application/json').end('{"choices":[]}')
    }
    equal((await ask()).status, 200)
  }
  await gateway.entriesOnce(0, (entries) => entries.filter(({ phase }) => phase === 'outcome').length === 2)
  const outcomes = (await eventsOf(join(gateway.data, 'log'))).filter(({ metadata }) =>
    metadata.uid.endsWith('.outcome'),
  )
  for (const event of outcomes) {
    const ms = 'duration' in event ? Number(event.duration) : Number.NaN
    ok(ms >= 0 && ms < hour, `${ms} ms`)
  }
})

test('a rate is neither held for hours nor given anew by a clock that is set back', async (t) => {
  const { clock, ask } = await openWithClock(t, { limits: { rates: { key: { requests: 2, per: '1h', burst: 2 } } } })
  deepEqual([(await ask()).status, (await ask()).status, (await ask()).status], [200, 200, 429])
  clock.at -= 5 * hour
  const refused = await ask()
  equal(refused.status, 429)
  ok(Number(refused.headers.get('retry-after')) <= 3600, 'an hour at most')
  clock.at += hour
  equal((await ask()).status, 200)
})

test('an address that guesses is let in again after a minute, wherever the clock went', async (t) => {
  const { clock, ask } = await openWithClock(t, { limits: { addresses: { failures: 3 } } })
  for (let count = 0; count < 3; count++) equal((await ask('hold_unknown')).status, 401)
  equal((await ask()).status, 429)
  clock.at -= 5 * hour
  equal((await ask()).status, 429)
  clock.at += 60_000
  equal((await ask()).status, 200)
})

test('a budget belongs to the window of the clock: a new day has its own, and the old one is remembered', async (t) => {
  const budgets = [{ name: 'daily', per: 'tenant', every: 'day', requests: 2 }]
  const { clock, ask } = await openWithClock(t, { limits: { budgets, timeZone: 'Europe/Berlin' } })
  const spend = async () => [(await ask()).status, (await ask()).status, (await ask()).status]
  deepEqual(await spend(), [200, 200, 429])
  clock.at += day
  deepEqual(await spend(), [200, 200, 429])
  clock.at -= day
  equal((await ask()).status, 429, 'setting the clock back buys nothing')
  // The hour that is there twice, and the one that is not: 25 October 2026 and 28 March 2027 in Berlin.
  for (const [from, to] of [
    [Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 22, 59, 59)],
    [Date.UTC(2027, 2, 27, 23), Date.UTC(2027, 2, 28, 21, 59, 59)],
  ] as const) {
    clock.at = from
    equal((await ask()).status, 200)
    clock.at = to
    deepEqual([(await ask()).status, (await ask()).status], [200, 429], 'the day is one window, of 25 or 23 hours')
  }
})

test('a key expires by the clock, and is good again where the clock was wrong', async (t) => {
  const { clock, ask, gateway } = await openWithClock(t)
  const expiring = { name: 'e', principal: 'p', tenant: 't', scopes: ['chat'], expiresAt: noon + day }
  const { secret } = await gateway.installation.keys.create(expiring)
  equal((await ask(secret)).status, 200)
  clock.at = noon + day
  equal((await ask(secret)).status, 401)
  clock.at = noon
  equal((await ask(secret)).status, 200)
})

async function openWithClock(t: TestContext, options: GatewayOptions = {}) {
  const clock = { at: noon }
  const { monotonic } = systemWorld(() => {})
  const gateway = await openGateway({ ...options, world: { now: () => clock.at, monotonic } })
  t.after(() => gateway.close())
  const ask = (key = gateway.key): Promise<RawResponse> =>
    sendRaw(gateway.port, chatRequest(key, { body: chat('Hi.', { max_tokens: 10 }) }))
  return { clock, gateway, ask }
}

async function eventsOf(dir: string): Promise<OcsfEvent[]> {
  const events: OcsfEvent[] = []
  for await (const { event } of readEntries({ dir })) if (event !== undefined) events.push(event)
  return events
}
