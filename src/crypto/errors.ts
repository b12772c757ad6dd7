// The one error of this room.

/**
 * `key_file`  a stored key cannot be used: wrong permissions, truncated, foreign, unreadable
 * `sealed`    sealed bytes do not open: wrong key, wrong associated data, changed or cut
 * `argument`  the caller passed something that no key or purpose can be
 */
export type CryptoErrorCode = 'key_file' | 'sealed' | 'argument'

export class CryptoError extends Error {
  override readonly name = 'CryptoError'
  readonly code: CryptoErrorCode

  constructor(code: CryptoErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
