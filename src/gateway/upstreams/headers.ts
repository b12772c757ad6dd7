// The header fields of a call and of its answer. Both are lists of what is needed; everything else stays behind.
import type { Secret } from '#config'
import { UpstreamError } from './error.ts'
import type { UpstreamHeader } from './types.ts'

export type UpstreamAuth = 'bearer' | 'api-key' | 'x-api-key' | 'none'

/**
 * The request headers, as name and value in turn. None comes from the client:
 * - cookies, credentials, forwarding and identity headers would speak for someone (CVE-2026-44087, CVE-2026-31908);
 * - a charset in Content-Type could make the upstream read other text than was inspected;
 * - Idempotency-Key is remembered by the upstream for the one account that all tenants share, so a tenant could be
 *   handed another's answer;
 * - feature flags such as OpenAI-Beta change what the answer may carry.
 *
 * What a vendor's API needs besides (see `anthropicHeaders`) is in `more`.
 *
 * The credential is attached here and nowhere else.
 */
export function requestHeaders(
  auth: UpstreamAuth,
  key: Secret | undefined,
  hasBody: boolean,
  more: readonly string[] = [],
): string[] {
  const headers = [
    'accept',
    'application/json, text/event-stream',
    // A compressed answer cannot be inspected as it arrives, and could be a bomb.
    'accept-encoding',
    'identity',
    'user-agent',
    'holdfast',
    ...more,
  ]
  if (hasBody) headers.push('content-type', 'application/json')
  if (key !== undefined && auth === 'bearer') headers.push('authorization', `Bearer ${key.reveal()}`)
  if (key !== undefined && (auth === 'api-key' || auth === 'x-api-key')) headers.push(auth, key.reveal())
  return headers
}

/**
 * Version and beta features of Anthropic's API. Both are the configuration's own words; the client only says which of the
 * allowed features it wants.
 */
export function anthropicHeaders(
  { version, betas }: { readonly version: string; readonly betas: readonly string[] },
  asked: readonly string[],
): string[] {
  const wanted = betas.filter((name) => asked.includes(name))
  return ['anthropic-version', version, ...(wanted.length === 0 ? [] : ['anthropic-beta', wanted.join(',')])]
}

/**
 * The response headers that may be seen. Left out are cookies, the upstream's own rate limits (they describe the
 * account that all tenants share) and everything that tells about its inside.
 *
 * @throws UpstreamError `bad_response` when the body is in an encoding that was not asked for, or its type is ambiguous
 */
export function responseHeaders(received: ReceivedHeaders): Partial<Record<UpstreamHeader, string>> {
  if (!isAbsentOr(received['content-encoding'], 'identity'))
    throw bad('it is compressed, though identity was asked for')
  if (!isAbsentOr(received['transfer-encoding'], 'chunked')) throw bad('its transfer encoding is not plainly chunked')
  if (Array.isArray(received['content-type'])) throw bad('it has two content types')
  const headers: Partial<Record<UpstreamHeader, string>> = {}
  for (const name of visible) {
    const value = received[name]
    if (typeof value === 'string' && value.length <= 256 && printable.test(value)) headers[name] = value
  }
  return headers
}

/** As undici gives them: lower-case names, repeated ones as a list. */
export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

const visible: readonly UpstreamHeader[] = [
  'content-type',
  'retry-after',
  'x-request-id',
  'request-id',
  'openai-processing-ms',
]

const printable = /^[\x20-\x7e]+$/

function isAbsentOr(value: string | readonly string[] | undefined, only: string): boolean {
  return value === undefined || (typeof value === 'string' && value.trim().toLowerCase() === only)
}

function bad(reason: string): UpstreamError {
  return new UpstreamError('bad_response', `the answer is refused: ${reason}`)
}
