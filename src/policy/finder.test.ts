import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Environment } from './code.ts'
import { createEntities, NO_ENTITIES } from './entities.ts'
import type { ScopeJson } from './est.ts'
import { createFinder } from './finder.ts'
import { readUid } from './json.ts'
import { compileScope, type Handle } from './scope.ts'

const ids = ['a', 'b', 'c', 'd', 'e']
const uid = fc.tuple(fc.constantFrom('T', 'U'), fc.constantFrom(...ids)).map(([type, id]) => ({ type, id }))

const role: fc.Arbitrary<ScopeJson> = fc.oneof(
  fc.constant({ op: 'All' } as const),
  uid.map((entity) => ({ op: '==', entity }) as const),
  uid.map((entity) => ({ op: 'in', entity }) as const),
  fc.array(uid, { maxLength: 4 }).map((entities) => ({ op: 'in', entities }) as const),
  fc.constantFrom('T', 'U').map((type) => ({ op: 'is', entity_type: type }) as const),
  uid.map((entity) => ({ op: 'is', entity_type: 'T', in: { entity } }) as const),
)

const scopes = fc.array(fc.record({ principal: role, action: role, resource: role }), { maxLength: 12 })

test('every policy whose scope matches is found, each once', () => {
  const parents = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 12 })
  fc.assert(
    fc.property(scopes, parents, fc.tuple(uid, uid, uid), (list, edges, [principal, action, resource]) => {
      const all = ['T', 'U'].flatMap((type) => ids.map((id) => ({ type, id })))
      const entities = createEntities(
        all.map((one, n) => ({
          uid: one,
          parents: edges.flatMap(([c, p]) => (c === n && p < n ? (all[p] ?? []) : [])),
        })),
      )
      const environment: Environment = {
        principal: readUid(principal, []),
        action: readUid(action, []),
        resource: readUid(resource, []),
        context: { kind: 'record', fields: new Map() },
        entities,
        actions: NO_ENTITIES,
      }
      const policies = list.map((scope) => compileScope({ effect: 'permit', conditions: [], ...scope }))
      const found = createFinder(policies).candidates(environment)
      assert.equal(new Set(found).size, found.length)
      const matching = policies.filter(({ test }) => test(environment))
      assert.deepEqual(
        matching.filter((policy) => !found.includes(policy)),
        [],
      )
    }),
    { numRuns: 1_000 },
  )
})

test('a policy about another entity is not looked at', () => {
  const about = (id: string, n: number) => {
    const handles: Handle[] = [
      { role: 'principal', by: 'type', names: ['User'] },
      { role: 'resource', by: 'entity', names: [`Model::"${id}"`] },
    ]
    return { handles, n }
  }
  const policies = Array.from({ length: 1_000 }, (_, n) => about(`${n}`, n))
  const environment: Environment = {
    principal: readUid({ type: 'User', id: 'ada' }, []),
    action: readUid({ type: 'Action', id: 'infer' }, []),
    resource: readUid({ type: 'Model', id: '7' }, []),
    context: { kind: 'record', fields: new Map() },
    entities: NO_ENTITIES,
    actions: NO_ENTITIES,
  }
  assert.deepEqual(
    createFinder(policies)
      .candidates(environment)
      .map(({ n }) => n),
    [7],
  )
})
