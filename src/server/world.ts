// The outside world: the clock, randomness, the disk under the log, and where problems are told. The only place that
// touches them.
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { diskFiles, type LogFiles } from '#audit'
import { createLogger, type Logger, type LogLine } from './logger.ts'
import { sparingly } from './sparingly.ts'

export interface World {
  /** ms since the epoch. */
  now(): number
  /** ms, monotonic, with fractions. */
  monotonic(): number
  randomBytes(count: number): Uint8Array
  /** A new unique id, `kind_` and 128 random bits. */
  id(kind: string): string
  readonly logFiles: LogFiles
  /** Where the operator is told what happens. */
  readonly logger: Logger
  /** For the operator: what went wrong, without any client's text. */
  report(what: string, error: unknown): void
  /** For the operator: something to mend that does not stop the program. @param event  as in `LogLine` */
  warn(text: string, event?: string): void
}

/** @param told  takes lines for stderr, or a logger that does so in its own way */
export function systemWorld(told: ((text: string) => void) | Logger): World {
  const logger = typeof told === 'function' ? createLogger(told, Date.now) : told
  const random = pooledRandomness()
  const monotonic = () => performance.now()
  const once = sparingly({ monotonic })
  const tell = (line: LogLine) => {
    const text = once(line.text)
    if (text !== undefined) logger.tell({ ...line, text })
  }
  return {
    now: Date.now,
    monotonic,
    randomBytes: random,
    id: (kind) => `${kind}_${Buffer.from(random(16)).toString('hex')}`,
    logFiles: diskFiles,
    logger,
    warn: (text, event = 'warning') => tell({ level: 'warn', event, text }),
    report(what, error) {
      const fields = factsOf(error)
      const text = `${what}: ${[fields.error, fields.code, fields.at].filter((fact) => fact !== undefined).join(' ')}`
      tell({ level: 'error', event: 'failure', text, fields })
    },
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
function factsOf(error: unknown): { error: string; code?: string | undefined; at?: string | undefined } {
  if (!(error instanceof Error)) return { error: 'unknown error' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const at = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return { error: error.name, code, at: at?.trim() }
}
