// The outside world: the clock, randomness, the disk under the log, and where problems are told. The only place that
// touches them.
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { diskFiles, type LogFiles } from '#audit'

export interface World {
  /** ms since the epoch. */
  now(): number
  /** ms, monotonic, with fractions. */
  monotonic(): number
  randomBytes(count: number): Uint8Array
  /** A new unique id, `kind_` and 128 random bits. */
  id(kind: string): string
  readonly logFiles: LogFiles
  /** For the operator: what went wrong, without any client's text. */
  report(what: string, error: unknown): void
  /** For the operator: something to mend that does not stop the program. */
  warn(text: string): void
}

export function systemWorld(stderr: (text: string) => void): World {
  const random = pooledRandomness()
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    randomBytes: random,
    id: (kind) => `${kind}_${Buffer.from(random(16)).toString('hex')}`,
    logFiles: diskFiles,
    warn: (text) => stderr(`holdfast: ${text}\n`),
    report: (what, error) => stderr(`holdfast: ${what}: ${describe(error)}\n`),
  }
}

/** Random bytes, fetched many at a time: a small request costs the system as much as a large one. */
function pooledRandomness(): (count: number) => Uint8Array {
  let pool = randomBytes(4096)
  let used = 0
  return (count) => {
    if (count > pool.length) return randomBytes(count)
    if (used + count > pool.length) {
      pool = randomBytes(4096)
      used = 0
    }
    used += count
    return pool.subarray(used - count, used)
  }
}

/** The name and the code of an error, and where it was thrown; never its message, which may quote a client. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  const place = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return `${error.name}${code}${place === undefined ? '' : ` ${place.trim()}`}`
}
