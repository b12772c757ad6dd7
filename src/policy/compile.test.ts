import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePolicies } from './compile.ts'
import { decide } from './decide.ts'
import { createEntities } from './entities.ts'
import { PolicyError, type PolicyErrorCode } from './errors.ts'

const PERMIT = 'permit(principal, action, resource);'
const when = (condition: string) => `permit(principal, action, resource) when { ${condition} };`
const compile = (...texts: string[]) =>
  compilePolicies({ policies: texts.map((text, n) => ({ name: `${n}.cedar`, text })) })

const SCHEMA = `entity User = { age: Long, admin?: Bool };
entity Photo;
action view appliesTo { principal: User, resource: Photo, context: { n: Long } };`
const validate = (text: string, schema = SCHEMA, name = 's.cedarschema') =>
  compilePolicies({ policies: [{ name: 'a.cedar', text }], schema: { name, text: schema } })

test('a policy is called by its @id, or else by file and number', () => {
  const { policies } = compile(`${PERMIT}\n@id("mine") @owner("ml") forbid(principal, action, resource);`, PERMIT)
  assert.deepEqual(policies, [
    { id: '0#1', effect: 'permit', annotations: {}, file: '0.cedar', line: 1, text: PERMIT },
    {
      id: 'mine',
      effect: 'forbid',
      annotations: { id: 'mine', owner: 'ml' },
      file: '0.cedar',
      line: 2,
      text: '@id("mine") @owner("ml") forbid(principal, action, resource);',
    },
    { id: '1#1', effect: 'permit', annotations: {}, file: '1.cedar', line: 1, text: PERMIT },
  ])
})

test('the digest of a set is that of its files: their names, their texts and the schema', () => {
  const digest = (name: string, text: string, schema?: string) =>
    compilePolicies({
      policies: [{ name, text }],
      schema: schema === undefined ? undefined : { name: 's', text: schema },
    }).digest
  assert.match(digest('a.cedar', PERMIT), /^[0-9a-f]{64}$/)
  assert.equal(digest('a.cedar', PERMIT, SCHEMA), digest('a.cedar', PERMIT, SCHEMA))
  const others = [
    digest('a.cedar', PERMIT),
    digest('b.cedar', PERMIT),
    digest('a.cedar', `${PERMIT} `),
    digest('a.cedar', PERMIT, SCHEMA),
    digest('a.cedar', PERMIT, `${SCHEMA} `),
  ]
  assert.equal(new Set(others).size, others.length)
})

test('two policies with one id are refused, wherever they are', () => {
  const error = refusal(() => compile(`@id("x") ${PERMIT}`, `// x\n  @id("x") ${PERMIT}`), 'duplicate')
  assert.deepEqual(error.issues, [
    { file: '1.cedar', line: 2, column: 3, policy: 'x', message: 'the same id as in 0.cedar:1' },
  ])
  refusal(() => compile(PERMIT, `@id("0#1") ${PERMIT}`), 'duplicate')
})

