// Encryption of a backup: an age file (https://age-encryption.org/v1), so that it can be opened with other people's
// tools too. Streams, in constant memory. Authenticated: a change and a cut are both found.

import { ReadableStream } from 'node:stream/web'
import { Decrypter, Encrypter, type Recipient } from 'age-encryption'
import { BackupError } from './error.ts'

/** A text that does not show itself. */
export interface Hidden {
  reveal(): string
}

/** Whom a backup is for: somebody who knows a passphrase, or owners of age keys. */
export type Sealing = { readonly passphrase: Hidden } | { readonly recipients: readonly string[] }

/** What opens a backup. */
export type Opening = { readonly passphrase: Hidden } | { readonly identities: readonly Hidden[] }

/** Opens again what this program has just sealed, though it has no identity of the recipients. */
type Reopening = Opening | { readonly fileKey: Uint8Array }

const minPassphrase = 12
// 2^18 rounds take a second or two; age's own default.
const workFactor = 18
/** A header with hundreds of recipients is smaller. */
const maxHeaderBytes = 1 << 20

/** @throws BackupError `argument` */
export function requireSealing(sealing: Sealing): void {
  createEncrypter(sealing)
}

/**
 * Encrypts a stream.
 *
 * @returns the ciphertext, and a function that says, once the stream has begun, how to read it back
 * @throws BackupError `argument`
 */
export async function sealStream(
  source: AsyncIterable<Uint8Array>,
  sealing: Sealing,
): Promise<{ sealed: AsyncIterable<Uint8Array>; reopening: Reopening }> {
  const encrypter = createEncrypter(sealing)
  let fileKey = new Uint8Array()
  if ('recipients' in sealing) {
    const witness: Recipient = {
      wrapFileKey(key) {
        fileKey = new Uint8Array(key)
        return []
      },
    }
    encrypter.addRecipient(witness)
  }
  const sealed = await encrypter.encrypt(ReadableStream.from(source))
  return { sealed, reopening: 'recipients' in sealing ? { fileKey } : sealing }
}

/** @throws BackupError `argument`, without the text that was wrong: somebody may have passed a secret key */
function createEncrypter(sealing: Sealing): Encrypter {
  const encrypter = new Encrypter()
  if ('passphrase' in sealing) {
    const passphrase = sealing.passphrase.reveal()
    if (passphrase.length < minPassphrase) {
      throw new BackupError('argument', `the passphrase of a backup must have at least ${minPassphrase} characters`)
    }
    encrypter.setScryptWorkFactor(workFactor)
    encrypter.setPassphrase(passphrase)
    return encrypter
  }
  if (sealing.recipients.length === 0) throw new BackupError('argument', 'say for whom the backup is encrypted')
  for (const [at, recipient] of sealing.recipients.entries()) {
    try {
      encrypter.addRecipient(recipient)
    } catch {
      throw new BackupError('argument', `recipient ${at + 1} is no age recipient: they begin with age1`)
    }
  }
  // age's own rule: one classical recipient would undo what the others gain against a quantum computer.
  const safe = sealing.recipients.filter((recipient) => /^age1(?:tag)?pq1/.test(recipient))
  if (safe.length > 0 && safe.length < sealing.recipients.length) {
    throw new BackupError('argument', 'either all recipients are post-quantum (age1pq1…) or none is')
  }
  return encrypter
}

/**
 * Decrypts a stream.
 *
 * @throws BackupError `wrong_key`, `damaged`; while reading `damaged`
 */
export async function openStream(
  source: AsyncIterable<Uint8Array>,
  opening: Reopening,
): Promise<AsyncIterable<Uint8Array>> {
  const decrypter = createDecrypter(opening)
  const whole = await requireHeader(source)
  try {
    return guarded(await decrypter.decrypt(ReadableStream.from(whole)))
  } catch (error) {
    throw openingError(error, opening)
  }
}

function createDecrypter(opening: Reopening): Decrypter {
  const decrypter = new Decrypter()
  if ('passphrase' in opening) decrypter.addPassphrase(opening.passphrase.reveal())
  else if ('fileKey' in opening) decrypter.addIdentity({ unwrapFileKey: () => opening.fileKey })
  else {
    for (const [at, identity] of opening.identities.entries()) {
      try {
        decrypter.addIdentity(identity.reveal())
      } catch {
        throw new BackupError('argument', `identity ${at + 1} is no age identity: they begin with AGE-SECRET-KEY-`)
      }
    }
  }
  return decrypter
}

/** A file that is none must not be read to its end in search of its header. */
async function requireHeader(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const pieces = source[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.indexOf('\n--- ') === -1) {
    const { value, done } = await pieces.next()
    if (value !== undefined) head = Buffer.concat([head, value])
    if (done === true || head.length > maxHeaderBytes || !isPrefix(head)) {
      await pieces.return?.()
      throw new BackupError('damaged', 'this is no backup: it does not begin as an age file')
    }
  }
  return (async function* () {
    yield head
    yield* { [Symbol.asyncIterator]: () => pieces }
  })()
}

const magic = Buffer.from('age-encryption.org/v1\n')

function isPrefix(head: Buffer): boolean {
  const length = Math.min(head.length, magic.length)
  return head.subarray(0, length).equals(magic.subarray(0, length))
}

function openingError(error: unknown, opening: Reopening): unknown {
  if (error instanceof BackupError || (error instanceof Error && 'code' in error)) return error
  const message = error instanceof Error ? error.message : ''
  if (/no identity matched|not the only|incompatible/.test(message)) {
    const what = 'passphrase' in opening ? 'this passphrase' : 'these identities'
    return new BackupError('wrong_key', `the backup does not open with ${what}`)
  }
  if (message.includes('work factor')) return new BackupError('damaged', 'the backup asks for an absurd amount of work')
  return new BackupError('damaged', `the header of the backup was cut or changed`, error)
}

async function* guarded(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream
  } catch (error) {
    // What comes from below, such as an unreadable disk, has a code.
    if (error instanceof Error && 'code' in error) throw error
    throw new BackupError('damaged', 'the backup was cut or changed', error)
  }
}
