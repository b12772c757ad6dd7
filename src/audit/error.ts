// The one error of this room.

/**
 * `io`         the disk refused (full, broken, not allowed); nothing was promised, so nothing was lost
 * `locked`     another process writes to this log
 * `damaged`    what is on disk contradicts itself or its checkpoint
 * `signature`  a checkpoint or proof is not signed by the keys, or does not parse
 * `too_large`  an event that fits no entry (65,535 bytes)
 * `not_found`  no log, or no such entry, is there
 * `argument`   the caller passed something impossible
 * `closed`     the log was closed
 */
export type LogErrorCode = 'io' | 'locked' | 'damaged' | 'signature' | 'too_large' | 'not_found' | 'argument' | 'closed'

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
