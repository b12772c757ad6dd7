// The one error of this room: something was asked that makes no sense, or what is stored cannot be read. A refusal is
// a decision, not an error.

export type LimitsErrorCode =
  /** A rate, burst, cost or amount out of range. */
  | 'invalid_charge'
  /** Something is reserved or leased under this id already. */
  | 'duplicate_id'
  /** A stored balance cannot be read. */
  | 'damaged'

export class LimitsError extends Error {
  readonly code: LimitsErrorCode

  constructor(code: LimitsErrorCode, message: string) {
    super(message)
    this.name = 'LimitsError'
    this.code = code
  }
}
