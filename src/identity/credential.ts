// Which credential a request carries. Exactly one, in exactly one header: what two readers could understand in two
// ways is refused, and Node's own view is not used, because it keeps the first of two Authorization headers silently
// and joins two X-Api-Key headers into one.

export type CredentialResult =
  | { readonly ok: true; readonly credential: string }
  | { readonly ok: false; readonly reason: 'missing' | 'multiple' | 'malformed' }

/**
 * Reads the credential of a request from `Authorization: Bearer`, `X-Api-Key` or `Api-Key`.
 *
 * @param rawHeaders names and values in turn, as they arrived (`IncomingMessage.rawHeaders`)
 * @returns the credential, 1 to 8192 characters of RFC 6750's token alphabet; it has not been checked against anything
 */
export function readCredential(rawHeaders: readonly string[]): CredentialResult {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase()
    if (name !== 'authorization' && name !== 'x-api-key' && name !== 'api-key') continue
    if (found !== undefined) return { ok: false, reason: 'multiple' }
    const value = rawHeaders[index + 1] ?? ''
    found = name === 'authorization' ? withoutScheme(value) : value
  }
  if (found === undefined) return { ok: false, reason: 'missing' }
  if (found.length > maxLength || !token.test(found)) return { ok: false, reason: 'malformed' }
  return { ok: true, credential: found }
}

/** A token signed with ML-DSA-87 has 6,200 characters before it says anything. */
const maxLength = 8192

/** b64token of RFC 6750 section 2.1: no space, no comma, no quote, nothing outside ASCII. */
const token = /^[A-Za-z0-9._~+/-]+=*$/

/** The scheme is case-insensitive (RFC 9110 section 11.1); one space follows, not a tab and not two. */
function withoutScheme(value: string): string {
  return /^bearer /i.test(value) ? value.slice('bearer '.length) : ''
}
