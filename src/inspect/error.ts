/** The one error of this room. Every code means that the text was not (wholly) inspected, so the caller fails closed. */

/**
 * - `detector_failed`: a detector threw, or returned a span outside the text.
 * - `detector_timeout`: an asynchronous detector did not answer within the time limit.
 * - `match_too_long`: a stream held more text than the longest match that its detector declares.
 * - `stream_ended`: text was pushed into a stream that had ended, was blocked or had failed.
 */
export type InspectErrorCode = 'detector_failed' | 'detector_timeout' | 'match_too_long' | 'stream_ended'

/** Never carries the inspected text; `detector` names the detector where one is to blame. */
export class InspectError extends Error {
  override readonly name = 'InspectError'
  readonly code: InspectErrorCode
  readonly detector: string | undefined

  constructor(code: InspectErrorCode, message: string, detector?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.detector = detector
  }
}
