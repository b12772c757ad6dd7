import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apiActivity } from '#audit'
import { compilePolicies, createEntities, type PolicySet } from '#policy'
import { type Basis, basisType, digestBasis } from '../basis.ts'
import { judge, loggedQuestion, type PolicyQuestion } from '../question.ts'
import { createReplay, type ReplayReport } from './replay.ts'

const schema = {
  name: 's.cedarschema',
  text: `namespace Holdfast {
  entity Tenant;
  entity Principal in [Tenant];
  entity Key in [Principal] { name: String, scopes: Set<String> };
  entity Operation;
  entity Upstream;
  entity Model in [Upstream] { name: String };
  action "call" appliesTo { principal: [Key], resource: [Operation], context: {} };
  action "infer" appliesTo { principal: [Key], resource: [Model], context: { stream: Bool, tools: Bool } };
}`,
}
const compile = (...policies: string[]) =>
  compilePolicies({ policies: [{ name: 'p.cedar', text: policies.join('\n') }], schema })

const clauses = [
  '@id("chat") permit(principal, action, resource) when { principal.scopes.contains("chat") };',
  '@id("list") permit(principal, action == Holdfast::Action::"call", resource == Holdfast::Operation::"models");',
  '@id("no-acme") forbid(principal in Holdfast::Tenant::"acme", action, resource);',
  '@id("no-stream") forbid(principal, action == Holdfast::Action::"infer", resource) when { context.stream };',
  '@id("not-at-b") forbid(principal, action == Holdfast::Action::"infer", resource in Holdfast::Upstream::"b");',
  '@id("broken") forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };',
  '@id("broken-permit") permit(principal, action, resource) when { principal.name == "x" && 9223372036854775807 + 1 > 0 };',
]

const question: fc.Arbitrary<PolicyQuestion> = fc.oneof(
  fc.record({ action: fc.constant('call' as const), operation: fc.constantFrom('chat', 'models') }),
  fc.record({
    action: fc.constant('infer' as const),
    model: fc.oneof(fc.constantFrom('gpt', 'x"\\'), fc.string({ maxLength: 1500 })),
    upstream: fc.constantFrom('a', 'b'),
    context: fc.record({ stream: fc.boolean(), tools: fc.boolean() }),
  }),
)
const caller = fc.record({
  id: fc.string({ minLength: 1 }),
  tenant: fc.constantFrom('acme', 'other'),
  scopes: fc.uniqueArray(fc.constantFrom('chat', 'embeddings')),
  name: fc.constantFrom('x', 'y'),
})
type Caller = typeof caller extends fc.Arbitrary<infer T> ? T : never

/** As the gateway writes them, and as they come back from the log. */
function recorded(
  set: PolicySet,
  { id, tenant, scopes, name }: Caller,
  questions: readonly PolicyQuestion[],
): unknown[] {
  const principal = { type: 'Holdfast::Key', id: 'key_1' }
  const basis: Basis = {
    policies: set.digest,
    configuration: 'c',
    principal,
    entities: [
      { uid: principal, attrs: { name, scopes }, parents: [{ type: 'Holdfast::Principal', id }] },
      { uid: { type: 'Holdfast::Principal', id }, attrs: {}, parents: [{ type: 'Holdfast::Tenant', id: tenant }] },
      { uid: { type: 'Holdfast::Tenant', id: tenant }, attrs: {}, parents: [] },
    ],
  }
  const digested = digestBasis(basis, tenant, false)
  const known = createEntities(basis.entities, set)
  const asked = questions.map((each) => loggedQuestion(each, judge(set, each, principal, known)))
  return [basisEvent(digested.digest, digested.basis), decision({ policy: { basis: digested.digest, asked } })].map(
    fromLog,
  )
}

function basisEvent(digest: string, basis: object) {
  return { class_uid: 3004, time: 1, metadata: {}, entity: { uid: digest, type: basisType, data: basis } }
}

function decision(details: object, more: object = {}) {
  return apiActivity({
    time: 1_790_000_000_000,
    uid: 'ex_1.decision',
    phase: 'decision',
    exchange: 'ex_1',
    operation: 'chat.completions',
    request: { method: 'POST', path: '/v1/chat/completions' },
    actor: { principal: 'mia' },
    status: 'success',
    action: 'allowed',
    rule: 'chat',
    scan: 'scanned',
    details: { ...details },
    ...more,
  })
}

