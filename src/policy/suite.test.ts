import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from '#config'
import { compilePolicies } from './compile.ts'
import { createOracle } from './oracle.ts'
import { runSuite } from './run-suite.ts'
import { readSuite } from './suite.ts'
import { formatUid, parseUid } from './uid-text.ts'

const sources = {
  policies: [
    {
      name: 'a.cedar',
      text: `@id("own") permit(principal, action == App::Action::"view", resource) when { resource.owner == principal };
@id("no-secrets") forbid(principal, action, resource in App::Folder::"secret");
@id("overflow") forbid(principal, action, resource) when { context.n + 1 > 9223372036854775807 };
@id("never") permit(principal == App::User::"nobody", action, resource);`,
    },
  ],
  schema: {
    name: 's.cedarschema',
    text: `namespace App {
  entity User;
  entity Folder;
  entity Photo in [Folder] { owner: User };
  action view, edit appliesTo { principal: [User], resource: [Photo], context: { n: Long } };
}`,
  },
}
const set = compilePolicies(sources)

const head = `entities:
  - uid: App::Photo::"cat"
    attrs: { owner: { __entity: { type: App::User, id: mia } } }
    parents: ['App::Folder::"pets"']
  - { uid: 'App::Photo::"key"', attrs: { owner: { __entity: { type: App::User, id: mia } } }, parents: ['App::Folder::"secret"'] }
tests:
`

const good = `${head}  - name: owners see what is theirs
    principal: App::User::"mia"
    action: view
    context: { n: 1 }
    expect: allow
    cases:
      - { resource: 'App::Photo::"cat"', by: [own] }
      - { name: not their secrets, resource: 'App::Photo::"key"', expect: deny, by: [no-secrets] }
      - { name: not others', principal: 'App::User::"leo"', resource: 'App::Photo::"cat"', expect: deny, by: [] }
  - name: nobody edits
    principal: App::User::"mia"
    action: App::Action::"edit"
    resource: App::Photo::"cat"
    context: { n: 1 }
    expect: deny
`

test('a table of cases says only what differs from its test', () => {
  const { results } = runSuite(set, readSuite(good, 'a.test.yaml', set))
  assert.deepEqual(
    results.map(({ name, line, failures }) => ({ name, line, failures })),
    [
      { name: 'owners see what is theirs: case 1', line: 13, failures: [] },
      { name: 'owners see what is theirs: not their secrets', line: 14, failures: [] },
      { name: "owners see what is theirs: not others'", line: 15, failures: [] },
      { name: 'nobody edits', line: 16, failures: [] },
    ],
  )
})

test('policies that decide no case are not covered', () => {
  const { coverage } = runSuite(set, readSuite(good, 'a.test.yaml', set))
  assert.deepEqual(coverage, {
    policies: 4,
    unexercised: [
      { id: 'overflow', file: 'a.cedar', line: 3 },
      { id: 'never', file: 'a.cedar', line: 4 },
    ],
    ratio: 0.5,
  })
})

test('another decision, another policy and a policy in error are failures, each in words', () => {
  const failing = (changes: string) => {
    const text = `${head}  - { name: t, principal: 'App::User::"mia"', action: view, resource: 'App::Photo::"cat"', ${changes} }\n`
    return runSuite(set, readSuite(text, 'a.test.yaml', set)).results[0]?.failures
  }
  assert.deepEqual(failing('context: { n: 1 }, expect: deny'), ['expected deny, got allow by own'])
  assert.deepEqual(failing('context: { n: 1 }, expect: allow, by: [never]'), ['expected allow by never, got it by own'])
  assert.deepEqual(failing('context: { n: 1 }, expect: allow, errors: [overflow]'), [
    'expected overflow to fail, and it was evaluated',
  ])
})

test('a prohibition that cannot be evaluated denies, as in the gateway', () => {
  const broken = compilePolicies({
    policies: [
      {
        name: 'a.cedar',
        text: '@id("p") permit(principal, action, resource); @id("f") forbid(principal, action, resource) when { context.n + 9223372036854775807 > 0 };',
      },
    ],
  })
  const text = (errors: string) =>
    `tests: [{ name: t, principal: 'U::"a"', action: 'Action::"x"', resource: 'R::"r"', context: { n: 1 }, expect: deny${errors} }]`
  const run = (errors: string) => runSuite(broken, readSuite(text(errors), 'a.test.yaml', broken))
  assert.deepEqual(run(', errors: [f]').results[0]?.failures, [])
  assert.match(run('').results[0]?.failures.join() ?? '', /^f cannot be evaluated: /)
  assert.deepEqual(
    run(', errors: [f]').coverage.unexercised.map(({ id }) => id),
    ['p'],
  )
})

