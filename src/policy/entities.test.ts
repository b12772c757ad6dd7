import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePolicies } from './compile.ts'
import { createEntities, type Entities, type EntityJson } from './entities.ts'
import { PolicyError } from './errors.ts'

const uid = (id: string, type = 'Team') => ({ type, id })
const key = (id: string, type = 'Team') => `${type}::"${id}"`
const ancestors = (entities: Entities, id: string) => [...(entities.find(key(id))?.ancestors ?? [])].sort()

test('an entity knows all that is above it, at any distance, whether it is in the store or not', () => {
  const entities = createEntities([
    { uid: uid('a'), parents: [uid('b'), uid('c')] },
    { uid: uid('b'), parents: [uid('d')] },
    { uid: { __entity: uid('c') }, parents: [{ __entity: uid('d') }] },
    { uid: uid('d'), parents: [uid('absent')] },
  ])
  assert.deepEqual(
    ancestors(entities, 'a'),
    ['absent', 'b', 'c', 'd'].map((id) => key(id)),
  )
  assert.deepEqual(ancestors(entities, 'd'), [key('absent')])
  assert.equal(entities.size, 4)
  assert.equal(entities.find(key('absent')), undefined)
})

test('the ancestors are those that walking up the parents finds', () => {
  const edges = fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { maxLength: 30 })
  fc.assert(
    fc.property(edges, (pairs) => {
      // A parent has a smaller number, so there is no circle.
      const parents = (n: number) =>
        pairs.filter(([child, parent]) => child === n && parent < n).map(([, parent]) => parent)
      const up = (n: number): number[] => [...new Set(parents(n).flatMap((parent) => [parent, ...up(parent)]))]
      const list = Array.from({ length: 13 }, (_, n) => ({
        uid: uid(`${n}`),
        parents: parents(n).map((p) => uid(`${p}`)),
      }))
      const all = createEntities(list)
      const layered = createEntities(list.slice(0, 6)).with(list.slice(6, 9)).with(list.slice(9))
      for (let n = 0; n < 13; n++) {
        const expected = up(n)
          .map((parent) => key(`${parent}`))
          .sort()
        assert.deepEqual(ancestors(all, `${n}`), expected)
        assert.deepEqual(ancestors(layered, `${n}`), expected)
      }
    }),
  )
})

test('a circle of parents is refused, however long', () => {
  const circle = (length: number): EntityJson[] =>
    Array.from({ length }, (_, n) => ({ uid: uid(`${n}`), parents: [uid(`${(n + 1) % length}`)] }))
  for (const length of [1, 2, 3, 50_000])
    refused(() => createEntities(circle(length)), 'entities', /is its own ancestor/)
})

test('a chain of parents may be longer than the call stack, but a hierarchy may not outgrow memory', () => {
  const chain = (length: number): EntityJson[] =>
    Array.from({ length }, (_, n) => ({ uid: uid(`${n}`), parents: n + 1 < length ? [uid(`${n + 1}`)] : [] }))
  assert.equal(ancestors(createEntities(chain(2_000)), '0').length, 1_999)
  refused(() => createEntities(chain(20_000)), 'too_complex', /more than 5000000 ancestors/)
})

test('the entities of a request are laid over a store that stays as it is', () => {
  const store = createEntities([{ uid: uid('red'), parents: [uid('all')] }, { uid: uid('all') }])
  const request = store.with([{ uid: uid('key-1', 'ApiKey'), attrs: { risk: 3 }, parents: [uid('red')] }])
  assert.deepEqual([...(request.find(key('key-1', 'ApiKey'))?.ancestors ?? [])], [key('red'), key('all')])
  assert.equal(request.find(key('red')), store.find(key('red')))
  assert.equal(request.size, 3)
  assert.equal(store.size, 2)
  assert.equal(store.find(key('key-1', 'ApiKey')), undefined)
})