test('every policy that is not Cedar is reported with its place', () => {
  const error = refusal(() => compile(`permit(principal);\n\n// é\n${when('"é😀" == ')}`, 'permit'), 'syntax')
  assert.deepEqual(
    error.issues.map(({ file, line, policy }) => `${file}:${line} ${policy}`),
    ['0.cedar:1 0#1', '0.cedar:4 0#2', '1.cedar:1 1#1'],
  )
  assert.equal(error.issues[1]?.column, when('"é😀" == ').indexOf('}') + 1)
  assert.match(error.message, /^0\.cedar:4:\d+: policy 0#2: unexpected token `}`/m)
})

test('templates, empty ids and strings that do not end are refused', () => {
  const cases: [string, RegExp][] = [
    ['permit(principal == ?principal, action, resource);', /template containing the slot \?principal/],
    [`@id("") ${PERMIT}`, /@id must not be empty/],
    [`${when('"abc')}\n${PERMIT}`, /invalid token/],
    [when('9223372036854775808 > 0'), /too large/],
  ]
  for (const [text, message] of cases) assert.match(refusal(() => compile(text), 'syntax').message, message)
})

test('with a schema, a misspelt attribute or action does not pass', () => {
  const text = `${PERMIT}\n${when('\n  principal.agee > 3')}\nforbid(principal, action == Action::"veiw", resource);`
  const error = refusal(() => validate(text), 'invalid')
  assert.deepEqual(
    error.issues.filter(({ message }) => /did you mean/.test(message)).map(({ line, policy }) => `${line} ${policy}`),
    ['3 a#2', '4 a#3'],
  )
  assert.match(error.message, /a\.cedar:3:3: policy a#2: attribute `agee` on entity type `User` not found/)
  refusal(() => validate(when('principal.admin')), 'invalid')
  assert.deepEqual(validate(when('principal has admin && principal.admin')).warnings, [])
})

test('what is valid but can never apply is a warning', () => {
  const { warnings } = validate(when('principal.age > 3 && false'))
  assert.match(warnings[0]?.message ?? '', /impossible/)
})

test('a schema that is not one is refused with its place', () => {
  const cases: [string, string, RegExp][] = [
    ['s.cedarschema', 'entity User = {\n  age: Longg\n};', /^s\.cedarschema:2:8: failed to resolve type: Longg/],
    ['s.cedarschema', 'entity User = {;', /^s\.cedarschema:1:16: unexpected token `;`/],
    ['s.cedarschema', 'type A = {x: B}; type B = {x: A}; entity User = {a: A};', /cycle/],
    ['s.cedarschema.json', '{"":', /^s\.cedarschema\.json:1:1: /],
    ['s.cedarschema.json', '[]', /expected a map/],
  ]
  for (const [name, schema, message] of cases) {
    assert.match(refusal(() => validate(PERMIT, schema, name), 'syntax').message, message)
  }
})

test('integers are exact to the last digit, beyond what JSON keeps', () => {
  const cases: [string, boolean][] = [
    ['9007199254740993 == 9007199254740992', false],
    ['9007199254740993 - 9007199254740992 == 1', true],
    ['9223372036854775807 == 9223372036854775806 + 1', true],
    ['-9223372036854775808 < -9223372036854775807', true],
    ['-(-9223372036854775807) == 9223372036854775807', true],
    ['9007199254740991 == 9007199254740993', false],
    ['"9007199254740993" == "9007199254740992"', false],
  ]
  for (const [condition, holds] of cases) assert.equal(decision(condition), holds ? 'allow' : 'deny', condition)
})

test('a policy nested too deeply is refused, and the next one is read as ever', () => {
  const deep = [
    when(`${'('.repeat(5_000)}true${')'.repeat(5_000)}`),
    when(`${'['.repeat(500)}${']'.repeat(500)}.isEmpty()`),
    when(`${'if true then '.repeat(3_000)}true${' else false'.repeat(3_000)}`),
    when(`${Array(900).fill('1').join(' + ')} == 900`),
  ]
  for (const text of deep) {
    const error = refusal(() => compile(PERMIT, text), 'too_complex')
    assert.deepEqual(
      { ...error.issues[0], message: '' },
      { file: '1.cedar', line: 1, column: 1, policy: '1#1', message: '' },
    )
    assert.equal(compile(PERMIT).policies.length, 1)
  }
  refusal(() => validate(PERMIT, `type A = ${'{a: '.repeat(1_000)}Long${'}'.repeat(1_000)};`), 'too_complex')
  const set = `${'{"type":"Set","element":'.repeat(200)}{"type":"Long"}${'}'.repeat(200)}`
  const json = `{"":{"commonTypes":{"A":${set}},"entityTypes":{},"actions":{}}}`
  refusal(() => validate(PERMIT, json, 's.cedarschema.json'), 'too_complex')
})

test('a condition may be as long as a list grows', () => {
  assert.equal(decision(Array(2_000).fill('true').join(' && ')), 'allow')
  assert.equal(decision(Array(2_000).fill('false').join(' || ')), 'deny')
  assert.equal(decision(`[${Array.from({ length: 5_000 }, (_, n) => n).join(', ')}].contains(4999)`), 'allow')
})

test('too many policies, or too long ones, are refused unread', () => {
  refusal(() => compile('a;'.repeat(10_001)), 'too_complex')
  refusal(() => compile('/'.repeat(17 * 1024 * 1024)), 'too_complex')
})

test('a mark at the beginning of a file, as some editors leave, is no part of the policy', () => {
  assert.equal(compile(`\uFEFF${PERMIT}`).policies.length, 1)
})

function decision(condition: string): string {
  const uid = { type: 'T', id: 'x' }
  const answer = decide(
    compile(when(condition)),
    { principal: uid, action: uid, resource: uid, context: {} },
    createEntities([]),
  )
  assert.deepEqual(answer.errors, [])
  return answer.decision
}

function refusal(run: () => unknown, code: PolicyErrorCode): PolicyError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof PolicyError)
    assert.equal(error.code, code, error.message)
    return error
  }
  assert.fail(`not refused as ${code}`)
}
