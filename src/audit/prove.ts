// Proofs that an entry is in the log, as files that anybody can check offline: C2SP tlog-proof
// (https://c2sp.org/tlog-proof).
import { LogError } from './error.ts'
import { diskFiles } from './files.ts'
import { readCheckpointNote, subtreesFromTiles } from './folder.ts'
import { type LogLocation, readEntries } from './read.ts'
import { openCheckpoint, parseCheckpointNote, type SignedCheckpoint } from './tlog/checkpoint.ts'
import { type Hash, hashBytes, leafHash } from './tlog/merkle.ts'
import type { VerifierKey } from './tlog/note.ts'
import { proveInclusion, verifyInclusion } from './tlog/proofs.ts'

const header = 'c2sp.org/tlog-proof@v1'
// A path in a tree of 2^53 leaves has at most 53 hashes.
const maxPathLength = 53

export interface EntryProof {
  /** The proof file; its extra data is the entry, so that the file is all that somebody needs beside the keys. */
  readonly proof: string
  /** The stored bytes that it is about. */
  readonly entry: Uint8Array
}

export interface ProvenEntry {
  readonly index: number
  readonly entry: Uint8Array
  /** The checkpoint that the entry is proven under. */
  readonly checkpoint: SignedCheckpoint
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
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) {
    throw new LogError('not_found', `there is no entry ${index} under the newest checkpoint, which has ${size} entries`)
  }
  const path = await proveInclusion(index, size, subtreesFromTiles(files, dir, size))
  for await (const { bytes } of readEntries({ ...location, from: index, to: index + 1 })) {
    if (!verifyInclusion(index, size, leafHash(bytes), path, root)) break
    const hashes = path.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')
    const extra = Buffer.from(bytes).toString('base64')
    return { proof: `${header}\nextra ${extra}\nindex ${index}\n${hashes}\n${note}`, entry: bytes }
  }
  throw new LogError('damaged', `entry ${index} is not the one that was signed; run 'holdfast audit verify'`)
}

/**
 * Checks a proof file with the log's public keys.
 *
 * @param entry  the stored bytes that it should prove; undefined takes those in the file
 * @throws LogError `signature` when the file is malformed, not signed by the keys, or not about this entry
 */
export function verifyProof(proof: string, entry: Uint8Array | undefined, keys: readonly VerifierKey[]): ProvenEntry {
  const { index, path, extra, note } = parseProof(proof)
  const proven = entry ?? extra
  if (proven === undefined) throw refused('the entry is neither in the file nor given')
  const checkpoint = openCheckpoint(note, keys)
  if (!verifyInclusion(index, checkpoint.size, leafHash(proven), path, checkpoint.root)) {
    throw refused(`the entry is not entry ${index} under this checkpoint`)
  }
  return { index, entry: proven, checkpoint }
}

function parseProof(proof: string): { index: number; path: Hash[]; extra: Uint8Array | undefined; note: string } {
  const split = proof.indexOf('\n\n')
  const [first, ...lines] = proof.slice(0, Math.max(split, 0)).split('\n')
  if (first !== header) throw refused(`it does not begin with ${header}`)
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined
  const [, digits] = /^index (0|[1-9]\d{0,14})$/.exec(lines.shift() ?? '') ?? []
  const path = lines.map((line) => fromBase64(line))
  const isSound =
    digits !== undefined && lines.length <= maxPathLength && path.every((hash) => hash.length === hashBytes)
  if (!isSound) throw refused('it is malformed')
  return {
    index: Number(digits),
    path,
    extra: extra === undefined ? undefined : fromBase64(extra),
    note: proof.slice(split + 2),
  }
}

function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw refused('it is malformed')
  return bytes
}

function refused(why: string): LogError {
  return new LogError('signature', `the proof does not hold: ${why}`)
}
