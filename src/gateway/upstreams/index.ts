// Upstreams: the model servers that the gateway calls.
export { addressRefusal, isLocalhostName } from './address.ts'
export type { CircuitChange, Passage } from './circuit.ts'
export { UpstreamError } from './error.ts'
export { type HealthState, isFailureStatus, resultOf } from './health.ts'
export { checkedLookup, type ResolveName, resolveBySystem } from './resolve.ts'
export {
  type Failure,
  isRepeatable,
  type RetrySettings,
  readRetryAfter,
  retrySchema,
  waitBefore,
} from './retry.ts'
export { createRoute, type RouteWorld, type UpstreamRoute } from './route.ts'
export { createRouting, type Routing, routeProblem, routesSchema } from './routing.ts'
export { upstreamSchema } from './schema.ts'
export type { UpstreamAnswer, UpstreamCall, UpstreamHead } from './types.ts'
