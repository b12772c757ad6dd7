// The one error of this room.

/**
 * `invalid`: what was given cannot be stored; `unknown_finding`, `unknown_action`, `unknown_asset`: there is none such;
 * `not_allowed`: not from this state, or not with this action; `conflict`: an idempotency key was used for something
 * else, or another process moved first; `not_recorded`: the store has it, the log could not take it (it is tried again).
 */
export type FindingsErrorCode =
  | 'invalid'
  | 'unknown_finding'
  | 'unknown_action'
  | 'unknown_asset'
  | 'not_allowed'
  | 'conflict'
  | 'not_recorded'

export class FindingsError extends Error {
  override readonly name = 'FindingsError'
  readonly code: FindingsErrorCode

  constructor(code: FindingsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
