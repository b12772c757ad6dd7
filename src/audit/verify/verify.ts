// Verifying a log with nothing but its folder and public keys. Every entry is hashed again; tiles, roots, checkpoints,
// the history and the numbers in the entries must all agree. Works while a writer is running, and in constant memory.
//
// What it cannot show: that whoever holds both the disk and the private keys did not write another history. For that,
// keep a checkpoint elsewhere and pass it as `since`. Nor that entries of the last second, which only the journal has,
// were written by the log: nothing is signed over them yet.
import { LogError } from '../error.ts'
import { diskFiles, type LogFiles } from '../files.ts'
import { readBundle, readCheckpointNote, readJournals, readPublicKeys, readTile } from '../folder.ts'
import { type Checkpoint, openCheckpoint, parseCheckpointNote } from '../tlog/checkpoint.ts'
import { compactRange, type Hash, joinPeaks, peaksOf } from '../tlog/merkle.ts'
import type { VerifierKey } from '../tlog/note.ts'
import { tilePath, tileWidth } from '../tlog/tiles.ts'
import { judgeBundle, sequenceOf } from './leaves.ts'
import { OrderCheck } from './order.ts'
import { entriesText, type LogProblem, mostPrecise } from './problem.ts'
import { RootCheck } from './roots.ts'
import { TileCheck } from './tiles.ts'

export interface VerifyOptions {
  readonly dir: string
  /** The log's public keys from a place that you trust; without them the folder's own `log.pub` is believed. */
  readonly keys?: readonly VerifierKey[]
  /** A checkpoint of this log that was kept elsewhere: history since then must only have been appended to. */
  readonly since?: string
  readonly files?: LogFiles
}

export interface LogReport {
  readonly ok: boolean
  readonly origin: string
  /** Entries under the checkpoint that was verified. */
  readonly size: number
  /** Root of that checkpoint, 64 hexadecimal digits. */
  readonly root: string
  /** When it was signed, ms since the epoch. */
  readonly signedAt: number | undefined
  /** Durable entries that are not under a checkpoint yet. */
  readonly journaled: number
  /** Size of the checkpoint of `since`. */
  readonly sinceSize: number | undefined
  readonly keysFrom: 'caller' | 'folder'
  readonly problems: readonly LogProblem[]
  /** What is worth knowing and no problem. */
  readonly remarks: readonly string[]
}

/**
 * Verifies a log.
 *
 * @throws LogError `not_found` when there is no log; `signature` when the keys or `since` do not parse; `io`
 */
export async function verifyLog({ dir, keys, since, files = diskFiles }: VerifyOptions): Promise<LogReport> {
  const trusted = keys ?? (await readPublicKeys(files, dir))
  const note = await readCheckpointNote(files, dir)
  if (note === undefined) throw new LogError('not_found', `there is no checkpoint in ${dir}`)
  const { checkpoint, signedAt, problems } = verifyNewest(note, trusted)
  const kept = since === undefined ? undefined : verifySince(since, checkpoint, trusted)

  const roots = await RootCheck.begin(files, dir, checkpoint.origin, trusted)
  const tree = await verifyTree(files, dir, checkpoint, roots, kept?.checkpoint)
  const largest = await roots.finish(checkpoint.size, tree.isRoot)
  const journal = await verifyJournal(files, dir)
  // A writer may have gone on meanwhile; only what is not there now was cut off.
  const truncated = largest > journal.size ? [truncation(journal.size, largest)] : []

  const all = [...problems, ...(kept?.problems ?? []), ...tree.problems, ...roots.problems, ...journal.problems]
  const found = mostPrecise([...all, ...truncated])
  return {
    ok: found.length === 0,
    origin: checkpoint.origin,
    size: checkpoint.size,
    root: Buffer.from(checkpoint.root).toString('hex'),
    signedAt,
    journaled: journal.journaled,
    sinceSize: kept?.checkpoint.size,
    keysFrom: keys === undefined ? 'folder' : 'caller',
    problems: found,
    remarks: [...quantumRemark(trusted), ...journal.remarks],
  }
}

/** Somebody may pass one key only: our own logs have two. */
function quantumRemark(keys: readonly VerifierKey[]): string[] {
  if (keys.some(({ algorithm }) => algorithm === 'ml-dsa-44')) return []
  return ['only Ed25519 signatures were checked: the keys hold no ML-DSA-44 key']
}

function verifyNewest(
  note: string,
  keys: readonly VerifierKey[],
): { checkpoint: Checkpoint; signedAt: number | undefined; problems: LogProblem[] } {
  try {
    const checkpoint = openCheckpoint(note, keys)
    const signedAt = checkpoint.signedAt === undefined ? undefined : checkpoint.signedAt * 1000
    return { checkpoint, signedAt, problems: [] }
  } catch (error) {
    const message = `the newest checkpoint: ${error instanceof Error ? error.message : error}`
    return { checkpoint: parseCheckpointNote(note), signedAt: undefined, problems: [{ kind: 'signature', message }] }
  }
}

function verifySince(
  since: string,
  newest: Checkpoint,
  keys: readonly VerifierKey[],
): { checkpoint: Checkpoint; problems: LogProblem[] } {
  const checkpoint = parseCheckpointNote(since)
  const problems: LogProblem[] = []
  try {
    openCheckpoint(since, keys)
  } catch (error) {
    const message = `the checkpoint that was kept: ${error instanceof Error ? error.message : error}`
    problems.push({ kind: 'signature', message })
  }
  if (checkpoint.origin !== newest.origin) {
    problems.push({ kind: 'signature', message: `the checkpoint that was kept is of the log ${checkpoint.origin}` })
  } else if (checkpoint.size > newest.size) {
    problems.push(truncation(newest.size, checkpoint.size))
  }
  return { checkpoint, problems }
}

