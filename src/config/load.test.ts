// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a configuration writes a reference
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { z } from 'zod'
import {
  ConfigError,
  type ConfigWorld,
  durationMs,
  loadConfig,
  parseConfig,
  Secret,
  secretSchema,
  sizeBytes,
} from './index.ts'

const schema = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(1).max(65535),
      tls: z.boolean().optional(),
    })
    .optional(),
  upstreams: z
    .array(
      z.strictObject({ name: z.string(), kind: z.enum(['openai', 'anthropic', 'vllm']), key: secretSchema.optional() }),
    )
    .default([]),
  timeout: durationMs.optional(),
  limit: sizeBytes.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  sink: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('file'), path: z.string() }),
      z.strictObject({ type: z.literal('http'), token: secretSchema }),
    ])
    .optional(),
  either: z.union([z.string(), z.strictObject({ token: secretSchema, count: z.number() })]).optional(),
})

function world(env: Record<string, string> = {}, files: Record<string, string> = {}): ConfigWorld {
  return {
    env: (name) => env[name],
    readFile: (path) => {
      const text = files[path]
      if (text !== undefined) return text
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
    },
  }
}

const read = (text: string, env = {}, files = {}) =>
  parseConfig(text, schema, world(env, files), '/etc/holdfast/holdfast.yaml')

function refusal(text: string, env = {}, files = {}): ConfigError {
  try {
    read(text, env, files)
  } catch (error) {
    assert.ok(error instanceof ConfigError, inspect(error))
    return error
  }
  assert.fail('the configuration was accepted')
}

function places(error: ConfigError): string[] {
  return error.issues.map(({ path, line, column, message }) => `${line}:${column} ${path}: ${message}`)
}

test('a configuration is read into what its schema describes, with defaults', () => {
  const text =
    'listen:\n  port: 8443\nupstreams:\n  - name: a\n    kind: vllm\n    key: sk-1\ntimeout: 5m\nlimit: 4MiB\n'
  const config = read(text)
  assert.equal(config.listen?.host, '127.0.0.1')
  assert.equal(config.listen?.port, 8443)
  assert.equal(config.upstreams[0]?.key?.reveal(), 'sk-1')
  assert.equal(config.timeout, 300_000)
  assert.equal(config.limit, 4 * 1024 * 1024)
})

test('an empty file, or one of comments only, is a configuration of defaults', () => {
  for (const text of ['', '# nothing yet\n', '---\n', '\uFEFF']) assert.deepEqual(read(text).upstreams, [])
})

test('every problem is reported with line, column and path of the key it is about', () => {
  const error = refusal('listen:\n  port: 70000\n  hots: x\nupstreams:\n  - kind: vlm\n    name: 3\nextra: 1\n')
  assert.equal(error.code, 'invalid')
  assert.deepEqual(places(error), [
    '2:3 listen.port: Too big: expected number to be <=65535',
    '3:3 listen.hots: unknown key; did you mean host?',
    '5:5 upstreams[0].kind: expected one of: openai, anthropic, vllm; did you mean vllm?',
    '6:5 upstreams[0].name: expected string, received number; put it in quotes',
    '7:1 extra: unknown key',
  ])
  assert.match(error.message, /^\/etc\/holdfast\/holdfast\.yaml:2:3: listen\.port: /)
})

test('a missing key is reported at the mapping where it belongs', () => {
  assert.deepEqual(places(refusal('upstreams:\n  - name: a\n')), [
    '2:5 upstreams[0].kind: required, but missing; expected one of: openai, anthropic, vllm',
  ])
  assert.deepEqual(places(refusal('timeout: 1s\nlisten: {}\n')), [
    '2:1 listen.port: required, but missing; expected number',
  ])
})

test('the place of an issue is the key itself, wherever in the document it stands', () => {
  const key = fc.stringMatching(/^[a-z]{1,8}$/)
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z #:'"\u00e9\u{1F600}-]{0,12}$/u))
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.dictionary(key, fc.oneof({ maxDepth: 3 }, leaf, tie('tree'), fc.array(leaf, { maxLength: 3 })), {
      noNullPrototype: true,
      maxKeys: 5,
    }),
  }))
  const layout = fc.record({
    indent: fc.constantFrom(1, 2, 5),
    collectionStyle: fc.constantFrom('any', 'flow'),
  } as const)
  fc.assert(
    fc.property(fc.dictionary(key, tree, { noNullPrototype: true, minKeys: 1 }), layout, (document, options) => {
      const text = `# a comment\n${stringify(document, options)}`
      // Nothing below the first level is known, so every second-level key is an issue.
      const known = z.strictObject(Object.fromEntries(Object.keys(document).map((name) => [name, z.strictObject({})])))
      const wanted = Object.entries(document).flatMap(([name, inner]) =>
        Object.keys(inner as object).map((key) => [name, key]),
      )
      const lines = text.split('\n')
      try {
        parseConfig(text, known, world(), '/c.yaml')
        assert.equal(wanted.length, 0)
      } catch (error) {
        assert.ok(error instanceof ConfigError, inspect(error))
        assert.deepEqual(error.issues.map(({ path }) => path).sort(), wanted.map((path) => path.join('.')).sort())
        for (const { path, line, column } of error.issues) {
          const written = lines[line - 1]?.slice(column - 1).replace(/^["']/, '')
          assert.ok(written?.startsWith(path.slice(path.indexOf('.') + 1)), `${line}:${column} ${path}\n${text}`)
        }
      }
    }),
  )
})

