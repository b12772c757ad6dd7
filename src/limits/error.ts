// The one error of this room: something was asked of a limiter that makes no sense. A refusal is a decision, not an error.

export type LimitsErrorCode = 'invalid_charge'

export class LimitsError extends Error {
  readonly code: LimitsErrorCode

  constructor(code: LimitsErrorCode, message: string) {
    super(message)
    this.name = 'LimitsError'
    this.code = code
  }
}
