// identity in holdfast.yaml: which issuers' tokens are let in, and what becomes of their claims.
import { z } from 'zod'
import { durationMs, secretSchema } from '#config'
import { tenantId } from '../key-record.ts'
import { algorithms, defaultAlgorithms } from './algorithms.ts'

const maxToleranceMs = 300_000
const maxTimerMs = 2 ** 31 - 1

const claimName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}$/, { error: 'expected the name of a claim, such as groups' })

const claimTypes = ['string', 'long', 'boolean', 'strings'] as const

const claimsSchema = z
  .record(
    claimName,
    z.union([
      z.enum(claimTypes),
      z.strictObject({ type: z.enum(claimTypes), from: z.array(z.string().min(1).max(128)).min(1).max(8) }),
    ]),
  )
  .optional()
  .transform((claims = {}) =>
    Object.entries(claims).map(
      ([name, claim]): ConfiguredClaim =>
        typeof claim === 'string' ? { name, type: claim, from: [name] } : { name, ...claim },
    ),
  )

const jwksSchema = z
  .strictObject({
    url: z
      .string()
      .transform(parseUrl)
      .optional()
      .describe('Address of the JWK Set: https, or http on loopback. Redirects are not followed.'),
    document: secretSchema
      .optional()
      .describe('The JWK Set itself in place of `url`, usually file:PATH; read at start.'),
    allowPrivate: z.boolean().default(false).describe('Allow an address of this machine or this site.'),
    ca: secretSchema.optional().describe('PEM certificates to trust instead of the public ones, usually file:PATH.'),
    refresh: period(300_000, 'Age at which the keys are fetched again, in the background.', 1_000),
    cooldown: period(30_000, 'Between two fetches because of a `kid` that is not known.', 1_000),
    maxStale: period(86_400_000, 'Age up to which keys are used when the issuer cannot be reached.', 1_000),
  })
  .refine(({ url, document }) => (url === undefined) !== (document === undefined), {
    message: 'say where the keys are: either url or document',
  })
  .describe("Where the issuer's public keys are.")

const issuerSchema = z.strictObject({
  issuer: z
    .string()
    .regex(/^[\x21-\x22\x24-\x7e]{1,250}$/, { error: 'expected the exact `iss` of its tokens, without # and spaces' })
    .describe('The `iss` of its tokens, character for character.'),
  audience: oneOrSeveral('Our own name in `aud`: a token without one of these is refused.'),
  otherAudiences: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe('Tokens that name other audiences as well: each of those could use the token here.'),
  jwks: jwksSchema,
  algorithms: z
    .array(z.enum(algorithms))
    .min(1)
    .default([...defaultAlgorithms])
    .describe('Signature algorithms that its tokens may have. HMAC and `none` are not to be had.'),
  typ: z
    .array(z.string().regex(/^[A-Za-z0-9.+/-]{1,64}$/, { error: 'expected a type such as at+jwt or JWT, or missing' }))
    .min(1)
    .default(['at+jwt'])
    .describe('Types (`typ`) that its tokens may have; `missing` for none. RFC 9068 access tokens have at+jwt.'),
  clockTolerance: durationMs
    .pipe(z.number().max(maxToleranceMs, { error: 'at most 5m' }))
    .default(30_000)
    .describe('How far its clock and ours may be apart; at most 5m.'),
  maxAge: durationMs
    .pipe(z.number().min(1_000))
    .optional()
    .describe('Age (`iat`) above which a token is refused although it has not expired.'),
  subject: claimName.default('sub').describe('The claim that says who it is.'),
  pseudonymous: z
    .boolean()
    .default(false)
    .describe('Know its subjects by a keyed commitment only, in policies, the log and findings.'),
  tenant: z
    .union([tenantId, z.strictObject({ claim: claimName, allowed: z.array(tenantId).min(1).max(10_000) })])
    .prefault('default')
    .describe('Whose data its subjects work on: one tenant, or {claim, allowed} with the values that may stand there.'),
  scopes: claimName
    .default('scope')
    .describe('The claim with the scopes: a text with spaces between them, or a list. `scp` for Entra ID and Okta.'),
  clients: z
    .array(z.string().min(1).max(255))
    .min(1)
    .optional()
    .describe('Applications (`azp` or `client_id`) that may use its tokens here. Without it, all.'),
  claims: claimsSchema.describe(
    'Claims that policies may see, by name: string, long, boolean or strings; {type, from} for one inside another.',
  ),
  requiredClaims: z
    .record(claimName, z.union([claimValue(), z.array(claimValue()).min(1).max(100)]))
    .optional()
    .transform((claims = {}) =>
      Object.entries(claims).map(([name, values]) => ({ name, values: Array.isArray(values) ? values : [values] })),
    )
    .describe('Claims that a token must have, with the value or the values of which it must have one.'),
})

/** The key `identity` of holdfast.yaml. */
export const identitySchema = z
  .strictObject({
    issuers: z
      .array(issuerSchema)
      .max(100)
      .default([])
      .describe('Issuers whose JWT bearer tokens are let in, beside API keys.')
      .refine((list) => new Set(list.map(({ issuer }) => issuer)).size === list.length, {
        error: 'two issuers have the same `issuer`',
      }),
  })
  .prefault({})

export type IssuerSettings = z.output<typeof issuerSchema>

/** A claim that policies may see. */
export interface ConfiguredClaim {
  readonly name: string
  readonly type: (typeof claimTypes)[number]
  /** The way to it, from the outside in. */
  readonly from: readonly string[]
}

function parseUrl(text: string, context: z.RefinementCtx): URL {
  const url = URL.parse(text)
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (url === null) return refuse('expected a URL such as https://login.example.com/keys')
  const isLoopback = /^(?:127(?:\.\d+){3}|\[::1\]|localhost)$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    return refuse('expected an https URL: who can change the keys on the way can make tokens')
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return refuse('expected a URL without credentials and without #')
  return url
}

function oneOrSeveral(description: string) {
  const name = z.string().min(1).max(255)
  return z
    .union([name, z.array(name).min(1).max(100)])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .describe(description)
}

function claimValue() {
  return z.union([z.string().max(1024), z.int(), z.boolean()])
}

function period(defaultMs: number, description: string, least: number) {
  return durationMs.pipe(z.number().min(least).max(maxTimerMs)).default(defaultMs).describe(description)
}
