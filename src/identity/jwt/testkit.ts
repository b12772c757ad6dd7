// Issuers for tests: real keys, real tokens, and tokens made by hand where no honest library would make them.
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { z } from 'zod'
import { sha256Hex } from '#crypto'
import { documentKeys, type KeySource } from './key-source.ts'
import { type IssuerSettings, identitySchema } from './settings.ts'
import { createTokenVerifier, type TokenVerifier } from './verify.ts'

/** The time of all tests, in ms. */
export const epoch = Date.UTC(2026, 10, 20)
export const epochSeconds = epoch / 1000
export const issuerName = 'https://login.example.com/'

export interface TestKey {
  readonly alg: string
  readonly jwk: JWK
  /** A token of these claims and this header, signed. */
  sign(claims: object | string, header?: object): Promise<string>
}

/** A new key pair of an issuer. */
export async function makeKey(alg: string, kid?: string, options: { modulusLength?: number } = {}): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options })
  const jwk = { ...(await exportJWK(publicKey)), alg, use: 'sig', ...(kid === undefined ? {} : { kid }) }
  return {
    alg,
    jwk,
    async sign(claims, header = {}) {
      const full = { alg, typ: 'at+jwt', ...(kid === undefined ? {} : { kid }), ...header }
      const input = `${encode(full)}.${encode(claims)}`
      const signature = await crypto.subtle.sign(signing(privateKey, alg), privateKey, Buffer.from(input))
      return `${input}.${Buffer.from(signature).toString('base64url')}`
    },
  }
}

function signing({ algorithm }: CryptoKey, alg: string) {
  const bits = Number(alg.slice(-3))
  return { name: algorithm.name, hash: `SHA-${bits}`, saltLength: bits / 8 }
}

/** A part of a token; a text is taken as it is, so that it may be no JSON at all. */
export function encode(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** Claims that are right for `issuerSettings`, with changes; a claim that is undefined is left out. */
export function goodClaims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: issuerName,
    aud: 'holdfast',
    sub: 'alice',
    iat: epochSeconds - 60,
    exp: epochSeconds + 600,
    scope: 'chat',
    ...changes,
  }
}

/** Settings of one issuer as the configuration file would give them. */
export function issuerSettings(changes: object = {}): IssuerSettings {
  const { issuers } = identitySchema.parse({
    issuers: [
      { issuer: issuerName, audience: 'holdfast', jwks: { url: 'https://login.example.com/keys' }, ...changes },
    ],
  })
  return z.custom<IssuerSettings>((value) => value !== undefined).parse(issuers[0])
}

export async function keysOf(...keys: readonly TestKey[]): Promise<KeySource> {
  const source = documentKeys(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  await source.keys()
  return source
}

/** A verifier with one issuer. */
export async function verifierOf(
  keys: readonly TestKey[],
  settings: object = {},
  now: () => number = () => epoch,
): Promise<TokenVerifier> {
  return createTokenVerifier({
    issuers: [{ settings: issuerSettings(settings), keys: await keysOf(...keys) }],
    now,
    commit,
  })
}

/** Not keyed, so that a test knows it. */
export function commit(value: string): string {
  return sha256Hex(value)
}