const fromLog = (event: object): unknown => JSON.parse(JSON.stringify(event))

async function replayed(set: PolicySet, events: readonly unknown[]): Promise<ReplayReport> {
  const replay = createReplay(set, async () => undefined)
  for (const [index, event] of events.entries()) await replay.take({ index, event })
  return replay.report()
}

test('under the policies that decided, no recorded decision is another one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(clauses, { minLength: 1 }),
      fc.array(fc.tuple(caller, fc.array(question, { maxLength: 6 })), { maxLength: 5 }),
      async (policies, exchanges) => {
        const set = compile(...policies)
        const events = exchanges.flatMap(([who, questions]) => recorded(set, who, questions))
        const report = await replayed(set, events)
        assert.deepEqual(report.changed, { newly_allowed: 0, newly_denied: 0, other_rule: 0 })
        assert.deepEqual(report.differences, [])
        const { withheld, ...otherwise } = report.inconclusive
        assert.deepEqual(otherwise, { not_recorded: 0, no_basis: 0, damaged: 0, does_not_fit: 0 })
        assert.equal(report.same + withheld, report.decisions)
        assert.equal(report.decisions, exchanges.flatMap(([, questions]) => questions).length)
        const tooLong = exchanges
          .flatMap(([, questions]) => questions)
          .filter((each) => JSON.stringify(each).length > 1024)
        assert.equal(withheld, tooLong.length, 'only what is too long for the log is withheld')
      },
    ),
    { numRuns: 60 },
  )
})

test('under other policies, every decision is what those policies say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(clauses, { minLength: 1 }),
      fc.subarray(clauses, { minLength: 1 }),
      caller,
      fc.array(
        question.filter((each) => JSON.stringify(each).length <= 1024),
        { maxLength: 6 },
      ),
      async (before, after, who, questions) => {
        const [old, edited] = [compile(...before), compile(...after)]
        const report = await replayed(edited, recorded(old, who, questions))
        const [, event] = recorded(edited, who, questions)
        const [, was] = recorded(old, who, questions)
        const allowed = (from: unknown) => JSON.stringify(from).match(/"allow":\[/g)?.length ?? 0
        assert.equal(report.changed.newly_allowed - report.changed.newly_denied, allowed(event) - allowed(was))
        assert.equal(
          report.same + report.changed.newly_allowed + report.changed.newly_denied + report.changed.other_rule,
          questions.length,
        )
      },
    ),
    { numRuns: 60 },
  )
})

const mia: Caller = { id: 'mia', tenant: 'other', scopes: ['chat'], name: 'y' }
const infer = { action: 'infer', model: 'gpt', upstream: 'b', context: { stream: false, tools: false } } as const
const permit = clauses[0] ?? ''
const forbidB = clauses[4] ?? ''

test('what would be newly allowed comes first, with who, what and the policies', async () => {
  const denied = recorded(compile(permit, forbidB), mia, [infer])
  const allowed = recorded(compile(permit), mia, [infer, { action: 'call', operation: 'chat' }])
  const edited = compile(
    permit.replace('"chat")', '"chat")').replace('action,', 'action == Holdfast::Action::"infer",'),
  )
  const { differences } = await replayed(edited, [...allowed, ...allowed, ...denied])
  assert.deepEqual(differences, [
    {
      change: 'newly_allowed',
      principal: 'mia',
      asked: 'infer gpt at b',
      was: ['not-at-b'],
      now: ['chat'],
      count: 1,
      examples: ['ex_1'],
    },
    {
      change: 'newly_denied',
      principal: 'mia',
      asked: 'call chat',
      was: ['chat'],
      now: [],
      count: 2,
      examples: ['ex_1'],
    },
  ])
})

test('the same decision by another policy is told as that', async () => {
  const events = recorded(compile(permit), mia, [infer])
  const { changed, differences } = await replayed(compile(permit.replace('"chat") permit', '"talk") permit')), events)
  assert.deepEqual(changed, { newly_allowed: 0, newly_denied: 0, other_rule: 1 })
  assert.deepEqual(differences[0]?.now, ['talk'])
})

test('calls of the management API are counted and left out', async () => {
  const call = decision({}, { exchange: 'api_1', operation: 'management.listKeys' })
  const { management, exchanges, inconclusive } = await replayed(compile(permit), [call, ...good])
  assert.deepEqual(
    { management, exchanges, unclear: inconclusive.not_recorded },
    { management: 1, exchanges: 1, unclear: 0 },
  )
})