test('an entity laid over a store must not change what is above the entities in it', () => {
  const store = createEntities([{ uid: uid('red'), parents: [uid('absent')] }])
  refused(() => store.with([{ uid: uid('red') }]), 'entities', /"red" is given twice/)
  refused(() => store.with([{ uid: uid('absent'), parents: [uid('red')] }]), 'entities', /must be there/)
  refused(() => store.with([{ uid: uid('x') }]).with([{ uid: uid('x') }]), 'entities', /given twice/)
  refused(
    () => store.with([{ uid: uid('x'), parents: [uid('y')] }]).with([{ uid: uid('y') }]),
    'entities',
    /must be there/,
  )
})

test('what is not Cedar JSON is refused with the entity and the place in it', () => {
  const attrs = (value: unknown) => JSON.stringify([{ uid: uid('a'), attrs: { x: { y: value } } }])
  const cases: [string, RegExp][] = [
    ['{', /not JSON/],
    ['{}', /a list of objects/],
    ['[null]', /an entity is an object/],
    ['[{}]', /an entity at uid: an entity is written/],
    [JSON.stringify([{ uid: uid('a', 'no type') }]), /at uid: the type of an entity must be a name/],
    [JSON.stringify([{ uid: uid('a'), attributes: {} }]), /Team::"a" at attributes: is not a part/],
    [JSON.stringify([{ uid: uid('a'), parents: {} }]), /Team::"a" at parents: must be a list/],
    [JSON.stringify([{ uid: uid('a'), attrs: [] }]), /Team::"a" at attrs: must be an object/],
    [attrs(null), /Team::"a" at attrs\.x\.y: null is not a Cedar value/],
    [attrs(1.5), /attrs\.x\.y: a number must be an integer/],
    [attrs([{ __entity: { type: 'T' } }]), /attrs\.x\.y\.\[\]: an entity is written/],
    [attrs({ __entity: uid('b'), more: 1 }), /'__entity' is reserved/],
    [attrs({ __expr: 'true' }), /'__expr' is reserved/],
    [attrs({ __extn: { fn: 'ip', arg: 'x' } }), /attrs\.x\.y: not an IP address/],
    [attrs({ __extn: { fn: 'ip' } }), /an extension value is written/],
    ['[{"uid":{"type":"T","id":"a"},"attrs":{"n":9223372036854775808}}]', /attrs\.n: an integer must fit into 64 bits/],
    [JSON.stringify([{ uid: uid('a') }, { uid: uid('a') }]), /Team::"a" is given twice/],
  ]
  for (const [text, message] of cases) refused(() => createEntities(text), 'entities', message)
})

test('integers in a text are exact up to 64 bits', () => {
  const entities = createEntities(
    '[{"uid":{"type":"Team","id":"a"},"attrs":{"n":-9223372036854775808,"m":9007199254740993}}]',
  )
  assert.equal(entities.find(key('a'))?.attributes.get('n'), -(2n ** 63n))
  assert.equal(entities.find(key('a'))?.attributes.get('m'), 9007199254740993n)
})

test('values nested without end are refused, and the message is not', () => {
  const nested = (depth: number) =>
    `[{"uid":{"type":"T","id":"a"},"attrs":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}]`
  assert.equal(createEntities(nested(120)).size, 1)
  for (const depth of [130, 5_000, 100_000]) refused(() => createEntities(nested(depth)), 'entities', /^.{0,200}$/s)
})

test("names like '__proto__' are names like any other", () => {
  const entities = createEntities('[{"uid":{"type":"T","id":"__proto__"},"attrs":{"__proto__":1,"constructor":2}}]')
  const attributes = entities.find(key('__proto__', 'T'))?.attributes
  assert.equal(attributes?.get('__proto__'), 1)
  assert.equal(attributes?.get('toString'), undefined)
})

