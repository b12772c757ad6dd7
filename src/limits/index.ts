// Limits: how much a client may ask for.
export { chargesFor } from './charges.ts'
export { LimitsError, type LimitsErrorCode } from './error.ts'
export { type GcraResult, gcra } from './gcra.ts'
export { rateLimitHeaders } from './headers.ts'
export {
  type Charge,
  createLimiter,
  type LimitDecision,
  type Limiter,
  type LimiterOptions,
  type LimitScope,
} from './limiter.ts'
export { type LimitSettings, limitsSchema } from './schema.ts'
