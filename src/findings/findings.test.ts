import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { OcsfEvent } from '#audit'
import { type AssetId, assetId, type InventoryTables, inventoryMigrations, openInventory } from '#inventory'
import { openStore } from '#store'
import {
  type FindingReport,
  type FindingState,
  type FindingsTables,
  findingId,
  findingStates,
  findingsMigrations,
  openFindings,
} from './index.ts'

const clock = { at: 1_000 }
const now = () => clock.at
const store = await openStore({ path: ':memory:', now })
await store.migrate([...inventoryMigrations, ...findingsMigrations])
const inventory = openInventory({ database: store.database<InventoryTables>(), now })
after(() => store.close())

const log = { events: [] as OcsfEvent[], isDown: false }
const record = async (event: OcsfEvent) => {
  if (log.isDown) throw new Error('disk full')
  return { index: log.events.push(event) - 1 }
}
const findings = openFindings({ database: store.database<FindingsTables>(), now, record })

let count = 0
async function newAsset(): Promise<AssetId> {
  return (await inventory.upsert({ kind: 'model', identity: `model-${count++}`, name: 'a model' })).id
}

async function newReport(extra: Partial<FindingReport> = {}): Promise<FindingReport> {
  const evidence = [{ kind: 'file', summary: 'a pickle that imports os' }]
  return { rule: 'artifacts/pickle', asset: await newAsset(), severity: 'high', title: 'Runs code', evidence, ...extra }
}

const someone = { by: 'alice', reason: 'because' }

test('what is found is open, and an event says so before anyone is told', async () => {
  clock.at = 5_000
  const found = await newReport({
    techniques: [
      { framework: 'atlas', id: 'AML.T0010.003' },
      { framework: 'owasp-llm', id: 'LLM03:2025' },
    ],
    controls: ['ISO 42001/A.6.2.4'],
  })
  const finding = await findings.report(found)
  assert.equal(finding.state, 'open')
  assert.deepEqual([finding.count, finding.firstSeen, finding.lastSeen], [1, 5_000, 5_000])
  const event = log.events[finding.logIndex ?? -1]
  assert.deepEqual([event?.class_uid, event?.activity_id, event?.time, event?.severity_id], [2004, 1, 5_000, 4])
  assert.match(JSON.stringify(event), /AML\.T0010\.003.*LLM03:2025.*a pickle that imports os/)
  assert.deepEqual(await findings.get(finding.id), finding)
})

test('the same rule, asset and discriminator are the same finding, counted', async () => {
  const found = await newReport()
  const first = await findings.report(found)
  const events = log.events.length
  clock.at += 1_000
  const again = await findings.report({ ...found, title: 'Runs code on load' })
  assert.deepEqual([again.id, again.count, again.title], [first.id, 2, 'Runs code on load'])
  assert.deepEqual([again.firstSeen, again.lastSeen], [first.firstSeen, clock.at])
  assert.equal(log.events.length, events, 'a repetition is no event')
  const other = await findings.report({ ...found, discriminator: 'layer2.pkl' })
  assert.notEqual(other.id, first.id)
})

test('different findings never share an identity', () => {
  const asset = assetId('model', 'x')
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (rule1, text1, rule2, text2) => {
      const isSame = findingId(rule1, asset, text1) === findingId(rule2, asset, text2)
      assert.equal(isSame, rule1 === rule2 && text1 === text2)
    }),
  )
})

test('simultaneous reports make one finding and one event, and none is lost', async () => {
  const found = await newReport()
  const events = log.events.length
  await Promise.all(Array.from({ length: 25 }, () => findings.report(found)))
  const [finding, ...others] = await findings.list({ asset: found.asset })
  assert.deepEqual([finding?.count, others.length, log.events.length - events], [25, 0, 1])
})