const SCHEMA = `
  entity Org;
  entity Color enum ["red", "blue"];
  entity Team in [Org] = {
    lead?: Team, address: ipaddr, colors: Set<Color>, note: { text: String, at?: datetime },
  } tags Long;
  action read, write in [any] appliesTo { principal: [Team], resource: [Org] };
  action any;`

const good = {
  uid: uid('a'),
  attrs: { address: '10.0.0.1', colors: [uid('red', 'Color')], note: { text: 'x' } },
  parents: [uid('o', 'Org')],
  tags: { level: 3 },
}

test('with a schema the escapes may be left out, and values are what the schema declares', () => {
  const attrs = { ...good.attrs, lead: uid('b'), note: { text: 'x', at: { fn: 'datetime', arg: '2026-11-20' } } }
  const attributes = createEntities([{ ...good, attrs }], declared()).find(key('a'))?.attributes
  assert.equal(Reflect.get(Object(attributes?.get('lead')), 'kind'), 'entity')
  assert.equal(Reflect.get(Object(attributes?.get('address')), 'kind'), 'ip')
  const note = attributes?.get('note')
  assert.ok(typeof note === 'object' && note.kind === 'record')
  assert.equal(Reflect.get(Object(note.fields.get('at')), 'kind'), 'datetime')
  const escaped = { ...good.attrs, address: { __extn: { fn: 'ip', arg: '10.0.0.1' } }, lead: { __entity: uid('b') } }
  assert.equal(createEntities([{ ...good, attrs: escaped }], declared()).size, 1)
})

test('with a schema, entities that do not conform to it are refused, those of a request too', () => {
  const { address: _, ...incomplete } = good.attrs
  const cases: [object, RegExp][] = [
    [{ uid: uid('a', 'Teem') }, /declares no such action or entity type as Teem/],
    [{ uid: uid('green', 'Color') }, /not one of the entities of type Color/],
    [{ uid: uid('erase', 'Action') }, /no such action/],
    [{ ...good, attrs: incomplete }, /attrs\.address: is missing/],
    [{ ...good, attrs: { ...good.attrs, more: 1 } }, /attrs\.more: is not declared/],
    [{ ...good, attrs: { ...good.attrs, address: '10.0.0' } }, /attrs\.address: not an IP address/],
    [{ ...good, attrs: { ...good.attrs, address: 7 } }, /attrs\.address: must be of type ip, not long/],
    [{ ...good, attrs: { ...good.attrs, lead: uid('o', 'Org') } }, /attrs\.lead: must be of type Team, not Org/],
    [{ ...good, attrs: { ...good.attrs, colors: uid('red', 'Color') } }, /attrs\.colors: must be a list/],
    [{ ...good, attrs: { ...good.attrs, colors: [uid('green', 'Color')] } }, /attrs\.colors\.\[\]: is not one of/],
    [{ ...good, attrs: { ...good.attrs, note: 'x' } }, /attrs\.note: must be an object/],
    [{ ...good, tags: { level: 'high' } }, /tags\.level: must be of type long, not string/],
    [{ ...good, parents: [uid('b')] }, /parents: must not be of type Team/],
    [{ uid: uid('o', 'Org'), tags: { a: 1 } }, /tags: the schema declares no tags/],
  ]
  for (const [entity, message] of cases) {
    refused(() => createEntities(JSON.stringify([entity]), declared()), 'entities', message)
    const store = createEntities([{ uid: uid('root', 'Org') }], declared())
    refused(() => store.with(JSON.parse(JSON.stringify([entity]))), 'entities', message)
  }
})

function declared() {
  const policies = [{ name: 'a.cedar', text: 'permit(principal, action, resource);' }]
  return compilePolicies({ policies, schema: { name: 'a.cedarschema', text: SCHEMA } })
}

function refused(run: () => unknown, code: string, message: RegExp): void {
  assert.throws(run, (error) => error instanceof PolicyError && error.code === code && message.test(error.message))
}
