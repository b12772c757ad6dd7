// Upstreams: the model servers that the gateway calls.
export { UpstreamError, type UpstreamErrorCode } from './error.ts'
export { modelMatcher } from './models.ts'
export { type ResolveName, resolveBySystem } from './resolve.ts'
export { type UpstreamSettings, upstreamSchema } from './schema.ts'
export type {
  Upstream,
  UpstreamAnswer,
  UpstreamCall,
  UpstreamHead,
  UpstreamHeader,
  UpstreamOperation,
  UpstreamRequest,
} from './types.ts'
export { createUpstream, type UpstreamWorld } from './upstream.ts'
