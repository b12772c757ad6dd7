// Fetching an issuer's keys: the address checked as an upstream's is, no redirect followed, bounded in size and time.
import { isIP } from 'node:net'
import { Agent, request } from 'undici'
import { addressRefusal, checkedLookup, isLocalhostName, type ResolveName } from '#gateway'
import type { IssuerSettings } from '#identity'
import { ServerError } from './error.ts'

const defaultTimeoutMs = 5_000
const maxBytes = 256 * 1024

type KeySetAddress = Pick<IssuerSettings['jwks'], 'allowPrivate' | 'ca'> & { readonly url: URL }

/**
 * Fetches the text of a JWK Set, over a connection of its own: it is rare, and a name is looked up and checked anew.
 *
 * @throws ServerError `key_set`, or what undici says of the connection; the message is for the operator
 */
export async function fetchKeySet(
  { url, allowPrivate, ca }: KeySetAddress,
  { resolve, now, timeoutMs = defaultTimeoutMs }: { resolve: ResolveName; now(): number; timeoutMs?: number },
): Promise<string> {
  refuseAddress(url, allowPrivate)
  const agent = new Agent({
    connect: {
      lookup: checkedLookup({ resolve, allowPrivate, now, ttlMs: 0 }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca: ca.reveal() }),
    },
  })
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(failed(`no complete answer in ${timeoutMs} ms`)), timeoutMs)
  try {
    const answer = await request(url, {
      dispatcher: agent,
      signal: abort.signal,
      headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
    })
    const { statusCode: status, headers, body } = answer
    if (status >= 300 && status < 400) throw failed(`it answered with a redirect (${status}), which is not followed`)
    if (status !== 200) throw failed(`it answered ${status}`)
    if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
      throw failed('its answer is compressed')
    return await readBounded(body)
  } finally {
    clearTimeout(timer)
    // What is left of the answer is not waited for.
    await agent.destroy()
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw failed(`its answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size).toString('utf8')
}

/**
 * What can be said of an address before it is looked up: net looks up no literal address.
 *
 * @throws ServerError `key_set`
 */
export function refuseAddress(url: URL, allowPrivate: boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = isLocalhostName(host) ? '127.0.0.1' : host
  const refusal = isIP(address) === 0 ? undefined : addressRefusal(address, allowPrivate)
  if (refusal !== undefined) throw failed(`the address of ${url.origin} is refused: ${refusal}`)
}

function failed(message: string): ServerError {
  return new ServerError('key_set', message)
}
