// The one error of this room.

/**
 * `argument`   no recipient, a bad one, or a passphrase that is too short
 * `exists`     the file to write, or the folder to restore into, is there already
 * `wrong_key`  the backup does not open with this passphrase or identity
 * `damaged`    the file is no backup, was cut or changed, or what is in it contradicts itself
 * `newer`      the backup was made by a newer program
 * `io`         the disk refused
 */
export type BackupErrorCode = 'argument' | 'exists' | 'wrong_key' | 'damaged' | 'newer' | 'io'

export class BackupError extends Error {
  override readonly name = 'BackupError'
  readonly code: BackupErrorCode

  constructor(code: BackupErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'not permitted',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
}

/** An error of the file system in words; any other stays what it is. */
export function ioError(what: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = words[code]
  return reason === undefined ? error : new BackupError('io', `${what}: ${reason}`, error)
}
