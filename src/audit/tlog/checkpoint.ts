// Checkpoints: the signed size and root of a log. C2SP tlog-checkpoint v1.0.0 for the text, signed-note for the
// Ed25519 line, tlog-cosignature v1.1 for the ML-DSA-44 line: there the signed bytes are
//
//   "subtree/v1\n\0" | name, 8-bit length | time u64 | origin, 8-bit length | start u64 = 0 | size u64 | root
//
// and the line holds the time (seconds since the epoch, u64) before the 2,420 bytes of the signature. As in the
// specification, the context string of ML-DSA is empty. The log signs with its origin as the name, and states with
// the time that this was its largest tree then.
import { sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningKeys } from '#crypto'
import { LogError } from '../error.ts'
import { type Hash, hashBytes } from './merkle.ts'
import { type NoteAlgorithm, parseNote, signatureLine, type VerifierKey, verifierKey } from './note.ts'

export interface Checkpoint {
  /** Name of the log: no spaces and no plus, like a URL without its scheme; at most 255 bytes. */
  readonly origin: string
  readonly size: number
  readonly root: Hash
}

/** A checkpoint whose signatures were verified. */
export interface SignedCheckpoint extends Checkpoint {
  /** The note as it was read. */
  readonly note: string
  readonly algorithms: readonly NoteAlgorithm[]
  /** Seconds since the epoch, from the ML-DSA-44 line. */
  readonly signedAt: number | undefined
}

const timeBytes = 8
// With a callback the signing runs on a thread of its own: an ML-DSA signature takes half a millisecond.
const signOffThread = promisify(sign)

/** @throws LogError `argument` for a name that no checkpoint can carry */
export function requireOrigin(origin: string): void {
  const isOrigin = /^[^\s+\p{C}]+$/u.test(origin) && Buffer.byteLength(origin) <= 255
  if (!isOrigin) throw new LogError('argument', `${JSON.stringify(origin)} is no origin: no spaces, no plus, 255 bytes`)
}

/**
 * Signs a checkpoint with both keys.
 *
 * @param timeSeconds  when, in seconds since the epoch
 */
export async function signCheckpoint(checkpoint: Checkpoint, keys: SigningKeys, timeSeconds: number): Promise<string> {
  const text = checkpointText(checkpoint)
  const { ed25519, mldsa44 } = verifierKeys(checkpoint.origin, keys)
  const time = Buffer.alloc(timeBytes)
  time.writeBigUInt64BE(BigInt(timeSeconds))
  const classical = await signOffThread(null, Buffer.from(text), keys.ed25519)
  const quantumSafe = await signOffThread(null, cosignedMessage(checkpoint, checkpoint.origin, time), keys.mldsa44)
  return `${text}\n${signatureLine(ed25519, classical)}${signatureLine(mldsa44, Buffer.concat([time, quantumSafe]))}`
}

/** The public halves of a log's keys, under its name. */
export function verifierKeys(origin: string, keys: SigningKeys): { ed25519: VerifierKey; mldsa44: VerifierKey } {
  return {
    ed25519: verifierKey(origin, 'ed25519', keys.ed25519),
    mldsa44: verifierKey(origin, 'ml-dsa-44', keys.mldsa44),
  }
}

/**
 * Reads a checkpoint and verifies its signatures. Every one of the keys must have signed: two kinds of signature are
 * worth nothing when leaving one out goes unnoticed. Lines of other keys are passed over, as signed-note wants it.
 *
 * @throws LogError `signature` when it does not parse, or a key's signature is missing or wrong
 */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): SignedCheckpoint {
  const { text, signatures } = parseNote(note)
  const checkpoint = parseCheckpointText(text)
  const algorithms = new Set<NoteAlgorithm>()
  let signedAt: number | undefined
  for (const { name, keyId, value } of signatures) {
    const key = keys.find((known) => known.name === name && known.id === keyId)
    if (key === undefined) continue
    const time = value.subarray(0, timeBytes)
    const isRight =
      key.algorithm === 'ed25519'
        ? verify(null, Buffer.from(text), key.key, value)
        : value.length > timeBytes &&
          !hasExtensions(text) &&
          verify(null, cosignedMessage(checkpoint, name, time), key.key, value.subarray(timeBytes))
    if (!isRight) throw new LogError('signature', `the ${key.algorithm} signature of the checkpoint is wrong`)
    if (key.algorithm === 'ml-dsa-44') signedAt = Number(Buffer.from(time).readBigUInt64BE())
    algorithms.add(key.algorithm)
  }
  const absent = keys.find((key) => !algorithms.has(key.algorithm))
  if (absent !== undefined)
    throw new LogError('signature', `the checkpoint has no ${absent.algorithm} signature of this log`)
  if (algorithms.size === 0) throw new LogError('signature', 'there is no key to verify the checkpoint with')
  return { ...checkpoint, note, algorithms: [...algorithms], signedAt }
}

/**
 * Reads a checkpoint without verifying it: only for what is verified later, or by its owner's own choice not at all.
 * @throws LogError `signature` when it does not parse
 */
export function parseCheckpointNote(note: string): Checkpoint {
  return parseCheckpointText(parseNote(note).text)
}

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}

function parseCheckpointText(text: string): Checkpoint {
  const [origin = '', size = '', encoded = '', ...extensions] = text.slice(0, -1).split('\n')
  const root = Buffer.from(encoded, 'base64')
  const isSound =
    origin !== '' &&
    /^(0|[1-9]\d{0,14})$/.test(size) &&
    root.length === hashBytes &&
    root.toString('base64') === encoded &&
    !extensions.includes('')
  if (!isSound) throw new LogError('signature', 'the note is signed, but it is no checkpoint')
  return { origin, size: Number(size), root }
}

function hasExtensions(text: string): boolean {
  return text.split('\n').length > 4
}

function cosignedMessage({ origin, size, root }: Checkpoint, name: string, time: Uint8Array): Buffer {
  const range = Buffer.alloc(16)
  range.writeBigUInt64BE(BigInt(size), 8)
  return Buffer.concat([Buffer.from('subtree/v1\n\0'), shortString(name), time, shortString(origin), range, root])
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Uint8Array.of(bytes.length), bytes])
}
