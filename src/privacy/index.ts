// Privacy: what a model never sees, and where it comes back.
export { PrivacyError, type PrivacyErrorCode } from './errors.ts'
export type { RefusedPlaceholder, Restored, RestoredSpan } from './output.ts'
export { placeholderType, replacePlaceholders } from './placeholders.ts'
export { createRestorer, type Restorer, type RestorerOptions } from './restorer.ts'
