/**
 * Checks policies in a thread that lives only for that: Cedar would hold up a thread with other work to do, and a schema
 * of forty lines can make its validator work for days (types that double: `type B = {x: A, y: A}`, `type C = {x: B, y: B}`
 * and so on). A thread can be ended in the middle, and what Cedar holds is freed with it.
 */
import { Worker } from 'node:worker_threads'
import type { CheckedPolicies, PolicySources } from './check.ts'
import { PolicyError, plainError } from './errors.ts'
import type { Reply } from './protocol.ts'

export interface CheckLimits {
  /** for reading and checking together */
  readonly timeLimitMs: number
  /** by which the process may grow meanwhile */
  readonly memoryLimitMb: number
}

/** Ten thousand policies of 330 characters, with a schema, take about 10 s and 0.3 GB. */
const LIMITS: CheckLimits = { timeLimitMs: 30_000, memoryLimitMb: 1024 }

const MEMORY_WATCH_MS = 50

/**
 * `checkPolicies` in another thread, which starts while the sources are still being read, and has ended when this returns.
 *
 * @throws PolicyError what `checkPolicies` throws; 'too_complex' also for policies that take more than a limit allows,
 *   and 'crashed' for a thread that ended without an answer
 */
export async function checkInThread(
  sources: Promise<PolicySources>,
  limits: CheckLimits = LIMITS,
): Promise<CheckedPolicies> {
  const worker = startWorker(limits)
  try {
    const sent = sources.then((read) => worker.postMessage(read))
    const [reply] = await Promise.all([replyOf(worker, limits), sent])
    if ('checked' in reply) return reply.checked
    throw new PolicyError(reply.code, reply.issues)
  } finally {
    await worker.terminate()
  }
}

function startWorker({ memoryLimitMb }: CheckLimits): Worker {
  // In the checkout this file is TypeScript, in the published package JavaScript; its sibling is the same.
  const isSource = import.meta.url.endsWith('.ts')
  const entry = isSource ? new URL('./worker.ts', import.meta.url) : new URL('./worker.js', import.meta.url)
  return new Worker(entry, {
    name: 'holdfast-policy',
    // The thread has no use for the environment, nor for the flags of whatever program loads policies.
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // A stack like that of a main thread: what Cedar can take there, `compileChecked` can take here.
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb, stackSizeMb: 1 },
  })
}

/** The thread's answer, or the first reason why there will be none. */
async function replyOf(worker: Worker, { timeLimitMs, memoryLimitMb }: CheckLimits): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const refuse = (message: string) => reject(plainError('too_complex', 'policies', message))
  const refuseMemory = () => refuse(`checking them takes more than ${memoryLimitMb} MB of memory`)
  const crash = (message: string, cause?: unknown) => reject(crashed(message, cause))

  worker.once('message', resolve)
  worker.once('error', (error) => (isOutOfMemory(error) ? refuseMemory() : crash('failed', error)))
  worker.once('exit', (exitCode) => crash(`ended with exit code ${exitCode}`))
  const timer = setTimeout(() => refuse(`checking them takes more than ${timeLimitMs / 1000} s`), timeLimitMs)
  // The limits of a worker do not count WebAssembly's memory, which may grow to 4 GB.
  const before = process.memoryUsage.rss()
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() - before > memoryLimitMb * 2 ** 20) refuseMemory()
  }, MEMORY_WATCH_MS)
  try {
    // Our own worker has just written it.
    return JSON.parse(await promise) as Reply
  } finally {
    clearTimeout(timer)
    clearInterval(watch)
  }
}

function crashed(message: string, cause: unknown): PolicyError {
  const issue = { file: 'policies', line: 0, column: 0, policy: '', message: `the thread that checks them ${message}` }
  return new PolicyError('crashed', [issue], { cause })
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}
