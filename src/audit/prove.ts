// Proofs that an entry is in the log, as files that anybody can check offline: C2SP tlog-proof
// (https://c2sp.org/tlog-proof).
import { LogError } from './error.ts'
import { diskFiles } from './files.ts'
import { readCheckpointNote, subtreesFromTiles } from './folder.ts'
import { type LogLocation, readEntries } from './read.ts'
import { openCheckpoint, parseCheckpointNote, type SignedCheckpoint } from './tlog/checkpoint.ts'
import { hashBytes, leafHash } from './tlog/merkle.ts'
import type { VerifierKey } from './tlog/note.ts'
import { proveInclusion, verifyInclusion } from './tlog/proofs.ts'

const header = 'c2sp.org/tlog-proof@v1'
// A path in a tree of 2^53 leaves has at most 53 hashes.
const maxPathLength = 53

export interface EntryProof {
  /** The proof file. */
  readonly proof: string
  /** The stored bytes that it is about. */
  readonly entry: Uint8Array
}

/**
 * The proof of an entry under the newest checkpoint.
 *
 * @throws LogError `not_found` when there is no such entry or it is not under a checkpoint yet; `damaged` when the
 *         tree does not hold the entry that is stored
 */
export async function proveEntry(location: LogLocation & { readonly index: number }): Promise<EntryProof> {
  const { dir, index, files = diskFiles } = location
  const note = await readCheckpointNote(files, dir)
  if (note === undefined) throw new LogError('not_found', `there is no log in ${dir}`)
  const { size, root } = parseCheckpointNote(note)
  if (!(index >= 0 && index < size)) {
    throw new LogError('not_found', `there is no entry ${index} under the newest checkpoint, which has ${size} entries`)
  }
  const path = await proveInclusion(index, size, subtreesFromTiles(files, dir, size))
  for await (const { bytes } of readEntries({ ...location, from: index, to: index + 1 })) {
    if (!verifyInclusion(index, size, leafHash(bytes), path, root)) break
    const hashes = path.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')
    return { proof: `${header}\nindex ${index}\n${hashes}\n${note}`, entry: bytes }
  }
  throw new LogError('damaged', `entry ${index} is not the one that was signed; run 'holdfast audit verify'`)
}

/**
 * Checks a proof file against the entry and the log's public keys.
 *
 * @param entry  the stored bytes of the entry
 * @returns the index and the checkpoint that the entry is proven under
 * @throws LogError `signature` when the file is malformed, not signed by the keys, or not about this entry
 */
export function verifyProof(
  proof: string,
  entry: Uint8Array,
  keys: readonly VerifierKey[],
): { readonly index: number; readonly checkpoint: SignedCheckpoint } {
  const refuse = (why: string) => new LogError('signature', `the proof does not hold: ${why}`)
  const split = proof.indexOf('\n\n')
  const [first, ...rest] = proof.slice(0, Math.max(split, 0)).split('\n')
  if (first !== header) throw refuse(`it does not begin with ${header}`)
  // Extra data is not authenticated, so it is passed over.
  const [indexLine = '', ...path] = rest[0]?.startsWith('extra ') ? rest.slice(1) : rest
  const [, digits] = /^index (0|[1-9]\d{0,14})$/.exec(indexLine) ?? []
  const hashes = path.map((line) => Buffer.from(line, 'base64'))
  const isSound = hashes.every((hash, at) => hash.length === hashBytes && hash.toString('base64') === path[at])
  if (digits === undefined || !isSound || path.length > maxPathLength) throw refuse('it is malformed')

  const checkpoint = openCheckpoint(proof.slice(split + 2), keys)
  const index = Number(digits)
  if (!verifyInclusion(index, checkpoint.size, leafHash(entry), hashes, checkpoint.root)) {
    throw refuse(`the entry is not entry ${index} under this checkpoint`)
  }
  return { index, checkpoint }
}
