/** Our evaluator against Cedar's own on policies made up by chance, well typed or not: what one says, the other says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import fc from 'fast-check'
import { compilePolicies } from './compile.ts'
import { decide } from './decide.ts'
import { createEntities } from './entities.ts'

const uid = (type: string, id: string) => ({ type, id })

const entities = [
  {
    uid: uid('User', 'ada'),
    attrs: { age: 36, name: 'ada', friend: { __entity: uid('User', 'bob') }, big: 9007199254740991 },
    parents: [uid('Team', 'red')],
    tags: { k: 1, other: 'x' },
  },
  { uid: uid('User', 'bob'), attrs: { age: -1 }, parents: [uid('Team', 'gone')] },
  { uid: uid('Team', 'red'), attrs: {}, parents: [uid('Org', 'all')], tags: { k: ['x'] } },
  { uid: uid('Org', 'all'), attrs: { list: [1, 'a', [true], { a: 1 }] }, parents: [] },
]

const request = {
  principal: uid('User', 'ada'),
  action: uid('Action', 'infer'),
  resource: uid('User', 'bob'),
  context: {
    n: 7,
    s: 'a*b',
    set: [1, 2, 'a', { a: 1 }],
    record: { a: 1, deep: { b: true } },
    ip: { __extn: { fn: 'ip', arg: '10.1.2.0/24' } },
    at: { __extn: { fn: 'datetime', arg: '2024-02-29T12:34:56.789Z' } },
    ghost: { __entity: uid('User', 'nobody') },
  },
}

/** Expressions by type; one operand in twenty is of any type, so that type errors are compared too. */
interface Types {
  bool: string
  long: string
  text: string
  entity: string
  set: string
  record: string
  ip: string
  decimal: string
  datetime: string
  duration: string
}

