// Sends an answer, but not a byte of it before the decision entry is on disk.
import { createHash, type Hash } from 'node:crypto'
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'

export interface Sender {
  /** Status and headers; goes out together with the first bytes. */
  head(status: number, headers: Readonly<Record<string, string>>): void
  /** @returns false when the client reads slowly: hold the source until `drained` calls back */
  write(bytes: Uint8Array): boolean
  end(bytes?: Uint8Array): void
  /** Whether bytes have left already, so that the status cannot be changed any more. */
  readonly hasStarted: boolean
  /** Resolves when the answer is sent, or the client is gone. */
  readonly done: Promise<void>
}

/**
 * @param recorded  resolves when the decision entry is durable; when it rejects, the client gets 503
 *   instead of the answer, because what cannot be proved later must not happen now
 * @param drained   called when a slow client has caught up, and once when the gate opens
 * @param unrecorded called when the decision could not be recorded
 */
export function createSender(
  exchange: Exchange,
  house: House,
  recorded: Promise<unknown>,
  drained: () => void,
  unrecorded: (error: unknown) => void,
): Sender {
  const { response, outcome } = exchange
  let digest: Hash | undefined
  let isOpen = false
  let waiting: Uint8Array[] = []
  let isEnding = false
  const done = new Promise<void>((resolve) => response.once('close', resolve))
  response.on('drain', drained)

  recorded.then(
    () => {
      isOpen = true
      for (const bytes of waiting) transmit(bytes)
      waiting = []
      if (isEnding) response.end()
      else drained()
    },
    (error) => unrecorded(error),
  )

  function transmit(bytes: Uint8Array): boolean {
    if (response.destroyed) return true
    if (outcome.firstByteAt === undefined) outcome.firstByteAt = house.monotonic()
    outcome.bytesOut += bytes.length
    digest ??= createHash('sha256')
    digest.update(bytes)
    return response.write(bytes)
  }

  return {
    head(status, headers) {
      outcome.status = status
      response.statusCode = status
      response.setHeader('x-request-id', exchange.id)
      for (const name in headers) {
        const value = headers[name]
        if (value !== undefined) response.setHeader(name, value)
      }
    },
    write(bytes) {
      if (isOpen) return transmit(bytes)
      waiting.push(bytes)
      return false
    },
    end(bytes) {
      if (isEnding) return
      isEnding = true
      if (bytes !== undefined) {
        response.setHeader('content-length', bytes.length)
        if (isOpen) transmit(bytes)
        else waiting.push(bytes)
      }
      if (isOpen) response.end()
      done.then(() => {
        outcome.answerDigest = digest?.digest('hex')
      })
    },
    get hasStarted() {
      return outcome.firstByteAt !== undefined
    },
    done,
  }
}
