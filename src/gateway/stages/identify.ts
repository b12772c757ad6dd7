// Who asks? Exactly one credential, in exactly one header, or 401.
import { readCredential } from '#identity'
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

const hints = {
  missing: 'No API key was sent. Send it as Authorization: Bearer hold_….',
  multiple: 'More than one credential was sent. Send exactly one, in one header.',
  malformed: 'The credential is not a Holdfast API key.',
} as const

export function identify(exchange: Exchange, house: House): Refusal | undefined {
  const found = readCredential(exchange.request.rawHeaders)
  if (!found.ok) return unauthorised(found.reason, hints[found.reason])
  const result = house.keys.authenticate(found.credential)
  // One message for unknown, expired and revoked: which of them it was is for the log, not for a guesser.
  if (!result.ok) {
    // Known, but not let in: the log names the key that was used.
    if ('principal' in result) exchange.claimant = result.principal
    return unauthorised(result.reason, 'The API key is not valid.')
  }
  exchange.principal = result.principal
  return undefined
}

function unauthorised(reason: string, message: string): Refusal {
  return {
    status: 401,
    code: 'invalid_api_key',
    message,
    rule: `identify: ${reason}`,
    headers: { 'www-authenticate': 'Bearer realm="holdfast"' },
  }
}
