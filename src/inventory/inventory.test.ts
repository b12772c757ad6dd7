import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openStore } from '#store'
import {
  type AssetInput,
  type AssetKind,
  assetId,
  assetKinds,
  type InventoryTables,
  inventoryMigrations,
  openInventory,
} from './index.ts'

const clock = { at: 1_000 }
const store = await openStore({ path: ':memory:', now: () => clock.at })
await store.migrate(inventoryMigrations)
const inventory = openInventory({ database: store.database<InventoryTables>(), now: () => clock.at })
after(() => store.close())

let count = 0
const model = (extra: Partial<AssetInput> = {}): AssetInput => {
  const identity = `model-${count++}`
  return { kind: 'model', identity, name: identity.toUpperCase(), ...extra }
}

test('an asset is what it is: its id follows from kind and identity, on every installation', () => {
  assert.equal(assetId('model', 'llama'), 'ast_6f69181d98b3315d5c813118b72f3c73')
  fc.assert(
    fc.property(
      fc.constantFrom(...assetKinds),
      fc.string(),
      fc.constantFrom(...assetKinds),
      fc.string(),
      (k1, i1, k2, i2) => {
        assert.equal(assetId(k1, i1) === assetId(k2, i2), k1 === k2 && i1 === i2)
      },
    ),
  )
})

test('an asset that is seen again keeps its first sighting, and what was not mentioned', async () => {
  clock.at = 1_000
  const first = await inventory.upsert(model({ digest: 'sha256:aa', owner: 'ml', labels: { env: 'prod' } }))
  clock.at = 2_000
  const { kind, identity } = first
  const again = await inventory.upsert({ kind, identity, name: 'renamed', digest: 'sha256:bb' })
  assert.deepEqual(again, { ...first, name: 'renamed', digest: 'sha256:bb', lastSeen: 2_000 })
  const cleared = await inventory.upsert({ kind, identity, name: 'renamed', digest: null, owner: null, labels: {} })
  assert.deepEqual([cleared.digest, cleared.owner, cleared.labels, cleared.firstSeen], [null, null, {}, 1_000])
  assert.deepEqual(await inventory.get(first.id), cleared)
})

test('sightings at the same moment make one asset', async () => {
  const input = model()
  const all = await Promise.all(Array.from({ length: 20 }, () => inventory.upsert(input)))
  assert.equal(new Set(all.map(({ id }) => id)).size, 1)
})

test('an unknown id is the id of nothing', async () => {
  for (const id of ['', 'ast_', 'x'.repeat(10_000), "' or 1=1 --", '\0', '\uD800']) {
    assert.equal(await inventory.get(id), undefined)
    assert.deepEqual(await inventory.edges(id, 'out'), [])
  }
})

test('assets are found by kind, owner, digest and label, in pages', async () => {
  const owner = `team-${count++}`
  const made = []
  for (const env of ['prod', 'test', 'prod'])
    made.push(await inventory.upsert(model({ owner, digest: `sha256:${env}`, labels: { env, tier: '1' } })))
  await inventory.upsert({ kind: 'host', identity: owner, name: 'h', owner })
  assert.equal((await inventory.find({ owner })).length, 4)
  assert.equal((await inventory.find({ owner, kind: 'model' })).length, 3)
  assert.equal((await inventory.find({ owner, digest: 'sha256:test' })).length, 1)
  assert.deepEqual(await inventory.find({ owner, label: { name: 'env', value: 'prod' } }), [made[0], made[2]])
  assert.deepEqual(await inventory.find({ owner, kind: 'model', limit: 1, offset: 1 }), [made[1]])
})

test('a label is matched whole and exactly, whatever characters it holds', async () => {
  const value = fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((text) => !text.includes('\0') && text.isWellFormed())
  const tricky = fc.oneof(value, fc.constantFrom('"', '\\', '%', '_', 'PROD', 'prod', '","env":"prod', 'a":"b'))
  const labels = fc.dictionary(fc.constantFrom('env', 'ENV', 'a', 'env2'), tricky, { noNullPrototype: true })
  const asset = model({ owner: 'labels' })
  await fc.assert(
    fc.asyncProperty(labels, fc.constantFrom('env', 'a'), tricky, async (written, name, wanted) => {
      await inventory.upsert({ ...asset, labels: written })
      const found = await inventory.find({ owner: 'labels', label: { name, value: wanted } })
      assert.equal(found.length === 1, written[name] === wanted)
    }),
    { numRuns: 60 },
  )
})

test('what cannot be kept as it is, is refused, and the message does not repeat it', async () => {
  const bad: unknown[] = [
    { identity: '' },
    { identity: 'hunter2'.repeat(1000) },
    { identity: 'hunter2\0' },
    { identity: 'hunter2\uD800' },
    { name: '' },
    { kind: 'hunter2' },
    { digest: 7 },
    { labels: { 'hunter2 ': 'x' } },
    { labels: { a: 'hunter2'.repeat(100) } },
    { labels: { a: 5 } },
    { labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, ''])) },
  ]
  for (const change of bad) {
    const input = { ...model(), ...(change as Partial<AssetInput>) }
    await assert.rejects(inventory.upsert(input), (error: Error & { code: string }) => {
      assert.equal(error.code, 'invalid', JSON.stringify(change))
      return !error.message.includes('hunter2')
    })
  }
})

