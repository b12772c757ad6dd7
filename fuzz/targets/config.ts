// The configuration file: whatever is in it, it is read, or refused with a place and without what the environment says.
import assert from 'node:assert/strict'
import { ConfigError, type ConfigWorld, parseConfig } from '#config'
import { settingsSchema } from '#server'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { byteMutators, type Mutator, mutateWith, put } from '../mutators/bytes.ts'
import { canariesIn } from '../oracles/canary.ts'

const secret = 'QZsecretZX'

const world: ConfigWorld = {
  env: (name) => (name.startsWith('K') ? secret : undefined),
  readFile(path) {
    if (path.endsWith('key')) return `${secret}\n`
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  },
}

const file = target<ConfigError | object>({
  name: 'configuration',
  generate,
  mutate: (input, random, other) => mutateWith(random.chance(0.6) ? lineMutators : byteMutators, input, random, other),
  run(input) {
    try {
      return parseConfig(Buffer.from(input).toString(), settingsSchema, world, '/etc/holdfast.yaml')
    } catch (error) {
      if (error instanceof ConfigError) return error
      throw error
    }
  },
  check(_input, observed) {
    if (!(observed instanceof ConfigError)) return
    assert.deepEqual(canariesIn(observed.message), [], 'a refusal shows what the environment says')
    assert.ok(observed.issues.length > 0 && observed.issues.every(({ line, column }) => line >= 1 && column >= 1))
  },
  features: (observed) =>
    observed instanceof ConfigError
      ? observed.issues.map(({ message }) => `${observed.code} ${message.replace(/["`'][^"`']*["`']|\d+/g, '')}`)
      : ['read'],
  // A schema this large takes its time to complain.
  allowanceMs: 500,
})

const variable = (name: string) => `${'$'}{${name}}`

const lines = [
  ...['data: .holdfast', 'listen: 127.0.0.1:8080', 'upstreams:', '  - name: a', '    url: https://api.example/v1'],
  ...[
    `    key: ${variable('KEY')}`,
    '    key: file:upstream.key',
    '    key: file:../x',
    'limits:',
    '  maxBodyBytes: 1MiB',
    'log: {}',
  ],
  ...[
    'wire: { unknown: inspect }',
    'privacy: &a { session: { ttl: 30d } }',
    'other: *a',
    '<<: *a',
    '---',
    '? [a]',
    '!!js x',
  ],
  ...[
    'a: &b [*b]',
    '"\\u0064ata": x',
    `policy: ${variable('NONE')}`,
    'inspect: {}',
    '\ttab: 1',
    `answers: { maxEventBytes: ${variable('K')} }`,
  ],
]

function generate(random: Random): Uint8Array {
  const chosen = lines.filter(() => random.chance(0.4))
  return Buffer.from(chosen.join('\n'))
}

const lineMutators: readonly Mutator[] = [
  (text, random) => `${text}\n${random.pick(lines)}`,
  (text, random) =>
    put(
      text,
      random.below(text.length + 1),
      0,
      random.pick(['\n', '  ', '- ', ': ', '*a', '&a ', '#', '|\n', '>-\n', '{', '[', variable('K'), '"']),
    ),
  (text, random) =>
    text
      .split('\n')
      .filter(() => random.chance(0.8))
      .join('\n'),
  (text, random) => put(text, random.below(text.length + 1), 0, '['.repeat(random.pick([10, 64, 3000]))),
]

export const config: readonly Target[] = [file]