const good = recorded(compile(permit), mia, [infer])
const [basis, decided] = good
const changedEvents: readonly [what: string, events: readonly unknown[], why: keyof ReplayReport['inconclusive']][] = [
  ['an entry without the data', [decision({})], 'not_recorded'],
  ['a decision whose basis is not in the log', [decided], 'no_basis'],
  ['a basis that was changed', [edit(basis, '"chat"', '"root"'), decided], 'no_basis'],
  ['a basis that somebody forged under another name', [edit(basis, '"key_1"', '"key_2"'), decided], 'no_basis'],
  ['an answer that is neither yes nor no', [basis, edit(decided, '"allow":', '"maybe":')], 'damaged'],
  ['an answer that is both', [basis, edit(decided, '"allow":', '"deny":[],"allow":')], 'damaged'],
  ['a question of a wrong type', [basis, edit(decided, '"model":"gpt"', '"model":{"$gt":""}')], 'damaged'],
  ['a context that is no Cedar value', [basis, edit(decided, '"stream":false', '"stream":null')], 'damaged'],
  ['a context that the schema does not know', [basis, edit(decided, '"stream":false', '"stream":1')], 'does_not_fit'],
  ['a digest that is none', [basis, edit(decided, '"basis":"', '"basis":"../')], 'damaged'],
  ['bytes that are no event', [undefined], 'damaged'],
  ['a time of a wrong type', [basis, { ...toObject(decided), time: 'yesterday' }], 'damaged'],
]
for (const [what, events, why] of changedEvents)
  test(`${what} is inconclusive, and not the same`, async () => {
    const report = await replayed(compile(permit), events)
    assert.equal(report.same, 0)
    assert.equal(report.inconclusive[why], 1, JSON.stringify(report.inconclusive))
  })

test('a caller that the edited schema does not know is inconclusive', async () => {
  const text = schema.text.replace('name: String, scopes', 'name: Long, scopes')
  const set = compilePolicies({ policies: [{ name: 'p.cedar', text: permit }], schema: { ...schema, text } })
  assert.equal((await replayed(set, good)).inconclusive.does_not_fit, 1)
})

test('claims are on record only when the operator wants it, and a decision without them is inconclusive', async () => {
  const entity = {
    uid: { type: 'Holdfast::Token', id: 'u' },
    attrs: { claims: { mail: 'a@b.example' } },
    tags: { mail: ['a@b.example'] },
  }
  const full: Basis = { policies: 'p', configuration: 'c', principal: entity.uid, entities: [entity] }
  const kept = digestBasis(full, 't', true)
  const stripped = digestBasis(full, 't', false)
  assert.match(JSON.stringify(kept), /a@b\.example/)
  assert.doesNotMatch(JSON.stringify(stripped), /a@b\.example/)
  const set = compilePolicies({
    policies: [{ name: 'p.cedar', text: '@id("all") permit(principal, action, resource);' }],
  })
  const asked = [{ action: 'call', operation: 'chat', allow: ['all'] }]
  const eventsOf = ({ digest, basis }: typeof kept) => [
    basisEvent(digest, basis),
    decision({ policy: { basis: digest, asked } }),
  ]
  assert.equal((await replayed(set, eventsOf(kept).map(fromLog))).same, 1)
  assert.equal((await replayed(set, eventsOf(stripped).map(fromLog))).inconclusive.withheld, 1)
})

test('an exchange that was refused before policy was asked is not counted as anything else', async () => {
  const refused = decision({ stage: 'identify' }, { status: 'failure', action: 'denied', rule: 'identify: missing' })
  const report = await replayed(compile(permit), [fromLog(refused)])
  assert.deepEqual([report.exchanges, report.notAsked, report.decisions], [1, 1, 0])
})

test('questions beyond those on record are inconclusive', async () => {
  const event = edit(decided, '"asked":', '"asked_total":12,"asked":')
  const report = await replayed(compile(permit), [basis, event])
  assert.deepEqual([report.decisions, report.same, report.inconclusive.withheld], [12, 1, 11])
})

function edit(event: unknown, from: string, to: string): unknown {
  const text = JSON.stringify(event)
  assert.ok(text.includes(from), from)
  return JSON.parse(text.replace(from, to))
}

function toObject(value: unknown): object {
  assert.ok(typeof value === 'object' && value !== null)
  return value
}