test('a change of severity is an event', async () => {
  const found = await newReport()
  const { id } = await findings.report(found)
  const graver = await findings.report({ ...found, severity: 'critical' })
  assert.equal(graver.severity, 'critical')
  const history = await findings.history(id)
  assert.deepEqual(
    history.map(({ detail }) => detail),
    ['found', 'severity was high, is critical'],
  )
  assert.equal(log.events[history[1]?.logIndex ?? -1]?.severity_id, 5)
})

test('a finding moves through its life, and each step says who and why', async () => {
  const found = await newReport()
  const { id } = await findings.report(found)
  await findings.transition(id, 'acknowledged', someone)
  await findings.transition(id, 'resolved', { by: 'bob', reason: 'replaced the file' })
  const reopened = await findings.report(found)
  assert.equal(reopened.state, 'open')
  const history = await findings.history(id)
  assert.deepEqual(
    history.map(({ state, by, detail }) => [state, by, detail]),
    [
      ['open', 'artifacts/pickle', 'found'],
      ['acknowledged', 'alice', 'because'],
      ['resolved', 'bob', 'replaced the file'],
      ['open', 'artifacts/pickle', 'seen again after it was resolved'],
    ],
  )
  const events = history.map(({ logIndex }) => log.events[logIndex ?? -1])
  assert.deepEqual(
    events.map((event) => [event?.activity_id, event?.status_id]),
    [
      [1, 1],
      [2, 2],
      [3, 4],
      [2, 1],
    ],
  )
  assert.equal(events[2]?.actor?.user.uid, 'bob')
})

test('what was acknowledged stays so when it is seen again', async () => {
  const found = await newReport()
  const { id } = await findings.report(found)
  await findings.transition(id, 'acknowledged', someone)
  assert.equal((await findings.report({ ...found, severity: 'low' })).state, 'acknowledged')
})

test('a false positive is counted and left alone', async () => {
  const found = await newReport()
  const { id } = await findings.report(found)
  await findings.transition(id, 'false_positive', someone)
  const again = await findings.report({ ...found, severity: 'critical' })
  assert.deepEqual([again.state, again.count], ['false_positive', 2])
})

test('an exception ends at its time, in every answer, and then in the log', async () => {
  const found = await newReport()
  const { id } = await findings.report(found)
  const until = clock.at + 1_000
  await findings.transition(id, 'excepted', { ...someone, until })
  const state = async () => {
    const excepted = await findings.list({ asset: found.asset, state: 'excepted' })
    const open = await findings.list({ asset: found.asset, state: ['open', 'acknowledged'] })
    return [(await findings.get(id))?.state, excepted.length, open.length]
  }
  assert.deepEqual(await state(), ['excepted', 1, 0])
  assert.equal((await findings.report(found)).state, 'excepted')
  assert.deepEqual(await findings.expire(), [])
  clock.at = until
  assert.deepEqual(await state(), ['open', 0, 1])
  const [reopened] = await findings.expire()
  assert.deepEqual([reopened?.id, reopened?.state, reopened?.until], [id, 'open', undefined])
  assert.deepEqual(await findings.expire(), [])
  assert.equal((await findings.history(id)).at(-1)?.detail, 'the exception has ended')
})

test('an exception can be prolonged, and one that has ended opens at the next sighting', async () => {
  const found = await newReport()
  const { id } = await findings.report(found)
  await findings.transition(id, 'excepted', { ...someone, until: clock.at + 10 })
  const longer = await findings.transition(id, 'excepted', { ...someone, until: clock.at + 20 })
  assert.equal(longer.until, clock.at + 20)
  clock.at += 20
  const seen = await findings.report(found)
  assert.equal(seen.state, 'open')
  assert.equal((await findings.history(id)).at(-1)?.detail, 'seen again after the exception has ended')
  assert.deepEqual(await findings.expire(), [])
})

test('an exception that is prolonged while it ends does not end', async () => {
  const { id } = await findings.report(await newReport())
  await findings.transition(id, 'excepted', { ...someone, until: clock.at + 10 })
  clock.at += 10
  const until = clock.at + 1_000
  const [ended] = await Promise.all([findings.expire(), findings.transition(id, 'excepted', { ...someone, until })])
  assert.deepEqual([ended, (await findings.get(id))?.until], [[], until])
})

