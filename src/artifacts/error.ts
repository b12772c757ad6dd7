// The one error of this room. What is wrong with an artifact is a finding; this is for what ends its examination.

export type ArtifactErrorCode =
  /** Not what its format says: cut off, contradictory, out of its bounds. */
  | 'malformed'
  /** Of a version or a kind that this scanner does not read. */
  | 'unsupported'
  /** A limit of the scan was reached. */
  | 'over_limit'
  /** The bytes cannot be got at. */
  | 'unreadable'

export class ArtifactError extends Error {
  readonly code: ArtifactErrorCode
  /** Byte offset in the source that was being read, where one can be named. */
  readonly offset: number | undefined

  constructor(code: ArtifactErrorCode, message: string, offset?: number) {
    super(message)
    this.name = 'ArtifactError'
    this.code = code
    this.offset = offset
  }
}
