// The issuers whose tokens are let in: what can be wrong with them before anything starts, and where their keys are.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commitment, openKeyring } from '#crypto'
import { type ResolveName, resolveBySystem, tokenSchemaProblem } from '#gateway'
import {
  createTokenVerifier,
  documentKeys,
  fetchedKeys,
  IdentityError,
  type IssuerSettings,
  type KeySource,
  readKeySet,
  type TokenExamination,
  type TokenVerifier,
} from '#identity'
import type { PolicySet } from '#policy'
import { ServerError } from './error.ts'
import { fetchKeySet, refuseAddress } from './fetch-key-set.ts'
import type { World } from './world.ts'

interface IdentitySettings {
  readonly issuers: readonly IssuerSettings[]
}

/**
 * Checks what can be checked without asking anybody: documents with keys, literal addresses, and that the policies'
 * schema knows tokens and has a place for their claims.
 *
 * @throws ServerError `key_set`, `token_schema`
 */
export async function checkIssuers(file: string, { issuers }: IdentitySettings, policies: PolicySet): Promise<void> {
  for (const [index, { jwks, claims }] of issuers.entries()) {
    const place = `${file}: identity.issuers[${index}]`
    try {
      if (jwks.url !== undefined) refuseAddress(jwks.url, jwks.allowPrivate)
      if (jwks.document !== undefined) await readKeySet(jwks.document.reveal())
    } catch (error) {
      if (!(error instanceof IdentityError || error instanceof ServerError)) throw error
      throw new ServerError('key_set', `${place}.jwks: ${error.message}`)
    }
    const problem = tokenSchemaProblem(policies, claims)
    if (problem !== undefined) throw new ServerError('token_schema', `${place}: ${problem}`)
  }
}

export interface TokenDoor {
  /** Whoever verifies tokens by these settings; undefined when there is no issuer. The keys are being fetched. */
  verifier(identity: IdentitySettings, commitKey: Uint8Array): TokenVerifier | undefined
  /** Issuers whose keys have been fetched, and when, ms since the epoch. */
  keySets(): { readonly issuer: string; readonly fetchedAt: number }[]
}

/** Keeps the keys of an issuer from one configuration to the next: it may be out of reach when that changes. */
export function createTokenDoor(world: World, resolve: ResolveName = resolveBySystem): TokenDoor {
  let sources = new Map<string, { readonly issuer: string; readonly keys: KeySource }>()
  const sourceOf = keySourceOf(world, resolve)

  return {
    verifier({ issuers }, commitKey) {
      if (issuers.length === 0) return undefined
      const before = sources
      sources = new Map()
      const verifier = createTokenVerifier({
        issuers: issuers.map((settings) => {
          const { ca, document, ...jwks } = settings.jwks
          const name = JSON.stringify([settings.issuer, jwks, ca?.reveal(), document?.reveal()])
          const keys = before.get(name)?.keys ?? sourceOf(settings)
          sources.set(name, { issuer: settings.issuer, keys })
          return { settings, keys }
        }),
        now: world.now,
        commit: (value) => commitment(commitKey, value),
      })
      verifier.keepFresh()
      return verifier
    },
    keySets: () =>
      [...sources.values()].flatMap(({ issuer, keys: { fetchedAt } }) =>
        fetchedAt === undefined ? [] : [{ issuer, fetchedAt }],
      ),
  }
}

function keySourceOf(world: World, resolve: ResolveName): (settings: IssuerSettings) => KeySource {
  return ({ issuer, jwks }) => {
    const { url, document, allowPrivate, ca, refresh: refreshMs, cooldown: cooldownMs, maxStale: maxStaleMs } = jwks
    if (url === undefined) return documentKeys(document?.reveal() ?? '')
    return fetchedKeys({
      issuer,
      fetch: () => fetchKeySet({ url, allowPrivate, ca }, { resolve, now: world.monotonic }),
      now: world.now,
      monotonic: world.monotonic,
      warn: world.warn,
      refreshMs,
      cooldownMs,
      maxStaleMs,
    })
  }
}

/**
 * What the gateway would say of a token, with the reason in plain words.
 *
 * @param data  the folder whose key for pseudonyms is used, if it has one already
 * @param keySet  a JWK Set that stands for those of all issuers; nobody is asked then
 * @throws ServerError `key_set`
 */
export async function examineToken(
  { issuers }: IdentitySettings,
  data: string,
  token: string,
  keySet: string | undefined,
  world: World,
): Promise<TokenExamination> {
  const keys = keySet === undefined ? undefined : documentKeys(keySet)
  if (keySet !== undefined) await readKeySet(keySet)
  const sourceOf = keySourceOf(world, resolveBySystem)
  // Only read: whoever checks a token leaves nothing behind.
  const commitKey = existsSync(join(data, 'keys', 'commitments.key'))
    ? openKeyring(join(data, 'keys'), world).symmetric('commitments')
    : world.randomBytes(32)
  const verifier = createTokenVerifier({
    issuers: issuers.map((issuer) => ({ settings: issuer, keys: keys ?? sourceOf(issuer) })),
    now: world.now,
    commit: (value) => commitment(commitKey, value),
  })
  return verifier.examine(token)
}
