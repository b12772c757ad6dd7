// Fetching ranges of files that are to be scanned: the address checked as an upstream's is, no redirect followed,
// bounded in size and time.
import { isIP } from 'node:net'
import { Agent, request } from 'undici'
import { ArtifactError, type HttpGet } from '#artifacts'
import { addressRefusal, checkedLookup, isLocalhostName, type ResolveName, resolveBySystem } from '#gateway'

const timeoutMs = 60_000
const namesKeptMs = 60_000

/** How to ask servers, and how to let go of the connections to them. */
export function artifactFetcher({
  allowPrivate,
  now,
  resolve = resolveBySystem,
}: {
  readonly allowPrivate: boolean
  readonly now: () => number
  readonly resolve?: ResolveName
}): { readonly get: HttpGet; close(): Promise<void> } {
  const agent = new Agent({
    connect: {
      lookup: checkedLookup({ resolve, allowPrivate, now, ttlMs: namesKeptMs }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 32 * 1024,
  })
  return { get, close: () => agent.destroy() }

  async function get({ url, headers, maxBytes, maxWholeBytes = maxBytes }: Parameters<HttpGet>[0]) {
    refuseLiteral(url, allowPrivate)
    try {
      const answer = await request(url, { dispatcher: agent, headers })
      const body = await readBounded(answer.body, answer.statusCode === 200 ? maxWholeBytes : maxBytes)
      return { status: answer.statusCode, headers: single(answer.headers), body }
    } catch (error) {
      throw error instanceof ArtifactError ? error : new ArtifactError('unreadable', reasonOf(error, url))
    }
  }
}

async function readBounded(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop early destroys the body, and so the connection.
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes)
      throw new ArtifactError(
        'over_limit',
        `limit reached: the server sends more than ${maxBytes} bytes, and no ranges`,
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/** net looks up no literal address, so nobody would check it. */
function refuseLiteral(url: URL, allowPrivate: boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = isLocalhostName(host) ? '127.0.0.1' : host
  const refusal = isIP(address) === 0 ? undefined : addressRefusal(address, allowPrivate)
  if (refusal !== undefined) throw new ArtifactError('unreadable', refused(url, refusal))
}

function single(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}

function reasonOf(error: unknown, url: URL): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
  if (code === 'address_not_allowed') return refused(url, error instanceof Error ? error.message : code)
  return `${url.host} cannot be reached: ${code}`
}

function refused(url: URL, reason: string): string {
  return `${url.host} is not asked: ${reason.replace('which needs `allowPrivate: true`', 'which needs --allow-private')}`
}