test('a key that is no plain word is quoted in a path, so that it is one step, and prints no control characters', () => {
  const text = `labels: {"a.b\\e[31m": 1, ${JSON.stringify('k'.repeat(500))}: 2}`
  const [first, second] = refusal(text).issues
  assert.equal(first?.path, 'labels["a.b\\u001b[31m"]')
  assert.equal(second?.path, `labels["${'k'.repeat(63)}…"]`)
})

test('a key that a record does not allow, and an empty secret, say what is wanted', () => {
  const strict = z.strictObject({ routes: z.record(z.string().regex(/^[a-z]+$/, { error: 'lower case' }), z.int()) })
  assert.throws(() => parseConfig('routes:\n  A: 1\n', strict, world(), '/c.yaml'), {
    message: '/c.yaml:2:3: routes.A: this key is not allowed: lower case',
  })
  assert.deepEqual(places(refusal('sink:\n  type: http\n  token:\n')), [
    '3:3 sink.token: has no value; expected text; put a number in quotes',
  ])
})

test('a key without a value is told apart from a missing one', () => {
  assert.deepEqual(places(refusal('listen:\n  port:\n')), ['2:3 listen.port: has no value; expected number'])
})

test('a wrong kind in a discriminated union names the kinds there are', () => {
  assert.deepEqual(places(refusal('sink:\n  type: htp\n')), [
    '2:3 sink.type: expected one of: file, http; did you mean http?',
  ])
})

test('a union reports the branch that was meant', () => {
  assert.deepEqual(places(refusal('either:\n  token: abc\n  cuont: 1\n  count: 2')), [
    '3:3 either.cuont: unknown key; did you mean count?',
  ])
  assert.deepEqual(places(refusal('either: [1]')), ['1:1 either: expected string or object'])
})

test('a key written twice is refused at its second place, in time linear in the file', () => {
  assert.deepEqual(places(refusal('timeout: 1s\ntimeout: 2s\n')), ['2:1 timeout: this key is written twice'])
  const many = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1\n`).join('')
  assert.equal(refusal(many).code, 'invalid')
})

test('syntax errors carry a place and never quote the file', () => {
  for (const text of [
    'a: "hunter2',
    'a: hunter2: b: c',
    '\thunter2',
    'a: !hunter2 x',
    '%YAML 1.1\n---\na: 1',
    'a: *hunter2',
    '[hunter2',
    'a: b\n---\nhunter2: d',
    '? [hunter2]\n: 1',
    '__proto__: hunter2',
    '"hunter2\\x"',
    '@hunter2',
    'a: hunter2\n  b: hunter2',
  ]) {
    const error = refusal(text)
    assert.equal(error.code, 'syntax', text)
    assert.doesNotMatch(error.message.replace('\n', ' '), /hunter2/, text)
    assert.ok(error.issues.every(({ line, column }) => line >= 1 && column >= 1))
  }
})

test('any text is either a configuration or a ConfigError', () => {
  const yaml = fc.array(
    fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '-',
      '[',
      ']',
      '{',
      '}',
      '&x',
      '*x',
      '"',
      "'",
      '#',
      '${',
      '$${A}',
      '${A}',
      '\t',
      '|',
      '>',
      '?',
      '!',
      '%',
      '\0',
      '\u{1F600}',
      'listen',
    ),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        yaml.map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          read(text, { A: 'x' })
        } catch (error) {
          assert.ok(error instanceof ConfigError, inspect(error))
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('size, depth and the expansion of aliases are bounded', () => {
  assert.match(refusal(`# ${'x'.repeat(1024 * 1024)}`).message, /at most 1048576 bytes/)
  assert.match(refusal('['.repeat(20_000)).message, /nested deeper than 64/)
  assert.match(refusal(`a: ${'['.repeat(70)}${']'.repeat(70)}`).message, /nested deeper than 64/)
  const laughs = [
    'a0: &a0 [x]',
    ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`),
  ]
  assert.match(refusal(laughs.join('\n')).message, /counting what aliases repeat/)
  const deep = ['a0: &a0 [x]', ...Array.from({ length: 80 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`)]
  assert.match(refusal(deep.join('\n')).message, /nested deeper than 64/)
  assert.match(refusal('labels: &a {b: *a}').message, /contains itself/)
})

test('an alias repeats a part of the file', () => {
  const config = read('upstreams:\n  - &first {name: a, kind: vllm}\n  - *first\n')
  assert.deepEqual(config.upstreams, [
    { name: 'a', kind: 'vllm' },
    { name: 'a', kind: 'vllm' },
  ])
})

