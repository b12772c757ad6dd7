// gateway: the inline proxy. A request walks down the pipeline, the answer walks back up.

export { stageNames } from './exchange.ts'
export { basisNamedIn, type ExchangeRecord, explainExchange, type FoundEntry } from './explain/explain.ts'
export { type EntryProofState, type Explanation, explanationSchema } from './explain/explanation.ts'
export { findBasis } from './find-basis.ts'
export type { Detection, GatewaySettings, House } from './house.ts'
export { createHouses, type Houses } from './houses.ts'
export { type Listener, type ListenerState, type ListenOptions, listen } from './listener.ts'
export type { Observation } from './observation.ts'
export { callerEntities, uidOf as callerUid } from './policy-request.ts'
export { type Change, createReplay, type Difference, type ReplayReport } from './replay/replay.ts'
export { tokenSchemaProblem } from './token-entity.ts'
export {
  addressRefusal,
  type CircuitChange,
  checkedLookup,
  createRoute,
  createRouting,
  type HealthState,
  isLocalhostName,
  type ResolveName,
  type RouteWorld,
  resolveBySystem,
  retrySchema,
  routeProblem,
  routesSchema,
  type UpstreamRoute,
  upstreamSchema,
} from './upstreams/index.ts'