test('an edge says who claims it, and is renewed when it is claimed again', async () => {
  const [a, b] = [await inventory.upsert(model()), await inventory.upsert(model())]
  clock.at = 5_000
  const edge = { from: a.id, to: b.id, relation: 'derived_from', source: 'operator' } as const
  await inventory.link(edge)
  clock.at = 6_000
  assert.deepEqual(await inventory.link(edge), { ...edge, firstSeen: 5_000, lastSeen: 6_000 })
  await inventory.link({ ...edge, source: 'scan:modelfile' })
  assert.equal((await inventory.edges(a.id, 'out')).length, 2)
  assert.deepEqual(await inventory.edges(b.id, 'in'), await inventory.edges(a.id, 'out'))
  assert.deepEqual(await inventory.edges(b.id, 'out'), [])
})

test('an edge joins assets that are there', async () => {
  const { id } = await inventory.upsert(model())
  const nowhere = assetId('host', 'nowhere')
  for (const ends of [
    { from: id, to: nowhere },
    { from: nowhere, to: id },
    { from: 'x', to: id },
  ]) {
    await assert.rejects(inventory.link({ ...ends, relation: 'calls', source: 's' }), { code: 'unknown_asset' })
  }
  const relation = 'likes' as 'calls'
  await assert.rejects(inventory.link({ from: id, to: id, relation, source: 's' }), { code: 'invalid' })
})

/** Links `edges` between fresh assets named by numbers, and gives their ids. */
async function graph(size: number, edges: readonly (readonly [number, number])[], kind: AssetKind = 'model') {
  const ids = []
  for (let index = 0; index < size; index++) ids.push((await inventory.upsert(model({ kind }))).id)
  for (const [from, to] of edges) {
    await inventory.link({ from: ids[from] ?? '', to: ids[to] ?? '', relation: 'contains', source: 'test' })
  }
  return ids
}

test('a walk finds what is reachable, nearest first, with the way that leads there', async () => {
  const [a, b, c, d] = await graph(4, [
    [0, 1],
    [1, 2],
    [0, 2],
    [3, 0],
  ])
  const out = await inventory.reach(a ?? '', { direction: 'out', maxDepth: 5 })
  assert.equal(out.isComplete, true)
  assert.deepEqual(
    out.assets.map(({ id, depth, via }) => [id, depth, via.id]).sort(),
    [
      [b, 1, a],
      [c, 1, a],
    ].sort(),
  )
  const into = await inventory.reach(c ?? '', { direction: 'in', maxDepth: 5 })
  assert.deepEqual(
    into.assets.map(({ id, depth }) => [id, depth]).sort(),
    [
      [a, 1],
      [b, 1],
      [d, 2],
    ].sort(),
  )
  const other = await inventory.reach(a ?? '', { direction: 'out', relation: 'calls', maxDepth: 5 })
  assert.deepEqual(other, { assets: [], isComplete: true })
})

test('a walk agrees with the definition of reachability on any graph, circles included', async () => {
  const size = 7
  const node = fc.nat({ max: size - 1 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(node, node), { maxLength: 14 }), async (edges) => {
      const ids = await graph(size, edges)
      const expected = new Set([0])
      for (let round = 0; round < size; round++)
        for (const [from, to] of edges) if (expected.has(from)) expected.add(to)
      expected.delete(0)
      const { assets, isComplete } = await inventory.reach(ids[0] ?? '', { direction: 'out', maxDepth: 64 })
      assert.ok(isComplete)
      assert.deepEqual(assets.map(({ id }) => id).sort(), [...expected].map((index) => ids[index] ?? '').sort())
    }),
    { numRuns: 25 },
  )
})

test('a walk that is cut short says so', async () => {
  const [start = '', ...rest] = await graph(4, [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
  ])
  const cut = await inventory.reach(start, { direction: 'out', maxDepth: 2 })
  assert.deepEqual([cut.assets.length, cut.isComplete], [2, false])
  const whole = await inventory.reach(start, { direction: 'out', maxDepth: 3 })
  assert.deepEqual([whole.assets.length, whole.isComplete], [rest.length, true])
  const few = await inventory.reach(start, { direction: 'out', maxDepth: 9, maxAssets: 1 })
  assert.deepEqual([few.assets.length, few.isComplete], [1, false])
})

test('a walk crosses a wide graph in few queries', async () => {
  const ids = await graph(
    1203,
    Array.from({ length: 1200 }, (_, index) => [0, index + 1] as const),
  )
  await inventory.link({ from: ids[1200] ?? '', to: ids[1201] ?? '', relation: 'contains', source: 'test' })
  const { assets } = await inventory.reach(ids[0] ?? '', { direction: 'out', maxDepth: 3 })
  assert.equal(assets.length, 1201)
})

test('a walk has a start and bounds', async () => {
  const { id } = await inventory.upsert(model())
  await assert.rejects(inventory.reach('nowhere', { direction: 'out', maxDepth: 3 }), { code: 'unknown_asset' })
  for (const maxDepth of [0, -1, 1.5, 65, Number.NaN]) {
    await assert.rejects(inventory.reach(id, { direction: 'out', maxDepth }), { code: 'invalid' })
  }
})
