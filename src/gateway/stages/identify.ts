// Who asks? Exactly one credential, in exactly one header, or 401.
import { type AuthenticationResult, readCredential } from '#identity'
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

const hints = {
  missing: 'No API key or token was sent. Send it as Authorization: Bearer hold_….',
  multiple: 'More than one credential was sent. Send exactly one, in one header.',
  malformed: 'The credential is not a Holdfast API key.',
} as const

export function identify(exchange: Exchange, house: House): Refusal | undefined | Promise<Refusal | undefined> {
  const found = readCredential(exchange.request.rawHeaders)
  if (!found.ok) return keyRefused(found.reason, hints[found.reason])
  const result = house.identify(found.credential)
  return result instanceof Promise ? result.then((later) => letIn(exchange, later)) : letIn(exchange, result)
}

function letIn(exchange: Exchange, result: AuthenticationResult): Refusal | undefined {
  if (result.ok) {
    exchange.principal = result.principal
    return undefined
  }
  // Known, but not let in: the log names the key or the subject.
  if ('principal' in result) exchange.claimant = result.principal
  if (result.reason === 'token_keys_unavailable') return keysUnavailable
  // One message each: which check it was is for the log, not for a guesser.
  return result.reason.startsWith('token_')
    ? tokenRefused(result.reason)
    : keyRefused(result.reason, 'The API key is not valid.')
}

/** Not the token's fault: a client that threw it away and got a new one would be no further. */
const keysUnavailable: Refusal = {
  status: 503,
  code: 'identity_unavailable',
  message: "The keys of the token's issuer are not available, so it could not be checked. Try again.",
  rule: 'identify: token_keys_unavailable',
  headers: { 'retry-after': '10' },
}

function keyRefused(reason: string, message: string): Refusal {
  return {
    status: 401,
    code: 'invalid_api_key',
    message,
    rule: `identify: ${reason}`,
    headers: { 'www-authenticate': 'Bearer realm="holdfast"' },
  }
}

/** As RFC 6750 section 3.1 wants it. */
function tokenRefused(reason: string): Refusal {
  return {
    status: 401,
    code: 'invalid_token',
    message: 'The token is not valid.',
    rule: `identify: ${reason}`,
    headers: { 'www-authenticate': 'Bearer realm="holdfast", error="invalid_token"' },
  }
}
