import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { checkPolicies, type PolicySources } from './check.ts'
import { compileChecked } from './compile.ts'
import { PolicyError, type PolicyErrorCode } from './errors.ts'
import { type CheckLimits, checkInThread } from './thread.ts'

const PERMIT = 'permit(principal, action, resource);'
const when = (condition: string) => `permit(principal, action, resource) when { ${condition} };`
const sourcesOf = (policy: string, schema?: string): PolicySources => ({
  policies: [{ name: 'a.cedar', text: policy }],
  schema: schema === undefined ? undefined : { name: 's.cedarschema', text: schema },
})

/** Forty lines; written out it has a million million attributes. */
const DOUBLING = `type T0 = { x: Long };
${Array.from({ length: 40 }, (_, n) => `type T${n + 1} = { a: T${n}, b: T${n} };`).join('\n')}
entity User = { t: T40 };
action view appliesTo { principal: User, resource: User };`

const ENDED = -1
const started: Worker[] = []
process.on('worker', (worker) => started.push(worker))

test('a thread finds what checking in this one finds', async () => {
  const sources = sourcesOf(
    `@id("large") ${when('9007199254740993 - context.n == -9223372036854775808')}
     @id("odd") ${when('principal.age > 3 && false')} @__proto__("x") ${PERMIT}`,
    'entity User = { age: Long }; action view appliesTo { principal: User, resource: User, context: { n: Long } };',
  )
  const checked = checkPolicies(sources)
  assert.equal(checked.warnings.length, 1)
  assert.equal(checked.policies[0]?.largeIntegers.length, 2)
  assert.deepEqual(await checkInThread(Promise.resolve(sources)), checked)
  assert.equal(started.at(-1)?.threadId, ENDED)
})

test('a condition as long as a list grows comes back from the thread, however deep its form is', async () => {
  const checked = await checkInThread(Promise.resolve(sourcesOf(when(Array(2_000).fill('true').join(' && ')))))
  assert.equal(compileChecked(checked, '').policies.length, 1)
})

test('what is wrong with a policy is told as in this thread', async () => {
  const cases: [PolicySources, PolicyErrorCode][] = [
    [sourcesOf('permit(principal);\n permit'), 'syntax'],
    [sourcesOf(when('context.m == 1'), 'action view appliesTo { principal: [], resource: [] };'), 'syntax'],
    [sourcesOf(when('principal.agee > 3'), 'entity U; action a appliesTo { principal: U, resource: U };'), 'invalid'],
    [sourcesOf(`@id("x") ${PERMIT} @id("x") ${PERMIT}`), 'duplicate'],
    [sourcesOf(when(`${'('.repeat(5_000)}true${')'.repeat(5_000)}`)), 'too_complex'],
  ]
  for (const [sources, code] of cases) {
    const { issues } = await refusal(checkInThread(Promise.resolve(sources)), code)
    assert.throws(() => checkPolicies(sources), { code, issues })
  }
})

test('a schema that Cedar would work on for days is given up at the time limit', async () => {
  const limits: CheckLimits = { timeLimitMs: 1_000, memoryLimitMb: 1024 }
  const error = await refusal(checkInThread(Promise.resolve(sourcesOf(PERMIT, DOUBLING)), limits), 'too_complex')
  assert.equal(error.message, 'policies: checking them takes more than 1 s')
})

test('sources that never come are given up at the time limit', async () => {
  const never = Promise.withResolvers<PolicySources>().promise
  await refusal(checkInThread(never, { timeLimitMs: 100, memoryLimitMb: 1024 }), 'too_complex')
})

test('policies that take more memory than allowed are given up', async () => {
  const sources = sourcesOf(when(`[${'1,'.repeat(1_000_000)}1].isEmpty()`))
  const limits: CheckLimits = { timeLimitMs: 30_000, memoryLimitMb: 96 }
  const error = await refusal(checkInThread(Promise.resolve(sources), limits), 'too_complex')
  assert.equal(error.message, 'policies: checking them takes more than 96 MB of memory')
})

test('a thread that dies is an error, and not a wait', async () => {
  const error = await refusal(checkInThread(Promise.resolve(JSON.parse('null'))), 'crashed')
  assert.match(error.message, /the thread that checks them failed/)
  assert.ok(error.cause instanceof TypeError)
})

async function refusal(checking: Promise<unknown>, code: PolicyErrorCode): Promise<PolicyError> {
  const error = await checking.then(
    () => assert.fail(`not refused as ${code}`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof PolicyError)
  assert.equal(error.code, code, error.message)
  assert.equal(started.at(-1)?.threadId, ENDED)
  return error
}
