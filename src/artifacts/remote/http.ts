// How this room asks a server for bytes. Who can connect, and to which addresses, is decided by whoever passes it in.
import { ArtifactError } from '../error.ts'

export interface HttpRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Of the body: more is an error. */
  readonly maxBytes: number
  /** As `maxBytes`, for an answer with status 200 to a request for a range; `maxBytes` when left out. */
  readonly maxWholeBytes?: number
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/**
 * One GET. Follows no redirect and decodes nothing.
 *
 * @throws ArtifactError `unreadable` when nobody answers or the address is refused, `over_limit` when the body is too long
 */
export type HttpGet = (request: HttpRequest) => Promise<HttpAnswer>

/** A place to ask, and where it may send us. */
export interface RemotePlace {
  readonly url: URL
  /** For a request to `url`, which may be where we were sent: a token is for its own host only. */
  headersFor(url: URL, range: string | undefined): Readonly<Record<string, string>>
  mayLeadTo(url: URL): boolean
}

const mostRedirects = 5

/**
 * Asks, and follows redirects as far as they are allowed.
 *
 * @returns the answer and the place that gave it
 * @throws ArtifactError as `HttpGet`, and `unreadable` for a redirect to elsewhere
 */
export async function ask(
  get: HttpGet,
  place: RemotePlace,
  { range, from = place.url, ...limits }: { range?: string; from?: URL; maxBytes: number; maxWholeBytes?: number },
): Promise<HttpAnswer & { readonly url: URL }> {
  let url = from
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const headers = {
      'accept-encoding': 'identity',
      ...(range === undefined ? {} : { range }),
      ...place.headersFor(url, range),
    }
    const answer = await get({ url, headers, ...limits })
    const { location, 'content-encoding': encoding = 'identity' } = answer.headers
    if (answer.status < 300 || answer.status >= 400 || location === undefined) {
      if (encoding !== 'identity') throw new ArtifactError('unreadable', 'the server sent it compressed, unasked')
      return { ...answer, url }
    }
    url = nextPlace(place, url, location)
  }
  throw new ArtifactError('unreadable', `the server redirects more than ${mostRedirects} times`)
}

function nextPlace(place: RemotePlace, from: URL, location: string): URL {
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (next === undefined || next.username !== '' || next.password !== '')
    throw new ArtifactError('unreadable', 'the server redirects to what is no address')
  if (from.protocol === 'https:' && next.protocol !== 'https:')
    throw new ArtifactError('unreadable', 'the server redirects to a connection that is not encrypted')
  if (next.origin !== from.origin && !place.mayLeadTo(next))
    throw new ArtifactError('unreadable', `the server redirects to ${next.host}, which is not allowed here`)
  return next
}

/** What went wrong, for the operator: the status alone, because a body may say anything. */
export function refusal(status: number): ArtifactError {
  const hint: Readonly<Record<number, string>> = {
    401: ': a token is missing or wrong',
    403: ': it needs a permission that the token does not have, or a token',
    404: ': there is nothing at that address, or nothing that may be seen',
    429: ': too many requests; try again later',
  }
  return new ArtifactError('unreadable', `the server answered ${status}${hint[status] ?? ''}`)
}
