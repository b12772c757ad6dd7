// A file on a server, of which only the asked-for ranges are fetched (RFC 9110 section 14). Each answer is checked to be
// of the same content as the first: what is judged must be one file, not pieces of two.
import { createHash } from 'node:crypto'
import { ArtifactError } from '../error.ts'
import type { Content } from '../scanner/content.ts'
import { ask, type HttpAnswer, type HttpGet, type RemotePlace, refusal } from './http.ts'

export interface RangeLimits {
  /** Over the network, for one file, in all. */
  readonly downloadBytes: number
}

const headBytes = 64 * 1024
/** A server that gives no ranges sends all at once, into memory. */
const maxWholeBytes = 256 * 1024 ** 2

/** @throws ArtifactError `unreadable`, `over_limit` */
export async function remoteContent(place: RemotePlace, get: HttpGet, limits: RangeLimits): Promise<Content> {
  const wholeBytes = Math.min(maxWholeBytes, limits.downloadBytes)
  const first = await ask(get, place, { range: rangeOf(0, headBytes), maxBytes: headBytes, maxWholeBytes: wholeBytes })
  if (first.status === 200) return wholeContent(first.body)
  if (first.status === 416 && /^bytes \*\/0$/.test(first.headers['content-range'] ?? ''))
    return wholeContent(Buffer.alloc(0))
  if (first.status !== 206) throw refusal(first.status)
  const { size } = extentOf(first, 0)
  const validator = validatorOf(first)
  let from = first.url
  let downloaded = first.body.length

  return {
    size,
    headBytes: first.body.length,
    read,
    async digest() {
      return first.body.length === size ? sha256(first.body) : undefined
    },
    // Each answer was compared with the first.
    isUnchanged: async () => true,
    close: async () => {},
  }

  async function read(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length <= first.body.length) return first.body.subarray(offset, offset + length)
    downloaded += length
    if (downloaded > limits.downloadBytes)
      throw new ArtifactError('over_limit', `limit reached: more than ${limits.downloadBytes} bytes to download`)
    let answer = await fetchRange(offset, length)
    // A signed address runs out: the place that gave it gives another.
    if ((answer.status === 403 || answer.status === 401) && from !== place.url) {
      from = place.url
      answer = await fetchRange(offset, length)
    }
    if (answer.status === 200 || answer.status === 412) throw changed()
    if (answer.status !== 206) throw refusal(answer.status)
    const extent = extentOf(answer, offset)
    if (extent.size !== size || validatorOf(answer) !== validator) throw changed()
    if (answer.body.length !== length) throw new ArtifactError('unreadable', 'the server sent fewer bytes than it has')
    from = answer.url
    return answer.body
  }

  function fetchRange(offset: number, length: number) {
    return ask(get, place, { range: rangeOf(offset, length), from, maxBytes: length, maxWholeBytes: 0 }).catch(
      (error) => {
        // A whole file where a range was asked for is cut short at once.
        throw error instanceof ArtifactError && error.code === 'over_limit' ? changed() : error
      },
    )
  }
}

function wholeContent(bytes: Buffer): Content {
  return {
    size: bytes.length,
    headBytes: bytes.length <= 4 * 1024 ** 2 ? bytes.length : headBytes,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    digest: async () => sha256(bytes),
    isUnchanged: async () => true,
    close: async () => {},
  }
}

function rangeOf(offset: number, length: number): string {
  return `bytes=${offset}-${offset + length - 1}`
}

/** The size of the whole. @throws ArtifactError when the answer is not what was asked for, or not as long as it says */
function extentOf({ headers, body }: HttpAnswer, offset: number): { readonly size: number } {
  const [, start, end, total] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(headers['content-range'] ?? '') ?? []
  const size = Number(total)
  const isRight =
    Number.isSafeInteger(size) &&
    Number(start) === offset &&
    Number(end) - Number(start) + 1 === body.length &&
    Number(end) < size
  if (!isRight)
    throw new ArtifactError('unreadable', 'the server sent another range than it says, or than was asked for')
  return { size }
}

/** What stays the same as long as the content does. */
function validatorOf({ headers }: HttpAnswer): string {
  return headers.etag ?? headers['last-modified'] ?? ''
}

function changed(): ArtifactError {
  return new ArtifactError('unreadable', 'the file changed on the server while it was read')
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
