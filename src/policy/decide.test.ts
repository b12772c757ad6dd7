import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePolicies } from './compile.ts'
import { decide, type PolicyRequest } from './decide.ts'
import { createEntities } from './entities.ts'
import { PolicyError } from './errors.ts'

const uid = (type: string, id: string) => ({ type, id })

const request: PolicyRequest = {
  principal: uid('User', 'ada'),
  action: uid('Action', 'infer'),
  resource: uid('Model', 'gpt'),
  context: { tokens: 7 },
}

const entities = createEntities([
  { uid: uid('User', 'ada'), attrs: { age: 36 }, parents: [uid('Team', 'red')] },
  { uid: uid('Team', 'red'), parents: [uid('Org', 'all')] },
])

const policies = (...texts: string[]) => compilePolicies({ policies: [{ name: 'p.cedar', text: texts.join('\n') }] })
const when = (condition: string, effect = 'permit') => `${effect}(principal, action, resource) when { ${condition} };`

test('what no policy permits is denied', () => {
  assert.deepEqual(decide(policies(), request, entities), { decision: 'deny', reasons: [], errors: [] })
  assert.deepEqual(decide(policies(when('false')), request, entities), { decision: 'deny', reasons: [], errors: [] })
})

test('a forbid overrides every permit, and only those that decided are reasons', () => {
  const set = policies(when('true'), when('true', 'forbid'), when('false', 'forbid'), when('1 < 2', 'forbid'))
  assert.deepEqual(decide(set, request, entities), { decision: 'deny', reasons: ['p#2', 'p#4'], errors: [] })
})

test('reasons are in the order of the policies, wherever they were found', () => {
  const set = policies(
    'permit(principal, action, resource == Model::"gpt");',
    'permit(principal in Org::"all", action, resource);',
    'permit(principal, action, resource);',
    'permit(principal is User in Team::"red", action, resource);',
    'permit(principal, action in [Action::"embed", Action::"infer"], resource is Model);',
    'permit(principal == User::"bob", action, resource);',
  )
  assert.deepEqual(decide(set, request, entities).reasons, ['p#1', 'p#2', 'p#3', 'p#4', 'p#5'])
})

test('a policy that cannot be evaluated takes no part and is reported, without the id of an entity', () => {
  const set = policies(when('principal.salary > 3'), when('context.tokens > 3'), when('resource.x == 1', 'forbid'))
  assert.deepEqual(decide(set, request, entities), {
    decision: 'allow',
    reasons: ['p#2'],
    errors: [
      { policy: 'p#1', effect: 'permit', message: "the entity of type User has no attribute 'salary'" },
      { policy: 'p#3', effect: 'forbid', message: "the entity of type Model has no attribute 'x'" },
    ],
  })
})

test('an overflow is an error of the policy', () => {
  const { errors } = decide(policies(when('context.tokens * 9223372036854775807 > 0')), request, entities)
  assert.deepEqual(errors, [{ policy: 'p#1', effect: 'permit', message: 'integer overflow' }])
})

test('the entities of one request join those in memory', () => {
  const set = policies('permit(principal in Org::"all", action, resource) when { resource.tier == 1 };')
  const own = entities.with([
    { uid: uid('ApiKey', 'k1'), parents: [uid('Team', 'red')] },
    { uid: uid('Model', 'gpt'), attrs: { tier: 1 } },
  ])
  const asKey = { ...request, principal: uid('ApiKey', 'k1') }
  assert.equal(decide(set, asKey, own).decision, 'allow')
  assert.equal(decide(set, asKey, entities).decision, 'deny')
})

const SCHEMA = `
  entity User in [Team]; entity Team; entity Model;
  entity Region enum ["eu", "us"];
  action use;
  action infer, embed in [use] appliesTo {
    principal: User, resource: [Model, Region], context: { tokens: Long, address?: ipaddr, team?: Team }
  };`

const declared = compilePolicies({
  policies: [
    {
      name: 'p.cedar',
      text: `permit(principal, action in Action::"use", resource);
        forbid(principal, action, resource) when { context has address && !context.address.isInRange(ip("10.0.0.0/8")) };`,
    },
  ],
  schema: { name: 's.cedarschema', text: SCHEMA },
})
const nobody = createEntities([], declared)

test('the groups of actions are those of the schema', () => {
  assert.equal(decide(declared, request, nobody).decision, 'allow')
})

test('with a schema, the context is read as declared', () => {
  const from = (address: string) => decide(declared, { ...request, context: { tokens: 1, address } }, nobody).decision
  assert.equal(from('10.1.2.3'), 'allow')
  assert.equal(from('11.1.2.3'), 'deny')
})

test('with a schema, a request that does not conform to it is refused, and never decided', () => {
  const cases: [Partial<PolicyRequest>, RegExp][] = [
    [{ action: uid('Action', 'erase') }, /action: is not declared/],
    [{ action: uid('Action', 'use') }, /principal: the action does not apply to the type User/],
    [{ principal: uid('Team', 'red') }, /principal: the action does not apply to the type Team/],
    [{ resource: uid('Region', 'mars') }, /resource: is not one of the entities/],
    [{ context: {} }, /context\.tokens: is missing/],
    [{ context: { tokens: '7' } }, /context\.tokens: must be of type long, not string/],
    [{ context: { tokens: 1, more: 1 } }, /context\.more: is not declared/],
    [{ context: { tokens: 1, team: { __entity: uid('User', 'ada') } } }, /context\.team: must be of type Team/],
  ]
  for (const [part, message] of cases) refused(() => decide(declared, { ...request, ...part }, nobody), message)
})

test('a request that is no Cedar request is refused', () => {
  const set = policies('permit(principal, action, resource);')
  const cases: [object, RegExp][] = [
    [{ principal: undefined }, /principal: an entity is written/],
    [{ principal: uid('User"', 'x') }, /principal: the type of an entity must be a name/],
    [{ resource: { type: 'Model', id: 7 } }, /resource: an entity is written/],
    [{ context: null }, /context: must be an object/],
    [{ context: { a: { b: 0.5 } } }, /context\.a\.b: a number must be an integer/],
    [{ context: { a: undefined } }, /context\.a: undefined is not a Cedar value/],
  ]
  // Ill-typed on purpose: what a caller without types might pass.
  for (const [part, message] of cases)
    refused(() => decide(set, Object.assign({ ...request }, part), entities), message)
})

test('names of attributes that objects inherit are not attributes', () => {
  const set = policies(when('context has toString || context has __proto__ || context.constructor == 1'))
  assert.deepEqual(decide(set, request, entities).errors, [
    { policy: 'p#1', effect: 'permit', message: "the record has no attribute 'constructor'" },
  ])
})

test('a huge set in the context is searched once a policy, not once a member', () => {
  const set = policies(
    ...Array.from({ length: 100 }, (_, n) => when(`context.ids.contains(${n}) && context.ids.contains(-1)`)),
  )
  const context = { ids: Array.from({ length: 200_000 }, (_, n) => n) }
  assert.equal(decide(set, { ...request, context }, entities).decision, 'deny')
})

function refused(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error) => error instanceof PolicyError && error.code === 'request' && message.test(error.message))
}
