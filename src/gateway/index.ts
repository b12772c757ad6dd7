// gateway: the inline proxy. A request walks down the pipeline, the answer walks back up.
export type { Detection, GatewaySettings, House, UpstreamRoute } from './house.ts'
export { createHouses, type Houses } from './houses.ts'
export { type Listener, type ListenOptions, listen } from './listener.ts'
export {
  createUpstream,
  modelMatcher,
  resolveBySystem,
  type Upstream,
  type UpstreamWorld,
  upstreamSchema,
} from './upstreams/index.ts'