test('Cedar itself agrees with every case', () => {
  const oracle = createOracle(set, sources)
  const { results } = runSuite(set, readSuite(good, 'a.test.yaml', set), oracle)
  assert.deepEqual(
    results.flatMap(({ failures }) => failures),
    [],
  )
})

test('a second opinion that differs is a failure', () => {
  const lying = { ...sources, policies: [{ name: 'a.cedar', text: '@id("own") forbid(principal, action, resource);' }] }
  const { results } = runSuite(set, readSuite(good, 'a.test.yaml', set), createOracle(set, lying))
  assert.match(
    results[0]?.failures.join() ?? '',
    /^Cedar itself says deny by \[own\], .* our evaluator says allow by \[own\]/,
  )
})

const mistakes: readonly [what: string, text: string, expected: RegExp][] = [
  [
    'an unknown field',
    `${good}    exepct: deny\n`,
    /^a\.test\.yaml:22:5: tests\[1\]\.exepct: unknown key; did you mean expect\?$/,
  ],
  ['no tests', 'entities: []\n', /^a\.test\.yaml:1:1: tests: required, but missing/],
  ['an empty list of tests', 'tests: []\n', /tests: /],
  [
    'what is no entity',
    good.replace('App::User::"mia"\n', 'mia\n'),
    /:8:5: tests\[0\]\.principal: write an entity as Type::"id"/,
  ],
  [
    'an entity that the schema does not know',
    good.replace('uid: App::Photo::"cat"', 'uid: App::Film::"cat"'),
    /:2:5: entities\[0\]: .*Film/,
  ],
  [
    'an attribute that the schema does not know',
    good.replace('attrs: { owner', 'attrs: { onwer'),
    /:2:5: entities\[0\]: /,
  ],
  ['an entity given twice', good.replace('Photo::"key"\', attrs', 'Photo::"cat"\', attrs'), /is given twice/],
  [
    'an action that the schema does not know',
    good.replace('action: view', 'action: veiw'),
    /:10:5: tests\[0\]\.cases\[0\]\.action|no action 'veiw' in the schema/,
  ],
  ['a policy that does not exist', good.replace('by: [own]', 'by: [onw]'), /there is no policy 'onw'/],
  ['a case that expects nothing', good.replace(/ {4}expect: deny\n/, ''), /:16:5: tests\[1\]: 'expect' is missing/],
  ['a fraction', good.replace('n: 1', 'n: 1.5'), /expected a Cedar value|expected int/],
  ['null', good.replace('{ n: 1 }', '{ n: null }'), /Cedar value|has no value/],
  ['a key that is __proto__', `${good}    __proto__: 1\n`, /this name is not allowed as a key/],
  ['what is no YAML', 'tests: [', /a\.test\.yaml:1:/],
]
for (const [what, text, expected] of mistakes)
  test(`${what} is refused with line and column`, () => {
    assert.throws(
      () => readSuite(text, 'a.test.yaml', set),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message.split('\n')[0] ?? '', expected)
        return true
      },
    )
  })

test('a question that the schema does not allow is refused at its line', () => {
  const text = good.replace('context: { n: 1 }\n    expect: deny', 'context: { n: yes it is }\n    expect: deny')
  assert.throws(
    () => runSuite(set, readSuite(text, 'a.test.yaml', set)),
    /^ConfigError: a\.test\.yaml:16:1: nobody edits: /,
  )
})

test('references to the outside mean nothing in a test', () => {
  const text = good.replace('name: nobody edits', "name: '\u0024{HOME} file:/etc/passwd'")
  assert.equal(readSuite(text, 'a.test.yaml', set).at(-1)?.name, '\u0024{HOME} file:/etc/passwd')
})

test('every id survives being written as Cedar and read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (id) => {
      assert.deepEqual(parseUid(formatUid({ type: 'A::B', id })), { type: 'A::B', id })
    }),
  )
})

test('an entity is written on one line, whatever its id', () => {
  assert.equal(formatUid({ type: 'U', id: 'a"b\\c\n\u001b[31m' }), 'U::"a\\"b\\\\c\\u{a}\\u{1b}[31m"')
})

test('what is no entity is not read as one', () => {
  for (const text of [
    '',
    'U',
    'U::',
    'U::"',
    'U::"a',
    'U::a',
    '::"a"',
    'U::"a" ',
    'U::"a\\q"',
    'U::"\\u{110000}"',
    'U::"a"b"',
  ])
    assert.equal(parseUid(text), undefined, text)
})
