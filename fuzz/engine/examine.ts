// Runs one input through a target: the code, the laws, and how long it took.
import type { Target } from './target.ts'

/** A law that an input breaks. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly input: Uint8Array
  /** What is wrong, without what differs from input to input: the minimiser looks for the same. */
  readonly kind: string

  constructor(input: Uint8Array, cause: unknown) {
    super(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), { cause })
    this.input = input
    this.kind = kindOf(cause)
  }
}

const allowanceMs = 100
const allowanceMsPerByte = 0.01

/**
 * @returns the features of what was observed
 * @throws Failure
 */
export async function examine(target: Target, input: Uint8Array): Promise<Iterable<string>> {
  try {
    const observed = await timed(target, input)
    await target.check(input, observed)
    return target.features?.(observed) ?? []
  } catch (error) {
    throw new Failure(input, error)
  }
}

async function timed(target: Target, input: Uint8Array): Promise<unknown> {
  const limitMs = (target.allowanceMs ?? allowanceMs) + input.length * allowanceMsPerByte
  let fastest = Number.POSITIVE_INFINITY
  // The best of three: a slow run may be the collector's fault or the compiler's.
  for (let attempt = 0; ; attempt++) {
    const before = process.threadCpuUsage()
    const running = target.run(input)
    const observed = running instanceof Promise ? await running : running
    const { user, system } = process.threadCpuUsage(before)
    fastest = Math.min(fastest, (user + system) / 1000)
    if (fastest <= limitMs) return observed
    if (attempt === 2) throw new Slow(`more than ${Math.round(limitMs)} ms for ${input.length} bytes`)
  }
}

class Slow extends Error {
  override readonly name = 'Slow'
}

function kindOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof Slow) return 'Slow'
  const [line = ''] = cause.message.split('\n')
  return `${cause.name}: ${line.replace(/["'`].*|\d+|\/\S*/g, '')}`.slice(0, 120)
}
