// The signature algorithms that a token may have, and the one kind of key that each takes. No `none`, and no HMAC: a
// public key must never be usable as a shared secret (RFC 8725 sections 3.1 and 3.2; CVE-2026-39999).

interface KeyKind {
  readonly kty: 'EC' | 'OKP' | 'RSA' | 'AKP'
  readonly crv?: string
}

const kinds = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  // RFC 9964; the key's own `alg` says which of the three it is.
  'ML-DSA-44': { kty: 'AKP' },
  'ML-DSA-65': { kty: 'AKP' },
  'ML-DSA-87': { kty: 'AKP' },
} as const satisfies Record<string, KeyKind>

export type Algorithm = keyof typeof kinds

export const algorithms = Object.keys(kinds) as [Algorithm, ...Algorithm[]]

/** Those of the default: all but RS384 and RS512, which nobody chooses who can choose. */
export const defaultAlgorithms = algorithms.filter((name) => name !== 'RS384' && name !== 'RS512')

/** Those that a key can be used with, by what it says of itself. */
export function algorithmsOf(key: { kty: string; crv?: string | undefined; alg?: string | undefined }): Algorithm[] {
  return algorithms.filter((name) => {
    const kind: KeyKind = kinds[name]
    if (kind.kty !== key.kty || (kind.crv !== undefined && kind.crv !== key.crv)) return false
    return key.alg === undefined ? kind.kty !== 'AKP' : key.alg === name
  })
}
