import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePolicies, createEntities, decide, type PolicySet } from '#policy'
import { tokenEntity, tokenSchemaProblem } from './token-entity.ts'

const actions = `
  entity Operation;
  action "call" appliesTo { principal: [Key, Token], resource: [Operation], context: {} };
}`
const start = `namespace Holdfast {
  entity Tenant;
  entity Principal in [Tenant];
  entity Key in [Principal] { name: String, scopes: Set<String> };`
const withTags = `${start}
  entity Token in [Principal] { issuer: String, scopes: Set<String> } tags Set<String>;${actions}`
const withRecord = `${start}
  entity Token in [Principal] { issuer: String, scopes: Set<String>, claims: { level?: Long, groups?: Set<String> } };${actions}`

const claims = [
  { name: 'groups', type: 'strings', from: ['groups'] },
  { name: 'level', type: 'long', from: ['level'] },
] as const
const token = {
  id: 'jwt:https://i/#alice',
  issuer: 'https://i/',
  scopes: ['chat'],
  claims: { groups: ['ml'], level: 3 },
}
const owner = { type: 'Holdfast::Principal', id: token.id }

function policies(schema: string | undefined, condition = 'true'): PolicySet {
  const who = condition === 'true' ? 'principal' : 'principal is Holdfast::Token'
  const text = `permit (${who}, action, resource) when { ${condition} };`
  return compilePolicies({
    policies: [{ name: 'p.cedar', text }],
    schema: schema === undefined ? undefined : { name: 's.cedarschema', text: schema },
  })
}

function isPermitted(set: PolicySet, holder = token): boolean {
  const request = {
    principal: { type: 'Holdfast::Token', id: holder.id },
    action: { type: 'Holdfast::Action', id: 'call' },
    resource: { type: 'Holdfast::Operation', id: 'chat' },
    context: {},
  }
  return decide(set, request, createEntities([tokenEntity(set, holder, owner)], set)).decision === 'allow'
}

test('claims decide, as tags whose values are texts', () => {
  const set = policies(withTags, 'principal.hasTag("groups") && principal.getTag("groups").contains("ml")')
  assert.equal(tokenSchemaProblem(set, claims), undefined)
  assert.equal(isPermitted(set), true)
  assert.equal(isPermitted(set, { ...token, claims: { groups: ['sales'], level: 3 } }), false)
  assert.equal(
    isPermitted(policies(withTags, 'principal.hasTag("level") && principal.getTag("level").contains("3")')),
    true,
  )
})

test('claims decide, with their types, where the schema declares them', () => {
  const set = policies(withRecord, 'principal.claims has level && principal.claims.level > 2')
  assert.equal(tokenSchemaProblem(set, claims), undefined)
  assert.equal(isPermitted(set), true)
  assert.equal(isPermitted(set, { ...token, claims: { groups: [], level: 2 } }), false)
})

test('issuer and scopes decide', () => {
  const set = policies(withTags, 'principal.issuer == "https://i/" && principal.scopes.contains("chat")')
  assert.equal(isPermitted(set), true)
  assert.equal(isPermitted(set, { ...token, issuer: 'https://other/' }), false)
  assert.equal(isPermitted(set, { ...token, scopes: [] }), false)
})

test('a schema that cannot take tokens is named, with what to add', () => {
  const old = `${start}${actions.replace('[Key, Token]', '[Key]')}`
  assert.match(tokenSchemaProblem(policies(old), []) ?? '', /no entity type Holdfast::Token/)
  const notApplied = withTags.replace('[Key, Token]', '[Key]')
  assert.match(tokenSchemaProblem(policies(notApplied), []) ?? '', /principal: \[Key, Token\]/)
  const noPlace = withTags.replace(' tags Set<String>', '')
  assert.equal(tokenSchemaProblem(policies(noPlace), []), undefined)
  assert.match(tokenSchemaProblem(policies(noPlace), claims) ?? '', /no place for claims/)
  const wrongTags = withTags.replace('tags Set<String>', 'tags Long')
  assert.match(tokenSchemaProblem(policies(wrongTags), claims) ?? '', /does not fit.*tags/)
  const wrongType = withRecord.replace('level?: Long', 'level?: String')
  assert.match(tokenSchemaProblem(policies(wrongType), claims) ?? '', /level/)
  const required = withRecord.replace('level?: Long', 'level: Long')
  assert.match(tokenSchemaProblem(policies(required), claims) ?? '', /level is missing|level: is missing|missing/)
  assert.equal(tokenSchemaProblem(policies(undefined), claims), undefined)
})
