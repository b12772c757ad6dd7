// Looks after an upstream between requests: asks for its list of models, which costs nothing, and tells its circuit.
import type { Health } from './health.ts'
import { isFailureStatus } from './health.ts'
import type { HealthSettings } from './health-settings.ts'
import type { Upstream, UpstreamCall } from './types.ts'

/** Unless it is set that it is not. @returns how to stop. One probe at a time; a slow one makes the next wait. */
export function startProbing(
  upstream: Upstream,
  health: Health,
  { probeEvery, probeTimeout }: HealthSettings,
): () => void {
  if (probeEvery === undefined) return () => {}
  const stopped = new AbortController()
  let isRunning = false
  const timer = setInterval(() => {
    if (isRunning) return
    isRunning = true
    probe(upstream, probeTimeout, stopped.signal).then((isUp) => {
      isRunning = false
      if (isUp !== undefined) health.observed(isUp)
    })
  }, probeEvery)
  // A program that has nothing else to do may end.
  timer.unref()
  return () => {
    clearInterval(timer)
    stopped.abort()
  }
}

/** Whether the upstream answers; undefined when that could not be found out. */
export function probe(upstream: Upstream, timeoutMs: number, signal: AbortSignal): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    let bytes = 0
    const call: UpstreamCall = upstream.send(
      { operation: 'models', method: 'GET', signal, totalMs: timeoutMs },
      {
        onHead({ status }) {
          // Any answer shows that it is there; that it refuses our key is for the requests to find out.
          resolve(!isFailureStatus(status))
        },
        onData(chunk) {
          bytes += chunk.length
          if (bytes > maxBytes) call.abort()
          return true
        },
        onEnd() {},
        onError: (error) => resolve(error.code === 'aborted' || error.progress === 'waiting' ? undefined : false),
      },
    )
  })
}

/** Read to its end, so that the connection can be used again, unless it is long. */
const maxBytes = 1024 * 1024
