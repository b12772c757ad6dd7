// An issuer's keys: a JWK Set (RFC 7517), read once and checked before anything is verified with it.
import { importJWK } from 'jose'
import { z } from 'zod'
import { sha256Hex } from '#crypto'
import { IdentityError } from '../error.ts'
import { type Algorithm, algorithmsOf } from './algorithms.ts'
import { TokenRefused } from './refusal.ts'
import { readStrictJson } from './strict-json.ts'

export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** Whether a key with this digest is still in the set. */
  has(digest: string): boolean
  /** Keys that are not for verifying tokens, or not good enough, each with the reason; for the operator. */
  readonly ignored: readonly string[]
}

export interface VerificationKey {
  readonly kid: string | undefined
  /** Of what it is and what it may be used for. */
  readonly digest: string
  readonly algorithms: readonly Algorithm[]
  imported(algorithm: Algorithm): Promise<CryptoKey>
}

const maxKeys = 100
const minRsaBits = 2048
/** Above this a signature costs so much time that the key itself is an attack. */
const maxRsaBits = 8192

/**
 * @param text at most 256 KiB, the fetcher's bound
 * @throws IdentityError `key_set` when it is no JWK Set, or holds a private or symmetric key: then the whole set is
 *   refused, because whoever fetched it can sign tokens
 */
export async function readKeySet(text: string): Promise<KeySet> {
  const { keys: list } = readDocument(text)
  const keys: VerificationKey[] = []
  const ignored: string[] = []
  for (const [index, jwk] of list.entries()) {
    const name = jwk.kid === undefined ? `key ${index + 1}` : `key ${JSON.stringify(jwk.kid.slice(0, 64))}`
    refuseSecret(jwk, name)
    const key = await readKey(jwk)
    if (typeof key === 'string') ignored.push(`${name}: ${key}`)
    else keys.push(key)
  }
  const digests = new Set(keys.map(({ digest }) => digest))
  return { keys, ignored, has: (digest) => digests.has(digest) }
}

/**
 * The one key that may have made a signature. `kid` is compared with the keys' own and used for nothing else: it is no
 * path, no address and no query.
 *
 * @throws TokenRefused `token_key_unknown`, `token_key_ambiguous`
 */
export function chooseKey(set: KeySet, kid: string | undefined, algorithm: Algorithm): VerificationKey {
  if (kid === undefined && set.keys.length > 1)
    throw new TokenRefused('token_key_ambiguous', 'it names no key (kid), and its issuer has several')
  const named = kid === undefined ? set.keys : set.keys.filter((key) => key.kid === kid)
  if (named.length === 0) throw new TokenRefused('token_key_unknown', 'its issuer publishes no key with its kid')
  const [key, ...others] = named.filter(({ algorithms }) => algorithms.includes(algorithm))
  if (key === undefined) throw new TokenRefused('token_key_unknown', `the key that it names is not for ${algorithm}`)
  if (others.length > 0)
    throw new TokenRefused('token_key_ambiguous', `its issuer publishes ${named.length} keys with its kid`)
  return key
}

const jwkSchema = z.looseObject({
  kty: z.string(),
  kid: z.string().max(256).optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  crv: z.string().optional(),
})
type Jwk = z.output<typeof jwkSchema>

const documentSchema = z.looseObject({ keys: z.array(jwkSchema).max(maxKeys) })

function readDocument(text: string): z.output<typeof documentSchema> {
  let json: unknown
  try {
    json = readStrictJson(Buffer.from(text))
  } catch {
    throw new IdentityError('key_set', 'it is not JSON with each key once')
  }
  const { success, data, error } = documentSchema.safeParse(json)
  if (success) return data
  const [issue] = error.issues
  throw new IdentityError('key_set', `it is no JWK Set (RFC 7517): ${issue?.path.join('.') || 'the document'}`)
}

/** Members of private keys (RFC 7518 section 6, RFC 9964), and the kind of key that is one as a whole. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function refuseSecret(jwk: Jwk, name: string): void {
  if (jwk.kty !== 'oct' && !secretMembers.some((member) => Object.hasOwn(jwk, member))) return
  const kind = jwk.kty === 'oct' || Object.hasOwn(jwk, 'k') ? 'symmetric' : 'private'
  throw new IdentityError(
    'key_set',
    `${name} is a ${kind} key: whoever reads the set can sign tokens. Replace the key, and publish public keys only`,
  )
}

/** @returns why the key is left out, when it is */
async function readKey(jwk: Jwk): Promise<VerificationKey | string> {
  if (jwk.use !== undefined && jwk.use !== 'sig') return `its use is ${JSON.stringify(jwk.use.slice(0, 20))}`
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes('verify')) return 'its key_ops have no verify'
  const algorithms = algorithmsOf(jwk)
  const [first] = algorithms
  if (first === undefined) return 'its kty, crv and alg are of no algorithm that is taken'
  const material = publicPart(jwk)
  const imported = new Map<Algorithm, Promise<CryptoKey>>()
  const importFor = async (algorithm: Algorithm) => {
    const key = await importJWK(material, algorithm)
    if (key instanceof Uint8Array) throw new TypeError('a symmetric key')
    return key
  }
  try {
    const key = await importFor(first)
    const weakness = weaknessOf(key)
    if (weakness !== undefined) return weakness
  } catch {
    return 'it is not a valid key'
  }
  return {
    kid: jwk.kid,
    digest: sha256Hex(JSON.stringify([material, algorithms])),
    algorithms,
    imported(algorithm) {
      const known = imported.get(algorithm) ?? importFor(algorithm)
      imported.set(algorithm, known)
      return known
    },
  }
}

/** Nothing else of a JWK reaches the library: no x5c, no x5u, no key_ops of its own. */
function publicPart({ kty, alg, crv, n, e, x, y, pub }: Jwk): Record<string, unknown> {
  if (kty === 'RSA') return { kty, n, e }
  if (kty === 'EC') return { kty, crv, x, y }
  return kty === 'OKP' ? { kty, crv, x } : { kty, alg, pub }
}

function weaknessOf({ algorithm }: CryptoKey): string | undefined {
  if (!('modulusLength' in algorithm) || !('publicExponent' in algorithm)) return undefined
  const { modulusLength: bits, publicExponent: exponent } = algorithm
  if (typeof bits !== 'number' || bits < minRsaBits)
    return `an RSA key has at least ${minRsaBits} bits, this one ${bits}`
  if (bits > maxRsaBits) return `an RSA key has at most ${maxRsaBits} bits, this one ${bits}`
  const bytes = exponent instanceof Uint8Array ? [...exponent] : []
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  // With 1 every text is its own signature.
  return value < 3 || value % 2 === 0 ? 'its public exponent makes no signature' : undefined
}
