// Credentials before anybody is known: the header that carries one, and tokens that nobody has verified yet.
import assert from 'node:assert/strict'
import { IdentityError, readCredential, readKeySet } from '#identity'
import { readSubject } from '../../src/identity/jwt/claims.ts'
import { type CompactToken, readCompact } from '../../src/identity/jwt/compact.ts'
import { TokenRefused } from '../../src/identity/jwt/refusal.ts'
import { goodClaims, issuerSettings } from '../../src/identity/jwt/testkit.ts'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { byteMutators, mutateWith } from '../mutators/bytes.ts'
import { jsonMutators } from '../mutators/json.ts'
import { canary } from '../oracles/canary.ts'
import { readByOthers } from '../oracles/strict-json.ts'

/** Headers, one a line. */
const credential = target({
  name: 'credential',
  generate: (random) =>
    Buffer.from(
      Array.from({ length: 1 + random.small(3) }, () => {
        const name = random.pick(['Authorization', 'authorization', 'X-Api-Key', 'Api-Key', 'Host', 'x_api_key'])
        return `${name}: ${random.pick(['Bearer ', 'bearer ', 'Basic ', 'Bearer  ', 'Bearer\t', ''])}${canary(random)}`
      }).join('\n'),
    ),
  mutate: (input, random, other) => mutateWith(byteMutators, input, random, other),
  run: (input) => readCredential(headersOf(input)),
  check(input, result) {
    if (!result.ok) return
    assert.match(result.credential, /^[A-Za-z0-9._~+/-]{1,8192}=*$/)
    const carrying = headersOf(input).filter((_, at, all) => {
      return at % 2 === 1 && ['authorization', 'x-api-key', 'api-key'].includes(all[at - 1]?.toLowerCase() ?? '')
    })
    assert.equal(carrying.length, 1, 'one of several credentials was chosen')
    assert.ok(carrying[0]?.endsWith(result.credential), 'the credential is not what the header says')
  },
  features: (result) => [result.ok ? 'ok' : result.reason],
})

function headersOf(input: Uint8Array): string[] {
  const lines = Buffer.from(input).toString('latin1').split('\n')
  return lines.flatMap((line) => [line.split(': ', 1)[0] ?? '', line.slice(line.indexOf(': ') + 2)])
}

const settings = issuerSettings({ claims: { groups: 'strings' } })

/** The three parts of a token, decoded, one a line; other inputs are tokens as they are. */
const token = target<CompactToken | TokenRefused>({
  name: 'token',
  generate: (random) => Buffer.from(`${JSON.stringify(header(random))}\n${JSON.stringify(claims(random))}\nsignature`),
  mutate: (input, random, other) => mutateWith(random.chance(0.8) ? jsonMutators : byteMutators, input, random, other),
  run(input) {
    try {
      const compact = readCompact(tokenOf(input))
      readSubject(compact.claims, settings)
      return compact
    } catch (error) {
      if (error instanceof TokenRefused) return error
      throw error
    }
  },
  check(input, observed) {
    if (observed instanceof TokenRefused) return
    const [encoded = '', payload = ''] = tokenOf(input).split('.')
    const readers = [encoded, payload].map((part) => readByOthers(Buffer.from(part, 'base64url')))
    assert.deepEqual({ ...observed.claims }, { ...Object(readers[1]?.value) }, 'the claims are others')
    assert.deepEqual(
      Object.keys(Object(readers[0]?.value)).filter((name) => !['alg', 'kid', 'typ', 'x5t', 'x5t#S256'].includes(name)),
      [],
      'a header brings something along',
    )
  },
  features: (observed) => [observed instanceof TokenRefused ? observed.message.replace(/"[^"]*"|\d+/g, '') : 'read'],
})

function tokenOf(input: Uint8Array): string {
  const lines = Buffer.from(input).toString('latin1').split('\n')
  if (lines.length !== 3) return lines.join('.')
  return lines.map((part) => Buffer.from(part, 'latin1').toString('base64url')).join('.')
}

function header(random: Random): object {
  const strange = random.pick(['jku', 'jwk', 'x5u', 'crit', 'b64', 'zip', 'x5t', 'kid'])
  return {
    alg: random.pick(['RS256', 'none', 'HS256', 'ES256']),
    typ: 'at+jwt',
    ...(random.chance(0.3) && { [strange]: 'x' }),
  }
}

function claims(random: Random): object {
  const name = random.pick(['aud', 'exp', 'sub', 'scope', 'nonce', 'jti', 'azp', 'groups', 'iat'])
  const value = random.pick(['x', 1, null, [], ['a', 'b'], {}, true, '', 'x'.repeat(2000)])
  return goodClaims(random.chance(0.6) ? { [name]: value } : {})
}

const keySet = target<string>({
  name: 'key-set',
  generate: (random) => Buffer.from(JSON.stringify({ keys: [random.pick(keys), random.pick(keys)] })),
  mutate: (input, random, other) => mutateWith(random.chance(0.8) ? jsonMutators : byteMutators, input, random, other),
  async run(input) {
    try {
      const { keys: read, ignored } = await readKeySet(Buffer.from(input).toString())
      for (const { algorithms } of read) assert.ok(algorithms.length > 0)
      return `${Math.min(read.length, 3)} taken, ${Math.min(ignored.length, 3)} left out`
    } catch (error) {
      if (error instanceof IdentityError) return error.message.replace(/"[^"]*"|\d+/g, '')
      throw error
    }
  },
  check: () => {},
  features: (observed) => [observed],
})

const keys = [
  {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    kid: 'a',
  },
  { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'b', use: 'sig' },
  { kty: 'RSA', n: 'x'.repeat(342), e: 'AQAB', alg: 'RS256', key_ops: ['verify'] },
  { kty: 'oct', k: 'AAAA' },
]

export const identity: readonly Target[] = [credential, token, keySet]
