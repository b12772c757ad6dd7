/**
 * The verdict cache: agents resend their whole history with every request, and a text that was inspected once gets the
 * same verdicts again. Keys are SHA-256 over everything that the answer depends on, so no text is kept.
 */
import { hash } from 'node:crypto'
import type { InspectInput, Verdict } from './detector.ts'

export class VerdictCache {
  readonly #capacity: number
  readonly #versions: string
  /** A Map iterates in the order of insertion: the first key is the least recently used one. */
  readonly #entries = new Map<string, readonly Verdict[]>()

  /** @param versions what identifies detectors and policy; another value, another answer */
  constructor(capacity: number, versions: string) {
    this.#capacity = capacity
    this.#versions = hash('sha256', versions, 'base64')
  }

  key({ text, channel, contentType, direction }: InspectInput, tenant: string): string {
    // The text comes last and the lengths of the others are told, so that no two inputs spell the same.
    const scope = `${this.#versions}${direction} ${contentType} ${channel.length}:${channel}${tenant.length}:${tenant}`
    return hash('sha256', `${scope}\n${text}`, 'base64')
  }

  get(key: string): readonly Verdict[] | undefined {
    const known = this.#entries.get(key)
    if (known === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, known)
    return known
  }

  /** Remembers and returns the verdicts. */
  put(key: string, verdicts: readonly Verdict[]): readonly Verdict[] {
    if (this.#capacity === 0) return verdicts
    this.#entries.set(key, verdicts)
    if (this.#entries.size > this.#capacity) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return verdicts
  }
}