const { bool: condition } = fc.letrec((tie: fc.LetrecTypedTie<Types & { any: string }>) => {
  const any = tie('any')
  const of = (type: keyof Types) => fc.oneof({ weight: 19, arbitrary: tie(type) }, { weight: 1, arbitrary: any })
  const call = (on: keyof Types, methods: string[], ...args: fc.Arbitrary<string>[]) =>
    fc
      .tuple(of(on), fc.constantFrom(...methods), fc.tuple(...args))
      .map(([x, m, list]) => `(${x}).${m}(${list.join(', ')})`)
  const infix = (left: fc.Arbitrary<string>, signs: string[], right: fc.Arbitrary<string>) =>
    fc.tuple(left, fc.constantFrom(...signs), right).map(([a, sign, b]) => `((${a}) ${sign} (${b}))`)
  const choice = (type: keyof Types) =>
    fc.tuple(of('bool'), of(type), of(type)).map(([c, a, b]) => `(if ${c} then ${a} else ${b})`)
  const nested = (...options: fc.Arbitrary<string>[]) =>
    fc.oneof({ maxDepth: 5, depthSize: 'medium', withCrossShrink: true }, ...options)
  const types: (keyof Types)[] = [
    'bool',
    'long',
    'text',
    'entity',
    'set',
    'record',
    'ip',
    'decimal',
    'datetime',
    'duration',
  ]

  return {
    any: fc.oneof(...types.map((type) => tie(type))),
    bool: nested(
      fc.constantFrom('true', 'false', 'context.record.deep.b'),
      infix(of('bool'), ['&&', '||'], of('bool')),
      of('bool').map((a) => `(!(${a}))`),
      infix(any, ['==', '!='], any),
      ...types.map((type) => infix(of(type), ['==', '!='], of(type))),
      infix(of('long'), ['<', '<=', '>', '>='], of('long')),
      infix(of('datetime'), ['<', '<=', '>', '>='], of('datetime')),
      infix(of('duration'), ['<', '<=', '>', '>='], of('duration')),
      infix(of('entity'), ['in'], fc.oneof(of('entity'), entitySet())),
      fc.tuple(of('entity'), typeName(), of('entity')).map(([a, type, b]) => `((${a}) is ${type} in (${b}))`),
      fc.tuple(of('entity'), typeName()).map(([a, type]) => `((${a}) is ${type})`),
      fc.tuple(fc.oneof(of('entity'), of('record')), attributePath()).map(([a, path]) => `((${a}) has ${path})`),
      fc.tuple(of('text'), pattern()).map(([a, like]) => `((${a}) like "${like}")`),
      call('set', ['contains'], any),
      call('set', ['containsAll', 'containsAny'], of('set')),
      call('set', ['isEmpty']),
      call('entity', ['hasTag'], of('text')),
      call('ip', ['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast']),
      call('ip', ['isInRange'], of('ip')),
      call('decimal', ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'], of('decimal')),
    ),
    long: nested(
      fc.integer({ min: -3, max: 40 }).map(String),
      fc.constantFrom(
        '9223372036854775807',
        '-9223372036854775808',
        '9007199254740993',
        '4611686018427387904',
        '3037000500',
      ),
      fc.constantFrom('principal.age', 'context.n', 'principal.big', 'resource.age', 'principal.getTag("k")'),
      infix(of('long'), ['+', '-', '*'], of('long')),
      of('long').map((a) => `(-(${a}))`),
      call('duration', ['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays']),
      choice('long'),
    ),
    text: nested(
      fc.constantFrom(
        '"a"',
        '"a*b"',
        '"k"',
        '""',
        '"é\\u{1F600}"',
        'context.s',
        'principal.name',
        'principal.getTag("other")',
      ),
      choice('text'),
    ),
    entity: nested(
      fc.constantFrom(
        'principal',
        'action',
        'resource',
        'context.ghost',
        'principal.friend',
        'User::"ada"',
        'Team::"red"',
      ),
      fc.constantFrom('Team::"gone"', 'Org::"all"', 'Action::"infer"'),
      choice('entity'),
    ),
    set: nested(
      fc.constantFrom('context.set', 'Org::"all".list', '[]', '[1, 2, "a"]', 'Team::"red".getTag("k")'),
      fc.array(any, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
      entitySet(),
    ),
    record: nested(
      fc.constantFrom('context', 'context.record', 'context.record.deep', '{a: 1}', '{}'),
      fc.tuple(any, any).map(([a, b]) => `{a: ${a}, "b c": ${b}}`),
    ),
    ip: fc.constantFrom(
      'context.ip',
      'ip("10.0.0.0/8")',
      'ip("10.1.2.3")',
      'ip("::1")',
      'ip("ff02::1")',
      'ip("127.0.0.1")',
      'ip("x")',
    ),
    decimal: fc.constantFrom(
      'decimal("1.5")',
      'decimal("1.50")',
      'decimal("-0.0001")',
      'decimal("922337203685477.5807")',
      'decimal()',
    ),
    datetime: nested(
      fc.constantFrom(
        'context.at',
        'datetime("1969-12-31")',
        'datetime("2024-02-29")',
        'datetime("2024-02-29T12:34:56.789Z")',
      ),
      call('datetime', ['offset'], of('duration')),
      call('datetime', ['toDate']),
    ),
    duration: nested(
      fc.constantFrom(
        'duration("1d2h")',
        'duration("-1ms")',
        'duration("-9223372036854775808ms")',
        'duration("9223372036854775807ms")',
      ),
      call('datetime', ['durationSince'], of('datetime')),
      call('datetime', ['toTime']),
    ),
  }
})

function typeName(): fc.Arbitrary<string> {
  return fc.constantFrom('User', 'Team', 'Org')
}

function entitySet(): fc.Arbitrary<string> {
  const one = fc.constantFrom(
    'principal',
    'Team::"red"',
    'Team::"gone"',
    'Org::"all"',
    'User::"x"',
    'context.ghost',
    '1',
  )
  return fc.array(one, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`)
}

function attributePath(): fc.Arbitrary<string> {
  const name = fc.constantFrom('age', 'name', 'friend', 'n', 'record', 'a', 'deep', 'b', 'missing')
  return fc.array(name, { minLength: 1, maxLength: 3 }).map((path) => path.join('.'))
}

function pattern(): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom('a', 'b', '*', '*', '\\*', 'é', '\\u{1F600}'), { maxLength: 6 })
    .map((p) => p.join(''))
}

const scope = fc
  .tuple(
    fc.constantFrom(
      'principal',
      'principal == User::"ada"',
      'principal in Team::"red"',
      'principal is User in Org::"all"',
    ),
    fc.constantFrom(
      'action',
      'action == Action::"infer"',
      'action in [Action::"x", Action::"infer"]',
      'action in Action::"x"',
    ),
    fc.constantFrom('resource', 'resource', 'resource in Team::"gone"', 'resource is Team', 'resource == User::"bob"'),
  )
  .map((parts) => parts.join(', '))

const policy = fc
  .tuple(
    fc.constantFrom('permit', 'permit', 'permit', 'permit', 'forbid'),
    scope,
    fc.constantFrom('when', 'unless'),
    condition,
  )
  .map(([effect, where, kind, body]) => `${effect}(${where}) ${kind} { ${body} };`)

test('policies made up by chance are decided as Cedar decides them', () => {
  fc.assert(fc.property(fc.array(policy, { minLength: 1, maxLength: 8 }), agrees), { numRuns: 600 })
})

const digits = fc.constantFrom(
  '0',
  '1',
  '9',
  '00',
  '25',
  '59',
  '60',
  '128',
  '255',
  '256',
  '922337203685477',
  '5807',
  '5808',
)

/** Texts of the form of a value and near it: a good one with, half of the time, one sign changed, added or left out. */
const texts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ip: nearly(
    fc.oneof(
      fc
        .tuple(fc.ipV4(), fc.constantFrom('', '', '/0', '/8', '/24', '/31', '/32', '/33', '/08'))
        .map((parts) => parts.join('')),
      fc
        .tuple(fc.ipV6(), fc.constantFrom('', '', '/0', '/64', '/127', '/128', '/129', '/'))
        .map((parts) => parts.join('')),
      fc.constantFrom(
        '127.0.0.1',
        '127.0.0.0/8',
        '127.0.0.0/7',
        '224.0.0.0/4',
        '239.1.1.1',
        '::',
        '::1',
        '::1/127',
        'ff02::1',
      ),
    ),
    '.:/f0',
  ),
  decimal: nearly(
    fc.tuple(fc.constantFrom('', '-'), digits, fc.constant('.'), digits).map((parts) => parts.join('')),
    '.-+0e٣',
  ),
  datetime: nearly(
    fc
      .tuple(
        fc.constantFrom('2024', '2023', '0000', '0099', '9999', '1900'),
        fc.constantFrom('-02-29', '-12-31', '-01-01', '-02-28', '-04-31', '-13-01'),
        fc.constantFrom('', 'T00:00:00Z', 'T23:59:59Z', 'T24:00:00Z', 'T23:59:60Z', 'T12:60:00Z', 'T01:02:03'),
        fc.constantFrom('', '', '.000Z', '.999-2359', '+0130', '-2400', '+0060', '+01:00'),
      )
      .map(([year, day, time, zone]) => `${year}${day}${zone === '' ? time : time.replace('Z', zone)}`),
    '-:TZ.+09',
  ),
  duration: nearly(
    fc.oneof(
      fc
        .tuple(
          fc.constantFrom('', '-'),
          ...['d', 'h', 'm', 's', 'ms'].map((unit) => fc.option(digits.map((n) => n + unit))),
        )
        .map((parts) => parts.join('')),
      fc.constantFrom(
        '9223372036854775807ms',
        '-9223372036854775808ms',
        '9223372036854775808ms',
        '106751991167d',
        '106751991168d',
      ),
    ),
    'dhms-0',
  ),
}

/** What else to ask of two values of the type. */
const QUESTIONS: Readonly<Record<string, readonly ((x: string, y: string) => string)[]>> = {
  ip: [
    (x) => `${x}.isIpv4()`,
    (x) => `${x}.isLoopback()`,
    (x) => `${x}.isMulticast()`,
    (x, y) => `${x}.isInRange(${y})`,
  ],
  decimal: [(x, y) => `${x}.lessThan(${y})`, (x, y) => `${x}.greaterThanOrEqual(${y})`],
  datetime: [(x, y) => `${x} < ${y}`, (x) => `${x}.toDate() == ${x}`, (x) => `${x}.toTime().toMinutes() > 700`],
  duration: [(x, y) => `${x} < ${y}`, (x) => `${x}.toDays() == ${x}.toHours()`, (x) => `${x}.toSeconds() >= -1`],
}

for (const [name, text] of Object.entries(texts)) {
  test(`a text is ${name === 'ip' ? 'an' : 'a'} ${name} exactly when Cedar says so, and has the same value`, () => {
    const questions = fc.tuple(text, text).map(([a, b]) => {
      const [x, y] = [`${name}("${a}")`, `${name}("${b}")`]
      return [`${x} == ${x}`, `${x} == ${y}`, ...(QUESTIONS[name] ?? []).map((ask) => ask(x, y))]
    })
    const asked = questions.map((list) =>
      list.map((condition) => `permit(principal, action, resource) when { ${condition} };`),
    )
    fc.assert(fc.property(asked, agrees), { numRuns: 400 })
  })
}

function nearly(good: fc.Arbitrary<string>, signs: string): fc.Arbitrary<string> {
  return fc
    .tuple(good, fc.boolean(), fc.nat(), fc.nat(1), fc.constantFrom('', ...signs))
    .map(([text, change, at, drop, sign]) => {
      const place = at % (text.length + 1)
      return change ? text.slice(0, place) + sign + text.slice(place + drop) : text
    })
}

/** Cedar numbers the policies of a text, we name them by file and number. */
function agrees(policies: readonly string[]): void {
  const text = policies.join('\n')
  const answer = cedar.isAuthorized({ ...request, policies: { staticPolicies: text }, entities })
  assert.ok(answer.type === 'success', `Cedar cannot parse ${text}`)
  const { decision, diagnostics } = answer.response
  const rename = (id: string) => `p#${Number(id.replace('policy', '')) + 1}`

  const ours = decide(compilePolicies({ policies: [{ name: 'p.cedar', text }] }), request, createEntities(entities))
  assert.deepEqual(
    {
      decision: ours.decision,
      reasons: ours.reasons.toSorted(),
      errors: ours.errors.map(({ policy }) => policy).sort(),
    },
    {
      decision,
      reasons: diagnostics.reason.map(rename).sort(),
      errors: diagnostics.errors.map(({ policyId }) => rename(policyId)).sort(),
    },
  )
}
