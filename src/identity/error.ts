// The one error of this room. That a credential is refused is not an error but an answer.

export type IdentityErrorCode =
  /** What a key was to be made with is not acceptable. */
  | 'invalid_key'
  /** There is no key of that id. */
  | 'not_found'
  /** A stored key cannot be read. */
  | 'damaged'
  /** An issuer's keys are no JWK Set, or one that must not be used. */
  | 'key_set'

export class IdentityError extends Error {
  readonly code: IdentityErrorCode

  constructor(code: IdentityErrorCode, message: string) {
    super(message)
    this.name = 'IdentityError'
    this.code = code
  }
}
