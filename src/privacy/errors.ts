/** Why this room refused: broken input, a vault that cannot be trusted, or a session past its limit. */
export type PrivacyErrorCode = 'invalid_span' | 'invalid_type' | 'vault_unreadable' | 'vault_collision' | 'session_full'

/** The one error of this room. Its message never holds a protected value. */
export class PrivacyError extends Error {
  override readonly name = 'PrivacyError'
  readonly code: PrivacyErrorCode

  constructor(code: PrivacyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
