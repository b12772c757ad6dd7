// Sends an answer, but not a byte of it before the decision entry is on disk.
import { createHash, type Hash } from 'node:crypto'
import { idHeaders } from '../anthropic.ts'
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { notRecorded, sendRefusal } from './refuse.ts'

export interface Sender {
  /** Status and headers; they go out together with the first bytes. */
  head(status: number, headers: Readonly<Record<string, string>>): void
  /** @returns false when the client reads slowly: hold the source until `drained` is called */
  write(bytes: Uint8Array): boolean
  /** The answer is complete. With `bytes`, they are all of it. */
  end(bytes?: Uint8Array): void
  /** Sends a refusal in place of the answer, if nothing has left yet. @returns whether it could */
  refuse(refusal: Refusal): boolean
  /** Resolves when the answer is sent, or the client is gone. */
  readonly done: Promise<void>
}

export interface SenderEvents {
  /** A slow client has caught up, or the decision is on disk: more may be written. */
  drained(): void
  /** The decision could not be recorded and the client was told so: nothing else will be sent. */
  abandoned(): void
}

/** @param recorded  resolves when the decision entry is durable; what cannot be proved later must not happen now */
export function createSender(
  exchange: Exchange,
  house: House,
  recorded: Promise<unknown>,
  { drained, abandoned }: SenderEvents,
): Sender {
  const { response, outcome } = exchange
  let digest: Hash | undefined
  let isOpen = false
  let waiting: Uint8Array[] = []
  let isEnding = false
  /** Takes the place of whatever waits. */
  let refusal: Refusal | undefined
  const done = response.closed ? Promise.resolve() : new Promise<void>((resolve) => response.once('close', resolve))
  response.on('drain', drained)
  recorded.then(openGate, () => {
    refusal = notRecorded
    outcome.ended = 'refused'
    outcome.error = notRecorded.rule
    outcome.told = notRecorded.code
    openGate()
    abandoned()
  })

  function openGate(): void {
    isOpen = true
    if (response.destroyed) return
    if (refusal !== undefined) {
      sendRefusal(exchange, refusal)
      return
    }
    for (const bytes of waiting) transmit(bytes)
    waiting = []
    if (isEnding) finish()
    else drained()
  }

  function transmit(bytes: Uint8Array): boolean {
    if (response.destroyed) return true
    outcome.firstByteAt ??= house.monotonic()
    outcome.bytesOut += bytes.length
    digest ??= createHash('sha256')
    digest.update(bytes)
    return response.write(bytes)
  }

  function finish(): void {
    outcome.answerDigest = digest?.digest('hex')
    response.end()
  }

  return {
    head(status, headers) {
      if (refusal !== undefined) return
      outcome.status = status
      response.statusCode = status
      const all = { ...idHeaders(exchange), ...headers }
      for (const name in all) {
        const value = all[name]
        if (value !== undefined) response.setHeader(name, value)
      }
    },
    write(bytes) {
      if (refusal !== undefined || isEnding) return true
      if (isOpen) return transmit(bytes)
      waiting.push(bytes)
      return false
    },
    end(bytes) {
      if (refusal !== undefined || isEnding) return
      isEnding = true
      if (bytes !== undefined) {
        response.setHeader('content-length', bytes.length)
        if (isOpen) transmit(bytes)
        else waiting.push(bytes)
      }
      if (isOpen) finish()
    },
    refuse(told) {
      if (response.headersSent || response.destroyed || refusal !== undefined) return false
      refusal = told
      if (isOpen) sendRefusal(exchange, told)
      return true
    },
    done,
  }
}