test('${NAME} is replaced in any scalar, becomes a number or boolean where one is expected, and $${ is literal', () => {
  const config = read(
    'listen: {host: "${H}.example", port: "${PORT}", tls: "${TLS}"}\nupstreams: [{name: "$${H} ${H}${H}", kind: "${K}"}]\ntimeout: ${T}\nlimit: ${L}\n',
    { H: 'a', PORT: '9000', TLS: 'true', K: 'vllm', T: '30s', L: '1024' },
  )
  assert.deepEqual(config.listen, { host: 'a.example', port: 9000, tls: true })
  assert.equal(config.upstreams[0]?.name, '${H} aa')
  assert.equal(config.timeout, 30_000)
  assert.equal(config.limit, 1024)
})

test('what an environment variable holds is text: it is not read as YAML, nor as a reference', () => {
  const config = read('labels: {a: "${A}", b: "${B}"}\nsink: {type: http, token: "${C}"}', {
    A: '${B}',
    B: '{x: 1}',
    C: 'file:/etc/passwd',
  })
  assert.deepEqual(config.labels, { a: '${B}', b: '{x: 1}' })
  assert.ok(config.sink?.type === 'http')
  assert.equal(config.sink.token.reveal(), 'file:/etc/passwd')
})

test('a variable that is not set, and a malformed reference, are named with their places', () => {
  const error = refusal('listen:\n  host: ${NOPE}\n  port: ${ALSO-NOPE}\nlabels:\n  a: ${\n', { ALSO: 'hunter2' })
  assert.equal(error.code, 'reference')
  assert.deepEqual(places(error), [
    '2:3 listen.host: environment variable NOPE is not set',
    '3:3 listen.port: a reference is written ${NAME}; for a literal ${ write $${',
    '5:3 labels.a: a reference is written ${NAME}; for a literal ${ write $${',
  ])
})

test('file: gives a secret the content of a file beside the configuration, without its last line break', () => {
  const files = { '/etc/holdfast/token': 'two\nlines\n', '/run/secrets/t': 'x\r\n' }
  const relative = read('sink: {type: http, token: "file:token"}', {}, files)
  assert.ok(relative.sink?.type === 'http')
  assert.equal(relative.sink.token.reveal(), 'two\nlines')
  const absolute = read('either: {token: "file:${DIR}/t", count: 1}', { DIR: '/run/secrets' }, files)
  assert.ok(typeof absolute.either === 'object')
  assert.equal(absolute.either.token.reveal(), 'x')
})

test('file: is ordinary text where no secret is expected', () => {
  assert.deepEqual(read('labels: {a: "file:token"}').labels, { a: 'file:token' })
})

test('a secret file that is missing or empty is reported with its place', () => {
  const error = refusal('sink:\n  type: http\n  token: file:nope\n')
  assert.equal(error.code, 'reference')
  assert.deepEqual(places(error), ['3:3 sink.token: the secret file cannot be read: it does not exist'])
  assert.match(refusal('sink: {type: http, token: "file:e"}', {}, { '/etc/holdfast/e': '\n' }).message, /empty/)
  assert.match(refusal('sink: {type: http, token: "file:"}').message, /needs a path/)
  assert.match(refusal('sink: {type: http, token: ""}').message, /must not be empty/)
})

test('a secret number must be quoted, so that no digit of it is lost', () => {
  assert.deepEqual(places(refusal('sink:\n  type: http\n  token: 0123\n')), [
    '3:3 sink.token: expected text; put a number in quotes',
  ])
})

test('a secret value appears in no error, whatever is wrong with it or around it', () => {
  const value = 'hunter2-secret'
  const echoing = z.strictObject({
    url: z.url(),
    port: z.int(),
    kind: z.enum(['a', 'b']),
    note: z.string().superRefine((text, context) => context.addIssue({ code: 'custom', message: `bad: ${text}` })),
    key: secretSchema.refine(() => false, { error: (issue) => `bad key ${issue.input}` }),
    wait: durationMs,
  })
  const text = 'url: "${S}"\nport: "${S}"\nkind: "${S}"\nnote: "x ${S}"\nkey: file:k\nwait: "${S}"\n'
  assert.throws(
    () => parseConfig(text, echoing, world({ S: value }, { '/k': value }), '/c.yaml'),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.issues.length, 6, error.message)
      assert.doesNotMatch(inspect(error, { depth: 9 }) + error.stack + JSON.stringify(error), /hunter2/)
      return true
    },
  )
})

test('a file that cannot be read is an error about the file', () => {
  assert.throws(() => loadConfig('/nope.yaml', schema, world()), {
    code: 'unreadable',
    message: '/nope.yaml:1:1: the configuration cannot be read: it does not exist',
  })
})

test('a secret prints as [secret] everywhere and gives its text only when asked', () => {
  const secret = new Secret('hunter2')
  assert.equal(
    `${secret} ${String(secret)} ${JSON.stringify({ secret })} ${inspect([secret])} ${[secret].join()}`,
    '[secret] [secret] {"secret":"[secret]"} [ [secret] ] [secret]',
  )
  assert.equal(secret.reveal(), 'hunter2')
  assert.doesNotMatch(JSON.stringify(structuredClone({ ...secret })), /hunter2/)
})