test('an exception without an end, and an end without an exception, are refused', async () => {
  const { id } = await findings.report(await newReport())
  await assert.rejects(findings.transition(id, 'excepted', someone), { code: 'invalid' })
  await assert.rejects(findings.transition(id, 'excepted', { ...someone, until: clock.at }), { code: 'invalid' })
  await assert.rejects(findings.transition(id, 'resolved', { ...someone, until: clock.at + 1 }), { code: 'invalid' })
  await assert.rejects(findings.transition(id, 'resolved', { by: '', reason: 'x' }), { code: 'invalid' })
  await assert.rejects(findings.transition(id, 'open', someone), { code: 'not_allowed' })
  await assert.rejects(findings.transition('nothing', 'resolved', someone), { code: 'unknown_finding' })
  assert.equal((await findings.history(id)).length, 1)
})

test('whatever happens to a finding, and in whatever order, its state follows the rules', async () => {
  const step = fc.oneof(
    fc.constant({ do: 'report' } as const),
    fc.constant({ do: 'expire' } as const),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 10) }),
    fc.record({ do: fc.constant('move' as const), to: fc.constantFrom(...findingStates) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const found = await newReport()
      const { id } = await findings.report(found)
      const model = { state: 'open' as FindingState, until: 0, count: 1 }
      for (const step of steps) {
        const isOver = model.state === 'excepted' && model.until <= clock.at
        if (step.do === 'wait') clock.at += step.ms
        if (step.do === 'expire' && (await findings.expire()).some((finding) => finding.id === id)) {
          assert.ok(isOver)
          model.state = 'open'
        }
        if (step.do === 'report') {
          await findings.report(found)
          model.count++
          if (model.state === 'resolved' || isOver) model.state = 'open'
        }
        if (step.do === 'move') {
          model.until = clock.at + 10
          const until = step.to === 'excepted' ? { until: model.until } : {}
          const move = findings.transition(id, step.to, { ...someone, ...until })
          if (model.state === step.to && step.to !== 'excepted') await assert.rejects(move, { code: 'not_allowed' })
          else await move
          model.state = step.to
        }
        const shown = model.state === 'excepted' && model.until <= clock.at ? 'open' : model.state
        const finding = await findings.get(id)
        assert.deepEqual([finding?.state, finding?.count], [shown, model.count])
        assert.equal((await findings.history(id)).at(-1)?.state, model.state)
      }
    }),
    { numRuns: 40 },
  )
})

test('evidence is kept from the first sightings and the latest, each piece once', async () => {
  const found = await newReport({ evidence: [] })
  const piece = (n: number) => ({ kind: 'exchange', summary: `exchange ${n}`, logIndex: n })
  for (let n = 0; n < 30; n++) await findings.report({ ...found, evidence: [piece(n), piece(0)] })
  const [finding] = await findings.list({ asset: found.asset })
  const kept = finding?.evidence.map(({ logIndex }) => logIndex)
  assert.deepEqual(kept, [0, 1, 2, 3, 4, ...Array.from({ length: 15 }, (_, index) => index + 15)])
})

test('hostile text is repaired and cut, not refused: an attacker must not hide behind a name', async () => {
  const nasty = `\0\uD800${'😀'.repeat(5_000)}`
  const found = await newReport({ title: nasty, description: nasty, evidence: [{ kind: 'file', summary: nasty }] })
  const finding = await findings.report(found)
  assert.ok(finding.title.length <= 200 && finding.title.isWellFormed() && !finding.title.includes('\0'))
  assert.ok((finding.evidence[0]?.summary.length ?? 999) <= 500)
})

