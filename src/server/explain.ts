// What the log has of one exchange, found and proven: for 'holdfast explain' and for the management API.
import { LogError, proveEntry, searchEntries, type VerifierKey, verifyProof } from '#audit'
import {
  basisNamedIn,
  type EntryProofState,
  type Explanation,
  explainExchange,
  type FoundEntry,
  findBasis,
} from '#gateway'
import type { PolicySet } from '#policy'

export interface ExplainOptions {
  /** The folder of the log. */
  readonly dir: string
  /** The log's public keys. */
  readonly keys: readonly VerifierKey[]
  /** ms since the epoch: the log is not searched further back. */
  readonly since: number | undefined
  /** Those of today. */
  readonly policies: PolicySet | undefined
}

export interface ExplainedExchange {
  readonly explanation: Explanation
  /** Whether an entry is not the one that was signed. */
  readonly hasFailedProof: boolean
}

/**
 * Explains an exchange; undefined when the log has nothing of it.
 *
 * @param id  of the exchange, or what the upstream called its request: letters, digits and the signs _ . : -
 * @throws LogError as `readEntries`
 */
export async function explainLogged(id: string, options: ExplainOptions): Promise<ExplainedExchange | undefined> {
  const { dir, keys, since, policies } = options
  const exchange = await exchangeOf(dir, id, since)
  if (exchange === undefined) return undefined
  const entries = await entriesOf(dir, exchange, since, keys)
  const named = basisNamedIn(entries.map(({ event }) => event))
  const basis = named && (await findBasis({ dir }, named, Math.max(...entries.map(({ index }) => index))))
  return {
    explanation: explainExchange({ exchange, entries, basis, policies }),
    hasFailedProof: entries.some(({ proof }) => proof.state === 'failed'),
  }
}

/** The exchange with this id, or the one whose upstream called its request so. */
async function exchangeOf(dir: string, id: string, since: number | undefined): Promise<string | undefined> {
  for await (const { event } of searchEntries({ dir, text: id, since })) {
    const { correlation_uid: exchange } = event?.metadata ?? {}
    if (exchange === id || event?.unmapped?.holdfast.upstream_request === id) return exchange
  }
  return undefined
}

/** Its entries, up to its decision: nothing of an exchange is older. */
async function entriesOf(
  dir: string,
  exchange: string,
  since: number | undefined,
  keys: readonly VerifierKey[],
): Promise<FoundEntry[]> {
  const found: FoundEntry[] = []
  for await (const { index, event } of searchEntries({ dir, text: exchange, since })) {
    if (event?.metadata.correlation_uid !== exchange) continue
    found.push({ index, event, proof: await proofOf(dir, index, keys) })
    if (event.unmapped?.holdfast.phase === 'decision') break
  }
  return found
}

async function proofOf(dir: string, index: number, keys: readonly VerifierKey[]): Promise<EntryProofState> {
  try {
    const { proof, entry } = await proveEntry({ dir, index })
    const { checkpoint } = verifyProof(proof, entry, keys)
    return { state: 'proven', size: checkpoint.size, origin: checkpoint.origin }
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    return error.code === 'not_found' ? { state: 'not_yet' } : { state: 'failed', message: error.message }
  }
}