async function verifyTree(
  files: LogFiles,
  dir: string,
  checkpoint: Checkpoint,
  roots: RootCheck,
  kept: Checkpoint | undefined,
): Promise<{ isRoot: boolean; problems: LogProblem[] }> {
  const { size, root } = checkpoint
  const range = compactRange()
  const order = new OrderCheck()
  const tiles = new TileCheck(files, dir, size)
  const problems: LogProblem[] = []

  const passed = async () => {
    await roots.reached(range.size, range.root)
    if (range.size !== kept?.size || Buffer.compare(range.root(), kept.root) === 0) return
    const message = `the first ${kept.size} entries are not those of the checkpoint that was kept: history was rewritten`
    problems.push({ kind: 'changed', index: 0, end: Math.max(kept.size, 1), message })
  }

  await passed()
  for (let start = 0; start < size; start += tileWidth) {
    const width = Math.min(tileWidth, size - start)
    const leaves = await verifyBundle(files, dir, start, width, size, order, problems)
    for (const leaf of leaves) {
      range.add(leaf)
      await passed()
    }
    if (width === tileWidth) await tiles.add(1, joinPeaks(peaksOf(leaves)))
  }
  await tiles.finish()
  problems.push(...tiles.problems, ...order.finish(size))
  return { isRoot: range.size === size && Buffer.compare(range.root(), root) === 0, problems }
}

/** The leaf hashes to go on with: those that are believed. */
async function verifyBundle(
  files: LogFiles,
  dir: string,
  start: number,
  width: number,
  size: number,
  order: OrderCheck,
  problems: LogProblem[],
): Promise<readonly Hash[]> {
  const index = start / tileWidth
  const tile = await readTile(files, dir, 0, index, width)
  const entries = await readBundle(files, dir, index, width).catch((error: unknown) => {
    if (error instanceof LogError && error.code === 'damaged') return undefined
    throw error
  })
  if (entries === undefined) {
    const message = `${tilePath('entries', index, width)} is missing or cut: ${entriesText(start, start + width)} cannot be read`
    problems.push({ kind: 'deleted', index: start, end: start + width, message })
    order.skip(width)
    return tile ?? []
  }
  const parentHash = await hashAbove(files, dir, index, size)
  const judged = judgeBundle(entries, tile, start, width, parentHash)
  for (const claim of judged.claims) order.add(claim)
  if (judged.isTileWrong) {
    const message = `${tilePath(0, index, width)} is missing or wrong; the entries are there`
    problems.push({ kind: 'tile', index: start, end: start + width, message })
  }
  return judged.leaves
}

/** What level 1 says of a full bundle. */
async function hashAbove(files: LogFiles, dir: string, bundle: number, size: number): Promise<Hash | undefined> {
  const begun = Math.floor(size / tileWidth)
  if (bundle >= begun) return undefined
  const above = Math.floor(bundle / tileWidth)
  const tile = await readTile(files, dir, 1, above, Math.min(tileWidth, begun - above * tileWidth))
  return tile?.[bundle % tileWidth]
}

async function verifyJournal(
  files: LogFiles,
  dir: string,
): Promise<{ size: number; journaled: number; problems: LogProblem[]; remarks: string[] }> {
  const { size, tail } = await steadyTail(files, dir)
  const problems: LogProblem[] = []
  for (const [at, entry] of tail.entries.entries()) {
    if (sequenceOf(entry) === size + at) continue
    const message = `entry ${size + at} was changed in the journal`
    problems.push({ kind: 'changed', index: size + at, message })
  }
  if (tail.damage) {
    const { index, kind } = tail.damage
    problems.push(
      kind === 'lost'
        ? { kind: 'deleted', index, message: `entry ${index} was deleted or changed in the journal` }
        : { kind: 'inserted', index, message: `entry ${index} is twice in the journal` },
    )
  }
  for (const name of size > 0 ? tail.missing : []) {
    problems.push({
      kind: 'deleted',
      message: `${name} is missing: entries that were under no checkpoint yet are gone`,
    })
  }
  const remarks =
    tail.unfinished === 0
      ? []
      : ['the journal ends with records that were being written at a crash; nobody was promised them']
  return { size, journaled: tail.entries.length, problems, remarks }
}

/**
 * The journals at one moment of a running writer: damage counts only when it is still there while the checkpoint
 * stays the same, because a journal may be begun again, or be written to, while it is read.
 */
async function steadyTail(
  files: LogFiles,
  dir: string,
): Promise<{ size: number; tail: Awaited<ReturnType<typeof readJournals>> }> {
  let lastDamage: string | undefined
  for (;;) {
    const { size } = parseCheckpointNote((await readCheckpointNote(files, dir)) ?? '')
    const tail = await readJournals(files, dir, size)
    const after = parseCheckpointNote((await readCheckpointNote(files, dir)) ?? '')
    const damage = tail.damage && `${size} ${tail.damage.index}`
    if (after.size === size && (damage === undefined || damage === lastDamage)) return { size, tail }
    lastDamage = damage
  }
}

function truncation(size: number, once: number): LogProblem {
  const message = `the log has ${size} entries under its checkpoint, and once had ${once}: ${entriesText(size, once)} are gone`
  return { kind: 'truncated', index: size, end: once, message }
}