test('the largest finding fits in one entry of the log', async () => {
  const worst = '\u0001'.repeat(10_000)
  const evidence = Array.from({ length: 20 }, (_, n) => ({
    kind: 'file',
    summary: `${n}${worst}`,
    digest: `sha512:${'a'.repeat(128)}`,
  }))
  const controls = Array.from({ length: 64 }, (_, n) => `${n}${'c'.repeat(120)}`)
  const discriminator = '\u0001'.repeat(1024)
  const finding = await findings.report(
    await newReport({ title: worst, description: worst, evidence, controls, discriminator }),
  )
  assert.ok(Buffer.byteLength(JSON.stringify(log.events[finding.logIndex ?? -1])) < 65_000)
})

test('a report that is not one is refused, and the message does not repeat it', async () => {
  const found = await newReport()
  const bad: unknown[] = [
    { rule: 'Hunter2' },
    { asset: 'hunter2' },
    { severity: 'hunter2' },
    { title: '' },
    { discriminator: 'hunter2\0' },
    { discriminator: 'x'.repeat(1025) },
    { techniques: [{ framework: 'atlas', id: 'hunter2' }] },
    { techniques: [{ framework: 'hunter2', id: 'T1' }] },
    { evidence: [{ kind: 'file', summary: 'x', hunter2: 1 }].fill({ kind: 'Hunter2', summary: 'x', hunter2: 1 }) },
    { evidence: Array.from({ length: 21 }, () => ({ kind: 'file', summary: 'x' })) },
    { controls: ['\n'] },
  ]
  for (const change of bad) {
    const input = { ...found, ...(change as Partial<FindingReport>) }
    await assert.rejects(findings.report(input), (error: Error & { code: string }) => {
      assert.equal(error.code, 'invalid', JSON.stringify(change))
      return !/Hunter2|: hunter2/.test(error.message)
    })
  }
  await assert.rejects(findings.report({ ...found, asset: assetId('model', 'none') }), { code: 'unknown_asset' })
  assert.equal((await findings.list({ asset: found.asset })).length, 0)
})

test('findings are listed the gravest first, then the latest, and by state, severity, asset and rule', async () => {
  const rule = `list/${count++}`
  const made = []
  for (const severity of ['low', 'critical', 'medium', 'critical'] as const) {
    clock.at += 1
    made.push(await findings.report(await newReport({ rule, severity })))
  }
  const [low, first, medium, latest] = made
  assert.deepEqual(await findings.list({ rule }), [latest, first, medium, low])
  assert.deepEqual(await findings.list({ rule, minSeverity: 'medium', limit: 2, offset: 1 }), [first, medium])
  assert.deepEqual(await findings.list({ rule, state: [] }), [])
  assert.deepEqual(await findings.list({ rule: '\0', asset: "' or 1=1" }), [])
  assert.equal(await findings.get('\0'), undefined)
  assert.deepEqual(await findings.history('\0'), [])
})

test('when the log is down the change is kept, nobody is told it is done, and it is sent in order later', async () => {
  const found = await newReport()
  log.isDown = true
  await assert.rejects(findings.report(found), { code: 'not_recorded', message: /kept and sent again/ })
  const id = findingId(found.rule, found.asset, '')
  await assert.rejects(findings.transition(id, 'resolved', someone), { code: 'not_recorded' })
  assert.equal((await findings.get(id))?.logIndex, undefined)
  await assert.rejects(findings.recover(), { code: 'not_recorded' })
  log.isDown = false
  await findings.recover()
  const places = (await findings.history(id)).map(({ logIndex }) => logIndex ?? -1)
  assert.deepEqual(
    places.map((index) => log.events[index]?.activity_id),
    [1, 3],
  )
  assert.equal((await findings.get(id))?.logIndex, places[1])
  const { length } = log.events
  await findings.recover()
  assert.equal(log.events.length, length)
})

test('a failed sending does not take the next one with it', async () => {
  const found = await newReport()
  let failures = 1
  const flaky = openFindings({
    database: store.database<FindingsTables>(),
    now,
    record: async (event) => {
      if (failures-- > 0) throw new Error('disk full')
      return record(event)
    },
  })
  const { length } = log.events
  const outcomes = await Promise.allSettled([flaky.report(found), flaky.report(found)])
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  assert.equal(log.events.length, length + 1)
})
