// What reading files on servers needs of the outside.
import type { HttpGet } from './http.ts'
import type { RangeLimits } from './ranges.ts'

export interface RemoteWorld {
  readonly get: HttpGet
  readonly limits: RangeLimits
  /** ms since the epoch. */
  readonly now: () => number
}
