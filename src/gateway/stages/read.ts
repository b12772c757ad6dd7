// The body, whole and bounded, parsed once into the parts that must be inspected.
import { WireError } from '#wire'
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

export async function read(exchange: Exchange, house: House): Promise<Refusal | undefined> {
  const { format } = exchange
  if (format === undefined) return undefined
  const body = await collect(exchange, house.settings.limits.maxBodyBytes)
  if (!Buffer.isBuffer(body)) return body
  exchange.body = body
  try {
    exchange.asked = format.parseRequest(body, house.settings.wire)
    return undefined
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return {
      status: error.status,
      code: error.code,
      message: error.message,
      rule: `read: ${error.code}`,
      param: error.param ?? undefined,
    }
  }
}

/** A payload beyond what is inspected is refused, never truncated. */
function collect(exchange: Exchange, maxBytes: number): Promise<Buffer | Refusal> {
  const { request, hungUp } = exchange
  const tooLarge: Refusal = {
    status: 413,
    code: 'request_too_large',
    message: `The request body is larger than ${maxBytes} bytes.`,
    rule: 'read: request_too_large',
    // The rest of the body is not read, so the connection cannot be used again.
    headers: { connection: 'close' },
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(tooLarge)
  if (exchange.malformed !== undefined) return Promise.resolve(exchange.malformed)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) {
        request.pause()
        resolve(tooLarge)
      } else chunks.push(chunk)
    })
    request.once('end', () => {
      if (request.rawTrailers.length > 0) resolve(trailers)
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size))
    })
    exchange.onMalformed = resolve
    request.once('error', reject)
    hungUp.addEventListener('abort', () => resolve(incomplete), { once: true })
  })
}

const trailers: Refusal = {
  status: 400,
  code: 'trailer',
  message: 'Trailers are refused.',
  rule: 'read: trailer',
}

const incomplete: Refusal = {
  status: 400,
  code: 'incomplete_request',
  message: 'The connection closed before the request was complete.',
  rule: 'read: incomplete_request',
}
