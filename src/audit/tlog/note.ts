// Signed notes and verifier keys: C2SP signed-note (https://c2sp.org/signed-note).
//
// Two kinds of key sign a log here:
//   0x01  Ed25519 over the text of the note
//   0x06  ML-DSA-44 over a binary statement, with a time (tlog-cosignature v1.1; see checkpoint.ts)
import { createPublicKey, type KeyObject } from 'node:crypto'
import { sha256 } from '#crypto'
import { LogError } from '../error.ts'

export type NoteAlgorithm = 'ed25519' | 'ml-dsa-44'

/** A public key that a reader trusts, by the name of the log. */
export interface VerifierKey {
  readonly name: string
  readonly algorithm: NoteAlgorithm
  /** The first four bytes of a hash over name, type and key: 8 hexadecimal digits. */
  readonly id: string
  readonly key: KeyObject
}

export interface NoteSignature {
  readonly name: string
  readonly keyId: string
  readonly value: Uint8Array
}

export interface Note {
  /** With its final newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const types = { ed25519: 0x01, 'ml-dsa-44': 0x06 } as const
const publicKeyBytes = { ed25519: 32, 'ml-dsa-44': 1312 } as const
// Signed-note wants at least 16 accepted; a post-quantum line is 3.3 kB.
const maxSignatures = 64
const maxNoteBytes = 1 << 20

/** The verifier key of a private or public key under a name. */
export function verifierKey(name: string, algorithm: NoteAlgorithm, key: KeyObject): VerifierKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return { name, algorithm, id: keyId(name, algorithm, rawPublicKey(publicKey)), key: publicKey }
}

/** One line `name+id+base64`, as other tools read it. */
export function encodeVerifierKey({ name, algorithm, id, key }: VerifierKey): string {
  const typed = Buffer.concat([Uint8Array.of(types[algorithm]), rawPublicKey(key)])
  return `${name}+${id}+${typed.toString('base64')}`
}

/**
 * The keys in a file of verifier keys, one a line; empty lines and lines that begin with # are left out.
 *
 * @throws LogError `signature` for a line that is no verifier key of a known type
 */
export function parseVerifierKeys(text: string): VerifierKey[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseVerifierKey)
}

function parseVerifierKey(line: string): VerifierKey {
  const [name = '', id = '', ...rest] = line.split('+')
  const encoded = rest.join('+')
  const typed = Buffer.from(encoded, 'base64')
  const algorithm = typed[0] === types.ed25519 ? 'ed25519' : typed[0] === types['ml-dsa-44'] ? 'ml-dsa-44' : undefined
  const raw = typed.subarray(1)
  const isSound =
    algorithm !== undefined &&
    raw.length === publicKeyBytes[algorithm] &&
    typed.toString('base64') === encoded &&
    keyId(name, algorithm, raw) === id
  if (!isSound) {
    throw new LogError('signature', `"${line.slice(0, 60)}" is no Ed25519 or ML-DSA-44 verifier key`)
  }
  const key = createPublicKey({ key: raw, format: 'raw-public', asymmetricKeyType: algorithm })
  return { name, algorithm, id, key }
}

/**
 * Takes a note apart. Nothing is verified yet.
 *
 * @throws LogError `signature` when it is no note
 */
export function parseNote(note: string): Note {
  const refuse = (why: string) => new LogError('signature', `this is no signed note: ${why}`)
  if (note.length > maxNoteBytes) throw refuse('it is too long')
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) throw refuse('it has control characters')
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) throw refuse('it has no signature lines')
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > maxSignatures) throw refuse('it has too many signature lines')
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignatureLine) }
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name, encoded, ...rest] = line.split(' ')
  const bytes = Buffer.from(encoded ?? '', 'base64')
  if (dash !== '—' || !name || rest.length > 0 || bytes.length < 5 || bytes.toString('base64') !== encoded) {
    throw new LogError('signature', 'this is no signed note: a signature line is malformed')
  }
  return { name, keyId: bytes.subarray(0, 4).toString('hex'), value: bytes.subarray(4) }
}

/** One signature line with its newline. */
export function signatureLine(key: VerifierKey, value: Uint8Array): string {
  return `— ${key.name} ${Buffer.concat([Buffer.from(key.id, 'hex'), value]).toString('base64')}\n`
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'raw-public' })
}

function keyId(name: string, algorithm: NoteAlgorithm, raw: Uint8Array): string {
  const hashed = sha256(Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(types[algorithm]), raw]))
  return Buffer.from(hashed.subarray(0, 4)).toString('hex')
}
