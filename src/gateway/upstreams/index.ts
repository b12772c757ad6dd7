// Upstreams: the model servers that the gateway calls.
export { UpstreamError } from './error.ts'
export { modelMatcher } from './models.ts'
export { resolveBySystem } from './resolve.ts'
export { upstreamSchema } from './schema.ts'
export type { Upstream, UpstreamAnswer, UpstreamCall, UpstreamHead } from './types.ts'
export { createUpstream, type UpstreamWorld } from './upstream.ts'
