// The program's own long-lived keys: one file a purpose, made on first use.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CryptoError } from './errors.ts'
import { decodeKeyFile, encodeKeyFile, type KeyKind } from './key-file.ts'

/** A pair that signs the same statement twice: a forger would have to break both. */
export interface SigningKeys {
  readonly ed25519: KeyObject
  readonly mldsa44: KeyObject
}

export interface Keyring {
  /**
   * The private signing keys of a purpose.
   * @throws CryptoError `key_file`, `argument`
   */
  signing(purpose: string): SigningKeys
  /**
   * The 32-byte secret of a purpose.
   * @throws CryptoError `key_file`, `argument`
   */
  symmetric(purpose: string): Uint8Array
}

/**
 * Opens the folder of the program's own keys, and makes it when there is none.
 *
 * A key is made on the first call for its purpose, from `randomBytes`, and is on disk before it is returned. When two
 * processes make the same key at once, the one that comes second uses the first one's. The files have mode 0600 in a
 * folder of mode 0700; a file that the group or others can read is refused, as ssh does.
 *
 * @param dir  the folder itself, for example `DATA/keys`
 * @throws CryptoError `key_file` when the folder cannot be made or is open to others
 */
export function openKeyring(dir: string, world: { randomBytes: (n: number) => Uint8Array }): Keyring {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new CryptoError('key_file', `cannot make the key folder ${dir}: ${reason(cause)}`, cause)
  }
  refuseOpenToOthers(dir, statSync(dir).mode)

  const seeds = (purpose: string, kind: KeyKind, count: number): Uint8Array[] => {
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(purpose)) {
      throw new CryptoError('argument', `${JSON.stringify(purpose)} is no key purpose: use a-z, 0-9 and -`)
    }
    const path = join(dir, `${purpose}.key`)
    const stored = readText(path)
    if (stored !== undefined) return decodeKeyFile(stored, { path, purpose, kind, count })
    const fresh = encodeKeyFile({ purpose, kind, seeds: Array.from({ length: count }, () => world.randomBytes(32)) })
    writeKeyFile(dir, path, fresh)
    return decodeKeyFile(readText(path) ?? '', { path, purpose, kind, count })
  }

  return {
    signing: (purpose) => signingKeys(seeds(purpose, 'signing', 2)),
    symmetric(purpose) {
      const [secret] = seeds(purpose, 'symmetric', 1)
      return secret ?? new Uint8Array()
    },
  }
}

/** A key from the text of its file. */
export type StoredKey =
  | { readonly kind: 'signing'; readonly keys: SigningKeys }
  | { readonly kind: 'symmetric'; readonly secret: Uint8Array }

/**
 * The key in a key file that was read elsewhere, out of a backup for example.
 *
 * @param expected  its purpose, and its path for the message
 * @throws CryptoError `key_file`
 */
export function readKeyFile(text: string, expected: { readonly path: string; readonly purpose: string }): StoredKey {
  if (/^kind symmetric$/m.test(text)) {
    const [secret] = decodeKeyFile(text, { ...expected, kind: 'symmetric', count: 1 })
    return { kind: 'symmetric', secret: secret ?? new Uint8Array() }
  }
  return { kind: 'signing', keys: signingKeys(decodeKeyFile(text, { ...expected, kind: 'signing', count: 2 })) }
}

function signingKeys([classical, quantumSafe]: readonly Uint8Array[]): SigningKeys {
  return {
    ed25519: createPrivateKey({
      key: Buffer.from(classical ?? []),
      format: 'raw-private',
      asymmetricKeyType: 'ed25519',
    }),
    mldsa44: createPrivateKey({
      key: Buffer.from(quantumSafe ?? []),
      format: 'raw-seed',
      asymmetricKeyType: 'ml-dsa-44',
    }),
  }
}

/** The text of a key file, undefined when there is none. A symbolic link is not followed. */
function readText(path: string): string | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new CryptoError('key_file', `cannot read the key file ${path}: ${reason(cause)}`, cause)
  }
  try {
    const found = fstatSync(fd)
    if (!found.isFile()) throw new CryptoError('key_file', `${path} is not a file`)
    refuseOpenToOthers(path, found.mode)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/** Durable and all or nothing. `link` rather than `rename`, because it never replaces a key that is already there. */
function writeKeyFile(dir: string, path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`
  try {
    rmSync(draft, { force: true })
    const fd = openSync(draft, 'wx', 0o600)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    try {
      linkSync(draft, path)
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause
    }
    rmSync(draft)
    if (process.platform !== 'win32') syncFolder(dir)
  } catch (cause) {
    throw new CryptoError('key_file', `cannot write the key file ${path}: ${reason(cause)}`, cause)
  }
}

function syncFolder(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Windows has no such mode bits; there the folder's access list decides. */
function refuseOpenToOthers(path: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  throw new CryptoError(
    'key_file',
    `${path} can be used by others (mode ${(mode & 0o777).toString(8)}): chmod go-rwx it`,
  )
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
