// What an exchange is charged for in the end, by how it ended. The table in docs/limits.md is this file in words.
import type { Spending } from './cost.ts'

/** What is known of an exchange when it is over. */
export interface Ending {
  /** The request may have reached an upstream. */
  readonly wasSent: boolean
  /** The status of the upstream's answer; undefined when none began. */
  readonly status: number | undefined
  /** The upstream has told that it is at the end of its answer, or has been read to its end. */
  readonly isComplete: boolean
  /** No answer began, and the upstream is known to have done nothing or to have died: not that it was too slow. */
  readonly hasFailed: boolean
  readonly isStream: boolean
  /** As the upstream reported it, so far. */
  readonly usage:
    | { readonly promptTokens: number; readonly completionTokens: number; readonly cachedTokens: number }
    | undefined
  /** Tokens of the answer's texts that arrived, estimated. */
  readonly received: number
}

/** @param reserved  what was reserved for the exchange */
export function settlementOf(reserved: Spending, ending: Ending): Spending {
  const { wasSent, status, isComplete, hasFailed, isStream, usage, received } = ending
  if (!wasSent || hasFailed) return nothing
  // Nobody knows what it was doing: a stream that is left is stopped, anything else goes on until it is done, and costs.
  if (status === undefined) return isStream ? { ...reserved, cached: 0, output: 0 } : reserved
  if (usage !== undefined) {
    // Some report what they have so far with every event: of an answer that was cut off, the larger number counts.
    const output = isComplete ? usage.completionTokens : Math.max(usage.completionTokens, received)
    return { requests: 1, input: usage.promptTokens, cached: usage.cachedTokens, output }
  }
  if (status >= 400) return { ...nothing, requests: 1 }
  if (!isComplete && !isStream) return reserved
  return { requests: 1, input: reserved.input, cached: 0, output: received }
}

const nothing: Spending = { requests: 0, input: 0, cached: 0, output: 0 }
