// When a token may be used (RFC 7519 sections 4.1.4 to 4.1.6). A time is a whole number of seconds and nothing else: a
// text that compares as a number, a fraction and an infinity (`1e999`) are refused, and `exp` must be there.
import { TokenRefused } from './refusal.ts'
import type { IssuerSettings } from './settings.ts'

/** The end of the year 9999: nothing beyond it is a time. */
const maxSeconds = 253_402_300_799

/**
 * @param now ms since the epoch
 * @returns ms since the epoch from which on the token is to be refused
 * @throws TokenRefused
 */
export function checkTimes(claims: Readonly<Record<string, unknown>>, settings: IssuerSettings, now: number): number {
  const { clockTolerance, maxAge } = settings
  const expiry = timeOf(claims, 'exp')
  if (expiry === undefined) throw new TokenRefused('token_claims', 'it has no exp, so it would never expire')
  const notBefore = timeOf(claims, 'nbf')
  const issued = timeOf(claims, 'iat')
  if (notBefore !== undefined && notBefore - clockTolerance > now)
    throw new TokenRefused('token_not_yet_valid', `it is valid from ${iso(notBefore)} on (nbf), and it is ${iso(now)}`)
  if (issued !== undefined && issued - clockTolerance > now)
    throw new TokenRefused('token_not_yet_valid', `it was issued at ${iso(issued)} (iat), and it is ${iso(now)}`)
  if (now >= expiry + clockTolerance)
    throw new TokenRefused('token_expired', `it expired at ${iso(expiry)} (exp), and it is ${iso(now)}`)
  if (maxAge === undefined) return expiry + clockTolerance
  if (issued === undefined) throw new TokenRefused('token_claims', 'it has no iat, which maxAge needs')
  const tooOld = issued + maxAge + clockTolerance
  if (now >= tooOld) throw new TokenRefused('token_too_old', `it was issued at ${iso(issued)} (iat), before maxAge`)
  return Math.min(tooOld, expiry + clockTolerance)
}

/** ms since the epoch. */
function timeOf(claims: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const seconds = claims[name]
  if (seconds === undefined) return undefined
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0 || seconds > maxSeconds)
    throw new TokenRefused('token_claims', `${name} is not a whole number of seconds since 1970`)
  return seconds * 1000
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
