import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePolicies } from './compile.ts'

const compile = (name: string, text: string) =>
  compilePolicies({
    policies: [{ name: 'p.cedar', text: 'permit(principal, action, resource);' }],
    schema: { name, text },
  })

test('a name means what is nearest: in its namespace, then outside, then built in', () => {
  const { schema } = compile(
    's.cedarschema',
    `type Size = Set<Root>;
     entity Root;
     namespace Org {
       type Level = String;
       entity Long;
       entity Team in [Team] = { near: Level, own: Long, builtIn: __cedar::Long, text: String, far: Other::Level, team: Team, size: Size };
       action view appliesTo { principal: Team, resource: Other::Team };
     }
     namespace Other {
       type Level = Set<{ level: decimal }>;
       entity Team in [Org::Team, Root];
     }`,
  )
  const attributes = schema?.entityTypes.get('Org::Team')?.attributes.attributes
  const kinds = attributes && Object.fromEntries([...attributes].map(([name, { type }]) => [name, type]))
  assert.deepEqual(kinds, {
    near: { kind: 'string' },
    own: { kind: 'entity', type: 'Org::Long' },
    builtIn: { kind: 'long' },
    text: { kind: 'string' },
    far: {
      kind: 'set',
      element: {
        kind: 'record',
        attributes: new Map([['level', { type: { kind: 'decimal' }, required: true }]]),
      },
    },
    team: { kind: 'entity', type: 'Org::Team' },
    size: { kind: 'set', element: { kind: 'entity', type: 'Root' } },
  })
  assert.deepEqual(schema?.entityTypes.get('Other::Team')?.parentTypes, new Set(['Org::Team', 'Root']))
  const view = schema?.actionTypes.get('Org::Action::"view"')
  assert.deepEqual(view?.principalTypes, new Set(['Org::Team']))
  assert.deepEqual(view?.resourceTypes, new Set(['Other::Team']))
})

test('an action is in its groups, those of other namespaces too', () => {
  const { actions } = compile(
    's.cedarschema',
    `namespace A { action view in [read, B::Action::"all"]; action read in [any]; action any; }
     namespace B { action all; }`,
  )
  assert.deepEqual(
    actions.find('A::Action::"view"')?.ancestors,
    new Set(['A::Action::"read"', 'B::Action::"all"', 'A::Action::"any"']),
  )
})

test('a schema in JSON may use common types as shapes, and says Extension and Entity outright', () => {
  const { schema } = compile(
    's.cedarschema.json',
    JSON.stringify({
      Org: {
        commonTypes: {
          Shape: { type: 'Record', attributes: { ip: { type: 'Extension', name: 'ipaddr', required: false } } },
        },
        entityTypes: { Host: { shape: { type: 'Shape' }, tags: { type: 'Entity', name: 'Host' } } },
        actions: {
          view: { appliesTo: { principalTypes: ['Host'], resourceTypes: ['Host'], context: { type: 'Shape' } } },
        },
      },
    }),
  )
  const shape = { kind: 'record', attributes: new Map([['ip', { type: { kind: 'ip' }, required: false }]]) }
  assert.deepEqual(schema?.entityTypes.get('Org::Host')?.attributes, shape)
  assert.deepEqual(schema?.entityTypes.get('Org::Host')?.tags, { kind: 'entity', type: 'Org::Host' })
  assert.deepEqual(schema?.actionTypes.get('Org::Action::"view"')?.context, shape)
})

test('a common type is read once, however often it is used', () => {
  const { schema } = compile('s.cedarschema', 'type Inner = { n: Long }; entity User = { x: Inner, y: Set<Inner> };')
  const attributes = schema?.entityTypes.get('User')?.attributes.attributes
  const [x, y] = [attributes?.get('x')?.type, attributes?.get('y')?.type]
  assert.ok(y?.kind === 'set' && x?.kind === 'record')
  assert.equal(y.element, x)
})
