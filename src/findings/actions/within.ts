// A bound on how long foreign code may take.

/**
 * Runs `work` and gives up after `timeoutMs`: the signal fires, and what `work` still does is no longer waited for.
 * @throws Error saying so at the timeout; otherwise what `work` throws
 */
export async function within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`it did not end within ${timeoutMs} ms`)
    reject(error)
    controller.abort(error)
  }, timeoutMs)
  try {
    return await Promise.race([work(controller.signal), expired])
  } finally {
    clearTimeout(timer)
  }
}
