// Who may come in: the same questions, in the same order, before any operation. Nobody learns more than the answer to
// the first one that goes wrong.
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { type AuthenticationResult, type Principal, readCredential } from '#identity'
import { type Charge, type LimitDecision, rateLimitHeaders } from '#limits'
import { ApiError } from './error.ts'
import type { ApiRooms } from './rooms.ts'

/** What is sent in plain HTTP/1.1, to a name of ours. @throws ApiError */
export function checkRequest(request: IncomingMessage, ourNames: ReadonlySet<string>): void {
  const seen = new Set<string>()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase()
    if (onlyOnce.has(name) && seen.has(name)) throw malformed(`The header ${name} came twice.`)
    seen.add(name)
  }
  if (request.rawHeaders.length > 2 * maxHeaders)
    throw new ApiError('headers_too_large', `More than ${maxHeaders} headers were sent.`)
  if (!isOurName(request.headers.host, ourNames))
    throw new ApiError('misdirected', 'Reach it by its address, by localhost, or by a name in api.hosts.')
}

const maxHeaders = 64
const onlyOnce = new Set(['host', 'content-length', 'content-type', 'transfer-encoding', 'content-encoding', 'prefer'])

/**
 * A page of another site can point its name to this machine, and its visitors' browsers then send requests here (DNS
 * rebinding). Their Host is that name; an address cannot be rebound.
 */
function isOurName(host: string | undefined, ourNames: ReadonlySet<string>): boolean {
  const [, bracketed, plain] =
    /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253}))(?::\d{1,5})?$/.exec(host ?? '') ?? []
  if (bracketed !== undefined) return isIP(bracketed) === 6
  if (plain === undefined) return false
  const name = plain.toLowerCase().replace(/\.$/, '')
  return isIP(name) === 4 || name === 'localhost' || ourNames.has(name)
}

/** @throws ApiError `rate_limited` for an address that has failed too often */
export async function checkAddress(address: string, { addresses }: Pick<ApiRooms, 'addresses'>): Promise<void> {
  const decision = await addresses.check(address)
  if (decision.allowed) return
  const headers = { 'retry-after': String(Math.ceil(decision.retryAfterMs / 1000)) }
  throw new ApiError('rate_limited', 'Too many requests of this address were refused.', { headers })
}

export interface Refused {
  readonly error: ApiError
  /** Whose credential it was, where that is known. For the log, never for the client. */
  readonly claimant: Principal | undefined
  /** Which check it was; for the log. */
  readonly rule: string
}

/** Exactly one credential, in exactly one header. */
export async function identify(
  rawHeaders: readonly string[],
  rooms: Pick<ApiRooms, 'identify'>,
): Promise<{ readonly principal: Principal } | Refused> {
  const found = readCredential(rawHeaders)
  if (!found.ok) return { error: unauthenticated(hints[found.reason]), claimant: undefined, rule: found.reason }
  const result = await rooms.identify(found.credential)
  return result.ok ? { principal: result.principal } : refusedBy(result)
}

function refusedBy(result: Exclude<AuthenticationResult, { ok: true }>): Refused {
  const claimant = 'principal' in result ? result.principal : undefined
  const error =
    result.reason === 'token_keys_unavailable'
      ? new ApiError('unavailable', "The keys of the token's issuer are not available.", {
          headers: { 'retry-after': '10' },
        })
      : unauthenticated('The credential is not valid.')
  return { error, claimant, rule: result.reason }
}

const hints = {
  missing: 'Send an API key or a token as Authorization: Bearer …',
  multiple: 'Send exactly one credential, in one header.',
  malformed: 'The credential is neither an API key nor a token.',
} as const

function unauthenticated(detail: string): ApiError {
  return new ApiError('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="holdfast"' } })
}

/** @returns the headers that tell what is left @throws ApiError `rate_limited` */
export async function checkRate(
  principal: Principal,
  { admit, settings }: Pick<ApiRooms, 'admit' | 'settings'>,
): Promise<Record<string, string>> {
  const { requests, per, burst } = settings().rate
  // The gateway's own rates of the same key are other buckets.
  const key = `api:${principal.keyId}`
  const charge: Charge = { scope: 'key', key, rate: { count: requests, perMs: per }, burst, cost: 1 }
  const decision: LimitDecision = await admit([charge])
  const headers = rateLimitHeaders(decision)
  if (!decision.allowed) throw new ApiError('rate_limited', 'This key or subject asks too often.', { headers })
  return headers
}

function malformed(detail: string): ApiError {
  return new ApiError('malformed_request', detail)
}
