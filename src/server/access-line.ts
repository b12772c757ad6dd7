// One line for one request, for those who want them on stderr. The log of decisions has all of it, and proves it.
import type { Observation } from '#gateway'
import type { LogLine } from './logger.ts'

/** Nothing in it is a text of the client's: not the path, not the model. */
export function accessLine(observation: Observation): LogLine {
  const { id, operation, status, code, upstream, durationMs, bytesIn, bytesOut } = observation
  const ms = Math.round(durationMs * 10) / 10
  return {
    level: 'access',
    event: 'exchange',
    text: `${id} ${operation} ${status} ${code} ${ms} ms`,
    fields: { exchange: id, operation, status, code, upstream, ms, bytes_in: bytesIn, bytes_out: bytesOut },
  }
}
